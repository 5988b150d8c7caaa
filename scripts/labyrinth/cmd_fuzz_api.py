# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab fuzz-api`: a seeded fuzzer of the user API, in the guest.

Contract: KTAP on standard output. The same seed gives every thread the same sequence of calls; how the threads
interleave is the guest's.
"""
import re

from . import cmd_vm, kernels, machine, modules, ui, userland

QUEUES = 4
CALLS = 19000      # two rounds of checks
CALLS_A_SECOND = 30     # of patience
RESULT = re.compile(r"# fuzz-api seed=(\d+) calls=(\d+) kinds=(\d+) errnos=(\d+) resets=(\d+) binds=(\d+) rounds=(\d+) "
                    r"pcs=(\d+) kept=(\d+)")
FIELDS = ("calls", "kinds", "errnos", "resets", "binds", "rounds", "pcs", "kept")


def add_parser(commands):
    fuzz = commands.add_parser(
        "fuzz-api", help="fuzz /dev/labyrinthN, its sysfs and its debugfs from a guest",
        description="Boot once (by default the debug kernel) and make CALLS calls of one seed. With KCOV in the kernel, "
                    "what reached new code of the driver is kept and gone on from.")
    cmd_vm.add_machine_options(fuzz)
    fuzz.add_argument("--calls", type=int, default=CALLS, metavar="N", help=f"how many (default {CALLS:,})")
    fuzz.add_argument("--no-cover", action="store_true", help="do not let the kernel's coverage guide it")
    fuzz.set_defaults(call=main, kernel="debug")


def prepare(args):
    """(qemu, kernel, options) of a guest to be fuzzed."""
    if not any(word.startswith("queues=") for word in args.device):
        args.device.append(f"queues={QUEUES}")
    prepared = cmd_vm.prepare(args)
    modules.ready(prepared[1])
    return prepared


def boot(prepared, calls, seed, cover=True, timeout=None, out=None):
    """One boot: an Outcome."""
    qemu, kernel, options = prepared
    options.command = [str(userland.fuzz_api()), str(seed), str(calls)] + ([] if cover else ["no-cover"])
    limit = 180 + calls / CALLS_A_SECOND
    return machine.run(qemu, kernel, options, limit if timeout is None else timeout, out=out)


def results(text):
    """{field: number} of what the fuzzer printed; empty if it did not come so far."""
    found = RESULT.search(text)
    return dict(zip(FIELDS, map(int, found.groups()[1:]))) if found else {}


def main(args):
    cmd_vm.check_arguments(args)
    if not 1 <= args.calls <= 10**9:
        raise ui.LabError("--calls takes 1 to 1000000000", ui.EXIT_USAGE)
    try:
        prepared = prepare(args)
    except kernels.Unavailable as problem:
        print(f"TAP version 13\n1..0 # SKIP {problem}", flush=True)
        return 0
    return cmd_vm.report(boot(prepared, args.calls, args.seed, not args.no_cover, args.timeout))
