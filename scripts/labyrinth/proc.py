# SPDX-License-Identifier: GPL-2.0-only
"""Starting other programs.

Contract: a child never outlives the launcher, even one that is killed with SIGKILL; a failure names
the log and shows its last lines instead of pouring out everything.
"""
import ctypes
import os
import shlex
import signal
import subprocess

from . import paths, ui

WIDTH = 240         # of a line of a log that is shown; compiler command lines are longer
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent):
    """Run in a child between fork and exec."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def popen(argv, **options):
    parent = os.getpid()
    try:
        return subprocess.Popen([os.fspath(a) for a in argv],
                                preexec_fn=lambda: die_with_parent(parent), **options)
    except FileNotFoundError as missing:
        raise ui.LabError(f"{missing.filename} is not there: run `scripts/lab setup`") from None


def tail(text, lines=12):
    return "\n".join("    " + line[:WIDTH] for line in text.rstrip().splitlines()[-lines:])


def run(argv, log=None, cwd=None, env=None, what=None, on_line=None):
    """Run to the end with the output in a log; on failure, raise with its last lines."""
    what = what or os.path.basename(str(argv[0]))
    log = log or paths.BUILD / "log" / f"{what.replace(' ', '-').replace('/', '-')}.log"
    paths.make_dir(log.parent)
    with open(log, "ab") as out:
        out.write(f"\n$ {shlex.join(map(str, argv))}\n".encode())
        out.flush()
        start = out.tell()
        child = popen(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            for line in child.stdout:
                out.write(line)
                if on_line:
                    on_line(line.decode(errors="replace"))
            status = child.wait()
        except BaseException:
            child.kill()
            child.wait()
            raise
    if status:
        with open(log, "rb") as text:
            text.seek(start)
            last = tail(text.read().decode(errors="replace"))
        raise ui.LabError(f"{what} failed (status {status}); the whole log is {log}; its end:\n{last}")


def output(argv, cwd=None, env=None, check=True):
    """What a short, quiet program prints."""
    try:
        done = subprocess.run([os.fspath(a) for a in argv], cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    except FileNotFoundError:
        raise ui.LabError(f"{argv[0]} is not there: run `scripts/lab setup`") from None
    if check and done.returncode:
        raise ui.LabError(f"{shlex.join(map(str, argv))} failed:\n"
                          + tail(done.stderr.decode(errors="replace")))
    return done.stdout.decode(errors="replace")
