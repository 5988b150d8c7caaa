# SPDX-License-Identifier: GPL-2.0-only
"""The test suites, as data: what each one proves, how it is started, and what must be built before.

Contract: every command prints TAP. A suite with full=True runs in `make test-full` only.
"""
import dataclasses
import os
import sys

from . import dpdk, kernels, modules, packages, paths, qemu_device, ui, userland

LAB = [sys.executable, paths.SCRIPTS / "lab"]


@dataclasses.dataclass
class Suite:
    """One line of the table below."""
    name: str
    what: str
    argv: list
    needs: tuple = ()
    full: bool = False
    settings: dict = dataclasses.field(default_factory=dict)

    def command(self):
        return [str(word) for word in self.argv]

    def env(self):
        return {name: str(value) for name, value in self.settings.items()}


def _make(folder, target):
    # Silent, for what make itself says is no TAP.
    return ["make", "-s", "-C", paths.ROOT / folder, f"O={paths.BUILD}", f"-j{os.cpu_count() or 2}", target]


def _python(folder):
    return [sys.executable, paths.SCRIPTS / "labyrinth" / "unittest_tap.py", paths.ROOT / folder]


def _kselftest(kernel, *options):
    return LAB + ["kselftest", "--kernel", kernel] + list(options)


def _kernel(name):
    def need():
        try:
            modules.ready(kernels.get(name))
        except kernels.Unavailable as problem:
            ui.note(problem)    # its suites say so, and are skipped
    need.__name__ = f"kernel_{name}"
    return need


def _page():
    packages.install(("page",))


def _fuzz():
    packages.install(("fuzz",))


STOCK, RT, DEBUG = _kernel("stock"), _kernel("rt"), _kernel("debug")
NEWER, KCSAN = _kernel("6.12"), _kernel("kcsan")
GUEST = (qemu_device.ready, userland.ready)

