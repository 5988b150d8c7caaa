# SPDX-License-Identifier: GPL-2.0-only
"""The soak's ledger: one JSON line a run, in the cache, so that runs of many days and clones add up.

Contract: a run counts only for the sources it was made of; a line that was cut off, or is none, counts nothing and
stays where it is.
"""
import json
import os

from . import lock, paths

SOURCES = ("driver/pool", "driver/include", "tests/kselftest/pool_test_mod/soak.c")
COUNTED = ("nmi", "hardirq", "lost", "broken", "late")


def path():
    return paths.cache() / "soak" / "ledger.jsonl"


def sources():
    """The hash of what a run tests."""
    files = []
    for name in SOURCES:
        here = paths.ROOT / name
        files += sorted(p for p in here.rglob("*") if p.suffix in (".c", ".h")) if here.is_dir() else [here]
    return paths.digest(*[part for p in files for part in (p.relative_to(paths.ROOT), p.read_bytes())])


def _entry(line):
    try:
        entry = json.loads(line)
        good = isinstance(entry, dict) and isinstance(entry["seed"], int) and isinstance(entry["ok"], bool) and \
            isinstance(entry["kernel"], str) and all(isinstance(entry[name], int) for name in COUNTED)
        return entry if good else None
    except (ValueError, KeyError):
        return None


def read(digest, release):
    """The runs of these sources on this kernel, the last one of each seed."""
    if not path().is_file():
        return []
    entries = [_entry(line) for line in path().read_text(errors="replace").splitlines()]
    found = {e["seed"]: e for e in entries if e and e.get("sources") == digest and e["kernel"] == release}
    return [found[seed] for seed in sorted(found)]


def add(entry):
    """Append a run; what was cut off before ends its line first."""
    with lock.in_cache("soak", "writing the soak's ledger"):
        paths.make_dir(path().parent)
        with open(path(), "ab+") as ledger:
            if ledger.tell():
                ledger.seek(-1, os.SEEK_END)
                if ledger.read(1) != b"\n":
                    ledger.write(b"\n")
            ledger.write(json.dumps(entry).encode() + b"\n")


def totals(entries, goal):
    """The sum over runs, as `--json` prints it.  Only runs without a fault count towards the goal."""
    good = [e for e in entries if e["ok"]]
    total = {name: sum(e[name] for e in entries) for name in COUNTED}
    return {"schema": 1, "goal": goal, "allocs": sum(e["nmi"] + e["hardirq"] for e in good), **total,
            "runs": len(entries), "failed_seeds": [e["seed"] for e in entries if not e["ok"]]}
