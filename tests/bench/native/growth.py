#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs growth under callgrind and turns its counts into rows.

  growth.py DIRECTORY-OF-THE-PROGRAM

Contract: callgrind counts every instruction of the program exactly, so the same build gives the same figures
twice. One row per pool and pattern, in instructions per operation (an allocation or a free); one per pool for
its metadata; and the figures that follow from them.
"""
import json
import pathlib
import re
import subprocess
import sys

NAMES = {"same": "same CPU", "next": "freed by the next CPU"}
BLOCK = 64              # pages of a block in a pool that has 512 pages a CPU or more
PER_BLOCK = 128         # bytes for each block
PER_SLOT = 14           # bytes for each page


def counts(directory):
    """({(pattern, pages, cpus): instructions per operation}, {(pages, cpus): bytes}, bytes for each CPU)"""
    dump = directory / "growth.out"
    for old in directory.glob("growth.out*"):
        old.unlink()
    child = subprocess.run(["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no",
                            f"--callgrind-out-file={dump}", directory / "growth"], stdout=subprocess.PIPE, check=False)
    if child.returncode:
        sys.exit(f"growth.py: growth under callgrind ended with status {child.returncode}")
    first, *lines = child.stdout.decode().splitlines()
    metadata = {}
    for line in lines:
        pages, cpus, size = map(int, line.split())
        metadata[pages, cpus] = size
    found = {}
    for part in directory.glob("growth.out.*"):
        text = part.read_text()
        name = re.search(r"^desc: Trigger: Client Request: (\w+) (\d+) (\d+) (\d+)$", text, re.M)
        total = re.search(r"^(?:summary|totals): (\d+)", text, re.M)
        if name and total:
            pattern, pages, cpus, operations = name[1], int(name[2]), int(name[3]), int(name[4])
            found[pattern, pages, cpus] = int(total[1]) / operations
    if set(found) != {(pattern,) + pool for pool in metadata for pattern in NAMES}:
        sys.exit("growth.py: callgrind's dumps are not those of the program's sections")
    return found, metadata, int(first.split()[1])


def row(pattern, unit, value, pages, cpus, **params):
    print(json.dumps({"suite": "growth", "pattern": pattern, "allocator": "labyrinth", "context": "user", "unit": unit,
                      "value": round(value, 3), "p50": None, "p99": None, "p999": None, "max": None,
                      "params": {"pages": pages, "cpus": cpus, **params}}))


def figure(name, unit, target, seen):
    print(json.dumps({"figure": name, "suite": "growth", "unit": unit, "sense": "<=", "target": target,
                      "seen": round(seen, 3), "must": False}))


def formula(pages, cpus, front):
    """Bytes of a pool's metadata, but for a constant."""
    share = pages // (8 * cpus)
    block = min(BLOCK, 1 << share.bit_length() - 1) if share >= 8 else BLOCK
    blocks = -(-pages // block)
    return PER_SLOT * blocks * block + PER_BLOCK * blocks + front * cpus


def main():
    version = subprocess.run(["valgrind", "--version"], stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    found, metadata, front = counts(pathlib.Path(sys.argv[1]))
    for (pattern, pages, cpus), value in sorted(found.items(), key=lambda item: (item[0][0], item[0][2], item[0][1])):
        row(f"{NAMES[pattern]}, {pages} pages", "instructions", value, pages, cpus, history="mixed",
            counter=f"callgrind, {version}")
    rest = {size - formula(*pool, front) for pool, size in metadata.items()}
    if len(rest) != 1:
        sys.exit(f"growth.py: the metadata is not as the formula says; differences: {sorted(rest)}")
    rule = f"{PER_SLOT} * pages + {PER_BLOCK} * blocks + {front} * cpus + {rest.pop()}"
    for (pages, cpus), size in sorted(metadata.items(), key=lambda item: item[0][::-1]):
        row(f"metadata per page, {pages} pages", "bytes", size / pages, pages, cpus, formula=rule)
    for pattern, name in NAMES.items():
        # what one CPU frees itself is no page that the next CPU frees
        every = [(pages, cpus) for pages, cpus in metadata if pattern == "same" or cpus > 1]
        for what, pools in (("pools of 64 to 4194304 pages, 1 to 64 CPUs", every),
                            ("of these, those with 512 pages a CPU or more",
                             [(pages, cpus) for pages, cpus in every if pages >= 512 * cpus])):
            values = [found[(pattern,) + pool] for pool in pools]
            figure(f"growth, {name}: most / fewest instructions, {what}", "ratio", 1.1, max(values) / min(values))
    figure("metadata per page, without the CPUs' part, 64-page blocks", "bytes", 16, PER_SLOT + PER_BLOCK / BLOCK)


main()
