# SPDX-License-Identifier: GPL-2.0-only
"""The firmware on its board with a device that talks nonsense: nothing is done, it is counted, and it serves on."""
import pathlib
import socket
import struct
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from wire import IMAGE, N, Memory, board, guest, proc, wait_for  # noqa: E402

HEAD = N["LINK_CALLS"] + N["link_calls.head"]
EPOCH = N["LINK_CALLS"] + N["link_calls.epoch"]
TAIL = N["LINK_ANSWERS"] + N["link_answers.tail"]
REFUSED = N["LINK_ANSWERS"] + N["link_answers.refused"]
BOOTS = N["LINK_ANSWERS"] + N["link_answers.boots"]
BELL = b"\7"


class Firmware(unittest.TestCase):
    def setUp(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="labyrinth-firmware-")))
        machine = board.Board(IMAGE())
        machine.wire(guest.Options(device=[]), folder)
        self.memory = Memory(machine.memory)
        self.memory.word(EPOCH, 7)
        listener = self.enterContext(socket.socket(socket.AF_UNIX))
        listener.bind(str(machine.bell))
        listener.listen(1)
        listener.settimeout(20)
        with open(folder / "log", "wb") as log:
            child = proc.popen(machine.argv(), stdin=log, stdout=log, stderr=log, start_new_session=True)
        self.addCleanup(lambda: (child.kill(), child.wait()))
        self.bell = self.enterContext(listener.accept()[0])
        self.bell.settimeout(20)
        self.child = child
        wait_for("its greeting", lambda: self.memory.word(N["LINK_ANSWERS"] + N["link_answers.epoch"]) == 7)
        self.head = 0
        self.assertEqual(self.call("LINK_INIT", a=2), 0)

    def put(self, op, queue=0, a=0, b=0, number=None, source=0):
        """A call into the ring, as the device does it."""
        at = N["LINK_CALLS"] + N["link_calls.slot"] + self.head % N["LINK_SLOTS"] * N["link_call.size"]
        self.memory.bytes(at, N["link_call.size"], struct.pack(
            "<4I2Q4I", self.head if number is None else number, op, queue, a, b, 1000, 0, source, 0, 0).ljust(
                N["link_call.size"], b"\0"))
        self.head += 1

    def ring(self):
        self.memory.word(HEAD, self.head)
        self.bell.sendall(BELL)

    def call(self, op, **arguments):
        """What the firmware answers, as a signed number."""
        self.put(N[op], **arguments)
        self.ring()
        wait_for(f"the answer to {op}", lambda: self.memory.word(TAIL) == self.head)
        at = (N["LINK_ANSWERS"] + N["link_answers.slot"] + (self.head - 1) % N["LINK_SLOTS"] * N["link_answer.size"]
              + N["link_answer.value"])
        return self.memory.word(at, form="<q")

    def refused(self):
        """It refused, and has not served what it refused."""
        before, tail = self.memory.word(REFUSED), self.memory.word(TAIL)
        state = self.memory.bytes(N["LINK_STATE"], N["LINK_STATE_SIZE"])
        self.ring()
        wait_for("the refusal", lambda: self.memory.word(REFUSED) > before)
        self.assertEqual(self.memory.word(TAIL), tail)
        self.assertEqual(self.memory.bytes(N["LINK_STATE"], N["LINK_STATE_SIZE"]), state)

    def test_full(self):
        """more calls than the ring has, of which the first would be a good one"""
        for ahead in (N["LINK_SLOTS"], 1 << 31, (1 << 32) - 2):
            self.put(N["LINK_POLL"])
            self.head += ahead
            self.head &= (1 << 32) - 1
            self.refused()
            self.head = self.memory.word(TAIL)
        self.assertEqual(self.call("LINK_POLL"), -1)

    def test_half(self):
        """a call that is only half written is served when it is whole"""
        self.put(N["LINK_POLL"], number=12345)
        self.refused()
        self.head -= 1
        self.assertEqual(self.call("LINK_POLL"), -1)

    def test_unknown(self):
        """a call that there is not"""
        for op in (N["LINK_OPS"], 0xffffffff):
            self.put(op)
            self.refused()
            self.head -= 1
        self.assertEqual(self.call("LINK_POLL"), -1)

    def test_arguments(self):
        """queues that it does not have, answers to nothing, more bytes than a page has"""
        for op in ("START", "STOP", "POLL", "GRANT", "DENY", "DONE"):
            for queue in (2, 16, 0xffffffff):
                with self.subTest(op=op, queue=queue):
                    self.assertIn(self.call(f"LINK_{op}", queue=queue, a=9), (0, -1, -2, -4))
        self.assertEqual(self.call("LINK_PUSH", a=5000), 0)
        self.assertEqual(self.call("LINK_PUSH", a=0xffffffff), 0)
        self.assertEqual(self.call("LINK_GRANT", a=0xffffffff, b=1), -4)
        for field in ("state.taken", "state.stream_eos"):
            self.assertEqual(self.memory.word(N[field]), 0)
        self.assertEqual(self.call("LINK_START", source=N["SOURCE_STREAM"]), 0)
        self.assertEqual(self.call("LINK_ROOM"), 4096)
        self.assertEqual(self.call("LINK_PUSH", a=5000), 0)
        self.assertEqual(self.call("LINK_PUSH", a=4096), 4096)

    def test_storm(self):
        """bells for nothing: the tasks run on, and the next call is served"""
        for _ in range(200):
            self.bell.sendall(BELL * 100)
        beats = N["LINK_ANSWERS"] + N["link_answers.beats"]
        before = self.memory.word(beats)
        wait_for("the tasks", lambda: self.memory.word(beats) > before)
        self.assertEqual(self.call("LINK_POLL"), -1)
        self.assertEqual(self.memory.word(REFUSED), 0)

    def test_ring(self):
        """as many calls at once as the ring has, in order, and round it"""
        for _ in range(3):
            for _ in range(N["LINK_SLOTS"]):
                self.put(N["LINK_POLL"])
            self.ring()
            wait_for("the answers", lambda: self.memory.word(TAIL) == self.head)
        at = N["LINK_ANSWERS"] + N["link_answers.slot"]
        numbers = [self.memory.word(at + i * N["link_answer.size"]) for i in range(N["LINK_SLOTS"])]
        self.assertEqual(sorted(numbers), list(range(self.head - N["LINK_SLOTS"], self.head)))

    def test_epoch(self):
        """another epoch has it loaded anew, also without a bell; it then begins with call 0"""
        boots = self.memory.word(BOOTS)
        self.memory.word(HEAD, 0)
        self.memory.word(EPOCH, 8)
        wait_for("its start", lambda: self.memory.word(N["LINK_ANSWERS"] + N["link_answers.epoch"]) == 8)
        self.assertEqual(self.memory.word(BOOTS), boots + 1)
        self.head = 0
        self.assertEqual(self.call("LINK_INIT", a=1), 0)

    def test_read_only(self):
        """the part of the memory that the device writes stays as it was"""
        before = self.memory.bytes(N["LINK_CALLS"], N["LINK_ANSWERS"])
        self.bell.sendall(BELL * 10)
        time.sleep(0.3)
        self.assertEqual(self.memory.bytes(N["LINK_CALLS"], N["LINK_ANSWERS"]), before)
        self.assertIsNone(self.child.poll())


if __name__ == "__main__":
    unittest.main()
