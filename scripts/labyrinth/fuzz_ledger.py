# SPDX-License-Identifier: GPL-2.0-only
"""The fuzzer's ledger: one JSON line a run, in the cache, so that runs of many days and clones add up.

Contract: a run counts only for the sources it was made of: device, firmware core and the fuzzer itself.
"""
import json
import os

from . import lock, paths

SOURCES = ("qemu-device", "firmware-model/core", "firmware-model/include", "firmware-model/port/host",
           "tests/fuzz/device")
GOAL_INPUTS = 10**7
GOAL_SECONDS = 30 * 60


def path():
    return paths.cache() / "fuzz" / "ledger.jsonl"


def sources():
    """The hash of what a run tests; the device's own qtests are not in it."""
    files = []
    for name in SOURCES:
        files += sorted(p for p in (paths.ROOT / name).rglob("*") if p.suffix in (".c", ".h") and "qtest" not in p.parts)
    return paths.digest(*[part for p in files for part in (p.relative_to(paths.ROOT), p.read_bytes())])


def _entry(line):
    try:
        entry = json.loads(line)
        good = isinstance(entry, dict) and isinstance(entry["target"], str) and isinstance(entry["ok"], bool) and \
            isinstance(entry["inputs"], int) and isinstance(entry["seconds"], (int, float))
        return entry if good else None
    except (ValueError, KeyError):
        return None


def read(digest):
    """The runs of these sources; a line that was cut off, or is none, counts nothing."""
    if not path().is_file():
        return []
    entries = [_entry(line) for line in path().read_text(errors="replace").splitlines()]
    return [e for e in entries if e and e.get("sources") == digest]


def add(entry):
    """Append a run; what was cut off before ends its line first."""
    with lock.in_cache("fuzz", "writing the fuzzer's ledger"):
        paths.make_dir(path().parent)
        with open(path(), "ab+") as ledger:
            if ledger.tell():
                ledger.seek(-1, os.SEEK_END)
                if ledger.read(1) != b"\n":
                    ledger.write(b"\n")
            ledger.write(json.dumps(entry).encode() + b"\n")


def totals(entries):
    """Inputs and processor time per target, of runs without a finding, and how many runs had one."""
    found = {}
    for e in entries:
        row = found.setdefault(e["target"], {"inputs": 0, "seconds": 0, "runs": 0, "findings": 0})
        row["runs"] += 1
        row["findings"] += not e["ok"]
        if e["ok"]:
            row["inputs"] += e["inputs"]
            row["seconds"] += e["seconds"]
    return found
