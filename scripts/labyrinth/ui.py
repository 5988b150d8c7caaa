# SPDX-License-Identifier: GPL-2.0-only
"""Speaking to the person at the terminal: notes, timed steps, and the one-line error.

Contract: everything here goes to stderr, so that stdout belongs to the command that runs in the
guest. Whatever goes wrong for a reason that a user can act upon is a LabError: one line that says
what to do, and an exit status. A traceback is always a bug of ours.
"""
import contextlib
import sys
import time

# Exit statuses of scripts/lab beyond those of the command in the guest; `scripts/lab vm --help` lists them.
EXIT_USAGE = 2
EXIT_OOPS = 70
EXIT_WARNED = 71
EXIT_QEMU = 72
EXIT_TIMEOUT = 124
EXIT_SETUP = 125
EXITS_OF_GUEST = (EXIT_OOPS, EXIT_WARNED, EXIT_QEMU, EXIT_TIMEOUT)


class LabError(Exception):
    """A failure to report in one line."""

    def __init__(self, message, status=EXIT_SETUP):
        super().__init__(message)
        self.status = status


def note(text):
    print(f"lab: {text}", file=sys.stderr, flush=True)


def error(text):
    print(f"lab: error: {text}", file=sys.stderr, flush=True)


def duration(seconds):
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


@contextlib.contextmanager
def step(what):
    """Announce a slow step before it starts, and say afterwards how long it took."""
    note(f"{what} ...")
    begin = time.monotonic()
    yield
    note(f"{what}: done in {duration(time.monotonic() - begin)}")


class Progress:
    """One line that is rewritten on a terminal, and printed at every tenth of the way elsewhere."""

    def __init__(self, label):
        self.label = label
        self.tty = sys.stderr.isatty()
        self.tenth = -1
        self.wrote = False

    def at(self, done, total):
        if self.tty:
            print(f"\rlab:   {self.label} {done}/{total} ", end="", file=sys.stderr, flush=True)
            self.wrote = True
        elif total and done * 10 // total != self.tenth:
            self.tenth = done * 10 // total
            note(f"  {self.label} {done}/{total}")

    def end(self):
        if self.wrote:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
