# SPDX-License-Identifier: GPL-2.0-only
"""One row of the comparison in the guest: what is booted, what it is told, and what it said, as facts.

Contract: a row has a boot of its own, so that its figures are the same whatever ran before; nothing is traced while
pages are counted. What cannot be run is Absent with the reason; a guest that crashes, hangs or warns is a LabError.
"""
import json
import re

from . import cmd_vm, dpdk, guest, kernels, machine, modules, packages, paths, qemu_device, ui, userland
from .compare_matrix import DEPTH, MOD_PACKETS, MOD_USEC, SEED, SIZES

PROBE = paths.ROOT / "tests/bench/compare/probe"
CPU = "max,-cx16,-la57"
TIMEOUT = 900
MEMORY = 512
LEAVE_PAGES = 4000              # of the pressure, see hog.c
SAMPLE = 101                    # instructions between two looks of the profile: no divisor of a page
EVENTS = ("labyrinth_reg_*", "labyrinth_irq", "labyrinth_mark")
CODE = ("compare_guest.py", "compare_rows.py")     # what makes a row of what the guest said
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
	$RECEIVER "$@" 2> /tmp/said
	status=$?
	# From 82 to 87: something that DPDK needs is not there.
	[ "$status" -ge 82 ] && [ "$status" -le 87 ] && give_up "$(last /tmp/said)"
	[ "$status" -eq 0 ] || { say failed "the pass ended with $status: $(last /tmp/said)"; exit 0; }
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
            "--size-max", high, "--period-ns", period, "--depth", DEPTH, "--mode", row.mode]


def moderation(row):
    """None for a driver that polls."""
    return [] if row.driver == "dpdk-poll" else ["--mod-packets", MOD_PACKETS, "--mod-usec", MOD_USEC]


def _line(words):
    return " ".join(str(word) for word in words)


def _kernel_script(row, period, profile):
    """What the guest does: each byte checked once, then counted, then looked at by the probe."""
    words = traffic(row, period) + moderation(row)
    counted = words + ["--check", row.check, "--marks"]
    lines = [SCRIPT, "RECEIVER=receive", f"WORDS='{' '.join(driver_words(row))}'", "load"]
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


def _dpdk_script(row, period, profile):
    """The same with the application; it is the one that polls or waits."""
    how = moderation(row) + (["--busy"] if row.driver == "dpdk-poll" else ["--interrupt"])
    how += ["--mempool-ops", row.allocator, "--no-tap"]
    lines = [SCRIPT, "RECEIVER='dpdk-guest -- labyrinth-dpdk'"]
    if row.load in ("full", "one-percent"):
        lines.append(f"run checked {_line(traffic(row, 0) + how)} --check crc")
    lines.append(f"run counted {_line(traffic(row, period) + how)} --check {row.check} --marks")
    if profile:
        lines.append("cat /proc/kallsyms")
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
        code = [(paths.SCRIPTS / "labyrinth" / name).read_bytes() for name in CODE]
        self.builds = paths.digest(*code, self.kernel.label(), self.qemu.program.read_bytes(), repr(self.kernel.modules),
                                   *[part for item in sorted(self.files.items()) for part in item])
        self.dpdk_version, self.no_dpdk = None, ""
        try:
            self.dpdk_version = dpdk.version()
            self.builds = paths.digest(self.builds, dpdk.ready().read_bytes())
        except ui.LabError as problem:
            self.no_dpdk = str(problem).splitlines()[0]

    def options(self, row, profile=False):
        """guest.Options of a row, without its command."""
        qemu_args = ["-device", "labyrinth-meter" + (f",sample={SAMPLE}" if profile else "")]
        qemu_args += ["-cpu", f"{CPU},{row.cpu}"] if row.cpu else []
        options = guest.Options(smp=1, memory=MEMORY, append=[] if row.zeroing else ["init_on_alloc=0"],
                                device=[f"queues={row.queues}"], exact=True, cwd="/", path=["/bin"],
                                qemu_args=qemu_args, files=dict(self.files),
                                events=EVENTS + (("labyrinth_sample",) if profile else ()))
        if row.driver != "kernel":
            dpdk.add_to_exact(options, self.kernel)
        elif row.iommu:
            dpdk.add_iommu(options)
        return options

    def digest(self, row, period):
        """A name for all that a run of this row depends on."""
        script = _kernel_script if row.driver == "kernel" else _dpdk_script
        return paths.digest(self.builds, row, script(row, period, False), guest.KERNEL_WORDS, length=24)

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
        if row.driver != "kernel" and self.no_dpdk:
            raise Absent(self.no_dpdk)
        options = self.options(row, profile)
        script = _kernel_script if row.driver == "kernel" else _dpdk_script
        options.command = ["sh", "-c", script(row, period, profile)]
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
            if word == "failed":
                raise ui.LabError(rest, 1)
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
