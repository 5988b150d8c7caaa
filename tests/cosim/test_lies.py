# SPDX-License-Identifier: GPL-2.0-only
"""A firmware that lies: each field of what it says, changed on the wire, is found out, or does no harm.

Contract: whatever it says, the device lives, writes to no page that the guest has not granted, and works again after a
reset. LAB_ROUNDS sets how many lies are made up at random, LAB_SANITIZED=1 takes QEMU with ASan and UBSan.
"""
import os
import pathlib
import random
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from wire import CANARY, N, PAGES, RING, Bench, wait_for  # noqa: E402
from labyrinth import qemu_device  # noqa: E402

ROUNDS = int(os.environ.get("LAB_ROUNDS", "80"))
KIND = qemu_device.FUZZ if os.environ.get("LAB_SANITIZED") else qemu_device.PLAIN
STATE_END = N["LINK_STATE"] + N["LINK_STATE_SIZE"]
TRIES = 8                   # the device may have read an answer before the wire could change it
UNTOUCHED = 64              # pages from PAGES + 1 on that nobody grants
IMPOSSIBLE = "is in a state that is impossible"
QUEUES = "has other queues than it was given"
RUNS = "runs other queues than it was told"
ADDRESSES = "has other addresses than it was granted"
NONE = "gave an answer that is none"
UNASKED = "answers what it was not asked"


