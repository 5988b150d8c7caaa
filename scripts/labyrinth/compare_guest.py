# SPDX-License-Identifier: GPL-2.0-only
"""One row of the comparison in the guest: what is booted, what it is told, and what it said, as facts.

Contract: a row has a boot of its own, so that its figures are the same whatever ran before; nothing is traced while
pages are counted. What cannot be run is Absent with the reason; a guest that crashes, hangs or warns is a LabError.
"""
import json
import re

from . import cmd_vm, guest, kernels, machine, modules, packages, paths, qemu_device, ui, userland
from .compare_matrix import DEPTH, MOD_PACKETS, MOD_USEC, SEED, SIZES

PROBE = paths.ROOT / "tests/bench/compare/probe"
CPU = "max,-cx16,-la57"
IOMMU_ARGS = ["-M", "kernel-irqchip=split", "-device", "intel-iommu,intremap=on,aw-bits=48"]
TIMEOUT = 900
MEMORY = 512
LEAVE_PAGES = 4000              # of the pressure, see hog.c
SAMPLE = 101                    # instructions between two looks of the profile: no divisor of a page
EVENTS = ("labyrinth_reg_*", "labyrinth_irq", "labyrinth_mark")
_MARK = re.compile(r"^labyrinth_mark t (\d+) instructions (\d+) mark (\d+)$")
_SAMPLE = re.compile(r"^labyrinth_sample t \d+ pc 0x([0-9a-f]+) idle (\d)$")

# Says what it finds as "@ WORD TEXT"; ends at the first thing that does not work, with its last words.
SCRIPT = r"""
say() { echo "@ $*"; }
give_up() { say absent "$1"; exit 0; }
last() { tail -n 1 "$1" | cut -c 1-300; }
param() { cat "/sys/module/labyrinth/parameters/$1" 2> /dev/null; }
load() {
	insmod /lab/ko/labyrinth_pool.ko && insmod /lab/ko/labyrinth.ko $WORDS && [ -e /dev/labyrinth0 ] ||
		give_up "the driver does not load: $(dmesg | grep labyrinth | tail -n 1)"
	for word in $WORDS; do
		[ -e "/sys/module/labyrinth/parameters/${word%%=*}" ] || give_up "this driver has no parameter ${word%%=*}"
	done
}
run() {
	say pass "$1"
	shift
	receive "$@" 2> /tmp/said || give_up "the receiver ended with $?: $(last /tmp/said)"
}
state() {
	cat /sys/kernel/debug/labyrinth/*/allocator 2> /dev/null | sed 's/^/@ state /'
}
"""


class Absent(Exception):
    """This row has no figure, and why."""


def driver_words(row):
    """labyrinth.ko's parameters."""
    words = [f"policy={row.policy}"] if row.policy else []
    words += [f"allocator={row.allocator}"] if row.allocator != "labyrinth" else []
    words += [f"bottom={row.bottom}"] if row.bottom != "hardirq" else []
    return words


def traffic(row, period):
    """The options that the receiver and the DPDK application share."""
    low, high = SIZES[row.sizes]
    return ["--queues", row.queues, "--pages", row.pages, "--warm", row.warm, "--seed", SEED, "--size-min", low,
            "--size-max", high, "--period-ns", period, "--depth", DEPTH, "--mod-packets", MOD_PACKETS, "--mod-usec",
            MOD_USEC, "--mode", row.mode]


def _line(words):
    return " ".join(str(word) for word in words)


