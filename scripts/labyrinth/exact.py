# SPDX-License-Identifier: GPL-2.0-only
"""Runs that repeat to the byte: instruction counting, one processor, no file system of the host.

Contract: the same seed and the same builds give the same build/results/events.log: every trace event of
the device with its virtual time, then every labyrinth* trace event of the guest's kernel.
"""
from . import cmd_vm, guest, kernels, machine, packages, paths, qemu_device, ui, userland

LOG = paths.RESULTS / "events.log"
COMMAND_TIMEOUT = 300
PERIOD_NS = 100000      # between pages, so that each comes with interrupts of its own


def _refuse(args):
    for given, name in ((args.share, "--share"), (args.input, "--input"), (args.gdb, "--gdb"),
                        (args.smp not in (None, 1), "--smp other than 1")):
        if given:
            raise ui.LabError(f"--exact and {name} exclude each other: the host's timing would show in the run",
                              ui.EXIT_USAGE)


def prepare(args):
    """(qemu, kernel, options) of an exact run; the command is the caller's."""
    packages.install()
    kernel = kernels.get(args.kernel)
    qemu = qemu_device.ready()
    userland.ready()
    options = guest.Options(smp=1, memory=args.memory or 512, qemu_args=args.qemu_arg, append=args.append,
                            device=list(args.device), exact=True, seed=args.seed, cwd="/", path=["/bin"],
                            files={"lab/bin/labctl": (userland.BIN / "labctl.static").read_bytes()},
                            verbose=args.verbose)
    for path, words in [] if args.no_driver else cmd_vm.our_modules(kernel, args.module_param):
        options.files[f"lab/ko/{path.name}"] = path.read_bytes()
        options.modules.append((f"/lab/ko/{path.name}", words))
    return qemu, kernel, options


def events(outcome):
    """The event log of a run, device first."""
    return (b"# device\n" + outcome.device_log + b"# guest\n" + outcome.trace)


def run(qemu, kernel, options, timeout, out=None, err=None):
    outcome = machine.run(qemu, kernel, options, timeout, out, err)
    paths.write_atomically(LOG, events(outcome))
    return outcome


def run_command(args):
    """`scripts/lab vm --exact`."""
    _refuse(args)
    qemu, kernel, options = prepare(args)
    if not args.command:
        raise ui.LabError("--exact needs a COMMAND: a terminal would not repeat", ui.EXIT_USAGE)
    options.command = args.command
    outcome = run(qemu, kernel, options, COMMAND_TIMEOUT if args.timeout is None else args.timeout)
    ui.note(f"the event log: {LOG}")
    return outcome


def add_parser(commands):
    parser = commands.add_parser(
        "replay", help="show that the same seed gives the same run, or repeat those of a stress result",
        description="Run the generator twice with one seed and once with another under instruction counting, and "
                    "compare the event logs (every DMA, interrupt and allocation with its virtual time): the first "
                    "two must be the same to the byte, the third must differ. With RESULT, a stress.json: repeat the "
                    "replayable scenarios in it, with their seeds, and compare the event logs; the options are those "
                    "of the result then.")
    cmd_vm.add_machine_options(parser)
    parser.add_argument("result", nargs="?", metavar="RESULT", help="build/results/stress.json, or another one")
    parser.add_argument("--scenario", action="append", default=[], metavar="NAME", help="of RESULT: only this one")
    parser.add_argument("--pages", type=int, default=200, metavar="N", help="pages to receive (default 200)")
    parser.add_argument("--queues", type=int, default=2, metavar="N", help="queues (default 2)")
    parser.add_argument("--mode", choices=("demand", "ring"), default="demand")
    parser.set_defaults(call=main)


def _difference(one, two):
    for number, (left, right) in enumerate(zip(one.splitlines(), two.splitlines()), 1):
        if left != right:
            return (f"line {number}:\n    {left.decode(errors='replace')}\n    {right.decode(errors='replace')}")
    return f"lengths {len(one)} and {len(two)}"


def _logs(args):
    """The event logs of two runs with the seed and one with another."""
    qemu, kernel, options = prepare(args)
    found = []
    for seed in (args.seed, args.seed, args.seed + 1):
        options.seed = seed
        options.command = ["labctl", "receive", "--source", "generator", "--pages", str(args.pages), "--queues",
                           str(args.queues), "--mode", args.mode, "--seed", str(seed), "--period-ns", str(PERIOD_NS)]
        said = bytearray()
        with ui.step(f"exact run with seed {seed}"):
            outcome = run(qemu, kernel, options, args.timeout or COMMAND_TIMEOUT, out=said.extend, err=said.extend)
        if outcome.status:
            cmd_vm.report(outcome)
            raise ui.LabError(f"the run with seed {seed} ended with status {outcome.status}: "
                              f"{said.decode(errors='replace').strip()[-300:]}", 1)
        found.append(events(outcome))
    return found


def _verdicts(logs, args):
    """[(what must hold, what is wrong or "")]"""
    device, guest_log = logs[0].split(b"# guest\n")
    kinds = {"transfers": (device, b"labyrinth_dma"), "interrupts": (device, b"labyrinth_irq"),
             "allocations": (guest_log, b"labyrinth_alloc")}
    for what, (log, word) in kinds.items():
        count = sum(word in line for line in log.splitlines())
        yield f"the log has the {what}", "" if count else f"no line with {word.decode()}"
    same = logs[0] == logs[1]
    yield (f"seed {args.seed} twice gives the same {len(logs[0].splitlines())} lines",
           "" if same else f"they differ in {_difference(logs[0], logs[1])}")
    yield (f"seed {args.seed + 1} gives another log",
           "" if logs[0] != logs[2] else "it gave the same: the seed does nothing")


def main(args):
    cmd_vm.check_arguments(args)
    if args.result is not None:
        from . import stress_replay
        return stress_replay.run(args.result, args.scenario)
    if args.scenario:
        raise ui.LabError("--scenario is for RESULT: name the stress.json to repeat", ui.EXIT_USAGE)
    _refuse(args)
    if args.pages < 1 or not 1 <= args.queues <= 16:
        raise ui.LabError("--pages takes 1 or more, --queues 1 to 16", ui.EXIT_USAGE)
    args.device.append(f"queues={args.queues}")
    verdicts = list(_verdicts(_logs(args), args))
    print(f"TAP version 13\n1..{len(verdicts)}")
    for number, (what, wrong) in enumerate(verdicts, 1):
        print(f"{'not ' if wrong else ''}ok {number} - {what}")
        for line in wrong.splitlines():
            print(f"# {line}")
    return 1 if any(wrong for _, wrong in verdicts) else 0
