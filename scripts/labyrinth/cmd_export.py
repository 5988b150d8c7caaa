# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab export`: what the last `make test` left, in a form that other test farms read."""
import json
import re
import sys
from pathlib import Path

from . import kcidb, paths, ui

LOGS = paths.RESULTS / "test"
FORMS = ("kcidb", "ktap", "lava")


def add_parser(commands):
    export = commands.add_parser(
        "export", help="the last test run's results for KernelCI, LAVA and others",
        description="Print the results of the last `scripts/lab test`: kcidb, one JSON object in the form of "
                    "KernelCI's database; ktap, one KTAP stream; lava, commands of a LAVA test shell. docs/farm.md says more.")
    export.add_argument("--form", choices=FORMS, default="kcidb", help="(default: kcidb)")
    export.add_argument("--origin", default="labyrinth", metavar="NAME",
                        help="what the submitter is called in KernelCI's database (default: labyrinth)")
    export.add_argument("--out", metavar="FILE", help="write there instead of to standard output")
    export.set_defaults(call=main)


def _results():
    path = paths.RESULTS / "test.json"
    if not path.is_file():
        raise ui.LabError("there are no results to export: run `make test` first", ui.EXIT_USAGE)
    return json.loads(path.read_text())


def _text(args):
    results = _results()
    if args.form == "kcidb":
        return json.dumps(kcidb.report(results, LOGS, args.origin), indent=1) + "\n"
    lines = kcidb.ktap(results, LOGS) if args.form == "ktap" else kcidb.lava(results, LOGS)
    return "".join(f"{line}\n" for line in lines)


def main(args):
    if not re.fullmatch(r"[a-z0-9_]+", args.origin):
        raise ui.LabError("--origin takes small letters, digits and underscores", ui.EXIT_USAGE)
    text = _text(args)
    if args.out:
        paths.write_atomically(Path(args.out).absolute(), text)
    else:
        sys.stdout.write(text)
    return 0
