# SPDX-License-Identifier: GPL-2.0-only
"""The soak's ledger, and what its runs come to.

Contract: a run counts only for the sources it was made of.
"""
from . import ledger, paths

SOURCES = ("driver/pool", "driver/include", "tests/kselftest/pool_test_mod/soak.c")
COUNTED = ("nmi", "hardirq", "lost", "broken", "late")
FIELDS = {"seed": int, "ok": bool, "kernel": str, **dict.fromkeys(COUNTED, int)}


def path():
    return paths.cache() / "soak" / "ledger.jsonl"


def sources():
    """The hash of what a run tests."""
    return ledger.sources(SOURCES, lambda p: p.suffix in (".c", ".h"))


def read(digest, release):
    """The runs of these sources on this kernel, the last one of each seed."""
    return ledger.by_seed(path(), FIELDS, digest, release)


def add(entry):
    ledger.add(path(), entry)


def totals(entries, goal):
    """The sum over runs, as `--json` prints it.  Only runs without a fault count towards the goal."""
    good = [e for e in entries if e["ok"]]
    total = {name: sum(e[name] for e in entries) for name in COUNTED}
    return {"schema": 1, "goal": goal, "allocs": sum(e["nmi"] + e["hardirq"] for e in good), **total,
            "runs": len(entries), "failed_seeds": [e["seed"] for e in entries if not e["ok"]]}
