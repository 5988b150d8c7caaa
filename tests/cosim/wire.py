# SPDX-License-Identifier: GPL-2.0-only
"""The device in a QEMU without a guest, the real firmware on its board, and the test on the wire between the two.

Contract: a test sees and may change each answer before the device does; it may hold bells back, cut the wire, stop
and kill the board. Whoever leaves the `with` has no process left. Time in the device passes by step() only, and the
time limits of the device, which are the host's, by themselves.
"""
import functools
import json
import mmap
import pathlib
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from labyrinth import board, guest, proc, qemu_device  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
LIMIT = 20              # seconds until what must happen has
ROOT_PORT, DEVICE = 0x80001000, 0x80010000      # configuration addresses: 00:02.0 and 01:00.0
ECAM = 0xb0000000
BAR, BAR_MSIX = 0xe0000000, 0xe0080000
RING, PAGES = 0x100000, 0x200000                # in the guest's memory
CANARY = 0xa5
ENTRIES = 64


def _names():
    """What names.c prints, as a table."""
    with tempfile.TemporaryDirectory(prefix="labyrinth-names-") as folder:
        program = pathlib.Path(folder) / "names"
        proc.output(["gcc", f"-I{ROOT / 'firmware-model/include'}", f"-I{ROOT / 'qemu-device'}", "-o", program,
                     HERE / "names.c"])
        return {name: int(value) for name, value in map(str.split, proc.output([program]).splitlines())}


N = _names()
QEMU = functools.cache(qemu_device.ready)
IMAGE = functools.cache(board.ready)


def wait_for(what, done, limit=LIMIT):
    end = time.monotonic() + limit
    while not done():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {limit} s")
        time.sleep(0.005)


class Memory:
    """What device and firmware share."""

    def __init__(self, path):
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0x10000)

    def word(self, at, value=None, form="<I"):
        if value is not None:
            struct.pack_into(form, self._map, at, value)
        return struct.unpack_from(form, self._map, at)[0]

    def bytes(self, at, size, data=None):
        if data is not None:
            self._map[at:at + size] = data
        return self._map[at:at + size]

    def page(self, index, field):
        """Where a field of a staged page is."""
        return N["state.page"] + index * N["fw_page.size"] + N[f"fw_page.{field}"]

    def queue(self, index, field):
        return N["state.queue"] + index * N["fw_queue.size"] + N[f"fw_queue.{field}"]

    def answer(self, field):
        """A field of the newest answer."""
        tail = self.word(N["LINK_ANSWERS"] + N["link_answers.tail"])
        return (N["LINK_ANSWERS"] + N["link_answers.slot"] + (tail - 1) % N["LINK_SLOTS"] * N["link_answer.size"]
                + N[f"link_answer.{field}"])

    def op(self):
        """What was called last."""
        return self.word(self.answer("op"))


class Wire(threading.Thread):
    """Between the board's doorbell and the device's, both ways. `meddle`, if there is one, is called with each bell
    of the firmware's before the device hears it; it returns False to hold it back."""

    def __init__(self, board_side, device_side):
        super().__init__(daemon=True)
        self._path = device_side
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(board_side))
        self._listener.listen(4)
        self._wake, self._woken = socket.socketpair()
        self._board = self._device = None
        self.meddle = None
        self.deaf = False           # the device's bells are held back
        self.problem = None
        self._order = None
        self.start()

    def cut(self):
        """Both ends find the wire dead; the board comes again by itself."""
        self._say("cut")

    def ring_device(self, bells):
        """As if the firmware had."""
        self._device.sendall(bells)

    def close(self):
        self._say("end")
        self.join(LIMIT)

    def _say(self, order):
        self._order = order
        self._wake.send(b"x")

    def _drop(self):
        for sock in filter(None, (self._board, self._device)):
            sock.close()
        self._board = self._device = None

    def _accept(self):
        fresh, _ = self._listener.accept()
        self._drop()
        self._board = fresh
        end = time.monotonic() + LIMIT
        while self._device is None:
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.connect(str(self._path))
                self._device = sock
            except OSError:
                sock.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)

    def _pass(self, source, sink, hold):
        try:
            data = source.recv(64)
            if not data:
                self._drop()
            elif not hold(data):
                sink.sendall(data)
        except OSError:
            self._drop()

    def _held(self, _data):
        return self.meddle is not None and self.meddle() is False

    def run(self):
        try:
            while True:
                ends = [s for s in (self._board, self._device) if s]
                for ready in select.select([self._listener, self._woken] + ends, [], [])[0]:
                    if ready is self._woken:
                        self._woken.recv(16)
                        self._drop()
                        if self._order == "end":
                            self._listener.close()
                            return
                    elif ready is self._listener:
                        self._accept()
                    elif ready is self._board:
                        self._pass(ready, self._device, self._held)
                    elif ready is self._device:
                        self._pass(ready, self._board, lambda _: self.deaf)
        except Exception as problem:    # pylint: disable=broad-except
            self.problem = problem
            self._drop()


