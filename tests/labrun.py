# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of the launcher share: starting scripts/lab as a user would, and looking at what it left.

Contract: a launcher that does not end in time is killed and fails its test.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
LAB = str(ROOT / "scripts" / "lab")
RUNS = ROOT / "build" / "run"
LIMIT = 900


def start(*words, **options):
    """A launcher in a session of its own, so that a signal to it is one to it alone."""
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen([sys.executable, LAB, *map(str, words)], cwd=options.pop("cwd", ROOT),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **options)


def end(child, limit=LIMIT, **options):
    """(status, stdout, stderr) of a started launcher."""
    try:
        out, err = child.communicate(timeout=limit, **options)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        out, err = child.communicate()
        raise AssertionError(f"scripts/lab did not end within {limit} s:\n{err.decode(errors='replace')}") from None
    return child.returncode, out.decode(errors="replace"), err.decode(errors="replace")


def lab(*words, limit=LIMIT, **options):
    data = options.pop("input", None)
    if data is not None:
        options["stdin"] = subprocess.PIPE
        return end(start(*words, **options), limit, input=data)
    return end(start(*words, **options), limit)


def children_of(pid):
    """Processes that have this one among their ancestors, by the kernel's own lists."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child] + children_of(child)
    return found


def alive(pid):
    """Whether a process is there and no zombie."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


def leftovers(pid):
    """Folders that a launcher has in build/run, by its process number."""
    return sorted(path.name for path in RUNS.glob(f"{pid}-*"))


def run_json():
    return json.loads((ROOT / "build" / "results" / "run.json").read_text())


def scratch():
    return tempfile.TemporaryDirectory(prefix="labyrinth-test-")
