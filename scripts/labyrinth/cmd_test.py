# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab test`: the suites, one after the other, counted.

Contract: each suite's output goes to build/results/test/NAME.log as it comes; a suite that ends with an
error or reports nothing counts as failed; the last lines are each failed test with what was said about
it, then the table, then `N passed, N failed, N skipped`, alone: the end of a log tells what failed.
"""
import json
import os
import subprocess
import sys
import time

from . import packages, paths, proc, suites, tap, ui

LOGS = paths.RESULTS / "test"
HEARTBEAT_SECONDS = 60
TOLD_WHOLE = 20     # failures; of more only the names are told at the end


def add_parser(commands):
    parser = commands.add_parser(
        "test", help="run the test suites",
        description="Run the suites of `make test`, of `make test-full` (--full), or those that are named. "
                    "Each one's output is in build/results/test/NAME.log.")
    parser.add_argument("--full", action="store_true", help="the long suites too")
    parser.add_argument("--list", action="store_true", help="name the suites and end")
    parser.add_argument("suite", nargs="*", metavar="SUITE")
    parser.set_defaults(call=main)


def _chosen(args):
    known = {suite.name: suite for suite in suites.ALL}
    for name in args.suite:
        if name not in known:
            raise ui.LabError(f"no suite {name}; there are: {' '.join(known)}", ui.EXIT_USAGE)
    if args.suite:
        return [known[name] for name in args.suite]
    return [suite for suite in suites.ALL if args.full or not suite.full]


def _follow(child, log, reader):
    """Read a suite's output to its end; say now and then that it still runs."""
    last = begin = time.monotonic()
    for line in child.stdout:
        log.write(line)
        log.flush()
        reader.line(line.decode(errors="replace"))
        now = time.monotonic()
        if now - last > HEARTBEAT_SECONDS:
            last = now
            ui.note(f"  {ui.duration(now - begin)}, {reader.count.passed} passed, {reader.count.failed} failed so far")
    return child.wait()


def _run(suite):
    """The Count of one suite."""
    reader = tap.Reader()
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / f"{suite.name}.log"
    env = {**os.environ, **suite.env()}
    with open(path, "wb") as log:
        child = proc.popen(suite.command(), cwd=paths.ROOT, env=env, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            status = _follow(child, log, reader)
        finally:
            if child.poll() is None:
                child.terminate()
                child.wait()
    count = reader.end()
    text = path.read_text(errors="replace")
    last = [line.strip() for line in text.rstrip().splitlines()[-tap.SAID:]]
    # more than a failed test: that the guest's kernel warned, say
    if status and (not count.failed or status in ui.EXITS_OF_GUEST):
        count.fail(f"ended with status {status}", last)
    elif not reader.any:
        count.fail("reported no test", last)
    if count.failed:
        ui.note(f"  end of {os.path.relpath(path)}:")
        print(proc.tail(text, 20), file=sys.stderr)
    return count


def failures_told(counts):
    """The lines that close a log: each failure of {suite: Count} by name, with what was said about it."""
    number = 0
    for suite, count in counts.items():
        for name, said in zip(count.failures, count.said):
            number += 1
            yield f"FAILED {suite}: {name}"
            if number <= TOLD_WHOLE:
                yield from (f"    {line[:proc.WIDTH]}" for line in said)


def _prepare(chosen):
    """What several suites need, so that no suite's time includes it twice."""
    packages.install()
    for need in dict.fromkeys(need for suite in chosen for need in suite.needs):
        need()


def main(args):
    chosen = _chosen(args)
    if args.list:
        for suite in suites.ALL:
            print(f"{suite.name:<18} {'full' if suite.full else 'test':<5} {suite.what}")
        return 0
    begin = time.monotonic()
    _prepare(chosen)
    total, rows, counts = tap.Count(), [], {}
    for suite in chosen:
        ui.note(f"suite {suite.name}: {suite.what}")
        start = time.monotonic()
        try:
            count = _run(suite)
        except ui.LabError as problem:
            count = tap.Count()
            count.fail(str(problem))
        counts[suite.name] = count
        seconds = time.monotonic() - start
        total.add(count)
        rows.append({"suite": suite.name, "passed": count.passed, "failed": count.failed, "skipped": count.skipped,
                     "failures": count.failures, "skips": count.skips, "seconds": round(seconds, 1)})
        ui.note(f"suite {suite.name}: {count.passed} passed, {count.failed} failed, {count.skipped} skipped "
                f"in {ui.duration(seconds)}")
        for line in count.failures:
            ui.note(f"  FAILED {line}")
        for line in count.skips:
            ui.note(f"  skipped {line}")
    paths.write_atomically(paths.RESULTS / "test.json",
                           json.dumps({"schema": 1, "suites": rows}, indent=2) + "\n")
    for line in failures_told(counts):
        print(line)
    for row in rows:
        print(f"{row['suite']:<18} {row['passed']:>6} passed {row['failed']:>4} failed {row['skipped']:>4} skipped "
              f"{row['seconds'] / 60:>6.1f} min")
    print(f"everything together: {(time.monotonic() - begin) / 60:.1f} min")
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped", flush=True)
    return 1 if total.failed or not total.passed else 0
