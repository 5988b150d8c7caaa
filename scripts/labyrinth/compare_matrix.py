# SPDX-License-Identifier: GPL-2.0-only
"""The comparison's rows, as data: which driver, which allocator, which traffic, on which machine.

Contract: a row says all that its run depends on, and its name is made of what differs from the plain case, so that
the same name is the same run in every matrix. At full load the source is held back by the reader: nothing is dropped, and
nothing can be faster. The other loads come at a fixed rate, the same for all rows of a class, made from that of one row.
"""
import dataclasses

SEED = 20260101
SIZES = {"64": (64, 64), "4096": (4096, 4096), "mixed": (1, 4096)}
# The same for every driver: the pages that a queue may hold, and interrupt moderation
DEPTH, MOD_PACKETS, MOD_USEC = 256, 32, 50
POLICIES = ("pool", "fallback", "direct")
OTHERS = ("page", "mempool", "dma_pool", "page_pool")
# Time between pages, as a multiple of what labyrinth's own pool takes a page in at full load; 0: held back
PACES = {"full": 0, "one-percent": 100, "overload": 0.5, "pressure": 2}
PAGES = {"full": (6000, 1000), "one-percent": (600, 50), "overload": (6000, 1000), "pressure": (6000, 0)}


@dataclasses.dataclass(frozen=True)
class Row:
    """One row of the matrix."""
    load: str                       # full, one-percent, overload, pressure
    allocator: str = "labyrinth"    # for DPDK: the mempool's operations
    policy: str = "pool"            # of the allocator labyrinth
    driver: str = "kernel"          # kernel, dpdk-poll, dpdk-intr
    bottom: str = "hardirq"
    mode: str = "ring"
    queues: int = 1
    sizes: str = "mixed"
    check: str = "none"             # crc: the reader computes each page's checksum
    zeroing: bool = True            # init_on_alloc, as the distribution boots
    iommu: bool = False
    cpu: str = ""                   # features taken from the processor

    @property
    def group(self):
        return self.load

    @property
    def who(self):
        """Driver and allocator in one word."""
        name = f"labyrinth-{self.policy}" if self.driver == "kernel" and self.allocator == "labyrinth" else self.allocator
        return name if self.driver == "kernel" else f"{self.driver}-{name}"

    @property
    def id(self):
        words = [self.load, self.who, self.mode, f"q{self.queues}", self.sizes]
        words += [self.bottom] if self.bottom != "hardirq" else []
        words += ["crc"] if self.check == "crc" else []
        words += [] if self.zeroing else ["nozero"]
        words += ["iommu"] if self.iommu and self.driver == "kernel" else []
        words += [self.cpu] if self.cpu else []
        return ".".join(words)

    @property
    def pages(self):
        return PAGES[self.load][0]

    @property
    def warm(self):
        return PAGES[self.load][1]

    def same_data(self):
        """Rows with the same answer are to get the same bytes."""
        return (self.queues, self.sizes, self.pages)

    def pace(self):
        """The row from whose rate this one's is made; None: it has none."""
        if not PACES[self.load]:
            return None
        return Row("full", mode=self.mode, queues=self.queues, sizes=self.sizes, check=self.check,
                   zeroing=self.zeroing, cpu=self.cpu)


def dpdk(load, driver="dpdk-poll", ops="ring_mp_mc", **more):
    return Row(load, driver=driver, allocator=ops, policy="", iommu=True, **more)


def kernel_rows(load, **more):
    """Each allocator behind the interrupt handler, in the context that it is allowed in."""
    found = [Row(load, policy=policy, **more) for policy in POLICIES]
    for name in OTHERS:
        found.append(Row(load, allocator=name, policy="", bottom="softirq" if name == "page_pool" else "hardirq", **more))
    return found


def _pair(load, **more):
    """The two that the first figure is about."""
    return [Row(load, **more), Row(load, allocator="page", policy="", **more)]


def _bottom(load, **more):
    """What page_pool is compared with: the same context."""
    return [row for row in _pair(load, bottom="softirq", **more)]


def _dpdk_set(load, **more):
    return [dpdk(load, **more), dpdk(load, driver="dpdk-intr", **more), dpdk(load, ops="labyrinth", **more)]


def short():
    """Every allocator at every size of page; each other dimension once, where the figures look."""
    rows = []
    for sizes in SIZES:
        rows += kernel_rows("full", sizes=sizes)
        rows += _bottom("full", sizes=sizes)
        rows += _dpdk_set("full", sizes=sizes)
        rows += [Row("full", sizes=sizes, iommu=True)]
        rows += _pair("one-percent", sizes=sizes)
        rows += [dpdk("one-percent", sizes=sizes), dpdk("one-percent", driver="dpdk-intr", sizes=sizes)]
    for sizes in ("64", "4096"):
        rows += _pair("full", sizes=sizes, zeroing=False)
        rows += _pair("full", sizes=sizes, check="crc")
        rows += [Row("full", sizes=sizes, check="crc", iommu=True), dpdk("full", sizes=sizes, check="crc")]
    rows += kernel_rows("full", mode="demand")
    rows += _pair("full", queues=4) + [dpdk("full", queues=4)]
    rows += kernel_rows("overload") + [dpdk("overload")]
    # Without zeroing: what takes the memory away does so in an interrupt, which would take as long as the zeroing.
    rows += kernel_rows("pressure", zeroing=False)
    return list(dict.fromkeys(rows))


def full():
    """All of them."""
    rows = short()
    for mode in ("ring", "demand"):
        for queues in (1, 4):
            for sizes in SIZES:
                for load in ("full", "one-percent"):
                    plain = {"mode": mode, "queues": queues, "sizes": sizes}
                    rows += kernel_rows(load, **plain) + _bottom(load, **plain)
                    if mode == "ring":
                        rows += _dpdk_set(load, **plain)
    for sizes in SIZES:
        for more in ({"zeroing": False}, {"check": "crc"}, {"iommu": True}, {"cpu": "-erms"}):
            rows += kernel_rows("full", sizes=sizes, **more)
        rows += [dpdk("full", sizes=sizes, check="crc"), dpdk("full", sizes=sizes, cpu="-erms")]
        rows += kernel_rows("overload", sizes=sizes, mode="demand")
        rows += kernel_rows("pressure", sizes=sizes, mode="demand", zeroing=False)
    return list(dict.fromkeys(rows))


def named(ident):
    """The row of that name, or None."""
    return next((row for row in full() if row.id == ident), None)
