# SPDX-License-Identifier: GPL-2.0-only
"""Where things are: the clone, its build folder, and the cache that all clones of a user share.

Contract: nothing is written outside of build/ and the cache.
"""
import hashlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
BUILD = ROOT / "build"
RESULTS = BUILD / "results"


def cache():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "labyrinth"


def make_dir(path):
    path.mkdir(parents=True, exist_ok=True)
    return path


def write_atomically(path, data):
    """A reader sees the old file or the new one, never half of one."""
    make_dir(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(data if isinstance(data, bytes) else data.encode())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_if_changed(path, data):
    """Keep the time stamp of a generated file that did not change, so that nothing is rebuilt for it."""
    data = data if isinstance(data, bytes) else data.encode()
    if path.is_file() and path.read_bytes() == data:
        return False
    write_atomically(path, data)
    return True


def digest(*parts, length=12):
    """The short name of a build: a hash over everything that decides what comes out of it."""
    total = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        total.update(len(data).to_bytes(8, "little") + data)
    return total.hexdigest()[:length]
