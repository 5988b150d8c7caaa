# SPDX-License-Identifier: GPL-2.0-only
"""QEMU's monitor beside a running guest, and a port on which the guest asks the host for something.

Contract: nothing here blocks: everything happens in the launcher's one event loop. A Partner sees the guest's lines
and QEMU's events in order; an answer to a command reaches the function that was given with it, once.
"""
import json
import re

from . import guest, pump

DEVICE_ID = guest.DEVICE_ID


class Monitor:
    """QMP on a connected socket."""

    def __init__(self, loop, sock, on_event):
        self._sock = sock
        self._on_event = on_event
        self._rest = b""
        self._waiting = []          # of the commands that were sent, the functions for their answers
        self.outward = pump.Outward(loop, sock, self._feed)
        self.execute("qmp_capabilities")

    def execute(self, command, on_done=None, **arguments):
        """Send a command; `on_done` gets its answer: {"return": ...} or {"error": {"desc": ...}}."""
        self._waiting.append(on_done)
        _send(self._sock, json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")

    def human(self, line, on_done=None):
        """A command of the human monitor, which takes a device's properties as words; an error is its text."""
        def told(answer):
            text = str(answer.get("return") or answer.get("error", {}).get("desc", "")).strip()
            if on_done:
                on_done({"error": {"desc": text}} if text else {"return": {}})
        self.execute("human-monitor-command", told, **{"command-line": line})

    def _feed(self, data):
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in filter(None, lines):
            message = json.loads(line)
            if "event" in message:
                self._on_event(message["event"], message.get("data", {}))
            elif "QMP" not in message:
                done = self._waiting.pop(0)
                if done:
                    done(message)


class Partner:
    """What the host does for a guest while it runs; to be inherited from. `lines` of the guest end in line()."""

    def connected(self, monitor, say):
        """QEMU runs: its monitor, and a function that sends a line to the guest."""
        self.monitor = monitor
        self.say = say

    def line(self, text):
        """The guest wrote a line to the port lab.host."""

    def event(self, name, data):
        """QEMU said something."""


class HotPlug(Partner):
    """Answers `unplug` with `ok` when QEMU has taken the request, `plug` with `ok` when the device is in its slot;
    the end of an unplugging is told by `gone`. Anything else, and what QEMU refuses, is answered by `error ...`."""

    def __init__(self, device):
        self.device = device        # its properties, PROP=VALUE

    def line(self, text):
        if text == "unplug":
            self.monitor.execute("device_del", self._answer, id=DEVICE_ID)
        elif text == "plug":
            self.monitor.human(f"device_add {guest.device_words(self.device)}", self._answer)
        else:
            self.say(f"error no such request: {text}")

    def event(self, name, data):
        if name == "DEVICE_DELETED" and data.get("device") == DEVICE_ID:
            self.say("gone")

    def _answer(self, answer):
        problem = answer.get("error")
        self.say(re.sub(r"\s+", " ", f"error {problem['desc']}") if problem else "ok")


def _send(sock, data):
    """All of it; the other side reads at once, or has ended."""
    sock.setblocking(True)
    try:
        sock.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        sock.setblocking(False)


class Link:
    """The guest's port and the monitor of one run, joined to a Partner."""

    NAMES = ("host", "qmp")

    def __init__(self, loop, partner, port, monitor):
        self._rest = b""
        self._partner = partner
        self.monitor = Monitor(loop, monitor, partner.event)
        self.outward = [pump.Outward(loop, port, self._feed), self.monitor.outward]
        partner.connected(self.monitor, lambda text: _send(port, text.encode() + b"\n"))

    def _feed(self, data):
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._partner.line(line.decode(errors="replace").strip())
