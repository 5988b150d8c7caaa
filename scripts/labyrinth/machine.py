# SPDX-License-Identifier: GPL-2.0-only
"""One run of the guest, from QEMU's start to the verdict.

Contract: the command's output passes through as it comes, its exit status comes out, and a guest that
crashed, warned, hung or lost its QEMU never looks like success. When run() returns or raises, QEMU is
gone and no file of the run is left.
"""
import dataclasses
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time

from . import accel, console, guest, initramfs, paths, proc, pump, qmp, scratch, ui

TAINT_DIED = 1 << 7
TAINT_WARNED = 1 << 9
GRACE_SECONDS = 20      # from the command's end to QEMU's
FOLLOW_SECONDS = 1      # between two looks at the files of an exact run


class Interrupted(Exception):
    """A signal asked the launcher to end."""

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.status = 128 + number


@dataclasses.dataclass
class Outcome:
    """How a run ended."""
    status: int                 # for the launcher's own exit
    command_status: int = None  # of the command in the guest, when it got that far
    reason: str = ""            # one line, when something other than the command decided
    excerpt: str = ""
    warnings: list = dataclasses.field(default_factory=list)
    console: list = dataclasses.field(default_factory=list)
    trace: bytes = b""          # the guest's event log, of an exact run
    device_log: bytes = b""     # the device's, of an exact run
    accel: str = ""
    seconds: float = 0.0
    boot_seconds: float = 0.0


def raise_on_signals():
    """From here on Ctrl-C and a request to end unwind the stack, so that every `finally` runs."""
    def leave(number, _frame):
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(number)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)


class _Run:
    def __init__(self, options, timeout, out, err, input_path, partner):
        self.options = options
        self.partner = partner
        self.deadline = time.monotonic() + timeout if timeout else None
        self.timeout = timeout
        self.loop = selectors.DefaultSelector()
        self.out = out
        self.err = err
        self.input_path = input_path
        self.command_status = None
        self.taint = 0
        self.begun = None
        self.said = []
        self._ctl_rest = b""
        self.pairs = {}
        self.files = {}             # of an exact run
        self.taken = {}             # how much of each was taken
        self.trace = bytearray()
        self.outward = []
        self.input_file = None
        show = (lambda line: print(f"guest: {line}", file=sys.stderr, flush=True)) if options.verbose else None
        self.console = console.Console(show)

    def pair(self, name):
        ours, theirs = socket.socketpair()
        self.pairs[name] = (ours, theirs)
        return ours

    def _control(self, data):
        *lines, self._ctl_rest = (self._ctl_rest + data).split(b"\n")
        for line in lines:
            words = line.decode(errors="replace").strip().split()
            if words[:1] == ["begin"]:
                self.begun = time.monotonic()
            elif words[:1] == ["exit"] and len(words) == 3:
                self.command_status, self.taint = int(words[1]), int(words[2])
                limit = time.monotonic() + GRACE_SECONDS
                self.deadline = min(self.deadline or limit, limit)
            elif words:
                self.said.append(" ".join(words))
                ui.note(" ".join(words).removeprefix("lab-guest: "))

    def _takers(self):
        return {"ctl": self._control, "out": self.out, "err": self.err, "tty": self.out,
                "console": self.console.feed, "trace": self.trace.extend}

    def open_ports(self, folder):
        """QEMU's back end for every port: sockets, and plain files where the host must not be waited for."""
        options = self.options
        if options.exact:
            self.files = {name: folder / f"port-{name}" for name in ("ctl", "out", "err", "trace", "console")}
            return {name: f"file,path={guest.escaped(path)}" for name, path in self.files.items()}
        names = ["ctl"] + (["tty"] if options.tty else ["out", "err"])
        if options.stdin and not options.tty:
            names.append("in")
        names.append("console")
        if self.input_path is not None:
            names.append("source")
        if self.partner:
            names += qmp.Link.NAMES
        for name in names:
            self.pair(name)
        return {name: f"socket,fd={self.pairs[name][1].fileno()}" for name in names}

    def connect(self):
        """QEMU runs: our ends into the loop, its ends closed here."""
        for ours, theirs in self.pairs.values():
            theirs.close()
            ours.setblocking(False)
        self.outward = [pump.Outward(self.loop, self.pairs[name][0], take)
                        for name, take in self._takers().items() if name in self.pairs]
        if self.partner:
            link = qmp.Link(self.loop, self.partner, *[self.pairs[name][0] for name in qmp.Link.NAMES])
            self.outward += link.outward
        if "in" in self.pairs:
            pump.Inward(self.loop, 0, self.pairs["in"][0])
        if "tty" in self.pairs:
            # The loop knows a descriptor once: one for each direction.
            pump.Inward(self.loop, 0, self.pairs["tty"][0].dup())
        if self.input_path is not None:
            self.input_file = open(self.input_path, "rb", buffering=0)
            pump.Inward(self.loop, self.input_file.fileno(), self.pairs["source"][0])

    def resize(self, *_):
        size = os.get_terminal_size(0)
        try:
            self.pairs["ctl"][0].send(f"size {size.lines} {size.columns}\n".encode())
        except OSError:
            pass

    def watch(self, child):
        """Until QEMU ends or the time is up; returns whether the time was up."""
        handle = os.pidfd_open(child.pid)
        ended = []
        self.loop.register(handle, selectors.EVENT_READ, lambda: ended.append(True))
        try:
            while not ended:
                left = None if self.deadline is None else self.deadline - time.monotonic()
                if left is not None and left <= 0:
                    return True
                if self.files:
                    left = min(left or FOLLOW_SECONDS, FOLLOW_SECONDS)
                for key, _ in self.loop.select(left):
                    key.data()
                self.follow()
            self.drain()
            return False
        finally:
            os.close(handle)

    def drain(self):
        """QEMU has ended: take what it has left for us."""
        for outward in self.outward:
            while outward.pull():
                pass
        self.follow()

    def follow(self):
        """Take what an exact run has written to its files since the last time: only reading, which it cannot see."""
        takers = self._takers()
        for name, path in self.files.items():
            if path.is_file():
                with open(path, "rb") as file:
                    file.seek(self.taken.get(name, 0))
                    data = file.read()
                self.taken[name] = self.taken.get(name, 0) + len(data)
                if data:
                    takers[name](data)

    def close(self):
        for ours, theirs in self.pairs.values():
            ours.close()
            theirs.close()
        self.loop.close()
        if self.input_file:
            self.input_file.close()


