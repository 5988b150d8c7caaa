# SPDX-License-Identifier: GPL-2.0-only
"""One folder of short-lived files per launcher.

Contract: gone when the launcher ends, also by a signal; what a launcher that was killed outright left
behind is removed by the next one, which knows it by the lock that nobody holds any more.
"""
import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from . import paths


def _home():
    return paths.make_dir(paths.BUILD / "run")


def _sweep():
    for folder in _home().iterdir():
        try:
            handle = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(handle)


def _make():
    """A new folder and its held lock. A sweeper may see the lock before we hold it: then try again."""
    while True:
        home = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=_home()))
        handle = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if (home / "lock").exists():
            return home, handle
        os.close(handle)


@contextlib.contextmanager
def folder():
    _sweep()
    home, handle = _make()
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
        os.close(handle)
