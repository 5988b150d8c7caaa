# SPDX-License-Identifier: GPL-2.0-only
"""What one boot of the guest consists of: the wishes of the caller, turned into QEMU's command line and
into the archive of per-run files that the guest's init scripts read.

Contract: the command's words reach the guest exactly as they were given (each quoted as one word of one
script); the guest sees nothing of the host that is not named here.
"""
import dataclasses
import os
import re
import shlex
from pathlib import Path

from . import cpio, paths, ui

ROOT_PORT = "lab-rp"
DEVICE_ID = "lab-device"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MASKED = ("/tmp", "/run", "/var/tmp", "/var/run", "/dev/shm")

# Leaves out what a guest without firmware tables, graphics or disks has no use for; every warning and
# error still reaches the console. panic=-1: a crash ends QEMU at once (-no-reboot). Two minutes: a shared host that lets
# all of QEMU wait for half a minute is not a guest that stalls.
KERNEL_WORDS = ["console=ttyS0,115200", "quiet", "loglevel=5", "panic=-1", "oops=panic", "no_timer_check",
                "random.trust_cpu=on", "printk.devkmsg=on", "audit=0", "apparmor=0", "mitigations=off",
                "cryptomgr.notests", "nowatchdog", "rcupdate.rcu_cpu_stall_timeout=120", "tsc=reliable", "printk.time=1"]


@dataclasses.dataclass
class Options:
    """The caller's wishes for one boot."""
    command: list = dataclasses.field(default_factory=list)
    smp: int = 2
    memory: int = 1024
    qemu_args: list = dataclasses.field(default_factory=list)
    append: list = dataclasses.field(default_factory=list)
    device: list = dataclasses.field(default_factory=list)      # PROP=VAL; None: no device at all
    modules: list = dataclasses.field(default_factory=list)     # [(path, [NAME=VAL])], loaded in order
    shares: list = dataclasses.field(default_factory=list)      # writable, at the host's path
    path: list = dataclasses.field(default_factory=list)        # before PATH
    env: dict = dataclasses.field(default_factory=dict)
    cwd: str = "/"
    stdin: bool = False
    tty: tuple = ()                                             # (rows, columns)
    exact: bool = False
    files: dict = dataclasses.field(default_factory=dict)       # {guest path: bytes}, for an exact run
    events: tuple = ("labyrinth_*",)                            # of the device, that an exact run logs
    seed: int = 1
    gdb: str = ""                                               # socket to wait on
    verbose: bool = False
    board: object = None                                        # board.Board that has the device's firmware


def _command_script(options):
    env = {"PATH": ":".join(options.path + [PATH]), "HOME": "/root", "USER": "root", "LOGNAME": "root",
           "SHELL": "/bin/bash", "LANG": "C.UTF-8", "TERM": os.environ.get("TERM", "dumb"), **options.env}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in env.items()]
    lines.append(f"cd {shlex.quote(options.cwd)} || exit 125")
    lines.append("exec " + " ".join(shlex.quote(word) for word in options.command))
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def _visible(options):
    """Folders of the host that the guest's fresh /tmp and /run would hide."""
    wanted = [str(paths.ROOT), options.cwd] + options.path
    wanted += [str(Path(module).parent) for module, _ in options.modules]
    masked = [w for w in wanted if any(w == m or w.startswith(m + "/") for m in MASKED)]
    return [w for w in dict.fromkeys(masked) if w not in MASKED]


def run_archive(options, kernel):
    """The second part of the initramfs: what differs between runs."""
    for name in [options.cwd] + options.shares:
        if "\n" in name:
            raise ui.LabError("a folder with a line break in its name cannot be shared", ui.EXIT_USAGE)
    archive = cpio.Archive()
    settings = {"LAB_MODULES_DIR": kernel.modules, "LAB_TTY": "1" if options.tty else "",
                "LAB_STDIN": "1" if options.stdin else ""}
    if options.tty:
        settings["LAB_ROWS"], settings["LAB_COLS"] = options.tty
    archive.file("lab/run.d/settings", "".join(f"{k}={shlex.quote(str(v))}\n" for k, v in settings.items()))
    archive.file("lab/run.d/command", _command_script(options), 0o755)
    archive.file("lab/run.d/modules", "".join(
        shlex.join([str(path)] + list(words)) + "\n" for path, words in options.modules))
    if not options.exact:
        archive.file("lab/run.d/visible", "".join(f"{name}\n" for name in _visible(options)))
        archive.file("lab/run.d/shares", "".join(f"{name}\n" for name in options.shares))
    for name, data in options.files.items():
        archive.file(name, data, 0o755)
    return archive.done()


