# SPDX-License-Identifier: GPL-2.0-only
"""The report's part about bench.json and figures.json: what a page costs, call by call.

Contract: charts of what a reader looks for first; every row of the file stands in a fold, whether a chart shows it
or not. A ratio says how many times labyrinth's figure another one is, in the same rows' unit.
"""
from . import bench_table
from .report_html import Chart, Html, beside, common, element, fold, join, plain, shown, table, times, verdict

OWN = bench_table.OWN
SIGNS = {"<=": "≤", ">=": "≥"}
# The machine that a row was measured on
MACHINE = ("kernel", "cpu", "cpus", "mitigations", "init_on_alloc", "iommu", "icount")


def _machine(row):
    return [(name, row["params"][name]) for name in MACHINE if name in row["params"]]


def ours(name):
    return name == OWN or name.startswith(OWN + " ")


def colour(name):
    return "own" if ours(name) else "dpdk" if "rte_" in name or "dpdk" in name.lower() else "other"


def _raw(rows):
    same, names = common([row["params"] for row in rows])
    head = list(bench_table.FIELDS[1:-1]) + names
    cells = [[row[field] for field in head[:len(bench_table.FIELDS) - 2]]
             + [plain(row["params"].get(name)) for name in names] for row in rows]
    pairs = [(name, plain(value)) for name, value in same]
    return fold(f"Every row of {rows[0]['suite']} ({len(rows)})",
                element("p", join((join((element("span", n, class_="name"), " ", v)) for n, v in pairs), " · ")),
                table(head, cells, f"rows of {rows[0]['suite']}"))


def _pairs(rows, zeroing):
    """The cheapest legal row of each allocator for taking a page and giving it back: in a hard interrupt where that
    is allowed, or else in a softirq."""
    found = {}
    for row in rows:
        if row["suite"] == "kernel" and row["pattern"] == "pair" and row["params"].get("watched", "no") == "no" \
                and row["params"].get("init_on_alloc") == zeroing:
            best = found.get(row["allocator"])
            if best is None or (best["context"] != "hardirq" and row["context"] == "hardirq"):
                found[row["allocator"]] = row
    return list(found.values())


def _bars(rows, unit, base):
    values = [row["value"] for row in rows]
    labels = [row["allocator"] + (" (softirq only)" if row["context"] == "softirq" else "") for row in rows]
    return {"kind": "bars", "unit": unit, "labels": labels,
            "series": [{"name": unit, "values": values, "colours": [colour(row["allocator"]) for row in rows],
                        "notes": [f"{shown(v)}   {times(v / base)}" if base else shown(v) for v in values]}]}


def _pair_chart(rows, zeroing):
    chosen = sorted(_pairs(rows, zeroing), key=lambda row: (not ours(row["allocator"]), row["value"]))
    base = next((row["value"] for row in chosen if row["allocator"] == OWN), None)
    if len(chosen) < 2 or not base:
        return None
    rest = [row for row in chosen if not ours(row["allocator"])]
    says = ("Instructions to take one page in an interrupt and give it back. "
            + (f"The nearest of the others is {rest[0]['allocator']} with {times(rest[0]['value'] / base)} labyrinth's "
               f"count, the dearest {rest[-1]['allocator']} with {times(rest[-1]['value'] / base)}." if rest else ""))
    title = "A page taken and given back" + (", as the distribution boots: pages are zeroed" if zeroing else "")
    return Chart(title, says, _bars(chosen, "instructions", base),
                 ["allocator", "context", "instructions", "p50", "p99", "max", "of labyrinth's"],
                 [[r["allocator"], r["context"], r["value"], r["p50"], r["p99"], r["max"], times(r["value"] / base)]
                  for r in chosen], _machine(chosen[0]), "make bench BENCH=kernel")


def _route_chart(rows):
    chosen = [row for row in rows if row["suite"] == "interrupt" and ", route " in row["pattern"]
              and None not in (row["p50"], row["p99"], row["max"])]
    if not chosen:
        return None
    several = len({row["allocator"] for row in chosen}) > 1
    labels = [row["pattern"].split(", route ")[1] + (f" ({row['allocator']})" if several else "") for row in chosen]
    worst = max(chosen, key=lambda row: row["max"])
    spec = {"kind": "dots", "unit": "instructions", "labels": labels,
            "series": [{"name": name, "values": [row[name] for row in chosen]} for name in ("p50", "p99", "max")]}
    return Chart("An allocation in the handler, by the route that it took",
                 f"A device's interrupts take pages from a small pool that runs dry again and again. The longest single "
                 f"allocation took {shown(worst['max'])} instructions ({labels[chosen.index(worst)]}).",
                 spec, ["route", "average", "p50", "p99", "p99.9", "max", "samples"],
                 [[label, r["value"], r["p50"], r["p99"], r["p999"], r["max"], r["params"].get("samples")]
                  for label, r in zip(labels, chosen)], _machine(chosen[0]), "make bench BENCH=interrupt")


def _device_chart(rows):
    chosen = [row for row in rows if row["suite"] == "device" and row["unit"] == "per page"
              and row["params"].get("size_max") == 4096 and row["params"].get("size_min") == 4096]
    modes = list(dict.fromkeys(row["pattern"].split(",")[0] for row in chosen))
    whats = list(dict.fromkeys(row["pattern"].split(": ")[-1] for row in chosen))
    if not chosen:
        return None
    value = {(r["pattern"].split(",")[0], r["pattern"].split(": ")[-1]): r["value"] for r in chosen}
    spec = {"kind": "bars", "unit": "per page", "labels": whats,
            "series": [{"name": mode, "values": [value.get((mode, what)) for what in whats],
                        "notes": [shown(value.get((mode, what))) for what in whats]} for mode in modes]}
    return Chart("What the device and its driver exchange for a page",
                 "Interrupts, register accesses and transfers for each page of 4,096 bytes at a steady pace: in demand "
                 "mode the handler takes a page for each request, in ring mode buffers are posted ahead.",
                 spec, ["per page"] + modes, [[what] + [value.get((mode, what)) for mode in modes] for what in whats],
                 _machine(chosen[0]), "make bench BENCH=device")


