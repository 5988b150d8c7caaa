# SPDX-License-Identifier: GPL-2.0-only
"""What the last `make test` left, in the form of KernelCI's database (KCIDB's I/O schema, version 5.0).

Contract: one checkout, a build for each guest kernel that the suites ran on (and "host" for those without a guest), a
test for each suite and for each of its results. A suite's status is the launcher's verdict, not the log's. Nothing is
sent anywhere.
"""
import datetime
import re
import subprocess

from . import paths, suites, tap_list

VERSION = {"major": 5, "minor": 0}
HOST = "host"
LOG_EXCERPT = 16384


def word(text):
    """A part of a path, or of an id."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text.split(" # ")[0]).strip("_")[:100] or "unnamed"


def _git(*words):
    try:
        done = subprocess.run(["git", "-C", paths.ROOT, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return ""
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""


def _checkout(origin):
    """A clone's commit; without git, and with changes, an id of its own."""
    commit, changed = _git("rev-parse", "HEAD"), _git("status", "--porcelain")
    name = commit or "no-git"
    row = {"origin": origin, "valid": True, "tree_name": "labyrinth"}
    if commit:
        row["git_commit_hash"] = commit
        row["git_commit_name"] = _git("describe", "--always") or commit
    if changed:
        name += f"-{paths.digest(changed, _git('diff', 'HEAD'))}"
        row["comment"] = "with changes that are not committed"
    return {"id": f"{origin}:{name}", **row}


def kernel_of(suite):
    """The kernel that a suite is about: the one it names, else the first that must be there."""
    command = suite.command() if suite else []
    if "--kernel" in command:
        return command[command.index("--kernel") + 1]
    needs = [need.__name__ for need in suite.needs] if suite else []
    return next((name.removeprefix("kernel_") for name in needs if name.startswith("kernel_")), HOST)


def _build(origin, checkout, kernel):
    row = {"id": f"{checkout}-{kernel}", "origin": origin, "checkout_id": checkout, "architecture": "x86_64",
           "config_name": kernel, "status": "PASS"}
    row["comment"] = "what runs without a guest" if kernel == HOST else f"the modules for the guest's kernel {kernel}"
    return row


def _start(log, seconds):
    begin = log.stat().st_mtime - seconds
    return datetime.datetime.fromtimestamp(begin, datetime.timezone.utc).isoformat(timespec="seconds")


def _suite_tests(origin, build, row, log):
    """The suite itself, and each of its results."""
    name = row["suite"]
    path = f"labyrinth.{word(name)}"
    whole = {"id": f"{build}-{word(name)}", "origin": origin, "build_id": build, "path": path,
             "duration": row["seconds"], "comment": name,
             "environment": {"comment": "a guest in QEMU with the Labyrinth device; see docs/farm.md"}}
    if not log.is_file():
        return [{**whole, "status": "MISS"}]
    text = log.read_text(errors="replace")
    whole["status"] = "FAIL" if row["failed"] else "PASS" if row["passed"] else "SKIP"
    whole["start_time"] = _start(log, row["seconds"])
    if row["failed"]:
        whole["log_excerpt"] = text[-LOG_EXCERPT:]
    tests = [whole]
    for number, result in enumerate(tap_list.results(text.splitlines()), 1):
        test = {"id": f"{whole['id']}-{number}", "origin": origin, "build_id": build, "status": result.status,
                "path": ".".join([path, *map(word, result.parts), word(result.name)]), "comment": result.name}
        if result.reason:
            test["misc"] = {"reason": result.reason}
        tests.append(test)
    return tests


def report(results, logs, origin):
    """The whole object. `results`: test.json's; `logs`: the folder of the suites' logs."""
    known = {suite.name: suite for suite in suites.ALL}
    checkout = _checkout(origin)
    builds, tests = {}, []
    for row in results["suites"]:
        kernel = kernel_of(known.get(row["suite"]))
        build = builds.setdefault(kernel, _build(origin, checkout["id"], kernel))
        tests += _suite_tests(origin, build["id"], row, logs / f"{row['suite']}.log")
    return {"version": VERSION, "checkouts": [checkout], "builds": list(builds.values()), "tests": tests}


def ktap(results, logs):
    """All suites as one KTAP stream; a suite without a log is a failed one."""
    rows = results["suites"]
    yield "KTAP version 1"
    yield f"1..{len(rows)}"
    for number, row in enumerate(rows, 1):
        log = logs / f"{row['suite']}.log"
        found = tap_list.results(log.read_text(errors="replace").splitlines()) if log.is_file() else []
        yield f"  # Subtest: {row['suite']}"
        yield "  KTAP version 1"
        yield f"  1..{len(found)}"
        for inner, result in enumerate(found, 1):
            name = ".".join([*result.parts, result.name]).replace("#", "")
            skip = f" # SKIP {result.reason}" if result.status == "SKIP" else ""
            yield f"  {'not ' if result.status == 'FAIL' else ''}ok {inner} {name}{skip}"
        bad = row["failed"] or not log.is_file()
        skip = " # SKIP nothing of it ran" if not bad and not row["passed"] else ""
        yield f"{'not ' if bad else ''}ok {number} {row['suite']}{skip}"


def lava(results, logs):
    """Commands of a LAVA test shell, one for each result."""
    words = {"PASS": "pass", "FAIL": "fail", "SKIP": "skip", "MISS": "fail"}
    for test in report(results, logs, "lava")["tests"]:
        name = test["path"].removeprefix("labyrinth.")
        yield f"lava-test-case {name} --result {words[test['status']]}"