def escaped(value):
    """A value inside a QEMU option: a comma is doubled."""
    return str(value).replace(",", ",,")


def _files_args(options):
    args = ["-fsdev", "local,id=labroot,path=/,security_model=none,readonly=on,multidevs=remap",
            "-device", "virtio-9p-pci,fsdev=labroot,mount_tag=labroot,disable-legacy=on"]
    for number, folder in enumerate(options.shares):
        args += ["-fsdev", f"local,id=labshare{number},path={escaped(folder)},security_model=none,"
                           "multidevs=remap",
                 "-device", f"virtio-9p-pci,fsdev=labshare{number},mount_tag=labshare{number},disable-legacy=on"]
    return args


def _ports_args(chardevs):
    """`chardevs`: {port name: backend without its id}; the control port comes first."""
    # ioeventfd=off: else QEMU's main thread answers the guest's notifications, at an instruction that the host's
    # load decides, and an exact run does not repeat.
    args = ["-device", "virtio-serial-pci,id=labports,max_ports=8,disable-legacy=on,ioeventfd=off"]
    for number, (name, backend) in enumerate(chardevs.items(), 1):
        kind, _, rest = backend.partition(",")
        args += ["-chardev", f"{kind},id=lab{name},{rest}"]
        if name == "qmp":
            args += ["-mon", "chardev=labqmp,mode=control"]
        elif name == "tty":
            args += ["-device", f"virtconsole,chardev=labtty,nr={number}"]
        elif name not in ("console", "source"):
            args += ["-device", f"virtserialport,chardev=lab{name},name=lab.{name},nr={number}"]
    return args


def _cpu(accel):
    # Without cmpxchg16b: Debian 13's kernel crashes at random on QEMU 7.2 with two CPUs under TCG.
    return "host" if accel == "kvm" else "max,-cx16,-la57"


def device_words(properties):
    """The accelerator as QEMU's -device and device_add take it."""
    return ",".join(["labyrinth", f"id={DEVICE_ID}", f"bus={ROOT_PORT}"] + list(properties))


def qemu_argv(qemu, firmware, kernel, initrd, options, accel, chardevs):
    """The whole command line; `chardevs` maps port names to QEMU character back ends."""
    argv = [qemu, "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot",
            "-M", "q35,usb=off,vmport=off,smbus=off,sata=off,graphics=off",
            "-cpu", _cpu(accel), "-m", str(options.memory)]
    words = list(KERNEL_WORDS)
    if options.exact:
        argv += ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-seed", str(options.seed),
                 "-rtc", "base=2024-01-01,clock=vm", "-smp", "1"]
        words.append("nokaslr")
    else:
        argv += ["-accel", accel, "-smp", str(options.smp)]
        argv += _files_args(options)
    for folder in firmware:
        argv += ["-L", folder]
    argv += ["-kernel", kernel.boot_image(), "-initrd", initrd]
    argv += _ports_args(chardevs)
    argv += ["-serial", "chardev:labconsole"]
    if options.device is not None:
        # With ACPI's hot-plug the root port never says that its link is up, and error recovery gives up.
        argv += ["-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
                 "-device", f"pcie-root-port,id={ROOT_PORT},chassis=1,slot=1"]
        source = ["chardev=labsource"] if "source" in chardevs else []
        argv += ["-device", device_words(source + options.device)]
    if options.verbose:
        words = [w for w in words if w not in ("quiet", "loglevel=5")] + ["loglevel=8"]
    if options.gdb:
        words.append("nokaslr")
        argv += ["-chardev", f"socket,id=labgdb,path={escaped(options.gdb)},server=on,wait=off",
                 "-gdb", "chardev:labgdb", "-S"]
    argv += ["-append", " ".join(words + options.append)]
    return [os.fspath(word) for word in argv + options.qemu_args]


def device_log_argv(path, events):
    """The device's trace events, each with its own virtual time and without the host's."""
    return ["-msg", "timestamp=off", "-D", str(path), "-d", ",".join(f"trace:{event}" for event in events)]


def check_assignments(words, what):
    """NAME=VALUE, and nothing that would break out of the place where it goes."""
    for word in words:
        if not re.match(r"[A-Za-z0-9_.-]+=.*\Z", word) or "\n" in word:
            raise ui.LabError(f"{what} takes NAME=VALUE, not {word!r}", ui.EXIT_USAGE)
    return list(words)
