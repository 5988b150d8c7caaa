# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab dpdk`: the accelerator in the guest without a kernel driver, behind vfio-pci and an IOMMU.

Contract: TAP of the application on standard output. Where it cannot run the exit status says why (dpdk.WHY), with
one line on standard error; nothing is left out in silence.
"""
import argparse

from . import cmd_vm, dpdk, exact, machine, ui

STATUSES = "exit status, beside those of `scripts/lab vm`:\n" + "".join(
    f"  {status:>3}  {why}\n" for status, why in dpdk.WHY.items())
EXAMPLES = """
examples:
  scripts/lab dpdk -- --queues 4 --pages 100000
  scripts/lab dpdk -- --interrupt --mod-packets 16 --mod-usec 100
  scripts/lab dpdk -- --mempool-ops labyrinth --cache 0
  scripts/lab dpdk --exact -- --busy --no-tap          # instructions counted, one processor
"""
TIMEOUT = 600


def add_parser(commands):
    parser = commands.add_parser(
        "dpdk", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=STATUSES + EXAMPLES,
        help="receive with a DPDK poll-mode driver instead of the kernel's",
        description="Boot with an IOMMU and huge pages, give the accelerator to vfio-pci, and receive the generator's "
                    "pages with the DPDK application in tests/bench/dpdk; words after -- are its own (-- --help).")
    cmd_vm.add_machine_options(parser)
    parser.add_argument("--exact", action="store_true", help="count instructions: one processor, no shared files")
    parser.add_argument("--no-iommu", action="store_true", help="to see what happens without one")
    parser.add_argument("--bind", default="vfio-pci", metavar="DRIVER",
                        help="bind the device to another driver, or `none`: leave it (default vfio-pci)")
    parser.add_argument("--huge", type=int, default=48, metavar="N", help="huge pages of 2 MiB (default 48)")
    parser.add_argument("words", nargs="*", metavar="WORD", help="after --: words for the application")
    parser.set_defaults(call=main)


def _queues(words):
    """How many queues the application is told to use, for the device to have them."""
    for word, after in zip(words, words[1:] + [""]):
        if word == "--queues" and after.isdigit() and 1 <= int(after) <= 16:
            return int(after)
        if word.startswith("--queues=") and word[9:].isdigit() and 1 <= int(word[9:]) <= 16:
            return int(word[9:])
    return 1


def prepare(args):
    """(qemu, kernel, options) of a guest in which the application runs; the command is the caller's."""
    if not any(word.startswith("queues=") for word in args.device):
        args.device.append(f"queues={max(4, _queues(args.words))}")
    if args.exact:
        args.no_driver = True
        qemu, kernel, options = exact.prepare(args)
        dpdk.add_to_exact(options, kernel)
        return qemu, kernel, options
    qemu, kernel, options = cmd_vm.prepare(args)
    dpdk.ready()
    options.modules += [(path, []) for path in dpdk.kernel_modules(kernel)]
    if not args.no_iommu:
        dpdk.add_iommu(options)
    return qemu, kernel, options


def main(args):
    cmd_vm.check_arguments(args)
    if not 0 <= args.huge <= 100000:
        raise ui.LabError("--huge takes 0 to 100000", ui.EXIT_USAGE)
    if args.exact and args.no_iommu:
        raise ui.LabError("--exact and --no-iommu exclude each other", ui.EXIT_USAGE)
    # The kernel's driver only where the device is to be left to it.
    args.no_driver = args.no_driver or args.bind == "vfio-pci"
    dpdk.version()
    qemu, kernel, options = prepare(args)
    program = ["dpdk-guest"] if args.exact else ["sh", str(dpdk.GUEST)]
    options.command = [*program, "--bind", args.bind, "--huge", str(args.huge), "--",
                       "labyrinth-dpdk" if args.exact else str(dpdk.APP), *args.words]
    outcome = machine.run(qemu, kernel, options, TIMEOUT if args.timeout is None else args.timeout)
    return cmd_vm.report(outcome)
