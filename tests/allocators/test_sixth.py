#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""docs/allocators.md adds an allocator: exactly what the page says is built, and run in the guest.

Contract: the files and the diff come from the page and from nowhere else; TAP on standard output; exit status 0
only if the driver with the sixth allocator was built without a warning and received every page right.
"""
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

import labrun  # noqa: E402  pylint: disable=wrong-import-position
from labyrinth import kernels, modules, paths, ui  # noqa: E402  pylint: disable=wrong-import-position

PAGE = ROOT / "docs/allocators.md"
NEEDED = ("driver/pci", "driver/include", "qemu-device/labyrinth_hw.h")
PAGES = 1000
RUN = """
set -e
mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug
for bottom in hardirq softirq; do
    rmmod labyrinth
    insmod {module} allocator={name} bottom=$bottom
    for mode in demand ring; do
        labctl receive --source generator --mode $mode --queues 1 --pages {pages} --seed 7 --quiet
    done
    cat /sys/kernel/debug/labyrinth/labyrinth0/allocator
done
"""


def parts():
    """({path: text} of the files that the page shows, its diff)."""
    text = PAGE.read_text(encoding="utf-8")
    files = dict(re.findall(r"^```c (\S+)\n(.*?)^```$", text, re.M | re.S))
    return files, "".join(re.findall(r"^```diff\n(.*?)^```$", text, re.M | re.S))


def build(kernel, files, diff):
    """labyrinth.ko of the tree as the page changes it."""
    tree = paths.BUILD / "sixth" / kernel.release
    shutil.rmtree(tree, ignore_errors=True)
    for name in NEEDED:
        modules.mirror(ROOT / name, tree / name)
    for name, text in files.items():
        if (tree / name).exists():
            raise ui.LabError(f"{name} of {PAGE.name} is in the tree already")
        (tree / name).write_text(text, encoding="utf-8")
    done = subprocess.run(["patch", "-p1", "--no-backup-if-mismatch", "-F0"], cwd=tree, input=diff.encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise ui.LabError(f"the diff of {PAGE.name} does not apply: {done.stdout.decode()}")
    lines = []
    modules.kbuild(kernel, tree / "driver/pci", "build-sixth",
                   [f"KBUILD_EXTRA_SYMBOLS={modules.symvers(kernel)}", "W=1"], on_line=lines.append)
    for line in lines:
        if any(pathlib.Path(name).name in line for name in files) and "warning:" in line:
            raise ui.LabError(line)
    return tree / "driver/pci/labyrinth.ko"


def check(text, name):
    """What the run says that is wrong, or nothing."""
    found = re.findall(r"^name=(\S+)\nbottom=(\S+)\nconfiguration=.*\n"
                       r"gets=(\d+) fails=(\d+) puts=(\d+) out=(\d+) most_out=(\d+)$", text, re.M)
    if [row[:2] for row in found] != [(name, "hardirq"), (name, "softirq")]:
        return f"debugfs does not name {name} twice"
    for row in found:
        gets, fails, puts, out, most = map(int, row[2:])
        if gets < 2 * PAGES or fails or out or gets != puts or not 0 < most <= 256:
            return f"{row[1]}: gets {gets}, fails {fails}, puts {puts}, out {out}, most out {most}"
    return ""


def main():
    print("TAP version 13\n1..2", flush=True)
    files, diff = parts()
    name = re.search(r'\.name = "(\w+)"', "".join(files.values()))[1]
    try:
        kernel = kernels.get("stock")
        modules.ready(kernel)
        module = build(kernel, files, diff)
    except (ui.LabError, TypeError) as problem:
        print(f"not ok 1 - the page builds\n# {problem}\nnot ok 2 - and works")
        return 1
    print("ok 1 - the page builds", flush=True)
    status, out, err = labrun.lab("vm", "--", "sh", "-c", RUN.format(module=module, name=name, pages=PAGES))
    wrong = f"the guest's run ended with status {status}: {err[-2000:]}" if status else check(out, name)
    print("\n".join(f"# {line}" for line in (out + wrong).splitlines()))
    print(f"{'not ' if wrong else ''}ok 2 - and works")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
