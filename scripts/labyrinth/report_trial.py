# SPDX-License-Identifier: GPL-2.0-only
"""The report's parts about run.json, stress.json and reliability.json: did it hold?

Contract: each verdict is in words, not by colour alone; what failed is told with what was said about it.
"""
from .report_html import Chart, element, fold, join, shown, table, verdict


def _routes(named_counts, title, says, params, command):
    """Stacked shares of the routes by which handlers took pages."""
    routes = list(dict.fromkeys(route for _, counts in named_counts for route in counts))
    totals = [sum(counts.values()) for _, counts in named_counts]
    if not any(totals):
        return None
    series = [{"name": route, "values": [100 * counts.get(route, 0) / total if total else 0
                                         for (_, counts), total in zip(named_counts, totals)]}
              for route in routes if any(counts.get(route) for _, counts in named_counts)]
    spec = {"kind": "stack", "unit": "% of the handler's pages", "labels": [name for name, _ in named_counts],
            "series": series}
    return Chart(title, says, spec, ["", "pages"] + routes,
                 [[name, total] + [counts.get(route, 0) for route in routes]
                  for (name, counts), total in zip(named_counts, totals)], params, command)


def repeat_run(run):
    """The command that makes such a run again."""
    words = ["make run", f"SOURCE={run['source'].replace('stream', 'file')}", f"QUEUES={len(run['queues'])}",
             f"MODE={run['mode']}", f"KERNEL={run['kernel_name']}"]
    if run["source"] == "generator":
        words.append(f"SEED={run['seed']} PAGES={run['total']['produced']}")
    return " ".join(words)


def run_section(run, page):
    total = run["total"]
    same = run["sha256_in"] is not None and run["sha256_in"] == run["sha256_out"]
    rows = [["produced by the device", total["produced"]], ["delivered to the reader", total["delivered"]],
            ["dropped", sum(total["dropped"].values())], ["interrupts", total["irqs"]],
            ["warnings of the guest's kernel", run["warnings"]],
            ["what came out is what went in", "the same SHA-256" if same else "no file" if run["sha256_in"] is None
             else "DIFFERENT"],
            ["the pool's pages at the end", ", ".join(f"{n} {shown(c)}" for n, c in run["pages"].items() if c)]]
    params = [("kernel", run["kernel"]), ("QEMU", f"{run['qemu']}, {run['accel']}"), ("CPUs", run["smp"]),
              ("mode", run["mode"]), ("source", run["source"]), ("queues", len(run["queues"]))]
    counts = [(f"queue {i}", queue["isr_allocs"]) for i, queue in enumerate(run["queues"])]
    chart = _routes(counts, "Routes of the handler's pages", "Which way each page came that an interrupt handler took: "
                    "`cpu` is the short way, each next one longer.", params, repeat_run(run))
    parts = [element("p", verdict(not run["violations"], "every invariant held", "violated: "
                                  + "; ".join(run["violations"]))),
             table(["", "in this run"], rows, "the run's counts")]
    return join(parts + ([page.add(chart)] if chart else []))


def _names(results):
    """Of scenarios, with the seed where one ran more than once."""
    names = [r["scenario"] for r in results]
    return [f"{r['scenario']}, seed {r['seed']}" if names.count(r["scenario"]) > 1 else r["scenario"] for r in results]


def repeat_stress(result):
    scenario = result["scenario"]
    return f"make stress SCENARIO={scenario} SEED={result['seed']} KERNEL={result['kernel_name']}"


def _stress_isr(results):
    there = [r for r in results if r.get("isr")]
    if not there:
        return None
    names = ("p50", "p99", "max")
    spec = {"kind": "dots", "unit": "instructions, tracing included", "labels": _names(there),
            "series": [{"name": name, "values": [r["isr"][name] for r in there]} for name in names]}
    return Chart("The interrupt handler under stress", "Instructions from entry to exit, with about 1,000 for each event "
                 "that is traced. Only scenarios that can be replayed have these figures.", spec,
                 ["scenario"] + list(names), [[label] + [r["isr"][name] for name in names]
                                                      for label, r in zip(_names(there), there)], [], "make stress")


def stress_section(content, page):
    results = content["results"]
    rows = []
    for r in results:
        red = [f"{v['verdict']}: {'; '.join(v['said'])}" for v in r["verdicts"] if not v["ok"]]
        rows.append([r["scenario"], verdict(r["ok"]), r["summary"], r["kernel_name"], r["seed"],
                     r["facts"]["total"]["delivered"], r["failures"].get("no_page"), r["lost"], r["recovery_ms"],
                     element("code", repeat_stress(r)), "; ".join(red)])
    good = sum(r["ok"] for r in results)
    parts = [element("p", f"{good} of {len(results)} scenarios kept every invariant: conservation of pages, right data, "
                     "no page lost, no warning, recovery afterwards."),
             table(["scenario", "verdict", "what it does", "kernel", "seed", "pages", "no page", "lost", "recovery ms",
                    "again"] + (["what was wrong"] if good < len(results) else []),
                   rows if good < len(results) else [row[:-1] for row in rows], "scoreboard of the stress scenarios")]
    chart = _routes([(label, r["allocations"]) for label, r in zip(_names(results), results)], "Routes under stress",
                    "Which way the handler's pages came in each scenario: the longer ones are taken when the pool is "
                    "short.", [("seed", content["seed"])], "make stress")
    return join(parts + [page.add(c) for c in (chart, _stress_isr(results)) if c])


def scoreboard(rows):
    """Fault by fault, each kernel beside the other."""
    kernels = list(dict.fromkeys(row["kernel"] for row in rows))
    faults = list(dict.fromkeys(row["fault"] for row in rows))
    found = {(row["fault"], row["kernel"]): row for row in rows}
    cells = []
    for fault in faults:
        line = [fault]
        for kernel in kernels:
            row = found.get((fault, kernel))
            line += [row["injected"], row["detected"], row["recovered"], row["lost"], verdict(row["ok"])] if row \
                else ["–"] * 4 + ["not tried"]
        cells.append(line)
    head = ["fault"] + [f"{kernel}: {word}" if len(kernels) > 1 else word for kernel in kernels
                        for word in ("injected", "detected", "recovered", "lost", "verdict")]
    return table(head, cells, "scoreboard of the faults")


def reliability_section(rows):
    good = sum(row["ok"] for row in rows)
    commands = [element("code", f"scripts/lab hostile --kernel {k} reliability") for k in
                dict.fromkeys(row["kernel"] for row in rows)]
    return join([element("p", f"{good} of {len(rows)}: the fault was injected, found, made good, and no page was lost."),
                 scoreboard(rows), element("p", element("span", "again: ", class_="name"), join(commands, " "))])


def missed(run, stress, reliability):
    """(what, why) of everything that did not hold; each argument may be None."""
    for text in (run or {}).get("violations", []):
        yield "make run", text
    for r in (stress or {}).get("results", []):
        for v in r["verdicts"]:
            if not v["ok"]:
                yield f"stress {r['scenario']}", f"{v['verdict']}: {'; '.join(v['said'])}"
    for row in (reliability or {}).get("rows", []):
        if not row["ok"]:
            yield (f"fault {row['fault']} on {row['kernel']}",
                   f"injected {shown(row['injected'])}, detected {shown(row['detected'])}, recovered "
                   f"{shown(row['recovered'])}, lost {shown(row['lost'])}")


def stress_faults(content):
    return fold("Faults that these scenarios injected", scoreboard(content["faults"])) if content["faults"] else ""
