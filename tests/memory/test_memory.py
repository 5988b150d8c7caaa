#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Where the pool's memory lies, in guests that differ in it: `test_memory.py [PART OF A NAME]...`

Contract: TAP on standard output; exit status 0 only if all passed.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import guest_tap  # pylint: disable=wrong-import-position

# 2 GiB of node 0 below 4 GiB, where devices have their registers, and 1 GiB of node 1 above
NODES = ["--memory", "3072"] + [f"--qemu-arg={word}" for word in (
    "-smp", "sockets=2",
    "-object", "memory-backend-ram,id=node0,size=2G", "-numa", "node,nodeid=0,cpus=0,memdev=node0",
    "-object", "memory-backend-ram,id=node1,size=1G", "-numa", "node,nodeid=1,cpus=1,memdev=node1")]
EDU = ["--qemu-arg=-device", "--qemu-arg=edu"]
IOMMU = ["--qemu-arg=-device", "--qemu-arg=intel-iommu", "--append", "intel_iommu=on"]
BOUNCE = ["--append", "swiotlb=force"]
SMALL = ["--memory", "512"]
RT = ["--kernel", "rt"]


def _boot(options, *cases):
    return ["module", *options, HERE / "module", "--", "sh", HERE / "memory.sh", *cases]


BOOTS = [
    ("two nodes", _boot(NODES, "nodes", "refill", "no-node", "zones", "reach-first", "direct")),
    ("little memory", _boot(SMALL, "contiguous", "fragmented", "compact", "contiguous", "pressure", "charged")),
    ("bounce buffers", _boot(BOUNCE, "addresses", "bounced", "bounce_back", "receive")),
    ("an IOMMU", _boot(IOMMU + EDU, "addresses", "translated", "receive")),
    ("PREEMPT_RT, two nodes", _boot(RT + NODES, "nodes", "refill", "zones")),
    ("PREEMPT_RT, little memory", _boot(RT + SMALL, "fragmented", "pressure")),
]

if __name__ == "__main__":
    sys.exit(guest_tap.run(BOOTS, sys.argv[1:]))
