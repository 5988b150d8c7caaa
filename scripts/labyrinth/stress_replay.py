# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab replay RESULT`: the runs of a stress.json again, compared by their event logs.

Contract: TAP; a scenario that is not replayable is refused by its name, with its reason. A run repeats what the
result says, scenario text, seed and kernel, and not what the files are by now.
"""
from . import stress_plan, stress_report, stress_run, stress_scenario, ui


def _chosen(path, content, names):
    results = {result["scenario"]: result for result in content["results"]}
    for name in names:
        if name not in results:
            raise ui.LabError(f"{path}: no scenario {name!r}; there are: {' '.join(results)}", ui.EXIT_USAGE)
        if not results[name]["replayable"]:
            raise ui.LabError(f"{name} is not replayable: {results[name]['reason']}", ui.EXIT_USAGE)
    chosen = [results[name] for name in names] if names else list(results.values())
    if not any(result["replayable"] for result in chosen):
        said = "; ".join(f"{r['scenario']}: {r['reason']}" for r in chosen) or "it has no results"
        raise ui.LabError(f"{path}: nothing in it is replayable: {said}", ui.EXIT_USAGE)
    return chosen


def _difference(name, log):
    """Where the log differs from that of the last run here, if that is still there."""
    path = stress_run.LOGS / f"{name}.log"
    before = path.read_bytes() if path.is_file() else b""
    for number, (old, new) in enumerate(zip(before.splitlines(), log.splitlines()), 1):
        if old != new:
            return f"line {number} of {path.name}: {old.decode(errors='replace')} | {new.decode(errors='replace')}"
    return ""


def _again(result, progress):
    """(name of the test, what is wrong or "")."""
    name, before = result["scenario"], result["facts"]["log"]
    what = f"{name}, seed {result['seed']}, on {result['kernel_name']}, gives the same event log"
    if before is None:
        return what, "the result has no event log to compare with"
    scenario = stress_scenario.parse(name, result["text"], f"{name} in the result")
    prepared = stress_plan.Machine(scenario, result["kernel_name"])
    progress.begin(name, len(scenario.events))
    path = stress_run.LOGS / f"{name}.log"
    kept = path.read_bytes() if path.is_file() else None
    again, log = stress_run.run(prepared, result["seed"], progress)
    progress.end(again)
    seen = again["facts"]["log"]["sha256"]
    if seen == before["sha256"]:
        return f"{what}, {seen[:16]}", ""
    if kept is not None:
        stress_run.paths.write_atomically(path, kept)
    same = again["builds"] == result["builds"]
    builds = "" if same else "; device, driver, kernel or tools were built anew meanwhile"
    return what, f"{seen[:16]} instead of {before['sha256'][:16]}{builds}\n{_difference(name, log)}"


def run(path, names):
    content = stress_report.load(path)
    chosen = _chosen(path, content, names)
    print(f"TAP version 13\n1..{len(chosen)}", flush=True)
    progress = stress_run.Progress(sum(result["replayable"] for result in chosen))
    bad = False
    for number, result in enumerate(chosen, 1):
        if not result["replayable"]:
            print(f"ok {number} - {result['scenario']} # SKIP not replayable: {result['reason']}", flush=True)
            continue
        try:
            what, wrong = _again(result, progress)
        finally:
            progress.end()
        bad |= bool(wrong)
        print(f"{'not ' * bool(wrong)}ok {number} - {what}", flush=True)
        for line in wrong.splitlines():
            print(f"# {line}", flush=True)
    return 1 if bad else 0