def _verdict(run, timed_out, qemu_status, qemu_text):
    """The Outcome of a run, worst first."""
    found = Outcome(0, run.command_status, warnings=run.console.warning_texts(), console=run.console.lines)
    lines = run.console
    ran = "" if run.command_status is None else f" (the command had exited with {run.command_status})"
    if lines.crash is not None:
        found.status, found.reason = ui.EXIT_OOPS, f"the guest's kernel crashed{ran}"
        found.excerpt = lines.excerpt(lines.crash)
    elif lines.given_up:
        found.status, found.reason = ui.EXIT_SETUP, f"the guest could not start: {lines.given_up}"
        found.excerpt = lines.excerpt(max(0, len(lines.lines) - 12))
    elif timed_out and run.command_status is None:
        found.status = ui.EXIT_TIMEOUT
        found.reason = (f"the guest did not end within {run.timeout:g} s "
                        f"({'the command was running' if run.begun else 'it had not come up'}); "
                        "--timeout sets another limit")
        found.excerpt = lines.excerpt(max(0, len(lines.lines) - 12))
    elif timed_out:
        found.status = ui.EXIT_TIMEOUT
        found.reason = f"the guest did not power off within {GRACE_SECONDS} s{ran}"
        found.excerpt = lines.excerpt(max(0, len(lines.lines) - 12))
    elif qemu_status != 0:
        how = f"was killed by signal {-qemu_status}" if qemu_status < 0 else f"ended with status {qemu_status}"
        found.status, found.reason = ui.EXIT_QEMU, f"QEMU {how}{ran}"
        found.excerpt = proc.tail(qemu_text)
    elif run.command_status is None:
        found.status = ui.EXIT_QEMU
        found.reason = "the guest powered off or restarted before the command had ended"
        found.excerpt = lines.excerpt(max(0, len(lines.lines) - 12))
    elif lines.warnings or run.taint & (TAINT_WARNED | TAINT_DIED):
        count = max(1, len(found.warnings))
        found.status = ui.EXIT_WARNED
        found.reason = f"the guest's kernel gave {count} warning{'s' * (count > 1)}{ran}"
        found.excerpt = lines.excerpt(lines.warnings[0]) if lines.warnings else f"    taint {run.taint}"
    else:
        found.status = run.command_status
        if run.said and found.status == ui.EXIT_SETUP:
            found.reason = run.said[0].removeprefix("lab-guest: ")
    return found


def _text(path):
    return path.read_text(errors="replace") if path.is_file() else ""


def _start(argv, run, folder):
    handles = [theirs.fileno() for _, theirs in run.pairs.values()]
    with open(folder / "qemu.log", "wb") as log:
        return proc.popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=handles,
                          start_new_session=True)


def run(qemu, kernel, options, timeout=600, out=None, err=None, input_path=None, partner=None):
    """Boot, run the command, end: an Outcome. `out` and `err` take the command's output as bytes; `partner` is a
    qmp.Partner, for what has to be done at QEMU's monitor meanwhile (not in an exact run)."""
    begin = time.monotonic()
    current = _Run(options, timeout, out or pump.writer(1), err or pump.writer(2), input_path, partner)
    chosen = "tcg" if options.exact else accel.choose(qemu.program, qemu.firmware, kernel)
    child = None
    with scratch.folder() as folder:
        try:
            if options.board:
                options = options.board.wire(options, folder)
            initrd = folder / "initrd"
            initrd.write_bytes(initramfs.base(kernel, options.exact).read_bytes()
                               + guest.run_archive(options, kernel))
            argv = guest.qemu_argv(qemu.program, qemu.firmware, kernel, initrd, options, chosen,
                                   current.open_ports(folder))
            if options.exact:
                argv += guest.device_log_argv(folder / "device.log", options.events)
            (paths.make_dir(paths.BUILD / "log") / "qemu-command").write_text(
                re.sub(r" (?=-)", " \\\n  ", " ".join(argv)) + "\n")
            child = _start(argv, current, folder)
            current.connect()
            if options.board:
                options.board.start(current.loop)
            if options.tty:
                signal.signal(signal.SIGWINCH, current.resize)
            timed_out = current.watch(child)
            if timed_out:
                child.kill()
                current.drain()
            status = child.wait()
            current.console.end()
            outcome = _verdict(current, timed_out, status, _text(folder / "qemu.log"))
            outcome.accel, outcome.trace = chosen, bytes(current.trace)
            outcome.device_log = _text(folder / "device.log").encode()
        finally:
            if child and child.poll() is None:
                child.kill()
                child.wait()
            if options.board:
                options.board.stop()
            current.close()
    outcome.seconds = time.monotonic() - begin
    outcome.boot_seconds = (current.begun or time.monotonic()) - begin
    paths.write_atomically(paths.BUILD / "log" / "console.log", "\n".join(outcome.console) + "\n")
    return outcome
