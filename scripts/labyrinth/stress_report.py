# SPDX-License-Identifier: GPL-2.0-only
"""build/results/stress.json, and what a person reads of it.

Contract: docs/results.md describes every field. load() gives a result that is whole and of this schema, or a
LabError that names the file and what is wrong with it.
"""
import json

from . import paths, stress_verdict, ui

SCHEMA = 1
KIND = "stress"
PATH = paths.RESULTS / "stress.json"
TOP = {"schema": int, "kind": str, "seed": int, "accel": str, "results": list, "faults": list, "ok": bool}
EACH = {"scenario": str, "text": str, "kernel": str, "kernel_name": str, "seed": int, "replayable": bool,
        "reason": str, "builds": str, "verdicts": list, "facts": dict, "ok": bool}


def whole(results, seed):
    """The content of stress.json."""
    return {"schema": SCHEMA, "kind": KIND, "seed": seed, "accel": "tcg",
            "results": results, "faults": [row for result in results for row in result["faults"]],
            "ok": all(result["ok"] for result in results)}


def write(content):
    paths.write_atomically(PATH, json.dumps(content, indent=1) + "\n")
    return PATH


def _typed(path, what, value, fields):
    for name, kind in fields.items():
        if not isinstance(value, dict) or name not in value:
            raise ui.LabError(f"{path}: {what} has no field {name!r}; make it again with `scripts/lab stress`",
                              ui.EXIT_USAGE)
        if not isinstance(value[name], kind) or (kind is int and isinstance(value[name], bool)):
            raise ui.LabError(f"{path}: {what}: {name} is no {kind.__name__}", ui.EXIT_USAGE)


def load(path):
    path = paths.Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ui.LabError(f"{path}: no such file; `scripts/lab stress` writes {PATH.relative_to(paths.ROOT)}",
                          ui.EXIT_USAGE) from None
    except (OSError, UnicodeDecodeError) as problem:
        raise ui.LabError(f"{path}: cannot be read: {problem}", ui.EXIT_USAGE) from None
    except ValueError as problem:
        raise ui.LabError(f"{path}: cut off or no JSON ({problem}); make it again with `scripts/lab stress`",
                          ui.EXIT_USAGE) from None
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise ui.LabError(f"{path}: no result of `scripts/lab stress` (kind is not {KIND!r})", ui.EXIT_USAGE)
    if content.get("schema") != SCHEMA:
        raise ui.LabError(f"{path}: schema {content.get('schema')!r}, but this launcher reads {SCHEMA}; make it again "
                          "with `scripts/lab stress`", ui.EXIT_USAGE)
    _typed(path, "the file", content, TOP)
    for number, result in enumerate(content["results"], 1):
        _typed(path, f"result {number}", result, EACH)
        if result["replayable"]:
            _typed(path, f"result {number}: facts", result["facts"], {"log": (dict, type(None))})
    return content


def _count(number):
    return "-" if number is None else f"{number:,}"


def _cost(result, name):
    cost = result[name]
    if cost is None:
        return "not measured"
    return f"p50 {cost['p50']:,}  p99 {cost['p99']:,}  p99.9 {cost['p999']:,}  max {cost['max']:,}"


def _named(counts):
    return ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in counts.items() if count) or "none"


def one(result):
    """The lines about one scenario."""
    total = result["facts"]["total"]
    yield f"{'good' if result['ok'] else 'RED '}  {result['scenario']}: {result['summary']}"
    yield (f"      {result['kernel_name']}, seed {result['seed']}, {result['machine']['cpus']} CPU, "
           f"{result['machine']['memory_mib']} MiB{', IOMMU' * (result['machine']['iommu'] == 'strict')}; "
           f"{_count(result['guest_ms'])} ms of the guest's time")
    yield (f"      pages: produced {total['produced']:,}, delivered {total['delivered']:,}, discarded "
           f"{total['discarded']:,}, dropped: {_named(total['dropped'])}; "
           f"without a whereabouts {_count(result['lost'])}"
           + (f"; refused {total['invalid']:,}" if total["invalid"] else "")
           + (f"; {total['cut']:,} sessions cut off, {total['cut_pages']:,} pages in them" if total["cut"] else ""))
    yield f"      ISR took: {_named(result['allocations'])}; failed: {_named(result['failures'])}"
    if result["replayable"]:
        yield f"      ISR, instructions (traced): {_cost(result, 'isr')}"
        if result["request_to_grant"]:
            yield f"      request to grant, instructions (traced): {_cost(result, 'request_to_grant')}"
        if result["facts"]["log"]:
            yield f"      event log: {result['facts']['log']['lines']:,} lines, {result['facts']['log']['sha256'][:16]}"
    else:
        yield f"      ISR: not measured ({result['reason']})"
    ended = f"{total['resets']:,} by resets, {total['gone']:,} because the device was gone"
    yield f"      recovery {_count(result['recovery_ms'])} ms; sessions {total['sessions']:,}, ended {ended}"
    for row in result["faults"]:
        yield (f"      {'good' if row['ok'] else 'RED '}  {row['fault']}: injected {row['injected']:,}, detected "
               f"{_count(row['detected'])}, lost {_count(row['lost'])}")
    for verdict in result["verdicts"]:
        for line in verdict["said"]:
            yield f"      RED   {verdict['verdict']}: {line}"


def table(content):
    """The last lines: one for each scenario."""
    head = ("scenario", "seed", "pages", "ISR pages", "no page", "failed", "lost", "recovery", "ISR p50", "p99",
            "p99.9", "max", "verdict")
    rows = [head]
    for result in content["results"]:
        isr = result["isr"]
        cost = [f"{isr[key]:,}" for key in ("p50", "p99", "p999", "max")] if isr else ["-"] * 4
        rows.append((result["scenario"], str(result["seed"]), f"{result['facts']['total']['delivered']:,}",
                     f"{sum(result['allocations'].values()):,}", f"{result['failures']['no_page']:,}",
                     f"{result['failures']['made_to_fail']:,}", _count(result["lost"]),
                     f"{_count(result['recovery_ms'])} ms", *cost, "good" if result["ok"] else "RED"))
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for row in rows:
        yield "  ".join(word.ljust(width) if i == 0 else word.rjust(width)
                        for i, (word, width) in enumerate(zip(row, widths)))


def summary(content):
    lines = [line for result in content["results"] for line in one(result)]
    lines += ["", *table(content), "", "ISR: instructions, tracing included; - where the host's time is in it"]
    pages = sum(sum(result["allocations"].values()) for result in content["results"])
    red = [result["scenario"] for result in content["results"] if not result["ok"]]
    lines.append(f"{len(content['results'])} scenarios, {pages:,} pages from interrupt handlers: "
                 + (f"RED: {' '.join(red)}" if red else "every invariant held"))
    return "\n".join(lines)


def tap(content):
    """As the suites want it: a test for each verdict of each scenario."""
    tests = [(result, verdict) for result in content["results"] for verdict in result["verdicts"]]
    yield f"TAP version 13\n1..{len(tests)}"
    for number, (result, verdict) in enumerate(tests, 1):
        yield (f"{'' if verdict['ok'] else 'not '}ok {number} - {result['scenario']}: "
               f"{stress_verdict.WHAT[verdict['verdict']]}")
        yield from (f"# {line}" for line in verdict["said"])
