# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab life`: the device and the driver go and come back under full load, round after round.

Contract: KTAP on standard output. The guest has an IOMMU in its strict mode, so that what the device still does to
memory that was taken from it is seen; the slot's button is pressed through QEMU's monitor.
"""
import os
import re

from . import cmd_vm, kernels, machine, modules, qmp, ui, userland

KINDS = ("unbind", "module", "flr", "hotplug")
QUEUES = 4
IOMMU = ["-device", "intel-iommu,intremap=on"]
STRICT = ["intel_iommu=on", "iommu.strict=1"]
SECONDS_A_ROUND = 30    # of patience: a machine that does other things is slow
RESULT = re.compile(r"# life kind=(\w+) rounds=(\d+) over=(\d+) faults=(\d+) down_median_us=(\d+) down_max_us=(\d+) "
                    r"up_median_us=(\d+) up_max_us=(\d+)")
COUNTED = ["-icount", "shift=1"]
# With forced threading the kernel wakes the wrong one of this interrupt's two threads for a request through sysfs or
# the slot's button (irq_wake_thread() knows the first only), with or without a driver for what is in the slot.
NO_SLOT = ("on PREEMPT_RT the kernel's own pciehp never carries out a request to switch a slot off: without hotplug "
           "there; give the other kinds")
FIELDS = ("rounds", "over", "faults", "down_median_us", "down_max_us", "up_median_us", "up_max_us")


def add_parser(commands):
    life = commands.add_parser(
        "life", help="unbind, rmmod, FLR and hot-unplug under full load, round after round",
        description="Boot once and run ROUNDS rounds of each kind of going and coming back, all or those named, "
                    "while every queue is being read.")
    cmd_vm.add_machine_options(life)
    life.add_argument("--rounds", type=int, default=20, metavar="N", help="of each kind (default 20)")
    life.add_argument("--exact", action="store_true",
                      help="one processor, and the guest's clock counts its instructions: however busy the host is, "
                           "every round has to end in time")
    life.add_argument("kind", nargs="*", metavar="|".join(KINDS))
    life.set_defaults(call=main)


def prepare(args):
    """(qemu, kernel, options) of a guest for rounds."""
    if not any(word.startswith("queues=") for word in args.device):
        args.device.append(f"queues={QUEUES}")
    exact = getattr(args, "exact", False)
    if exact:
        args.smp = 1
    qemu, kernel, options = cmd_vm.prepare(args)
    modules.ready(kernel)
    options.qemu_args = IOMMU + (COUNTED if exact else []) + options.qemu_args
    options.append = STRICT + options.append
    options.env["LAB_KERNEL"] = args.kernel
    return qemu, kernel, options


def boot(prepared, rounds, seed, kinds=(), timeout=None, out=None):
    """One boot with so many rounds of each kind: an Outcome."""
    qemu, kernel, options = prepared
    options.command = [str(userland.life()), str(rounds), str(seed), *kinds]
    limit = 120 + SECONDS_A_ROUND * rounds * len(kinds or KINDS)
    return machine.run(qemu, kernel, options, limit if timeout is None else timeout, out=out,
                       partner=qmp.HotPlug(options.device))


def results(text):
    """{kind: {field: number}} of what the rounds printed."""
    return {found[0]: dict(zip(FIELDS, map(int, found[1:]))) for found in RESULT.findall(text)}


def main(args):
    cmd_vm.check_arguments(args)
    if not 1 <= args.rounds <= 1000000:
        raise ui.LabError("--rounds takes 1 to 1000000", ui.EXIT_USAGE)
    for kind in args.kind:
        if kind not in KINDS:
            raise ui.LabError(f"no kind {kind}; there are: {' '.join(KINDS)}", ui.EXIT_USAGE)
    try:
        prepared = prepare(args)
    except kernels.Unavailable as problem:
        print(f"TAP version 13\n1..0 # SKIP {problem}", flush=True)
        return 0
    if "hotplug" in (args.kind or KINDS) and "-rt" in prepared[1].release:
        raise ui.LabError(f"{prepared[1].release}: {NO_SLOT}", ui.EXIT_USAGE)
    output = bytearray()

    def out(data):
        output.extend(data)
        os.write(1, data)

    status = cmd_vm.report(boot(prepared, args.rounds, args.seed, args.kind, args.timeout, out))
    late = {kind: found["over"] for kind, found in results(output.decode(errors="replace")).items() if found["over"]}
    if args.exact and late and not status:
        raise ui.LabError("rounds that took longer than 2 s of the guest's time: "
                          + ", ".join(f"{n} of {kind}" for kind, n in late.items()), 1)
    return status
