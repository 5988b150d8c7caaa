# SPDX-License-Identifier: GPL-2.0-only
"""Building what runs in user space: labctl, and the programs of tests/kselftest.

Contract: the parts' own Makefiles decide how; here is only where to (O=build) and when.
"""
import contextlib
import os

from . import kernel_build, lock, paths, proc, ui

BIN = paths.BUILD / "bin"
KSELFTEST = paths.BUILD / "kselftest"
LIFE = paths.BUILD / "life/life"
FUZZ_API = paths.BUILD / "fuzz-api/fuzz-api"
HOSTILE = paths.BUILD / "hostile"
COMPARE = paths.BUILD / "compare/receive"


def _make(folder, what, result, *words):
    if not (paths.ROOT / folder / "Makefile").is_file():
        raise ui.LabError(f"{folder}/Makefile is not there: this clone is not whole")
    command = ["make", "-C", paths.ROOT / folder, f"O={paths.BUILD}", f"-j{os.cpu_count() or 2}"] + list(words)
    with lock.in_build("userland", f"building {what}"):
        with contextlib.nullcontext() if result.exists() else ui.step(f"building {what}"):
            proc.run(command, what=f"build-{what}")


def ready():
    """labctl, dynamic and static."""
    _make("driver/labctl", "labctl", BIN / "labctl")


def life():
    """The program of the life-cycle rounds."""
    _make("tests/life", "life", LIFE)
    return LIFE


def fuzz_api():
    """The fuzzer of the user API."""
    _make("tests/fuzz/api", "fuzz-api", FUZZ_API)
    return FUZZ_API


def hostile():
    """The folder of the programs for a device that does wrong."""
    _make("tests/hostile", "hostile", HOSTILE)
    return HOSTILE


def compare():
    """The static receiver of the comparison."""
    _make("tests/bench/compare", "compare", COMPARE)
    return COMPARE


def kselftest():
    """The programs that run in the guest; their modules are modules.kselftest()'s."""
    _, tree = kernel_build.source()     # the harness is the kernel's own
    _make("tests/kselftest", "kselftest", KSELFTEST, f"KSELFTEST_DIR={tree / 'tools/testing/selftests'}")
