# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab compare` (and `make compare`): the driver with each allocator, and DPDK, on the same traffic.

Contract: writes build/results/compare.json (docs/results.md) with all rows, also those that could not be run, each
with its reason, and prints tables. Exits with 0 if every row that could be run was right: same bytes, nothing lost;
a figure that was missed is printed and changes nothing.
"""
import argparse
import datetime
import json
import os
import shlex

from . import compare_figures, compare_guest, compare_matrix, compare_profile, compare_rows, compare_run, paths, ui

RESULT = paths.RESULTS / "compare.json"
SCHEMA = 1


def add_parser(commands):
    parser = commands.add_parser(
        "compare", formatter_class=argparse.RawDescriptionHelpFormatter,
        help="the driver with each allocator against DPDK, on the same traffic",
        description="Run the matrix allocator x mode x queues x page sizes x load in the guest under instruction\n"
                    "counting, on the same seeded traffic, and write build/results/compare.json.",
        epilog="With --row the rows are printed as JSON, and compare.json stays as it is.")
    add = parser.add_argument
    add("--full", action="store_true", help="all rows instead of the short matrix")
    add("--row", action="append", default=[], metavar="ID", help="only this row (see --list)")
    add("--profile", metavar="ID", help="run this row alone and print by function where its instructions go")
    add("--fresh", action="store_true",
        help="run also those rows that an earlier run of the same builds left in build/compare/rows")
    add("--list", action="store_true", help="name the rows and end")
    add("--tap", action="store_true", help="print TAP: a line a row")
    add("--jobs", type=int, default=os.cpu_count() or 1, metavar="N",
        help="guests at a time; changes no figure (default: one a processor)")
    parser.set_defaults(call=main)


def _named(ident):
    row = compare_matrix.named(ident)
    if row is None:
        raise ui.LabError(f"no row {ident}; `scripts/lab compare --full --list` names them", ui.EXIT_USAGE)
    return row


def _chosen(args):
    if not args.row:
        return compare_matrix.full() if args.full else compare_matrix.short()
    return [_named(ident) for ident in args.row]


def _machine(guest):
    return {"kernel": guest.kernel.label(), "qemu": guest.qemu.version, "accelerator": "tcg, -icount shift=0,sleep=off",
            "dpdk": guest.dpdk_version, "options": "one processor, nokaslr, mitigations=off", "cpu": compare_guest.CPU,
            "memory_mib": compare_guest.MEMORY}


def _result(args, guest, rows):
    words = ["make compare"] + (["FULL=1"] if args.full else [])
    return {"schema": SCHEMA, "made": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "command": " ".join(words), "seed": compare_matrix.SEED, "machine": _machine(guest), "rows": rows,
            "figures": compare_figures.figures(rows)}


def _tap(rows, wrong, figures):
    """Absent rows are skipped tests; what was wrong is one that failed."""
    lines = ["TAP version 13", f"1..{len(rows) + 1}"]
    for number, row in enumerate(rows, 1):
        what = f" # SKIP {row['absent']}" if row["absent"] else f": {row['instructions_per_page']:,.1f} instructions a page"
        lines.append(f"ok {number} - {row['id']}{what}")
    lines.append(f"{'not ' if wrong else ''}ok {len(rows) + 1} - every row that was run is right, of the same bytes")
    return "\n".join(lines + [f"# {line}" for line in [*wrong, *compare_figures.figures_table(figures).splitlines()]])


def main(args):
    chosen = _chosen(args)
    if args.list:
        print("\n".join(row.id for row in chosen))
        return 0
    if args.jobs < 1:
        raise ui.LabError("--jobs takes 1 or more", ui.EXIT_USAGE)
    profiled = _named(args.profile) if args.profile else None
    guest = compare_guest.Guest()
    if profiled:
        try:
            print(compare_profile.run(guest, profiled))
        except compare_guest.Absent as reason:
            raise ui.LabError(f"{profiled.id} is absent: {reason}", 1) from None
        return 0
    needed = {row for _, _, *pair in compare_figures.wanted() for row in pair}
    chosen.sort(key=lambda row: row not in needed)
    with ui.step(f"comparing in {len(compare_run.ordered(chosen))} rows"):
        found, wrong = compare_run.run(guest, chosen, args.jobs, args.fresh or bool(args.row))
    rows = [found[row.id] for row in chosen]
    wrong += compare_rows.same_bytes([(row, found[row.id]) for row in chosen])
    if args.row:
        print(json.dumps(rows if len(rows) > 1 else rows[0], indent=1))
    else:
        result = _result(args, guest, rows)
        paths.write_atomically(RESULT, json.dumps(result, indent=1) + "\n")
        if args.tap:
            print(_tap(rows, wrong, result["figures"]), flush=True)
        else:
            print(compare_figures.rows_table(rows))
            print(compare_figures.figures_table(result["figures"]), flush=True)
        ui.note(f"the whole result: {shlex.quote(os.path.relpath(RESULT))}")
    for fault in wrong:
        ui.error(fault)
    return 1 if wrong else 0
