# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab bench`: run what tests/bench has, gather the rows and judge the figures.

Contract: a benchmark is an executable tests/bench/NAME/run that prints one JSON object a line: rows as in
docs/results.md, and figures (bench_table.FIGURE), of which those with `must` true are asserted. Rows go to
build/results/bench.json, figures to figures.json; a benchmark that fails, prints a bad row or misses what
it must reach makes the status non-zero, after the others have run and all that was measured is written.
"""
import json
import os
import subprocess

from . import bench_table, packages, paths, proc, ui

BENCH = paths.ROOT / "tests" / "bench"


def add_parser(commands):
    parser = commands.add_parser(
        "bench", help="run the benchmarks",
        description="Run tests/bench/NAME/run, print tables and write build/results/bench.json and figures.json.")
    parser.add_argument("name", nargs="*", metavar="NAME", help="only these")
    parser.add_argument("--list", action="store_true", help="name the benchmarks and end")
    parser.add_argument("--samples", type=int, metavar="N",
                        help="calls or interrupts for each row of the pool (default 1000000)")
    parser.add_argument("--json", action="store_true", help="print bench.json instead of tables")
    parser.set_defaults(call=main)


def _stop(child):
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _run(name, program, samples, rows, figures):
    """Add what a benchmark prints to `rows` and `figures`; what was wrong with it, or nothing."""
    env = {**os.environ, "LAB_BUILD": str(paths.BUILD)}
    if samples:
        env["LAB_SAMPLES"] = str(samples)
    before = len(rows)
    child = proc.popen([program], cwd=paths.ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        for line in child.stdout:
            kind, found = bench_table.parse(name, line.decode(errors="replace"))
            (rows if kind == "row" else figures).append(found)
        status = child.wait()
    except ui.LabError as problem:
        return str(problem)
    finally:
        _stop(child)
        child.stdout.close()
    if status:
        return f"the benchmark {name} ended with status {status}"
    return "" if len(rows) > before else f"the benchmark {name} printed no row"


def _programs(args):
    programs = {p.parent.name: p for p in sorted(BENCH.glob("*/run"))}
    if not programs:
        raise ui.LabError("tests/bench has no benchmark: this clone is not whole")
    for name in args.name:
        if name not in programs:
            raise ui.LabError(f"no benchmark {name}; there are: {' '.join(programs)}", ui.EXIT_USAGE)
    return {name: programs[name] for name in dict.fromkeys(args.name or programs)}


def _write(name, what):
    path = paths.RESULTS / name
    paths.write_atomically(path, json.dumps(what, indent=1) + "\n")
    return os.path.relpath(path)


def main(args):
    if args.samples is not None and not 1 <= args.samples <= 100000000:
        raise ui.LabError("--samples takes 1 to 100000000", ui.EXIT_USAGE)
    programs = _programs(args)
    if args.list:
        print("\n".join(programs))
        return 0
    packages.install()
    rows, figures, wrong = [], [], []
    for name, program in programs.items():
        first_row, first_figure = len(rows), len(figures)
        with ui.step(f"benchmark {name}"):
            fault = _run(name, program, args.samples, rows, figures)
        if not args.json:
            print(bench_table.tables(rows[first_row:]), flush=True)
        missed = [f["figure"] for f in figures[first_figure:] if f["must"] and not bench_table.held(f)]
        # A benchmark that ends with an error because it missed is not wrong twice.
        wrong += [f"{name} must reach `{figure}` and missed it" for figure in missed] or ([fault] if fault else [])
    if args.json:
        print(json.dumps(rows, indent=1))
    else:
        print(bench_table.figures(figures), flush=True)
    ui.note(f"{len(rows)} rows: {_write('bench.json', rows)}; "
            f"{len(figures)} figures: {_write('figures.json', {'schema': 1, 'figures': figures})}")
    for fault in wrong:
        ui.error(fault)
    return 1 if wrong else 0
