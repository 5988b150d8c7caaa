# SPDX-License-Identifier: GPL-2.0-only
"""Ledgers: one JSON line an entry, in the cache, so that runs of many days and clones add up.

Contract: an entry is appended under a lock, on a line of its own. A line that was cut off, or is no entry, counts
nothing and stays where it is.
"""
import json
import os

from . import lock, paths


def sources(names, wanted):
    """The hash of what a run tests: the files of that name, and of those below the folders the wanted ones."""
    files = []
    for name in names:
        here = paths.ROOT / name
        files += sorted(p for p in here.rglob("*") if wanted(p)) if here.is_dir() else [here]
    return paths.digest(*[part for p in files for part in (p.relative_to(paths.ROOT), p.read_bytes())])


def _entry(line, fields):
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    good = isinstance(entry, dict) and all(isinstance(entry.get(name), kind) for name, kind in fields.items())
    return entry if good else None


def read(path, fields):
    """The entries in their order; `fields`: {name: type} that each has."""
    if not path.is_file():
        return []
    entries = [_entry(line, fields) for line in path.read_text(errors="replace").splitlines()]
    return [entry for entry in entries if entry is not None]


def by_seed(path, fields, digest, release):
    """Those of these sources on this kernel, the last one of each seed."""
    found = {e["seed"]: e for e in read(path, fields) if e.get("sources") == digest and e["kernel"] == release}
    return [found[seed] for seed in sorted(found)]


def add(path, entry):
    """Append an entry; what was cut off before ends its line first."""
    with lock.in_cache(path.parent.name, f"writing {path}"):
        paths.make_dir(path.parent)
        with open(path, "ab+") as ledger:
            if ledger.tell():
                ledger.seek(-1, os.SEEK_END)
                if ledger.read(1) != b"\n":
                    ledger.write(b"\n")
            ledger.write(json.dumps(entry).encode() + b"\n")