class Lies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bench = cls.enterClassContext(Bench(kind=KIND, stream=True, timeout_ms=800))
        cls.memory = cls.bench.memory
        cls.canary = bytes([CANARY]) * 4096 * UNTOUCHED
        cls.bench.write(PAGES + 4096, cls.canary)

    def setUp(self):
        self.bench.wire.meddle = None
        self.bench.reset()

    def tearDown(self):
        self.assertIsNone(self.bench.wire.problem)
        self.assertEqual(self.bench.read(PAGES + 4096, len(self.canary)), self.canary, "a page that nobody granted")
        self.bench.wire.meddle = None
        self.bench.reset()
        self.bench.start(0, count=2, seed=7)
        self.assertEqual([seq for seq, _ in self.bench.receive(0, 2)], [0, 1])

    def lie(self, op, change):
        """From now on the answer to the first such call is not what it was."""
        told = []

        def meddle():
            if not told and self.memory.op() == N[op]:
                told.append(True)
                change()
        self.bench.wire.meddle = meddle
        self.told = told
        return told

    def found(self, op, change, why, work):
        """Such a lie, told while `work` is done, is found out for that reason. One that came too late, for an answer that
        had been read or for a call that another had followed, is told again."""
        for _ in range(TRIES):
            before = len(self.bench.said())
            told = self.lie(op, change)
            work()
            noticed = self.bench.failed()
            if noticed:
                self.assertTrue(told, "nobody lied")
                self.assertIn(why, self.bench.said()[before:])
            self.bench.wire.meddle = None
            self.bench.reset()
            if noticed:
                return
        self.fail("nobody noticed")

    def state(self, at, value, why, form="<I", op="LINK_POLL"):
        def work():
            self.bench.start(0, seed=7)
            self.bench.step()
        self.found(op, lambda: self.memory.word(at, value, form), why, work)

    def test_answer(self):
        """answers that are none, for another call, or to nothing that was asked"""
        for field, value, form, why in (("value", 5, "<Q", NONE), ("value", 1 << 63, "<Q", NONE),
                                        ("number", 77, "<I", UNASKED), ("op", N["LINK_OPS"], "<I", UNASKED),
                                        ("op", N["LINK_STOP"], "<I", UNASKED)):
            with self.subTest(field=field, value=value):
                self.found("LINK_START", lambda f=field, v=value, s=form: self.memory.word(self.memory.answer(f), v, s),
                           why, lambda: self.bench.start(0))

    def test_values(self):
        """a time that is past, and a queue that was started although it was refused"""
        def poll():
            self.bench.start(0, seed=7)
            self.bench.step()
        self.found("LINK_POLL", lambda: self.memory.word(self.memory.answer("value"), 0, "<Q"), NONE, poll)
        self.found("LINK_START", lambda: self.memory.word(self.memory.answer("value"), (1 << 64) - 2, "<Q"), RUNS,
                   lambda: self.bench.start(0))

    def test_room(self):
        """more room than a page has, more or less taken than was given"""
        sender = self.bench.connect_input()
        for op, value in (("LINK_ROOM", 4097), ("LINK_ROOM", 1 << 40), ("LINK_PUSH", 4097), ("LINK_PUSH", 0),
                          ("LINK_PUSH", 1 << 63)):
            with self.subTest(op=op, value=value):
                def work():
                    self.bench.start(0, source="SOURCE_STREAM")
                    sender.sendall(bytes(100))
                    wait_for("the lie", lambda: self.bench.step() or self.told)
                self.found(op, lambda v=value: self.memory.word(self.memory.answer("value"), v, "<Q"), NONE, work)
        sender.shutdown(socket.SHUT_WR)
        sender.close()
        self.bench.input = None

    def test_queues(self):
        """queues that run or not against the device's will, or are not there"""
        memory = self.memory
        self.state(memory.queue(0, "running"), 0, RUNS, "<B", op="LINK_START")
        self.state(memory.queue(1, "running"), 1, RUNS, "<B")
        self.state(memory.queue(9, "running"), 1, IMPOSSIBLE, "<B")
        self.state(memory.queue(0, "running"), 2, IMPOSSIBLE, "<B")
        self.state(memory.queue(1, "eos_due"), 255, IMPOSSIBLE, "<B")
        self.state(N["state.stream_ended"], 64, IMPOSSIBLE, "<B")
        self.state(N["state.nr_queues"], 3, QUEUES)
        self.state(N["state.nr_queues"], 17, IMPOSSIBLE)
        self.state(N["state.nr_queues"], 0, IMPOSSIBLE)
        self.state(N["state.stream_queues"], 2, QUEUES)
        self.state(N["state.stream_queues"], 1 << 31, IMPOSSIBLE)
        self.state(memory.queue(0, "cfg"), N["CONFIG_RING"], IMPOSSIBLE)
        self.state(memory.queue(0, "cfg") + 8, 12345, RUNS, "<Q")
        self.state(memory.queue(0, "count"), 1 << 60, IMPOSSIBLE, "<Q")
        self.state(N["state.stream_turn"], 1, IMPOSSIBLE)
        self.state(N["state.stream_eos"], 0xffff0000, IMPOSSIBLE)
        self.state(N["state.filling"], 8, IMPOSSIBLE, "<b")
        self.state(N["state.filling"], -2, IMPOSSIBLE, "<b")

    def test_pages(self):
        """pages that are too long, nowhere, twice, of nobody, or in an impossible stage"""
        memory = self.memory
        for length in (0, 4097, 65535):
            self.state(memory.page(0, "length"), length, IMPOSSIBLE, "<H")
        for queue in (1, 16, 255):
            self.state(memory.page(0, "queue"), queue, IMPOSSIBLE, "<B")
        for stage in (N["FW_FREE"], N["FW_READY"], N["FW_KEPT"], 99):
            self.state(memory.page(0, "stage"), stage, IMPOSSIBLE, "<B")
        for index in (1, 8, 255):
            self.state(memory.queue(0, "fifo"), index, IMPOSSIBLE, "<B")
        for count in (0, 9, 255):
            self.state(memory.queue(0, "fifo_len"), count, IMPOSSIBLE, "<B")
        for tag in (0, 1, 0x1234567):
            self.state(memory.page(0, "tag"), tag, IMPOSSIBLE)
        self.state(N["state.taken"], 0, IMPOSSIBLE)
        self.state(N["state.taken"], 0xffffffff, IMPOSSIBLE)

    def test_addresses(self):
        """an address that nobody granted, or for another page, or one that was used already"""
        memory, bench = self.memory, self.bench
        target = PAGES + 8 * 4096

        def grant_itself():
            memory.word(memory.page(0, "stage"), N["FW_GRANTED"], "<B")
            memory.word(memory.page(0, "addr"), target, "<Q")

        def begin():
            bench.start(0, seed=7)
            bench.step()

        def granted():
            begin()
            bench.grant()
            bench.step()
        self.found("LINK_POLL", grant_itself, ADDRESSES, begin)
        self.found("LINK_GRANT", lambda: memory.word(memory.page(0, "addr"), target, "<Q"), ADDRESSES, granted)
        self.found("LINK_GRANT", lambda: memory.word(memory.page(0, "stage"), N["FW_ASKED"], "<B"), ADDRESSES, granted)

    def test_again(self):
        """a page that was done is not done again, with the address that is the host's again"""
        memory, bench = self.memory, self.bench
        kept = {}

        def keep():
            kept["state"] = bytes(memory.bytes(N["LINK_STATE"], N["LINK_STATE_SIZE"]))

        def begin():
            bench.start(0, seed=7)
            bench.step()
            self.lie("LINK_GRANT", keep)
            bench.grant()
            bench.wire.meddle = None

        def put_back():
            memory.bytes(N["LINK_STATE"], N["LINK_STATE_SIZE"], kept["state"])
        for _ in range(TRIES):
            begin()
            before = len(bench.said())
            told = self.lie("LINK_DONE", put_back)
            bench.step()
            self.assertTrue(told)
            if bench.failed():
                break
            bench.wire.meddle = None
            bench.reset()
        else:
            self.fail("nobody noticed")
        self.assertIn(ADDRESSES, bench.said()[before:])
        produced, delivered, _, *dropped = bench.counters()
        self.assertEqual(produced, delivered + sum(dropped))
        self.assertEqual(delivered, 1, "the page that was written before the lie")

    def test_silence(self):
        """bells that are held back, and a firmware that rings and rings for nothing"""
        bench = self.bench
        bench.start(0, seed=7)
        bench.wire.meddle = lambda: False
        begin = time.monotonic()
        bench.step()
        self.assertLess(time.monotonic() - begin, 5)
        self.assertTrue(bench.ready() or bench.failed())
        bench.wire.meddle = None
        bench.reset()
        bench.start(0, count=3, seed=7)
        for _ in range(100):
            bench.wire.ring_device(b"\7" * 50)
        self.assertEqual(len(bench.receive(0, 3)), 3)

    def work(self, seed):
        """Something of everything; what comes of it does not matter."""
        bench, chance = self.bench, random.Random(seed)
        bench.start(0, count=chance.choice((0, 3)), seed=seed)
        bench.start(1, count=4, seed=seed, mode=N["CONFIG_RING"])
        bench.write(RING + 0x10000 + 0x8000, b"".join((RING + 0x40000 + i * 4096).to_bytes(8, "little")
                                                       + i.to_bytes(4, "little") + b"\0\x10\0\0" for i in range(8)))
        bench.qreg(1, "QREG_PQ_TAIL", 8)
        for _ in range(4):
            bench.step()
            tag = bench.tag()
            if tag and chance.random() < 0.3:
                bench.qreg(0, "QREG_DENY_TAG", tag)
            elif tag:
                bench.grant()
        bench.qreg(0, "QREG_CTL", N["CTL_STOP"])
        bench.step()

    def test_random(self):
        """lies that are made up: found out, or harmless"""
        found, harmless = 0, 0
        for seed in range(ROUNDS):
            chance = random.Random(seed)
            at = chance.randrange(N["LINK_STATE"], STATE_END) if chance.random() < 0.9 else chance.randrange(
                N["LINK_ANSWERS"] + 16, N["LINK_ANSWERS"] + 160)
            when, bits = chance.randrange(25), 1 << chance.randrange(8) if chance.random() < 0.5 else 0xff
            count = [0]

            def meddle(at=at, when=when, bits=bits, count=count):
                count[0] += 1
                if count[0] > when:
                    self.memory.word(at, self.memory.word(at, form="<B") ^ bits, "<B")
            self.bench.wire.meddle = meddle
            self.work(seed)
            self.bench.wire.meddle = None
            self.bench.step()
            found += not self.bench.ready()
            harmless += self.bench.ready()
            self.bench.reset()
            self.assertEqual(self.bench.read(PAGES + 4096, len(self.canary)), self.canary, f"seed {seed}")
        self.assertGreater(found, ROUNDS / 10)
        self.assertGreater(harmless, ROUNDS / 50)

    def test_scribbled(self):
        """everything changes all the time, also while the device looks at it"""
        over = threading.Event()

        def scribble():
            chance = random.Random(1)
            while not over.is_set():
                for _ in range(200):
                    self.memory.word(chance.randrange(N["LINK_ANSWERS"], STATE_END), chance.randrange(256), "<B")
        scribbler = threading.Thread(target=scribble, daemon=True)
        scribbler.start()
        try:
            end = time.monotonic() + max(3, ROUNDS / 50)
            while time.monotonic() < end:
                self.bench.reg("REG_CTRL", N["CTRL_RESET"])
                for _ in range(30):
                    self.bench.step()
                    if self.bench.ready():
                        break
                self.work(1)
        finally:
            over.set()
            scribbler.join()
        # A firmware whose words were changed after it had introduced itself is refused then, and loaded once more.
        self.bench.reg("REG_CTRL", N["CTRL_RESET"])
        wait_for("the end of the last load", lambda: self.bench.ready() or self.bench.failed())


if __name__ == "__main__":
    unittest.main()