def _ratios(rows):
    """rte_mempool's cycles by liblabyrinth's, with its caches on."""
    return [row for row in rows if row["suite"] == "native" and row["unit"] == "ratio"
            and "no cache" not in row["allocator"]]


def _native_chart(rows):
    chosen = _ratios(rows)
    if not chosen:
        return None
    patterns = list(dict.fromkeys(row["pattern"] for row in chosen))
    others = list(dict.fromkeys(row["allocator"] for row in chosen))
    value = {(row["allocator"], row["pattern"]): row["value"] for row in chosen}
    faster = sum(row["value"] >= 1 for row in chosen)
    spec = {"kind": "bars", "unit": "times liblabyrinth's cycles", "labels": patterns, "line": 1,
            "series": [{"name": other.split(" / ")[0], "values": [value.get((other, p)) for p in patterns],
                        "notes": [times(value.get((other, p))) for p in patterns]} for other in others]}
    return Chart("rte_mempool beside liblabyrinth, in user space",
                 f"Cycles of rte_mempool divided by those of liblabyrinth for the same pattern, median of the rounds' "
                 f"own ratios: over 1 liblabyrinth is faster ({faster} of {len(chosen)}), under 1 rte_mempool is "
                 f"({len(chosen) - faster}).",
                 spec, ["pattern"] + others, [[p] + [value.get((o, p)) for o in others] for p in patterns],
                 [(n, chosen[0]["params"].get(n)) for n in ("cpu", "compiler", "flags", "dpdk", "rounds", "pool_pages")
                  if n in chosen[0]["params"]], "make bench BENCH=native")


def _growth_chart(rows):
    chosen = [row for row in rows if row["suite"] == "growth" and row["unit"] == "instructions"
              and isinstance(row["params"].get("pages"), int) and isinstance(row["params"].get("cpus"), int)]
    if not chosen:
        return None
    lines = {}
    for row in chosen:
        name = f"{row['pattern'].rsplit(', ', 1)[0]}, {row['params']['cpus']} CPU{'s' * (row['params']['cpus'] != 1)}"
        lines.setdefault(name, []).append([row["params"]["pages"], row["value"]])
    series = [{"name": name, "points": sorted(points)} for name, points in sorted(lines.items())]
    spec = {"kind": "lines", "x": {"title": "pages in the pool", "log": True},
            "y": {"title": "instructions", "zero": True}, "series": series}
    sizes = sorted({x for s in series for x, _ in s["points"]})
    return Chart("The cost of a call as the pool grows",
                 f"From {shown(sizes[0])} to {shown(sizes[-1])} pages. A flat line says that a larger pool costs no more.",
                 spec, ["calls"] + [shown(x) for x in sizes],
                 [[s["name"]] + [dict(map(tuple, s["points"])).get(x) for x in sizes] for s in series],
                 [("counted by", chosen[0]["params"].get("counter", "callgrind"))], "make bench BENCH=native")


def charts(rows):
    found = [_pair_chart(rows, 0), _pair_chart(rows, 1), _route_chart(rows), _device_chart(rows), _native_chart(rows),
             _growth_chart(rows)]
    return [chart for chart in found if chart]


def section(rows, page):
    suites = {}
    for row in rows:
        suites.setdefault(row["suite"], []).append(row)
    folds = [_raw(group) for group in suites.values()]
    return join([page.add(chart) for chart in charts(rows)] + folds)


def targets(figures):
    """The table of what was aimed at."""
    if not figures:
        return Html("")
    rows = [[f["figure"], f["suite"], f"{SIGNS[f['sense']]} {shown(f['target'])}", beside(f["seen"], f["target"]), f["unit"],
             verdict(bench_table.held(f)), f["must"]] for f in figures]
    return table(["figure", "suite", "target", "seen", "unit", "verdict", "asserted"], rows, "targets of the benchmarks")


def _beside_dpdk(rows):
    chosen = _ratios(rows)
    if chosen:
        low, high = (pick(chosen, key=lambda row: row["value"]) for pick in (min, max))
        slower = sum(row["value"] < 1 for row in chosen)
        yield (f"{times(low['value'])} – {times(high['value'])}",
               f"Cycles of DPDK's rte_mempool by those of liblabyrinth, in user space: rte_mempool is faster in {slower} of "
               f"{len(chosen)} patterns, most in “{low['pattern']}”; liblabyrinth in {len(chosen) - slower}, most in "
               f"“{high['pattern']}”.")


def headlines(rows):
    """(ratio, what it means) of what was measured here."""
    value = {row["allocator"]: row["value"] for row in _pairs(rows, 0)}
    for own, other, what in ((OWN, "alloc_page", "Taking a page in an interrupt and giving it back"),
                             (OWN + " to device and back", "alloc_page + dma_map",
                              "The same with the page's DMA address, handed to the device and back")):
        if own in value and value.get(other) and value[own]:
            yield (times(value[own] / value[other]),
                   f"{what} takes labyrinth {shown(value[own])} instructions; {other} takes "
                   f"{shown(value[other])}, {times(value[other] / value[own])} as many.")
    yield from _beside_dpdk(rows)
