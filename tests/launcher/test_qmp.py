# SPDX-License-Identifier: GPL-2.0-only
"""The monitor beside a running guest: a QEMU and a guest that are sockets of this test."""
import json
import pathlib
import selectors
import socket
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from labyrinth import guest, qmp  # noqa: E402


class Plug(unittest.TestCase):
    def setUp(self):
        self.loop = selectors.DefaultSelector()
        self.addCleanup(self.loop.close)
        pairs = [socket.socketpair() for _ in range(2)]
        for pair in pairs:
            for end in pair:
                self.addCleanup(end.close)
        (port, self.guest), (monitor, self.qemu) = pairs
        for end in (self.guest, self.qemu):
            end.setblocking(False)
        qmp.Link(self.loop, qmp.HotPlug(["queues=4"]), port, monitor)
        self.qemu.send(b'{"QMP": {"version": {}}}\n')

    def turn(self):
        for _ in range(4):
            for key, _ in self.loop.select(0):
                key.data()

    def asked(self):
        """What the monitor was told."""
        self.turn()
        try:
            return [json.loads(line) for line in self.qemu.recv(65536).splitlines()]
        except BlockingIOError:
            return []

    def told(self):
        """What the guest was told."""
        self.turn()
        try:
            return self.guest.recv(65536).decode().splitlines()
        except BlockingIOError:
            return []

    def answer(self, message):
        # in two parts: a line may come so
        data = json.dumps(message).encode() + b"\r\n"
        self.qemu.send(data[:7])
        self.turn()
        self.qemu.send(data[7:])

    def test_round(self):
        """out of the slot and back: the guest hears when it was asked for, when it is gone and when it is back"""
        self.assertEqual([c["execute"] for c in self.asked()], ["qmp_capabilities"])
        self.answer({"return": {}})
        self.guest.send(b"unplug\n")
        self.assertEqual(self.asked(), [{"execute": "device_del", "arguments": {"id": guest.DEVICE_ID}}])
        self.answer({"return": {}})
        self.assertEqual(self.told(), ["ok"])
        self.answer({"event": "DEVICE_DELETED", "data": {"device": "another"}})
        self.answer({"event": "DEVICE_DELETED", "data": {"device": guest.DEVICE_ID}})
        self.assertEqual(self.told(), ["gone"])
        self.guest.send(b"plug\n")
        line = self.asked()[0]["arguments"]["command-line"]
        self.assertEqual(line, f"device_add {guest.device_words(['queues=4'])}")
        self.answer({"return": ""})
        self.assertEqual(self.told(), ["ok"])

    def test_refused(self):
        """what QEMU refuses, and what nobody can do, is told to the guest in one line"""
        self.asked()
        self.answer({"return": {}})
        self.guest.send(b"unplug\nplug\nfly\n")
        self.asked()
        self.answer({"error": {"class": "GenericError", "desc": "no\nsuch device"}})
        self.answer({"return": "Error: bus full\r\n"})
        self.assertEqual(sorted(self.told()), ["error Error: bus full", "error no such device",
                                               "error no such request: fly"])
