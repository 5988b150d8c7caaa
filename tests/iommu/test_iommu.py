#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Behind a strict IOMMU: `test_iommu.py [--full] [PART OF A NAME]...`; the long ones need --full or their name

Everything that runs without one runs with it and leaves no fault, in both modes of isolation. A device that
writes pages which it has completed is kept out of isolated ones, and the fault's page and queue are named from the
pool's records, as the driver's own trace says too; without isolation the write arrives, and the seal finds it.

Contract: TAP on standard output; exit status 0 only if all passed.
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parents[1] / "scripts"))

import guest_tap  # pylint: disable=wrong-import-position
import labrun  # pylint: disable=wrong-import-position
from labyrinth import dmar  # pylint: disable=wrong-import-position

IOMMU = ["--qemu-arg=-device", "--qemu-arg=intel-iommu,intremap=on,aw-bits=48",
         "--append", "intel_iommu=on", "--append", "iommu.strict=1", "--append", "iommu.passthrough=0"]
STRICT = ["--module-param", "isolate=strict"]
SEAL = ["--module-param", "seal=1"]
BOUNCE = ["--append", "swiotlb=force"]
FAULTS = ["--device", "x-faults=on"]
RT = ["--kernel", "rt"]
PROGRAMS = ["driver_read", "driver_data", "driver_life", "driver_reset"]


def script(options, *cases):
    return ["vm", *options, "--", "sh", HERE / "iommu.sh", *cases]


def run(options, *words):
    return ["run", *options, *words]


def judged(text):
    """Lines of TAP: is each fault's page and queue known, and does the driver's trace say the same?"""
    records = dmar.pages(text)
    faults = dmar.faults(text)
    grants = re.findall(r"grant: .*?queue=(\d+) cookie=\S+ dma=(0x[0-9a-f]+)", text)
    queue_of = {int(address, 16): int(queue) for queue, address in grants}
    wrong = [] if faults else ["no fault: the late writes were not stopped"]
    for fault in faults:
        page = dmar.page_of(fault, records)
        yield "# " + dmar.told(fault, page)
        if page is None or queue_of.get(page.was) != page.queue:
            wrong.append(f"{fault.address:#x}: page {page}, the trace says queue {queue_of.get(fault.address)}")
    yield from (f"# {line}" for line in wrong)
    yield f"{'not ' if wrong else ''}ok 1 - {len(faults)} faults, each with its page and queue"


def arrived(text):
    """Lines of TAP: nothing kept the late writes from memory."""
    seen = dmar.faults(text)
    yield f"{'not ' if seen else ''}ok 1 - no fault: {len(seen)}"


FILE = ["--mode", "demand"]
RING = ["--mode", "ring", "--queues", "3"]
GENERATOR = ["--source", "generator", "--pages", "20000", "--queues", "4", "--seed", "7"]

SHORT = [
    ("late write, isolated: stopped, and named", script(IOMMU + STRICT + FAULTS, "late"), judged),
    ("late write, mapped: it arrives", script(IOMMU + FAULTS, "late"), arrived),
    ("late write, mapped: the seal finds it", script(IOMMU + SEAL + FAULTS, "spoilt"), arrived),
    ("isolated: clean", script(IOMMU + STRICT, "clean", "apart"), None),
    ("isolated, sealed, through bounce buffers: clean", script(IOMMU + STRICT + SEAL + BOUNCE, "clean", "apart"), None),
    ("mapped: clean", script(IOMMU, "clean"), None),
    ("file, demand, isolated", run(IOMMU + STRICT, *FILE), None),
    ("file, ring, mapped", run(IOMMU, *RING), None),
    ("generator, demand, mapped", run(IOMMU, *GENERATOR), None),
    ("generator, ring, isolated", run(IOMMU + STRICT, *GENERATOR, "--mode", "ring"), None),
]
LONG = [
    ("isolated, PREEMPT_RT: clean", script(IOMMU + STRICT + RT, "clean", "apart"), None),
    ("file, demand, mapped", run(IOMMU, *FILE), None),
    ("file, ring, isolated", run(IOMMU + STRICT, *RING), None),
    ("generator, demand, isolated", run(IOMMU + STRICT, *GENERATOR), None),
    ("generator, ring, mapped", run(IOMMU, *GENERATOR, "--mode", "ring"), None),
    ("a pool of few pages, isolated", run(IOMMU + STRICT, *FILE, "--module-param", "pool_pages=32", "--module-param",
                                          "depth=16"), None),
    ("isolated without an IOMMU, through bounce buffers", run(STRICT + BOUNCE, *FILE), None),
    ("the driver's own tests, isolated", ["kselftest", *IOMMU, *STRICT, *PROGRAMS], None),
    ("the driver's own tests, mapped", ["kselftest", *IOMMU, *PROGRAMS], None),
]


def one(name, words, judge):
    """Whether a boot passed; its lines are printed."""
    print(f"# Subtest: {name}", flush=True)
    status, text = guest_tap.boot(words)
    lines = [line for line in text.splitlines() if not line.startswith(("# page: ", "# grant: "))]
    good = status == 0
    if words[0] == "run":
        violations = labrun.run_json()["violations"] if good else ["no result"]
        good = good and not violations
        lines = [f"{'' if good else 'not '}ok 1 - {words[0]}: {violations or 'verified'}"]
    if judge:
        lines += judge(text)
    for line in lines:
        print(f"    {line}")
    if status:
        print(f"    not ok {name}: scripts/lab ended with status {status}")
    return good and not any(line.startswith("not ok") for line in lines)


def main(parts):
    full = "--full" in parts
    parts = [part for part in parts if part != "--full"]
    boots = SHORT + (LONG if full or parts else [])
    boots = [boot for boot in boots if not parts or any(part in boot[0] for part in parts)]
    print(f"TAP version 13\n1..{len(boots)}", flush=True)
    bad = not boots
    for number, boot in enumerate(boots, 1):
        good = one(*boot)
        print(f"{'' if good else 'not '}ok {number} - {boot[0]}", flush=True)
        bad |= not good
    return bad


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
