# SPDX-License-Identifier: GPL-2.0-only
"""The fuzzer's ledger, and what its runs come to.

Contract: a run counts only for the sources it was made of: device, firmware core and the fuzzer itself.
"""
from . import ledger, paths

SOURCES = ("qemu-device", "firmware-model/core", "firmware-model/include", "tests/fuzz/device")
GOAL_INPUTS = 10**7
GOAL_SECONDS = 30 * 60
FIELDS = {"target": str, "ok": bool, "inputs": int, "seconds": (int, float)}


def path():
    return paths.cache() / "fuzz" / "ledger.jsonl"


def sources():
    """The hash of what a run tests; the device's own qtests are not in it."""
    return ledger.sources(SOURCES, lambda p: p.suffix in (".c", ".h") and "qtest" not in p.parts)


def read(digest):
    """The runs of these sources."""
    return [e for e in ledger.read(path(), FIELDS) if e.get("sources") == digest]


def add(entry):
    ledger.add(path(), entry)


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
