# SPDX-License-Identifier: GPL-2.0-only
"""The device and a firmware beside it: the same data as with the firmware inside, and what happens when it comes,
goes, stands still and comes back."""
import pathlib
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gdb  # noqa: E402
from wire import DEVICE, N, ROOT_PORT, Bench, both, wait_for  # noqa: E402

AER = 0x100
INTERNAL = 1 << 22
SLACK = 1.5             # seconds that a busy host may add


class Same(unittest.TestCase):
    def test_demand(self):
        """a generator in demand mode: the same pages and counters as in the device"""
        def work(bench):
            bench.start(0, count=30, seed=7)
            return bench.receive(0, 30), bench.counters()
        pages, counters = both(self, work)
        self.assertEqual([seq for seq, _ in pages], list(range(30)))
        self.assertEqual(counters[:2], [30, 30])

    def test_ring(self):
        """two generators in ring mode: the same completions and counters as in the device"""
        def work(bench):
            found = []
            for queue in (0, 1):
                bench.start(queue, count=40, seed=3 + queue, mode=N["CONFIG_RING"])
                bench.post(queue, 60)
            for _ in range(200):
                bench.step()
                found += [(queue, bench.completion(queue)) for queue in (0, 1)]
            return ([[c[:1] + c[2:] for q, c in found if c and q == queue] for queue in (0, 1)],
                    bench.counters(0), bench.counters(1))
        completions, *counters = both(self, work)
        for queue in (0, 1):
            self.assertEqual(len(completions[queue]), 41, "40 pages and the end")
            self.assertEqual(counters[queue][:2], [40, 40])

    def test_stream(self):
        """a stream: each byte, the end, and an answer that is put off"""
        data = bytes(range(256)) * 40
        def work(bench):
            bench.qreg(0, "QREG_REQ_TIMEOUT", 100)
            bench.start(0, source="SOURCE_STREAM")
            sender = bench.connect_input()
            sender.sendall(data)
            sender.shutdown(socket.SHUT_WR)
            wait_for("the request", lambda: bench.step() or bench.tag())
            denied = bench.tag()
            bench.qreg(0, "QREG_DENY_TAG", denied)
            self.assertNotEqual(bench.tag(), denied)
            bench.step(150_000)
            wait_for("the request again", lambda: bench.step() or bench.tag() == denied)
            pages = []
            while sum(map(len, pages)) < len(data):
                wait_for("the next page", lambda: bench.step() or bench.tag())
                pages.append(bench.receive()[0][1])
            wait_for("the end", lambda: (bench.step() or bench.completion() or [None] * 6)[4] == N["COMP_EOS"])
            return b"".join(pages), bench.counters()
        found, counters = both(self, work, stream=True)
        self.assertEqual(found, data)
        self.assertEqual(counters, [3, 3, len(data), 0, 0, 0, 0])

    def test_restart(self):
        """a reset has the firmware loaded anew, and it is as at first"""
        with Bench() as bench:
            boots = bench.memory.word(N["LINK_ANSWERS"] + N["link_answers.boots"])
            bench.start(0, count=9, seed=7)
            first = bench.receive(0, 3)
            old = bench.tag()
            bench.reset()
            self.assertEqual(bench.memory.word(N["LINK_ANSWERS"] + N["link_answers.boots"]), boots + 1)
            self.assertEqual(bench.counters(), [0] * 7)
            bench.start(0, count=9, seed=7)
            bench.step()
            self.assertNotEqual(bench.tag(), old, "a tag from before the reset is stale")
            self.assertEqual(bench.receive(0, 3), first)


