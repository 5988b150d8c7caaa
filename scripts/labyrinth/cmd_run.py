# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab run` (and `make run`): data through the accelerator into the guest and out again, verified.

Contract: exits 0 only if every invariant held; build/results/run.json and the one-screen summary say what
was seen. The data that comes out is hashed here, on the host, as it leaves the guest.
"""
import argparse
import hashlib
import json
import os
import sys

from . import board, cmd_vm, machine, results, scratch, ui

MAX_QUEUES = 16
MIB = 1 << 20


def add_parser(commands):
    parser = commands.add_parser(
        "run", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=cmd_vm.STATUSES
        + "    1  an invariant did not hold; build/results/run.json says which",
        help="stream a file or the generator through the accelerator and verify it",
        description="Set up what is missing, boot the guest, stream a file (default: the guest's own kernel) or the "
                    "built-in generator through the accelerator, and check every byte and every page.")
    cmd_vm.add_machine_options(parser)
    add = parser.add_argument
    add("--source", choices=("file", "generator"), default="file", help="where the data comes from (default file)")
    add("--pages", type=int, default=100000, metavar="N", help="pages that the generator makes (default 100000)")
    add("--queues", type=int, default=1, metavar="N", help="queues to spread the pages over, 1 to 16 (default 1)")
    add("--mode", choices=("demand", "ring"), default="demand",
        help="demand: the device interrupts for a buffer; ring: buffers are posted ahead (default demand)")
    add("--json", action="store_true", help="print run.json instead of the summary")
    parser.set_defaults(call=main)


def _check(args):
    cmd_vm.check_arguments(args)
    if not 1 <= args.queues <= MAX_QUEUES:
        raise ui.LabError(f"QUEUES={args.queues}: the device has 1 to {MAX_QUEUES} queues", ui.EXIT_USAGE)
    if args.pages < 1:
        raise ui.LabError(f"PAGES={args.pages}: name 1 or more", ui.EXIT_USAGE)
    if not 0 <= args.seed < 1 << 64:
        raise ui.LabError(f"SEED={args.seed}: name a number from 0 to 2^64-1", ui.EXIT_USAGE)
    if args.source == "generator" and args.input:
        raise ui.LabError("INPUT and SOURCE=generator exclude each other", ui.EXIT_USAGE)


def _default_input(kernel):
    """A real file of at least 8 MiB that is there anyway: the kernel that the guest runs."""
    for image in (kernel.image, kernel.boot_image()):
        if image.stat().st_size >= 8 * MIB:
            return image
    return kernel.image


class _Counting:
    """Takes the data that comes out, counts it, hashes it, and shows how far it is."""

    def __init__(self, expected):
        self.bytes = 0
        self.hash = hashlib.sha256()
        self.expected = expected
        self.progress = ui.Progress("MiB")

    def take(self, data):
        self.bytes += len(data)
        self.hash.update(data)
        if self.expected:
            self.progress.at(self.bytes // MIB, max(1, self.expected // MIB))


def _hash_of(path):
    with open(path, "rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _command(args, report):
    words = ["labctl", "receive", "--queues", str(args.queues), "--mode", args.mode, "--json-out", str(report)]
    if args.source == "generator":
        return words + ["--source", "generator", "--pages", str(args.pages), "--seed", str(args.seed)]
    return words + ["--source", "stream", "--out", "-"]


def _timeout(args, input_bytes):
    """Long enough for a busy machine, short enough that a hang is seen."""
    pages = args.pages if args.source == "generator" else input_bytes // 4096
    return 120 + pages * (0.002 if args.firmware == board.KINDS[0] else 0.01)


def _facts(args, kernel, qemu, outcome, counted, input_path, report, firmware):
    """The content of run.json."""
    streamed = args.source == "file"
    run = {"schema": results.SCHEMA, "kernel": kernel.label(), "kernel_name": args.kernel, "qemu": qemu.version,
           "accel": outcome.accel, "firmware": firmware.facts() if firmware else board.IN_DEVICE, "smp": args.smp or 2, "mode": args.mode,
           "source": "stream" if streamed else "generator", "seed": args.seed,
           "input_bytes": input_path.stat().st_size if streamed else None,
           "output_bytes": counted.bytes if streamed else None,
           "sha256_in": _hash_of(input_path) if streamed else None,
           "sha256_out": counted.hash.hexdigest() if streamed else None}
    run["queues"] = [results.queue(row) for row in report["queues"]]
    run["total"] = results.total(run["queues"])
    run["pages"] = report["pool"]["owned"]
    run["warnings"] = len(outcome.warnings)
    run["boot_s"] = round(outcome.boot_seconds, 1)
    run["wall_s"] = round(outcome.seconds, 1)
    run["violations"] = results.violations(run, streamed)
    return run


def main(args):
    _check(args)
    args.device.append(f"queues={args.queues}")
    qemu, kernel, options = cmd_vm.prepare(args)
    input_path = None
    if args.source == "file":
        input_path = args.input or _default_input(kernel)
        ui.note(f"streaming {input_path} through the accelerator")
    size = input_path.stat().st_size if input_path else 0
    counted = _Counting(size)
    with scratch.folder() as folder:
        report_path = folder / "receive.json"
        options.command = _command(args, report_path)
        try:
            outcome = machine.run(qemu, kernel, options, args.timeout or _timeout(args, size),
                                  out=counted.take, input_path=input_path)
        finally:
            counted.progress.end()
        if outcome.status not in (0, 1, ui.EXIT_WARNED) or not report_path.is_file():
            return cmd_vm.report(outcome) or 1
        report = json.loads(report_path.read_text())
    run = _facts(args, kernel, qemu, outcome, counted, input_path, report, options.board)
    if outcome.status:
        run["violations"].append(outcome.reason or f"labctl receive ended with status {outcome.status}")
    path = results.write(run)
    print(json.dumps(run, indent=2) if args.json else results.summary(run))
    sys.stdout.flush()
    ui.note(f"the whole result: {os.path.relpath(path)}")
    if outcome.reason:
        cmd_vm.report(outcome)
    return outcome.status or (1 if run["violations"] else 0)
