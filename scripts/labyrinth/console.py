# SPDX-License-Identifier: GPL-2.0-only
"""Reading the guest's console: what in it is a crash, what a warning, and which lines to show.

Contract: only lines that the kernel itself begins in the given way count, so that a program's output
(which does not pass here anyway) or a name within a line is no alarm. Of data races only those count that a
module of ours takes part in: the kernel's own are known to it.
"""
import re

_STAMP = re.compile(r"^(?:<\d+>)?(?:\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?)?")

_CRASH = re.compile(r"""(?:
    Kernel\ panic\ -\ not\ syncing | BUG:\ unable\ to\ handle | BUG:\ kernel\ NULL\ pointer | kernel\ BUG\ at
  | Oops:\ | Oops\ - | general\ protection\ fault | divide\ error: | invalid\ opcode: | stack\ segment:
  | double\ fault: | int3: | PANIC: | traps:\ PANIC | Unable\ to\ handle\ kernel | sysrq:\ Trigger\ a\ crash
)""", re.X)

_WARNING = re.compile(r"""(?:
    WARNING: | ------------\[\ cut\ here | \[?\ ?BUG:\ (?!KCSAN:) | BUG:\ KCSAN:.*\[labyrinth | INFO:\ task\ .*\ blocked\ for | INFO:\ rcu_ | INFO:\ trying\ to
  | INFO:\ possible\ | INFO:\ lockdep | INFO:\ NMI\ handler | INFO:\ Object | rcu:\ INFO:\ .*\ stall
  | watchdog:\ BUG: | UBSAN: | DMA-API:\ (?!preallocated|disabled|debugging) | kmemleak:\ \d+\ new | refcount_t:
  | ODEBUG: | list_(?:add|del)\ corruption | slab\ error | Object\ .*\ corrupt | KFENCE: | possible\ deadlock
  | workqueue:\ .*\ hogged | irq\ \d+:\ nobody\ cared | unregister_netdevice:\ waiting
)""", re.X)

# Mistakes of the kernel itself that a test cannot but meet: (the warning, and what one of the next lines then says).
# In 6.1 taking any device out of a hot-plug slot takes two locks of pciehp's own the wrong way round.
_KERNELS_OWN = ((re.compile(r"WARNING: possible circular locking dependency detected"),
                 re.compile(r"[0-9a-f]+ \(&ctrl->reset_lock\)\{.*\}, at: pciehp_unconfigure_device\+")),)
_OWN_WITHIN = 5     # lines

_GIVEN_UP = re.compile(r"lab-guest: (.*)")

EXCERPT_LINES = 40


class Console:
    """Collects the console and remembers the first bad line of each kind."""

    def __init__(self, on_line=None):
        self.lines = []
        self.crash = None           # index of the first crash line
        self.warnings = []          # indexes of warning lines
        self.given_up = None
        self._rest = ""
        self._on_line = on_line

    def feed(self, data):
        text = self._rest + data.decode("utf-8", "replace")
        *whole, self._rest = text.split("\n")
        for line in whole:
            self._look(line.rstrip("\r"))

    def end(self):
        if self._rest:
            self._look(self._rest)
            self._rest = ""

    def _look(self, line):
        if self._on_line:
            self._on_line(line)
        body = _STAMP.sub("", line, count=1)
        if self.crash is None and _CRASH.match(body):
            self.crash = len(self.lines)
        elif _WARNING.match(body):
            self.warnings.append(len(self.lines))
        elif self.warnings and len(self.lines) - self.warnings[-1] <= _OWN_WITHIN and self._is_kernels_own(body):
            self.warnings.pop()
        said = _GIVEN_UP.match(body)
        if said:
            self.given_up = said[1]
        self.lines.append(line)

    def _is_kernels_own(self, body):
        warning = self.lines[self.warnings[-1]]
        return any(first.search(warning) and later.match(body) for first, later in _KERNELS_OWN)

    def warning_texts(self):
        """One line per warning, without the scissors line that comes before a WARN."""
        texts = [_STAMP.sub("", self.lines[i], count=1) for i in self.warnings]
        return [text for text in texts if not text.startswith("----")]

    def excerpt(self, start):
        """The lines from a little before `start`, indented for a report."""
        begin = max(0, start - 3)
        shown = self.lines[begin:begin + EXCERPT_LINES]
        return "\n".join("    " + line for line in shown)