class Bench:
    """Device, wire and board."""

    def __init__(self, queues=2, timeout_ms=2000, kind=qemu_device.PLAIN, stream=False, linked=True):
        self._folder = tempfile.TemporaryDirectory(prefix="labyrinth-cosim-")
        self.folder = pathlib.Path(self._folder.name)
        self.linked = linked
        options = guest.Options(device=[])
        if linked:
            self.board = board.Board(IMAGE())
            options = self.board.wire(options, self.folder)
            options.device.append(f"firmware-timeout-ms={timeout_ms}")
            self.board.bell = self.folder / "board-bell"
            self.memory = Memory(self.board.memory)
        self.child = self.machine = self.wire = self.qtest = None
        self.input = None
        self.head = {}          # of each completion ring
        qemu = QEMU(kind)
        words = [str(qemu.program), *[word for folder in qemu.firmware for word in ("-L", str(folder))],
                 "-M", "q35,accel=qtest", "-m", "64", "-nodefaults", "-display", "none",
                 "-qtest", f"unix:{self.folder / 'qtest'},server=on,wait=off", "-qtest-log", "none",
                 "-qmp", f"unix:{self.folder / 'qmp'},server=on,wait=off"] + options.qemu_args
        if stream:
            words += ["-chardev", f"socket,id=in0,path={self.folder / 'input'},server=on,wait=off"]
            options.device.append("chardev=in0")
        words += ["-device", "pcie-root-port,id=rp0,bus=pcie.0,addr=2,chassis=1,slot=1",
                  "-device", ",".join(["labyrinth,id=lab,bus=rp0", f"queues={queues}"] + options.device)]
        self.words = words

    def __enter__(self):
        try:
            self.switch_on()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for child in (self.machine, self.child):
            if child and child.poll() is None:
                child.send_signal(signal.SIGCONT)
                child.kill()
                child.wait()
        if self.wire:
            self.wire.close()
        for sock in filter(None, (self.qtest, self.input)):
            sock.close()
        self._folder.cleanup()

    # --- processes --------------------------------------------------------------------------------------------------

    def _popen(self, argv, name):
        with open(self.folder / name, "ab") as log:
            return proc.popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def said(self):
        """What the device's QEMU said."""
        return (self.folder / "device.log").read_text(errors="replace")

    def switch_on(self):
        self.child = self._popen(self.words, "device.log")
        self.qtest = self._connect("qtest")
        self._lines = self.qtest.makefile("r")
        self._plug()
        if self.linked:
            self.wire = Wire(self.board.bell, self.folder / "bell")
            self.start_board()
        self.wait_ready()

    def _connect(self, name):
        sock = socket.socket(socket.AF_UNIX)

        def connected():
            if self.child.poll() is not None:
                raise AssertionError(f"QEMU ended at once: {self.said()}")
            try:
                sock.connect(str(self.folder / name))
                return True
            except (FileNotFoundError, ConnectionRefusedError):
                return False
        wait_for(f"QEMU's socket {name}", connected)
        return sock

    def connect_input(self):
        self.input = self._connect("input")
        return self.input

    def start_board(self):
        debugger = ["-gdb", f"unix:{self.folder / 'gdb'},server=on,wait=off",
                    "-qmp", f"unix:{self.folder / 'board-qmp'},server=on,wait=off"]
        self.machine = self._popen(self.board.argv() + debugger, "board.log")

    def kill_board(self):
        self.machine.kill()
        self.machine.wait()

    def signal_board(self, number):
        self.machine.send_signal(number)

    # --- QEMU's test protocol ---------------------------------------------------------------------------------------

    def ask(self, *words):
        try:
            self.qtest.sendall((" ".join(map(str, words)) + "\n").encode())
            answer = self._lines.readline().split()
        except OSError:
            answer = []
        if not answer or answer[0] != "OK":
            raise AssertionError(f"{words}: {' '.join(answer) or 'QEMU has ended'}\n{self.said()}")
        return answer[1] if len(answer) > 1 else None

    def qmp(self, command, monitor="qmp", **arguments):
        """The answer of QEMU's monitor; `board-qmp` is the board's."""
        with self._connect(monitor) as sock, sock.makefile("rw") as lines:
            lines.readline()
            for name, given in (("qmp_capabilities", {}), (command, arguments)):
                lines.write(json.dumps({"execute": name, "arguments": given}))
                lines.flush()
                answer = json.loads(lines.readline())
        return answer

    def step(self, ns=5000):
        self.ask("clock_step", ns)

    def config(self, function, at, value=None, size=4):
        if at >= 0x100:         # beyond the reach of the ports
            return int(self.ask("readl", ECAM + ((function & 0xffffff) << 4) + at), 16)
        letter = {1: "b", 2: "w", 4: "l"}[size]
        self.ask("outl", 0xcf8, function | at & ~3)
        if value is None:
            return int(self.ask(f"in{letter}", 0xcfc + at % 4), 16)
        return self.ask(f"out{letter}", 0xcfc + at % 4, value)

    def _plug(self):
        """As firmware of the host would."""
        self.config(0x80000000, 0x60, ECAM | 1)
        self.config(ROOT_PORT, 0x18, 0x00010100)
        self.config(ROOT_PORT, 0x20, BAR >> 16 | BAR & 0xfff00000)
        self.config(ROOT_PORT, 0x24, 0x0000fff0)
        self.config(ROOT_PORT, 0x04, 0x0106, 2)
        self.config(ROOT_PORT, 0x3e, 2, 2)      # errors are let through
        self.enable()

    def enable(self):
        """The device's part of that."""
        self.config(DEVICE, 0x10, BAR)
        self.config(DEVICE, 0x14, 0)
        self.config(DEVICE, 0x20, BAR_MSIX)
        self.config(DEVICE, 0x04, 0x0106, 2)

    def reg(self, name, value=None, wide=False):
        at = BAR + (N[name] if isinstance(name, str) else name)
        letter = "q" if wide else "l"
        if value is None:
            return int(self.ask(f"read{letter}", at), 16)
        return self.ask(f"write{letter}", at, value)

    def qreg(self, queue, name, value=None, wide=False):
        return self.reg(0x10000 + queue * 0x1000 + N[name], value, wide)

    def read(self, at, size):
        return bytes.fromhex(self.ask("read", at, size)[2:])

    def write(self, at, data):
        self.ask("write", at, len(data), "0x" + data.hex())

    # --- the device -------------------------------------------------------------------------------------------------

    def ready(self):
        return bool(self.reg("REG_STATUS") & N["STATUS_READY"])

    def wait_ready(self):
        try:
            wait_for("the device is ready", self.ready)
        except AssertionError as problem:
            raise AssertionError(f"{problem}; {self.words_shared()}\n{self.said()}") from None

    def words_shared(self):
        """Where both stand, for whoever has to find out why."""
        if not self.linked:
            return "no firmware beside it"
        calls = [self.memory.word(N["LINK_CALLS"] + 4 * i) for i in range(4)]
        answers = [self.memory.word(N["LINK_ANSWERS"] + 4 * i) for i in range(8)]
        return f"calls {calls}, answers {answers}, wire {self.wire.problem}, board {self.machine.poll()}"

    def failed(self):
        """The device has found its firmware out, and has said so."""
        self.step()
        return not self.ready() and bool(self.reg("REG_ERR_STATUS") & N["ERR_FIRMWARE"])

    def reset(self):
        self.reg("REG_CTRL", N["CTRL_RESET"])
        self.wait_ready()

    def start(self, queue=0, count=0, seed=1, mode=0, source="SOURCE_GENERATOR"):
        self.write(RING + queue * 0x10000, bytes(ENTRIES * 32))
        self.qreg(queue, "QREG_CONFIG", N[source] << N["CONFIG_SOURCE_SHIFT"] | mode)
        self.qreg(queue, "QREG_CQ_BASE", RING + queue * 0x10000, wide=True)
        self.qreg(queue, "QREG_CQ_SIZE", ENTRIES)
        self.qreg(queue, "QREG_PQ_BASE", RING + queue * 0x10000 + 0x8000, wide=True)
        self.qreg(queue, "QREG_PQ_SIZE", ENTRIES)
        self.qreg(queue, "QREG_GEN_SEED", seed, wide=True)
        self.qreg(queue, "QREG_GEN_COUNT", count, wide=True)
        self.qreg(queue, "QREG_CTL", N["CTL_START"] | N["CTL_CLEAR"])
        self.head[queue] = 0

    def tag(self, queue=0):
        return self.qreg(queue, "QREG_REQ_TAG")

    def grant(self, queue=0, page=0):
        """Answers the oldest request with one of the guest's pages; its tag."""
        tag = self.tag(queue)
        self.qreg(queue, "QREG_GRANT_ADDR", PAGES + page * 0x1000, wide=True)
        self.qreg(queue, "QREG_GRANT_TAG", tag)
        return tag

    def completion(self, queue=0):
        """The next one, or None: (seq, cookie, crc32c, length, status, flags)."""
        head = self.head[queue]
        words = struct.unpack("<QQIIHHHH", self.read(RING + queue * 0x10000 + head % ENTRIES * 32, 32))
        seq, _, cookie, crc, length, status, _, flags = words
        if bool(flags & N["COMP_PHASE"]) != (not head & ENTRIES):
            return None
        self.head[queue] = head + 1
        self.reg(0x20000 + queue * 0x1000 + N["UREG_CQ_HEAD"], head + 1)
        return seq, cookie, crc, length, status, flags

    def post(self, queue, tail):
        """Ring mode: pages up to this free-running index are there."""
        for index in range(self.qreg(queue, "QREG_PQ_TAIL"), tail):
            self.write(RING + queue * 0x10000 + 0x8000 + index % ENTRIES * 16,
                       struct.pack("<QII", PAGES + (queue * ENTRIES + index % ENTRIES) * 0x1000, index, 4096))
        self.qreg(queue, "QREG_PQ_TAIL", tail)

    def counters(self, queue=0):
        """Those that do not depend on when who asked."""
        return [self.qreg(queue, name, wide=True) for name in ("QREG_PRODUCED", "QREG_DELIVERED", "QREG_BYTES")] + [
            self.reg(0x10000 + queue * 0x1000 + N["QREG_DROPPED(0)"] + 8 * reason, wide=True)
            for reason in range(N["DROP_REASONS"])]

    def receive(self, queue=0, pages=1):
        """[(sequence, data)], each granted one after the other."""
        found = []
        while len(found) < pages:
            self.step()
            if not self.tag(queue):
                raise AssertionError(f"no request after {len(found)} pages\n{self.said()}")
            self.grant(queue)
            self.step()
            seq, _, _, length, status, _ = self.completion(queue)
            assert status == N["COMP_OK"], status
            found.append((seq, self.read(PAGES, length)))
        return found


def both(test, work, **options):
    """What `work` gives with the firmware in the device and beside it: the same."""
    found = []
    for linked in (False, True):
        with Bench(linked=linked, **options) as bench:
            found.append(work(bench))
    test.assertEqual(found[0], found[1])
    return found[1]
