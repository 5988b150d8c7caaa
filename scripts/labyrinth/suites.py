# SPDX-License-Identifier: GPL-2.0-only
"""The test suites, as data: what each one proves, how it is started, and what must be built before.

Contract: every command prints TAP. A suite with full=True runs in `make test-full` only.
"""
import dataclasses
import os
import sys

from . import kernels, modules, paths, qemu_device, userland

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
        modules.ready(kernels.get(name))
    need.__name__ = f"kernel_{name}"
    return need


STOCK, RT, DEBUG = _kernel("stock"), _kernel("rt"), _kernel("debug")
GUEST = (qemu_device.ready, userland.ready)

ALL = [
    Suite("lint", "style and static checks of every part", LAB + ["check"], (qemu_device.ready, STOCK)),
    Suite("docs", "the register page says what the hardware header says", _python("tests/docs")),
    Suite("unit", "pool core in user space under ASan, UBSan and TSan", _make("tests/unit", "test")),
    Suite("model", "every interleaving of the pool's core on weak memory, within bounds", _make("tests/model", "test")),
    Suite("mutants", "the core without one of its checks is found out", _make("tests/mutants", "test")),
    Suite("firmware", "firmware core under ASan and UBSan", _make("firmware-model", "test")),
    Suite("qtest", "the device's registers, DMA, interrupts, reset and refusals, without a guest", LAB + ["qtest"],
          (qemu_device.ready,)),
    Suite("kselftest-stock", "pool and driver in the distribution's kernel", _kselftest("stock"),
          GUEST + (userland.kselftest, STOCK)),
    Suite("kselftest-rt", "the same on PREEMPT_RT", _kselftest("rt"), GUEST + (userland.kselftest, RT)),
    Suite("kselftest-debug", "the interrupt path under KASAN, lockdep, DMA-API and sleep checks",
          _kselftest("debug"), GUEST + (userland.kselftest, DEBUG)),
    Suite("sample", "QEMU's edu device takes its buffers from the pool",
          [sys.executable, paths.ROOT / "tests" / "sample" / "test_edu.py"], GUEST + (STOCK, RT)),
    Suite("memory", "nodes, zones, bounce buffers, IOMMU, fragmentation, pressure, control groups",
          [sys.executable, paths.ROOT / "tests" / "memory" / "test_memory.py"], GUEST + (STOCK, RT)),
    Suite("e2e", "files and generator through everything, compared on the host", _python("tests/e2e"),
          GUEST + (STOCK, RT)),
    Suite("replay", "the same seed gives the same run, to the byte", LAB + ["replay"], GUEST + (STOCK,)),
    Suite("launcher", "bad input, crashes, signals and two at once", _python("tests/launcher"), GUEST + (STOCK,)),
    Suite("model-full", "the same with wider bounds",
          _make("tests/model", "test"), full=True, settings={"FULL": 1}),
    Suite("mutants-full", "all of them", _make("tests/mutants", "test"), full=True, settings={"FULL": 1}),
    Suite("e2e-long", "a million pages, 50 MB, every mode and kernel", _python("tests/e2e-long"),
          GUEST + (STOCK, RT), full=True),
]
