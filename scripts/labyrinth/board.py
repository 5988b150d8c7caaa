# SPDX-License-Identifier: GPL-2.0-only
"""The accelerator's firmware on an emulated Cortex-M beside the guest: a second QEMU, and what joins the two.

Contract: between start() and stop() there is such a machine: one that ends is started again, a few times. After
stop() none is left. The wiring is firmware-model/include/labyrinth_link.h: a file that both map, and a socket.
"""
import dataclasses
import os
import selectors
import struct
import subprocess

from . import guest, lock, paths, proc, ui

KINDS = ("device", "cortex-m")
PROGRAM = "qemu-system-arm"
MACHINE = "mps2-an385"
CORE = "Cortex-M3"
MEMORY = "16M"              # of the board's PSRAM: it takes no other size
STARTS = 5
SOCKET_PATH_MOST = 107
ANSWERS, ANSWER_WORDS = 0x2000, 8   # struct labyrinth_link_answers begins with that many words
FOLDER = paths.ROOT / "firmware-model" / "port" / "cortex-m"
IMAGE = paths.BUILD / "firmware" / "cortex-m3-host" / "labyrinth.elf"


def add_option(add):
    """For the parser of a command that boots the guest."""
    add("--firmware", choices=KINDS, default="device",
        help="where the device's firmware runs: in the device itself, or on an emulated Cortex-M beside it (default "
             "device)")


def ready():
    """The image, built."""
    with lock.in_build("firmware", "building the firmware"):
        proc.run(["make", "-C", FOLDER, f"O={paths.BUILD}", "CORES="], what="build-firmware")
    return IMAGE


class Board:
    """One machine for one run."""

    def __init__(self, image=None):
        self.image = image or ready()
        self.version = proc.output([PROGRAM, "--version"]).split()[3]
        self.starts = 0
        self.child = None
        self._facts = {}

    def wire(self, options, folder):
        """The guest's options with the device joined to this board."""
        self.folder, self.memory, self.bell = folder, folder / "firmware.memory", folder / "bell"
        if len(os.fsencode(self.bell)) > SOCKET_PATH_MOST:
            raise ui.LabError(f"the path of this clone is too long for a socket ({self.bell}): move it nearer to the "
                              "root for --firmware cortex-m", ui.EXIT_USAGE)
        with open(self.memory, "wb") as file:
            file.truncate(16 << 20)
        words = [f"firmware={guest.escaped(self.bell)}", "firmware-memory=labfirmware"]
        return dataclasses.replace(
            options, device=words + options.device,
            qemu_args=["-object", f"memory-backend-file,id=labfirmware,size={MEMORY},share=on,"
                                  f"mem-path={guest.escaped(self.memory)}"] + options.qemu_args)

    def argv(self):
        """QEMU's command line."""
        return [PROGRAM, "-no-user-config", "-nodefaults", "-display", "none",
                "-M", f"{MACHINE},memory-backend=psram",
                "-object", f"memory-backend-file,id=psram,size={MEMORY},share=on,"
                           f"mem-path={guest.escaped(self.memory)}",
                # Two serial lines: what it says, and its doorbell
                "-chardev", f"file,id=text,append=on,path={guest.escaped(self.folder / 'firmware.text')}",
                "-serial", "chardev:text",
                "-chardev", f"socket,id=bell,reconnect=1,path={guest.escaped(self.bell)}", "-serial", "chardev:bell",
                "-semihosting-config", "enable=on,target=native", "-kernel", str(self.image)]

    def start(self, loop):
        """Switch on; `loop` is told when it goes off."""
        self.starts += 1
        (paths.make_dir(paths.BUILD / "log") / "firmware-command").write_text(" ".join(self.argv()) + "\n")
        with open(self.folder / "firmware.log", "ab") as log:
            self.child = proc.popen(self.argv(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    start_new_session=True)
        handle = os.pidfd_open(self.child.pid)
        loop.register(handle, selectors.EVENT_READ, lambda: self._ended(loop, handle))

    def _ended(self, loop, handle):
        loop.unregister(handle)
        os.close(handle)
        status = self.child.wait()
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        if self.starts == STARTS:
            ui.note(f"the firmware's machine {how}, for the {STARTS}th time: it stays off")
            return
        ui.note(f"the firmware's machine {how}; it is started again")
        self.start(loop)

    def stop(self):
        """Switch off for good."""
        if self.child and self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        if self.starts:
            self._look()

    def _look(self):
        with open(self.memory, "rb") as file:
            file.seek(ANSWERS)
            words = struct.unpack(f"<{ANSWER_WORDS}I", file.read(4 * ANSWER_WORDS))
        self._facts = dict(zip(("magic", "version", "state_size", "epoch", "calls", "beats", "refused", "boots"), words))

    def facts(self):
        """For run.json, after stop()."""
        return {"kind": "cortex-m", "core": CORE, "machine": MACHINE, "qemu": self.version, "starts": self.starts,
                **{name: self._facts.get(name, 0) for name in ("boots", "calls", "refused")}}


IN_DEVICE = {"kind": "device"}
