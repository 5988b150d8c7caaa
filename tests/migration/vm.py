# SPDX-License-Identifier: GPL-2.0-only
"""A guest that receives data while its machine is saved, loaded, and moved to another QEMU.

Contract: the guest sees no host but its ports; whoever calls end() or leaves the `with` has no QEMU left. What is
compared before and after is what the guest can read: every register of the device, while the machine stands still.
"""
import json
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from labyrinth import accel, cmd_vm, console, guest, initramfs, kernels, proc, qemu_device, userland  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
MEMORY = 256
PORTS = ("ctl", "out", "err", "console")
TIMEOUT = 90
READABLE = re.compile(r"^    REG\(LABYRINTH_((?:REG|QREG|UREG)_\w+)(?:\((\d)\))?\) = R\b([^,]*),", re.M)
DEFINED = re.compile(r"^#define LABYRINTH_((?:REG|QREG|UREG)_\w+)(?:\(r\))?\s+\(?(0x[0-9a-f]+)", re.M)


def registers(queues):
    """[(name, offset in BAR 0, 4 or 8)] of all registers that can be read, from the device's own map."""
    offsets = {name: int(at, 16) for name, at in DEFINED.findall((ROOT / "qemu-device/labyrinth_hw.h").read_text())}
    found = []
    for name, index, rest in READABLE.findall((ROOT / "qemu-device/regs.c").read_text()):
        at, size = offsets[name] + 8 * int(index or 0), 8 if "WIDE" in rest else 4
        if name.startswith("REG"):
            found.append((name, at, size))
        else:
            page = 0x10000 if name.startswith("QREG") else 0x20000
            found += [(f"{name}{index}[{q}]", page + q * 0x1000 + at, size) for q in range(queues)]
    return found


