# SPDX-License-Identifier: GPL-2.0-only
"""Locks between launchers, so that two clones, or two `make run`, can share a cache.

Contract: a lock is an flock on a file, so it ends with its holder however that one ends; whoever has
to wait is told for what.
"""
import contextlib
import fcntl
import os

from . import paths, ui


@contextlib.contextmanager
def hold(path, what):
    paths.make_dir(path.parent)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            ui.note(f"waiting for another launcher that is busy with {what} (lock {path})")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def in_cache(name, what):
    return hold(paths.cache() / "locks" / f"{name}.lock", what)


def in_build(name, what):
    return hold(paths.BUILD / "locks" / f"{name}.lock", what)