def _kernel_script(row, period, profile):
    """What the guest does: each byte checked once, then counted, then looked at by the probe."""
    words = traffic(row, period)
    counted = words + ["--check", row.check, "--marks"]
    lines = [SCRIPT, f"WORDS='{' '.join(driver_words(row))}'", "load"]
    if row.load in ("full", "one-percent"):
        lines.append(f"run checked {_line(traffic(row, 0))} --check crc")
    if row.load == "pressure":
        lines.append("insmod /lab/ko/compare_probe.ko || give_up 'the probe does not load'")
        span = period * row.pages // row.queues // 1000
        counted += ["--start", f"'/sys/kernel/debug/compare/hog={LEAVE_PAGES} {span // 4} {span // 4}'"]
    if row.load in ("pressure", "overload"):
        counted += ["--timeline", row.pages // 100]
    lines += [f"run counted {_line(counted)}", "state"]
    if profile:
        lines.append("cat /proc/kallsyms")
    elif row.load in ("full", "one-percent"):
        lines += ["insmod /lab/ko/compare_probe.ko || give_up 'the probe does not load'",
                  f"run probed {_line(words)} --check {row.check}",
                  "sed 's/^/@ isr /' /sys/kernel/debug/compare/isr",
                  "sed 's/^/@ softirq /' /sys/kernel/debug/compare/softirq"]
    return "\n".join(lines) + "\n"


class Guest:
    """What all rows need, built once."""

    def __init__(self):
        packages.install()
        self.kernel = kernels.get("stock")
        self.qemu = qemu_device.ready()
        files = {"lab/bin/receive": userland.compare()}
        for path, _ in cmd_vm.our_modules(self.kernel, []):
            files[f"lab/ko/{path.name}"] = path
        for path in modules.foreign(self.kernel, PROBE, False):
            files[f"lab/ko/{path.name}"] = path
        self.files = {name: path.read_bytes() for name, path in files.items()}

    def append(self, row):
        return [] if row.zeroing else ["init_on_alloc=0"]

    def options(self, row, profile=False):
        """guest.Options of a row, without its command."""
        append = self.append(row) + (["intel_iommu=on"] if row.iommu else [])
        qemu_args = IOMMU_ARGS if row.iommu else []
        if row.cpu:
            qemu_args = qemu_args + ["-cpu", f"{CPU},{row.cpu}"]
        sample = f",sample={SAMPLE}" if profile else ""
        return guest.Options(smp=1, memory=MEMORY, append=append, device=[f"queues={row.queues}"], exact=True, cwd="/",
                             path=["/bin"], qemu_args=qemu_args + ["-device", f"labyrinth-meter{sample}"],
                             files=dict(self.files), events=EVENTS + (("labyrinth_sample",) if profile else ()))

    def boot(self, options):
        """(what the guest printed, the device's log)"""
        said, complaints = bytearray(), bytearray()
        outcome = machine.run(self.qemu, self.kernel, options, TIMEOUT, out=said.extend, err=complaints.extend)
        if outcome.status:
            why = outcome.reason or complaints.decode(errors="replace").strip()[-300:] or f"status {outcome.status}"
            raise ui.LabError(f"the guest failed: {why}\n{outcome.excerpt}".rstrip(), 1)
        return said.decode(errors="replace"), outcome.device_log.decode(errors="replace")

    def run(self, row, period, profile=False):
        """The facts of a row; raises Absent."""
        options = self.options(row, profile)
        if row.driver == "kernel":
            options.command = ["sh", "-c", _kernel_script(row, period, profile)]
        else:
            raise Absent("there is no DPDK application in this clone")
        return facts(*self.boot(options))


def facts(said, log):
    """What one boot said: {"passes", "state", "isr", "softirq", "marks", "mmio_reads", ...}; raises Absent."""
    found = {"passes": {}, "state": {}, "isr": [], "softirq": [], "symbols": []}
    name = ""
    for line in said.splitlines():
        word, _, rest = line.partition(" ")
        if word == "@":
            word, _, rest = rest.partition(" ")
            if word == "absent":
                raise Absent(rest)
            if word == "pass":
                name = rest
            elif word == "state":
                found["state"].update(_pairs(rest))
            elif word in ("isr", "softirq"):
                found[word].append(int(rest))
        elif line.startswith("# compare "):
            found["passes"][name] = json.loads(line[len("# compare "):])
        elif re.match(r"[0-9a-f]{16} [a-zA-Z] ", line):
            found["symbols"].append(line)
    found.update(_between_marks(log))
    return found


def _pairs(line):
    """{NAME: VALUE} of a line; a configuration is one value, to the line's end."""
    if line.startswith("configuration="):
        return {"configuration": line.partition("=")[2]}
    return dict(word.split("=", 1) for word in line.split() if "=" in word)


def _between_marks(log):
    """Instructions, time, register accesses and interrupts between the last two marks, and the profile's looks."""
    lines = log.splitlines()
    marks = [(number, found) for number, line in enumerate(lines) if (found := _MARK.match(line))]
    if len(marks) < 2:
        return {"marks": None}
    (first, begin), (last, end) = marks[-2:]
    between = lines[first + 1:last]

    def count(event):
        return sum(line.startswith(event + " ") for line in between)
    return {"marks": {"instructions": int(end[2]) - int(begin[2]), "virtual_ns": int(end[1]) - int(begin[1])},
            "mmio_reads": count("labyrinth_reg_read"), "mmio_writes": count("labyrinth_reg_write"),
            "device_interrupts": count("labyrinth_irq"),
            "samples": [(int(found[1], 16), found[2] == "1") for line in between if (found := _SAMPLE.match(line))]}