ALL = [
    Suite("lint", "style and static checks of every part", LAB + ["check"], (qemu_device.ready, STOCK)),
    Suite("docs", "the register page says what the hardware header says", _python("tests/docs")),
    Suite("unit", "pool core in user space under ASan, UBSan and TSan", _make("tests/unit", "test")),
    Suite("model", "every interleaving of the pool's core on weak memory, within bounds", _make("tests/model", "test")),
    Suite("mutants", "the core without one of its checks is found out", _make("tests/mutants", "test")),
    Suite("firmware", "firmware core under ASan and UBSan", _make("firmware-model", "test")),
    Suite("fuzz-solver", "calls of the solver that nobody should make, and jobs that are none, under libFuzzer",
          _make("tests/fuzz/solver", "test"), (_fuzz,)),
    Suite("fuzz-link", "calls in the link that nobody should make, and a link that is scribbled over, under libFuzzer",
          _make("tests/fuzz/link", "test"), (_fuzz,)),
    Suite("solve", "the solver against another one: 1,000 mazes on the host, a sample through everything",
          _python("tests/solve"), GUEST + (STOCK,)),
    Suite("cortex-m", "the firmware's pool behind the MPU, its kernel and its instruction counts, on two boards",
          _make("firmware-model", "test-cortex-m")),
    Suite("cosim", "the firmware on a board beside the device: the same run, and a firmware that stops, crashes or lies",
          _python("tests/cosim"), GUEST + (STOCK,)),
    Suite("qtest", "the device's registers, DMA, interrupts, reset and refusals, without a guest", LAB + ["qtest"],
          (qemu_device.ready,)),
    Suite("migration", "saved, loaded and moved in the middle of a burst; states that are none are refused",
          _python("tests/migration"), GUEST + (STOCK,)),
    Suite("kselftest-stock", "pool and driver in the distribution's kernel", _kselftest("stock"),
          GUEST + (userland.kselftest, STOCK)),
    Suite("kselftest-rt", "the same on PREEMPT_RT", _kselftest("rt"), GUEST + (userland.kselftest, RT)),
    Suite("kselftest-debug", "the interrupt path under KASAN, lockdep, DMA-API and sleep checks",
          _kselftest("debug"), GUEST + (userland.kselftest, DEBUG)),
    Suite("fuzz-api", "calls of the user API that nobody should make, under KASAN and guided by coverage",
          LAB + ["fuzz-api"], GUEST + (userland.fuzz_api, DEBUG)),
    Suite("life", "unbind, rmmod, FLR and hot-unplug under full load, behind an IOMMU", LAB + ["life"],
          GUEST + (userland.life, STOCK)),
    Suite("hostile", "a device that lies, breaks and vanishes: found, made good, nothing lost", LAB + ["hostile"],
          GUEST + (userland.hostile, STOCK)),
    Suite("hostile-debug", "a device that lies, under KASAN, lockdep and DMA-API checks",
          LAB + ["hostile", "--kernel", "debug", "seeds"], GUEST + (userland.hostile, DEBUG)),
    Suite("syzlang", "the API's description for syzkaller says what the header says", _python("tests/fuzz/api")),
    Suite("farm", "results in the form of other farms, and the jobs for them", _python("tests/farm")),
    Suite("allocators", "the sixth allocator of docs/allocators.md, built from the page, works",
          [sys.executable, paths.ROOT / "tests" / "allocators" / "test_sixth.py"], GUEST + (STOCK,)),
    Suite("sample", "QEMU's edu device takes its buffers from the pool",
          [sys.executable, paths.ROOT / "tests" / "sample" / "test_edu.py"], GUEST + (STOCK, RT)),
    Suite("memory", "nodes, zones, bounce buffers, IOMMU, fragmentation, pressure, control groups",
          [sys.executable, paths.ROOT / "tests" / "memory" / "test_memory.py"], GUEST + (STOCK, RT)),
    Suite("iommu", "behind a strict IOMMU: no fault in good runs, late writes stopped, named, or found",
          [sys.executable, paths.ROOT / "tests" / "iommu" / "test_iommu.py"], GUEST + (STOCK, RT)),
    Suite("e2e", "files and generator through everything, compared on the host", _python("tests/e2e"),
          GUEST + (STOCK, RT)),
    Suite("dpdk", "a poll-mode driver behind vfio-pci receives the same bytes, or says why not; the pool in rte_mempool",
          _python("tests/dpdk"), (qemu_device.ready, userland.ready, dpdk.ready, STOCK)),
    Suite("replay", "the same seed gives the same run, to the byte", LAB + ["replay"], GUEST + (STOCK,)),
    Suite("stress", "traffic with resets, kills, lost interrupts and failing allocations, judged",
          LAB + ["stress", "--set", "test", "--duration", "60", "--tap"], GUEST + (STOCK,)),
    Suite("report", "the page about all results: good, missing and broken files, and how it looks in Chromium",
          _python("tests/report"), (_page,)),
    Suite("compare", "the comparison: its rows, figures and passes, and that a row is the same twice",
          _python("tests/compare"), GUEST + (STOCK, userland.compare)),
    Suite("launcher", "bad input, crashes, signals and two at once", _python("tests/launcher"), GUEST + (STOCK,)),
    Suite("kselftest-6.12", "pool and driver in the newer long-term kernel", _kselftest("6.12"),
          GUEST + (userland.kselftest, NEWER), full=True),
    Suite("kselftest-kcsan", "data races of pool and driver, and lock order",
          _kselftest("kcsan"), GUEST + (userland.kselftest, KCSAN), full=True),
    Suite("races", "a planted race and a planted lock order are found on the kcsan kernel, and only ours are failures",
          _python("tests/races"), GUEST + (KCSAN,), full=True),
    Suite("life-debug", "going and coming back under KASAN and lockdep", LAB + ["life", "--kernel", "debug"],
          GUEST + (userland.life, DEBUG), full=True),
    Suite("life-exact", "the same in time that counts instructions: every round within two seconds",
          LAB + ["life", "--exact"], GUEST + (userland.life, STOCK), full=True),
    Suite("life-rt", "the same on PREEMPT_RT, without hot-unplug, which that kernel cannot do for any driver",
          LAB + ["life", "--kernel", "rt", "unbind", "module", "flr"], GUEST + (userland.life, RT), full=True),
    Suite("life-6.12", "the same on the newer long-term kernel", LAB + ["life", "--kernel", "6.12"],
          GUEST + (userland.life, NEWER), full=True),
    Suite("life-kcsan", "the same while data races are looked for",
          LAB + ["life", "--kernel", "kcsan", "--rounds", "5"], GUEST + (userland.life, KCSAN), full=True),
    Suite("fuzz-api-kcsan", "the API's fuzzer while data races are looked for",
          LAB + ["fuzz-api", "--kernel", "kcsan"], GUEST + (userland.fuzz_api, KCSAN), full=True),
    Suite("compare-short", "the short matrix of the comparison", LAB + ["compare", "--fresh", "--tap"],
          GUEST + (STOCK, userland.compare), full=True),
    Suite("stress-full", "every scenario", LAB + ["stress", "--full", "--tap"], GUEST + (STOCK,), full=True),
    Suite("stress-rt", "those that are for PREEMPT_RT", LAB + ["stress", "--full", "--kernel", "rt", "--tap"],
          GUEST + (RT,), full=True),
    Suite("stress-6.12", "those that are for the newer long-term kernel",
          LAB + ["stress", "--full", "--kernel", "6.12", "--tap"], GUEST + (NEWER,), full=True),
    Suite("stress-debug", "those that are for KASAN and lockdep",
          LAB + ["stress", "--full", "--kernel", "debug", "--tap"], GUEST + (DEBUG,), full=True),
    Suite("reliability-debug", "each fault found and made good, under KASAN, lockdep and DMA-API checks",
          LAB + ["hostile", "--kernel", "debug", "reliability", "kills"], GUEST + (userland.hostile, DEBUG), full=True),
    Suite("hostile-rt", "a device that does wrong, on PREEMPT_RT", LAB + ["hostile", "--kernel", "rt"],
          GUEST + (userland.hostile, RT), full=True),
    Suite("fuzz", "a hostile guest against the device under ASan and UBSan, led by coverage, ten minutes",
          LAB + ["fuzz", "--tap", "--minutes", "10"], (qemu_device.fuzz_ready,), full=True),
    Suite("fuzz-device", "each field of a loaded state with extreme values; an input that never ends is found and kept", _python("tests/fuzz/device"),
          (qemu_device.fuzz_ready,), full=True),
    Suite("qtest-sanitized", "the device's qtests under ASan and UBSan", LAB + ["qtest", "--sanitized"],
          (qemu_device.fuzz_ready,), full=True),
    Suite("migration-full", "a hundred rounds of each mode", _python("tests/migration"), GUEST + (STOCK,), full=True,
          settings={"LAB_ROUNDS": 100}),
    Suite("model-full", "the same with wider bounds",
          _make("tests/model", "test"), full=True, settings={"FULL": 1}),
    Suite("mutants-full", "all of them", _make("tests/mutants", "test"), full=True, settings={"FULL": 1}),
    Suite("cortex-m-full", "the same on four boards, one of them with two sizes of MPU, a million steps of stress",
          _make("firmware-model", "test-cortex-m"), full=True, settings={"FULL": 1}),
    Suite("cortex-m-mutants", "the firmware without one of its checks is found out",
          _make("firmware-model", "mutants-cortex-m"), full=True),
    Suite("cosim-full", "8 MiB in every mode against the firmware in the device; a thousand lies under ASan and UBSan",
          _python("tests/cosim-long"), GUEST + (STOCK, RT, qemu_device.fuzz_ready), full=True),
    Suite("iommu-full", "every mode, and the driver's own tests",
          [sys.executable, paths.ROOT / "tests" / "iommu" / "test_iommu.py", "--full"], GUEST + (STOCK, RT), full=True),
    Suite("mutants-system", "driver, pool and device without one of their checks are found out",
          [sys.executable, paths.ROOT / "tests" / "mutants" / "run-system"], GUEST + (userland.kselftest, STOCK), full=True),
    Suite("e2e-long", "a million pages, 50 MB, every mode and kernel", _python("tests/e2e-long"),
          GUEST + (STOCK, RT), full=True),
]
