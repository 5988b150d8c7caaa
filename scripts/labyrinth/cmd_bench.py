# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab bench`: run what tests/bench has and gather the figures.

Contract: a benchmark is an executable tests/bench/*/run that prints one JSON object per row; every row
goes to build/results/bench.json with the benchmark's name and the facts of the machine and the builds.
"""
import json
import os
import subprocess
import time

from . import packages, paths, proc, ui

BENCH = paths.ROOT / "tests" / "bench"


def add_parser(commands):
    parser = commands.add_parser("bench", help="run the benchmarks",
                                 description="Run tests/bench/*/run and write build/results/bench.json.")
    parser.add_argument("name", nargs="*", metavar="NAME", help="only these")
    parser.set_defaults(call=main)


def _rows(name, program):
    child = proc.popen([program], cwd=paths.ROOT, env={**os.environ, "LAB_BUILD": str(paths.BUILD)},
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    rows = []
    for line in child.stdout:
        print(line.decode(errors="replace"), end="", flush=True)
        if line.startswith(b"{"):
            rows.append({"bench": name, **json.loads(line)})
    if child.wait():
        raise ui.LabError(f"the benchmark {name} ended with status {child.returncode}", 1)
    if not rows:
        raise ui.LabError(f"the benchmark {name} printed no row", 1)
    return rows


def main(args):
    packages.install()
    programs = {p.parent.name: p for p in sorted(BENCH.glob("*/run"))}
    for name in args.name:
        if name not in programs:
            raise ui.LabError(f"no benchmark {name}; there are: {' '.join(programs) or 'none'}", ui.EXIT_USAGE)
    if not programs:
        raise ui.LabError("tests/bench has no benchmark")
    rows = []
    for name in args.name or programs:
        with ui.step(f"benchmark {name}"):
            rows += _rows(name, programs[name])
    result = {"schema": 1, "date": time.strftime("%Y-%m-%d"), "cores": os.cpu_count(), "rows": rows}
    path = paths.RESULTS / "bench.json"
    paths.write_atomically(path, json.dumps(result, indent=2) + "\n")
    ui.note(f"{len(rows)} rows: {os.path.relpath(path)}")
    return 0