class Machine:
    """One QEMU at a time, the same guest in all of them."""

    def __init__(self, words, queues, device=(), kernel="stock", smp=2):
        self.queues = queues
        self.kernel = kernels.get(kernel)
        self.qemu = qemu_device.ready()
        userland.ready()
        self._folder = tempfile.TemporaryDirectory(prefix="labyrinth-migration-")
        self.folder = pathlib.Path(self._folder.name)
        self.options = guest.Options(smp=smp, memory=MEMORY, command=words, path=["/bin"],
                                     device=[f"queues={queues}", *device])
        self.options.files = {"init": (HERE / "init").read_bytes(),
                              "lab/bin/labctl": (userland.BIN / "labctl.static").read_bytes()}
        for path, parameters in cmd_vm.our_modules(self.kernel, []):
            self.options.files[f"lab/ko/{path.name}"] = path.read_bytes()
            self.options.modules.append((f"/lab/ko/{path.name}", parameters))
        initrd = self.folder / "initrd"
        initrd.write_bytes(initramfs.base(self.kernel).read_bytes() + guest.run_archive(self.options, self.kernel))
        self.accel = accel.choose(self.qemu.program, self.qemu.firmware, self.kernel)
        self.child = self.monitor = None
        self.number = 0
        self.snapshots = self._make_disk()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop_qemu()
        self._folder.cleanup()

    # --- QEMU -------------------------------------------------------------------------------------------------------

    def _argv(self, *more):
        ports = {name: f"file,path={self.folder / name},append=on" for name in PORTS[:-1]}
        ports["host"] = f"socket,path={self.folder / 'host'},server=on,wait=off"
        ports["console"] = f"file,path={self.folder / 'console'},append=on"
        argv = guest.qemu_argv(self.qemu.program, self.qemu.firmware, self.kernel, self.folder / "initrd",
                               self.options, self.accel, ports)
        return argv + ["-qmp", f"unix:{self.folder / 'qmp'},server=on,wait=off",
                       "-drive", f"if=none,id=snapshots,file={self.snapshots},format=qcow2", *more]

    def _make_disk(self):
        """An empty disk for snapshots, made by QEMU itself: its own tool for that is not in the build."""
        raw, disk = self.folder / "raw", self.folder / "snapshots.qcow2"
        raw.write_bytes(b"")
        disk.write_bytes(b"")
        argv = [self.qemu.program, "-M", "none", "-nodefaults", "-display", "none",
                "-qmp", f"unix:{self.folder / 'qmp'},server=on,wait=off"]
        self._start([str(word) for word in argv])
        self.qmp("blockdev-add", driver="file", **{"node-name": "disk", "filename": str(disk)})
        self.qmp("blockdev-create", **{"job-id": "make", "options": {"driver": "qcow2", "file": "disk", "size": 0}})
        self._wait(lambda: self.qmp("query-jobs")[0]["status"] == "concluded", "the disk for snapshots")
        problem = self.qmp("query-jobs")[0].get("error")
        if problem:
            raise AssertionError(f"no disk for snapshots: {problem}")
        self.stop_qemu()
        return disk

    def _start(self, argv):
        self.number += 1
        self.log = self.folder / f"qemu-{self.number}.log"
        for name in ("qmp", "host"):
            (self.folder / name).unlink(missing_ok=True)
        with open(self.log, "wb") as log:
            self.child = proc.popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.monitor = socket.socket(socket.AF_UNIX)
        self._wait(self._connect, "QEMU's monitor")
        self.lines = self.monitor.makefile("r")
        self.lines.readline()
        self.qmp("qmp_capabilities")

    def _connect(self):
        if self.child.poll() is not None:
            raise AssertionError(f"QEMU ended at once: {self.log.read_text(errors='replace').strip()}")
        try:
            self.monitor.connect(str(self.folder / "qmp"))
            return True
        except (FileNotFoundError, ConnectionRefusedError):
            return False

    def _wait(self, done, what, limit=TIMEOUT):
        end = time.monotonic() + limit
        while not done():
            if time.monotonic() > end:
                raise AssertionError(f"{what}: not within {limit} s\n{self.said()}")
            time.sleep(0.02)

    def qmp(self, command, **arguments):
        try:
            self.monitor.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        except BrokenPipeError:
            raise AssertionError(f"QEMU ended before {command}\n{self.said()}") from None
        for line in self.lines:
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise AssertionError(f"{command}: {answer['error']['desc']}")
        raise AssertionError(f"QEMU ended in {command}: {self.log.read_text(errors='replace').strip()}")

    def hmp(self, line):
        return self.qmp("human-monitor-command", **{"command-line": line}).strip()

    def stop_qemu(self):
        if self.child and self.child.poll() is None:
            self.child.kill()
        if self.child:
            self.child.wait()
        if self.monitor:
            self.monitor.close()
        self.child = self.monitor = None

    # --- the guest --------------------------------------------------------------------------------------------------

    def text(self, name):
        path = self.folder / name
        return path.read_text(errors="replace") if path.is_file() else ""

    def said(self):
        return "\n".join(self.text(name).strip()[-600:] for name in ("console", "err", "ctl"))

    def start(self, *more):
        """QEMU with the guest, and what else its command line is to have."""
        self._start(self._argv(*more))

    def boot(self):
        self.start()
        self._wait(lambda: "begin" in self.text("ctl"), "the guest's start")
        found = re.search(r"BAR0: 64 bit memory at (0x[0-9a-f]+) \[.*\n(?:.*\n){0,3}?.*id \"lab-device\"",
                          self.hmp("info pci"))
        self.bar = int(found[1], 16)
        self.map = registers(self.queues)
        self._wait(lambda: self.read("QREG_DELIVERED[0]") > 0, "the first page")

    def read(self, name):
        at, size = next((at, size) for known, at, size in self.map if known == name)
        words = self.hmp(f"xp /1{'g' if size == 8 else 'w'}x {self.bar + at:#x}")
        return int(words.split()[1], 16)

    def all_registers(self):
        return {name: self.read(name) for name, _, _ in self.map}

    def delivered(self):
        return sum(self.read(f"QREG_DELIVERED[{q}]") for q in range(self.queues))

    def alive(self):
        """The data still flows, and the program that takes it did not end."""
        before = self.delivered()
        self._wait(lambda: self.delivered() > before, "going on after the move")
        if "ended" in self.text("ctl"):
            raise AssertionError(f"the receiver ended by itself\n{self.said()}")

    # --- what is done to it -------------------------------------------------------------------------------------------

    def snapshot(self, seconds):
        """Save, go on, go back: (registers at the save, later, after the load)."""
        self.qmp("stop")
        saved = self.all_registers()
        told = self.hmp("savevm one")
        if told:
            raise AssertionError(f"savevm: {told}")
        self.qmp("cont")
        time.sleep(seconds)
        self.qmp("stop")
        later = self.all_registers()
        told = self.hmp("loadvm one")
        if told:
            raise AssertionError(f"loadvm: {told}")
        loaded = self.all_registers()
        self.hmp("delvm one")
        self.qmp("cont")
        return saved, later, loaded

    def migrate_out(self, state):
        self.qmp("migrate", uri=f"exec:cat > {state}")
        self._wait(lambda: self.qmp("query-migrate").get("status") in ("completed", "failed"), "the migration")
        problem = self.qmp("query-migrate")
        if problem["status"] != "completed":
            raise AssertionError(f"the migration failed: {problem}")

    def move(self):
        """Into a new QEMU, over a file: (registers before, after)."""
        state = self.folder / "state"
        self.qmp("stop")
        before = self.all_registers()
        self.migrate_out(state)
        self.stop_qemu()
        self.start("-S", "-incoming", f"exec:cat {state}")
        self._wait(lambda: self.qmp("query-status")["status"] in ("paused", "prelaunch"), "the new QEMU")
        after = self.all_registers()
        self.qmp("cont")
        return before, after

    def incoming(self, data, timeout=TIMEOUT):
        """(exit status, what it said) of a QEMU that is given this state."""
        state = self.folder / "doctored"
        state.write_bytes(data)
        argv = self._argv("-incoming", f"exec:cat {state}")
        with open(self.folder / "refused.log", "w+b") as log:
            child = proc.popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                status = child.wait(timeout)
            except subprocess.TimeoutExpired:
                status = None
                child.kill()
                child.wait()
            log.seek(0)
            return status, log.read().decode(errors="replace").strip()

    def finish(self):
        """Ends the guest: labctl's own verdict, after the checks that hold for every guest."""
        port = socket.socket(socket.AF_UNIX)
        port.connect(str(self.folder / "host"))
        port.sendall(b"stop\n")
        try:
            self.child.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the guest did not end\n{self.said()}") from None
        finally:
            port.close()
        seen = console.Console()
        seen.feed(self.text("console").encode())
        seen.end()
        if seen.crash is not None or seen.warnings:
            raise AssertionError(f"the guest's kernel warned\n{self.said()}")
        if "exit 0 " not in self.text("ctl"):
            raise AssertionError(f"the receiver was not content\n{self.said()}")
        return json.loads(self.text("out"))
