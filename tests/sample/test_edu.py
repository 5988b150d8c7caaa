#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The sample driver on QEMU's edu device, in the guest, with each kernel: `test_edu.py [PART OF A NAME]...`

Contract: TAP on standard output; exit status 0 only if all passed.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import guest_tap  # pylint: disable=wrong-import-position

EDU = ["--qemu-arg=-device", "--qemu-arg=edu"]
IOMMU = ["--qemu-arg=-device", "--qemu-arg=intel-iommu", "--append", "intel_iommu=on"]


def _boot(*options, words=()):
    return ["module", *options, *EDU, HERE / "edu", "--", "sh", HERE / "edu.sh", *words]


BOOTS = [
    ("stock", _boot()),
    ("PREEMPT_RT", _boot("--kernel", "rt")),
    ("behind an IOMMU", _boot(*IOMMU, words=["iommu"])),
    # that kernel has no zone below 16 MiB, so only an IOMMU lets the device reach memory
    ("behind an IOMMU, checked by the debug kernel", _boot("--kernel", "debug", *IOMMU, words=["iommu"])),
]

if __name__ == "__main__":
    sys.exit(guest_tap.run(BOOTS, sys.argv[1:]))