class Life(unittest.TestCase):
    def works(self, bench):
        """After a reset everything is as it should be."""
        bench.reset()
        bench.start(0, count=5, seed=7)
        self.assertEqual([seq for seq, _ in bench.receive(0, 5)], list(range(5)))

    def fails(self, bench, why):
        self.assertTrue(bench.failed(), bench.said())
        self.assertIn(why, bench.said())
        self.assertEqual(bench.qreg(0, "QREG_STATE"), N["STATE_IDLE"])
        produced, delivered, _, *dropped = bench.counters()
        self.assertEqual(produced, delivered + sum(dropped))

    def busy(self, bench):
        bench.start(0, seed=7)
        bench.receive(0, 3)

    def test_killed(self):
        """the firmware's machine is killed: an error, and a reset with another machine makes it good"""
        with Bench() as bench:
            self.busy(bench)
            bench.kill_board()
            wait_for("the failure", bench.failed)
            self.fails(bench, "the firmware has gone")
            bench.reg("REG_CTRL", N["CTRL_RESET"])
            self.assertFalse(bench.ready())
            bench.start_board()
            bench.wait_ready()
            self.works(bench)

    def test_told(self):
        """the host is told as PCI Express has it: internal error, fatal, at the root port"""
        with Bench() as bench:
            self.busy(bench)
            self.assertEqual(bench.config(DEVICE, AER + 8) & INTERNAL, 0, "not masked")
            self.assertEqual(bench.config(DEVICE, AER + 4) & INTERNAL, 0)
            bench.kill_board()
            wait_for("the failure", bench.failed)
            port = bench.config(ROOT_PORT, AER + 4 * 12)
            self.assertEqual(bench.config(DEVICE, AER + 4) & INTERNAL, INTERNAL)
            self.assertEqual(port & 0x7f, 0x54, "uncorrectable, first fatal, fatal")
            self.assertEqual(bench.config(ROOT_PORT, AER + 4 * 13) >> 16, 0x0100, "who sent it")
            self.assertEqual(bench.reg("REG_ERR_INFO") >> 8, 8)

    def test_stopped(self):
        """a firmware that stands still is waited for once and for a limited time"""
        with Bench(timeout_ms=400) as bench:
            self.busy(bench)
            bench.signal_board(signal.SIGSTOP)
            begin = time.monotonic()
            bench.grant(0)
            self.assertGreater(time.monotonic() - begin, 0.35)
            self.assertLess(time.monotonic() - begin, 0.4 + SLACK)
            begin = time.monotonic()
            for _ in range(20):
                bench.qreg(0, "QREG_DENY_TAG", bench.tag())
                bench.qreg(0, "QREG_CTL", N["CTL_START"])
                bench.step()
            self.assertLess(time.monotonic() - begin, SLACK, "not waited for again")
            self.fails(bench, "the firmware does not answer")
            bench.reg("REG_CTRL", N["CTRL_RESET"])
            bench.qreg(0, "QREG_CTL", N["CTL_START"])
            self.assertTrue(bench.reg("REG_ERR_STATUS") & N["ERR_BAD_ACCESS"], "a write before it is ready")
            bench.signal_board(signal.SIGCONT)
            bench.wait_ready()
            self.works(bench)

    def test_late(self):
        """an answer that comes too late is no answer to what is asked next"""
        with Bench(timeout_ms=300) as bench:
            self.busy(bench)
            bench.wire.deaf = True
            bench.grant(0)
            self.fails(bench, "the firmware does not answer")
            bench.wire.deaf = False
            self.works(bench)

    def test_hangs(self):
        """a firmware that hangs in its handler is found by its own watchdog, and its code loaded anew"""
        with Bench(timeout_ms=400) as bench:
            self.busy(bench)
            boots = N["LINK_ANSWERS"] + N["link_answers.boots"]
            before = bench.memory.word(boots)
            gdb.hang(bench, "board_bell")
            bench.grant(0)
            self.fails(bench, "the firmware does not answer")
            wait_for("the watchdog", lambda: bench.memory.word(boots) > before)
            self.works(bench)

    def test_crashes(self):
        """a firmware with a fault of its own ends, and its machine with it"""
        with Bench() as bench:
            self.busy(bench)
            gdb.crash(bench, "board_bell")
            bench.grant(0)
            self.fails(bench, "the firmware has gone")
            self.assertNotEqual(bench.machine.wait(10), 0)
            self.assertIn("a fault of the kernel's own", (bench.folder / "firmware.text").read_text())
            bench.start_board()
            self.works(bench)

    def test_by_itself(self):
        """a firmware that starts anew by itself has lost what it was told, and that is an error"""
        with Bench() as bench:
            self.busy(bench)
            gdb.reset(bench)
            wait_for("the failure", bench.failed)
            self.fails(bench, "the firmware was started anew")
            self.works(bench)

    def test_unused(self):
        """one that comes and goes while the device is unused is no error"""
        with Bench() as bench:
            for _ in range(2):
                bench.kill_board()
                wait_for("it is missed", lambda: not bench.ready())
                self.assertEqual(bench.reg("REG_ERR_STATUS") & N["ERR_FIRMWARE"], 0)
                bench.start_board()
                bench.wait_ready()
            self.assertNotIn("the firmware", bench.said())
            self.works(bench)

    def test_cut(self):
        """the wire breaks: the board connects again, and a reset makes it good"""
        with Bench() as bench:
            self.busy(bench)
            bench.wire.cut()
            wait_for("the failure", bench.failed)
            self.fails(bench, "the firmware has gone")
            self.works(bench)

    def test_one_only(self):
        """a second firmware is not let in, and the first one works on"""
        with Bench() as bench:
            self.busy(bench)
            with socket.socket(socket.AF_UNIX) as second:
                second.connect(str(bench.folder / "bell"))
                second.settimeout(10)
                self.assertEqual(second.recv(1), b"")
            bench.receive(0, 3)
            self.assertTrue(bench.ready())

    def test_foreign(self):
        """a firmware of another tree is refused by name, until it is the right one"""
        for field in ("magic", "version", "state_size"):
            at = N["LINK_ANSWERS"] + N[f"link_answers.{field}"]
            with self.subTest(field=field), Bench() as bench:
                self.busy(bench)
                right = bench.memory.word(at)
                def refused():
                    # The device may have looked before the bell was heard, and found nothing wrong.
                    bench.start(0, seed=7)
                    bench.reg("REG_CTRL", N["CTRL_RESET"])
                    time.sleep(0.2)
                    return "build both from the same tree" in bench.said()
                bench.wire.meddle = lambda: bench.memory.word(at, right + 4)
                wait_for("the refusal", refused)
                self.assertFalse(bench.ready())
                bench.wire.meddle = None
                self.works(bench)

    def test_unplugged(self):
        """without a firmware there is no READY, and writes are refused; nothing crashes"""
        with Bench() as bench:
            bench.kill_board()
            wait_for("it is missed", lambda: not bench.ready())
            bench.start(0)
            self.assertTrue(bench.reg("REG_ERR_STATUS") & N["ERR_BAD_ACCESS"])
            self.assertEqual(bench.qreg(0, "QREG_STATE"), N["STATE_IDLE"])
            for _ in range(3):
                bench.reg("REG_CTRL", N["CTRL_RESET"])
                bench.step()
            bench.start_board()
            bench.wait_ready()
            self.works(bench)

    def test_migration(self):
        """migration is refused, with the reason"""
        with Bench() as bench:
            answer = bench.qmp("migrate", uri="exec:cat > /dev/null")
            self.assertIn("firmware runs in another process cannot be migrated", answer["error"]["desc"])


