# SPDX-License-Identifier: GPL-2.0-only
"""Reading the Test Anything Protocol, as the kernel (KTAP), GLib and our own programs speak it.

Contract: a test that was planned and never reported is a failure; so is a skip without a reason. Of
nested results only the innermost count. Each failure keeps the last lines that were said about it: the
kernel's harness says them before the result, Python's runner after it.
"""
import collections
import dataclasses
import re

SAID = 5            # lines that are kept of each side of a failure's result

_RESULT = re.compile(r"^(\s*)(not )?ok\b\s*(\d+)?\s*-?\s*(.*?)\s*(?:#\s*(SKIP|XFAIL|TIMEOUT)\b:?\s*(.*))?$", re.I)
_PLAN = re.compile(r"^(\s*)1\.\.(\d+)\s*(?:#\s*skip\b:?\s*(.*))?$", re.I)
_PROGRAM = re.compile(r"^# Subtest: (.*)$")
_NEXT = re.compile(r"^\s*#\s+(?:RUN\s|Subtest:|Starting \d)")
_NOTHING = re.compile(r"^\s*#\s*(?:OK\s|SKIP\s|\d+\.\d s$|$)")


@dataclasses.dataclass
class Count:
    """What a suite's output said."""
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = dataclasses.field(default_factory=list)
    said: list = dataclasses.field(default_factory=list)    # of each failure: a list of lines
    skips: list = dataclasses.field(default_factory=list)

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def fail(self, text, said=()):
        """The list of what was said about it, to go on with."""
        self.failed += 1
        self.failures.append(text)
        self.said.append(list(said))
        return self.said[-1]


class Reader:
    """Feed it lines, then ask end()."""

    def __init__(self):
        self.count = Count()
        self.any = False
        self._deeper = False        # results of a nested test came since the last outer one
        self._planned = None
        self._seen = 0
        self._program = None
        self._before = collections.deque(maxlen=SAID)
        self._after = None          # of the failure that is talked about
        self._room = 0

    def line(self, text):
        text = text.rstrip("\r\n")
        if not self._structure(text):
            self._talk(text)

    def _structure(self, text):
        """A line that is part of the protocol: True."""
        if text.startswith(("TAP version", "KTAP version")):
            self._close()
            return True
        plan = _PLAN.match(text)
        if plan:
            self._plan(plan)
            return True
        found = _RESULT.match(text)
        if found:
            self._after = None
            self._result(found)
            self._before.clear()
        return bool(found)

    def _talk(self, text):
        program = _PROGRAM.match(text)
        if program:
            self._program = program[1]
        if program or _NEXT.match(text):
            self._after = None
            self._before.clear()
        elif not text.strip() or _NOTHING.match(text):
            return
        elif self._after is not None:
            self._after.append(text.strip())
            # the last lines: in a traceback they are what went wrong
            del self._after[self._room:-SAID]
        else:
            self._before.append(text.strip())

    def _plan(self, plan):
        if plan[1]:
            if plan[2] == "0":
                self._deeper = True
                self._skip("a whole program", plan[3])
            return
        if self._planned is not None:
            self._close()           # the next program's results begin; a plan may also come last
        self._planned = int(plan[2])
        self.any = True
        if not self._planned:
            self._skip("everything", plan[3])

    def _result(self, found):
        indent, bad, number, name, mark, reason = found.groups()
        name = name or f"test {number}"
        self.any = True
        if indent:
            self._deeper = True
            name = f"{self._program}: {name}" if self._program else name
        else:
            self._program = None
            self._seen += 1
            if self._deeper:        # the sum of the nested results that came before it
                self._deeper = False
                return
        if mark and mark.upper() == "SKIP":
            self._skip(name, reason)
        elif bad and not (mark and mark.upper() == "XFAIL"):
            self._after = self.count.fail(name, self._before)
            self._room = len(self._after)
        else:
            self.count.passed += 1

    def _skip(self, name, reason):
        if reason:
            self.count.skipped += 1
            self.count.skips.append(f"{name}: {reason}")
        else:
            self.count.fail(f"{name}: skipped without a reason")

    def _close(self):
        if self._planned is not None and self._seen < self._planned:
            self.count.fail(f"{self._planned - self._seen} of {self._planned} planned tests never reported",
                            self._before)
        self._planned, self._seen = None, 0

    def end(self):
        self._close()
        return self.count
