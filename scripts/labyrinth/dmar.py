# SPDX-License-Identifier: GPL-2.0-only
"""What a fault of the IOMMU was about: page and queue, from the kernel's log and the pool's records.

    dmar.py < FILE      the guest's `dmesg`, and NAME.ID/unmapped of the pool's debugfs, in any order

Contract: a line for each fault: who had the page whose mapping had ended at this address, or that no record
tells. Exit status 0 if each fault has a page, 1 if one has none, 2 if there is no fault. Records are kept while
tracking is on (/sys/kernel/debug/labyrinth_pool/track); of pages that had one address one after the other it is
the last before the fault.
"""
import dataclasses
import re
import sys

_FAULT = re.compile(r"\[\s*(?P<time>\d+\.\d+)\]\s+DMAR: \[DMA (?P<what>Write|Read)[^\]]*\] Request device "
                    r"\[(?P<device>[0-9a-f:.]+)\].*? fault addr (?P<address>0x[0-9a-f]+)")
_PAGE = re.compile(r"slot=(?P<slot>\d+) epoch=(?P<epoch>\d+) was=(?P<was>0x[0-9a-f]+) unmapped=(?P<time>\d+\.\d+) "
                   r"cpu=(?P<cpu>\d+) context=(?P<context>\S+) queue=(?P<queue>\d+) caller=(?P<caller>\S+)")
PAGE_SIZE = 4096


@dataclasses.dataclass
class Fault:
    """One line of the log."""
    time: float
    what: str
    device: str
    address: int


@dataclasses.dataclass
class Page:
    """A page without a mapping."""
    slot: int
    epoch: int
    was: int
    time: float     # of the end of its mapping
    queue: int
    taken: str


def faults(text):
    return [Fault(float(m["time"]), m["what"].lower(), m["device"], int(m["address"], 16))
            for m in _FAULT.finditer(text)]


def pages(text):
    return [Page(int(m["slot"]), int(m["epoch"]), int(m["was"], 16), float(m["time"]), int(m["queue"]),
                 f"taken on CPU {m['cpu']} in {m['context']} by {m['caller']}") for m in _PAGE.finditer(text)]


def page_of(fault, records):
    """The page that was at the address of a fault last, or None."""
    there = [page for page in records
             if page.was == fault.address // PAGE_SIZE * PAGE_SIZE and page.time <= fault.time]
    return max(there, key=lambda page: page.time, default=None)


def told(fault, page):
    """A line about a fault."""
    where = f"{fault.time:.6f}: device {fault.device} may not {fault.what} {fault.address:#x}"
    if page is None:
        return f"{where}: no page of a pool is known to have been there"
    late = (fault.time - page.time) * 1000
    return f"{where}: page {page.slot} of queue {page.queue}, epoch {page.epoch}, {page.taken}, " \
           f"whose mapping ended {late:.3f} ms before"


def main():
    text = sys.stdin.read()
    records = pages(text)
    found = [(fault, page_of(fault, records)) for fault in faults(text)]
    for fault, page in found:
        print(told(fault, page))
    return 2 if not found else 1 if any(page is None for _, page in found) else 0


if __name__ == "__main__":
    sys.exit(main())