class Properties(unittest.TestCase):
    def refused(self, why, change):
        """QEMU ends at once and says in one line what would be right."""
        bench = Bench()
        try:
            done = subprocess.run([change(word) for word in bench.words], stdin=subprocess.DEVNULL, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
        finally:
            bench.__exit__()
        text = done.stdout.decode()
        self.assertEqual(done.returncode, 1, text)
        self.assertIn(why, text)
        self.assertEqual(len(text.splitlines()), 1, text)

    def test_alone(self):
        """firmware without its memory, and the other way round"""
        self.refused("belong together", lambda word: word.replace(",firmware-memory=labfirmware", ""))
        self.refused("belong together", lambda word: ",".join(
            part for part in word.split(",") if not part.startswith("firmware=")))

    def test_private(self):
        """memory that is not shared, or too small"""
        self.refused("share=on", lambda word: word.replace("share=on", "share=off"))
        self.refused("share=on", lambda word: word.replace("size=16M", "size=16K"))

    def test_timeout(self):
        """a time limit of nothing, or of more than a minute"""
        for limit in (0, 60001):
            self.refused("use 1 to 60000", lambda word, n=limit: word.replace("firmware-timeout-ms=2000",
                                                                              f"firmware-timeout-ms={n}"))

    def test_nowhere(self):
        """a socket in a folder that is not there"""
        self.refused("Failed to bind socket", lambda word: word.replace("/bell,", "/none/bell,"))


if __name__ == "__main__":
    unittest.main()
