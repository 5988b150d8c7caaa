# SPDX-License-Identifier: GPL-2.0-only
"""The report's part about compare.json: the same traffic with each allocator, and with DPDK.

Contract: rows are set side by side only if they had the same traffic on the same kind of machine. A row without a
figure stands in its place with the reason; no row is left out. Ratios are to labyrinth's pool in the same picture.
"""
from . import report_figures
from .report_html import Chart, Html, common, element, fold, join, listed, plain, shown, table, times
from .report_input import SPREAD
from .report_rows import SETTINGS, colour, is_base, is_variant, kind, named, traffic
from .report_shape import misfit

GROUPS = {"full": "At full load", "one-percent": "At 1 % of full load", "overload": "When more comes than can be taken",
          "pressure": "Under memory pressure"}
SAYS = {"full": "Pages come as fast as each driver takes them, and none is lost.",
        "one-percent": "A hundredth of the rate: a driver that polls goes on working, one with interrupts sleeps.",
        "overload": "Pages come faster than they can be taken; what matters is that the rest goes on.",
        "pressure": "The guest's memory is taken away while pages come."}
CDF_POINTS = 400
TOLD = 12           # absent rows that are named without a fold
ORDER = ("own", "other", "dpdk")
KEY = Html('<p class="key"><span class="own">labyrinth</span><span class="other">the kernel\'s own</span>'
           '<span class="dpdk">DPDK</span></p>')


def _base(rows, field):
    found = [row[field] for row in rows if is_base(row) and row.get(field)]
    return found[0] if found else None


def _command(rows, command):
    """The row's own if there is one, or else what makes them all."""
    return rows[0]["command"] if len(rows) == 1 else command


def _params(rows):
    same, _ = common([row.get("params") or {} for row in rows])
    return [("traffic", ", ".join(traffic(rows[0])))] + [(n, plain(v)) for n, v in same if n not in SETTINGS]


def _absent(row):
    return row["absent"] or "not measured"


def _bars(rows, field, unit, title, says, command):
    """One figure of each row; None if nobody has it."""
    if all(row.get(field) is None for row in rows):
        return None
    base, names = _base(rows, field), named(rows)

    def note(row):
        value = row.get(field)
        if value is None:
            return "absent" if row["absent"] else "not measured"
        return shown(value) + (f"   {times(value / base)}" if base else "")
    spec = {"kind": "bars", "unit": unit + (", and how many times labyrinth's pool" if base else ""), "labels": names,
            "series": [{"name": unit, "values": [row.get(field) for row in rows], "notes": [note(row) for row in rows],
                        "colours": [colour(row) for row in rows]}]}
    cells = [[name, row.get(field) if row.get(field) is not None else f"absent: {_absent(row)}",
              times(row[field] / base) if base and row.get(field) is not None else "–",
              (row.get("params") or {}).get("configuration") or "–", element("code", row["command"])]
             for name, row in zip(names, rows)]
    return Chart(title, says, spec, ["driver and pages", unit, "of labyrinth's pool", "its configuration", "again"],
                 cells, _params(rows), _command(rows, command))


def _instructions(rows, command):
    measured = [(row["instructions_per_page"], name) for row, name in zip(rows, named(rows))
                if row.get("instructions_per_page")]
    base = _base(rows, "instructions_per_page")
    says = "Instructions of the whole guest for each page that reached its reader, counted exactly."
    if base and measured:
        low, high = min(measured), max(measured)
        says += (f" labyrinth's pool needs {shown(base)}; the least is {low[1]} with {times(low[0] / base)} of it, "
                 f"the most {high[1]} with {times(high[0] / base)}.")
    return _bars(rows, "instructions_per_page", "instructions per page", "Instructions for a page", says, command)


def _parts(row, name):
    """(name, quantiles) of the handler and, where it leaves the work to a softirq, of that one."""
    if row.get("isr"):
        yield name, row["isr"]
        later = (row.get("params") or {}).get("softirq_instructions")
        if isinstance(later, dict) and not misfit(later, SPREAD):
            yield f"{name}: its softirq", later


def _isr(rows, command):
    there = [row for row in rows if row.get("isr")]
    marks = [mark for row, name in zip(rows, named(rows)) for mark in _parts(row, name)]
    if not marks:
        return None
    quantiles = [q for q in ("p50", "p99", "p999", "max") if all(spread.get(q) is not None for _, spread in marks)]
    spec = {"kind": "dots", "unit": "instructions", "labels": [name for name, _ in marks],
            "series": [{"name": q.replace("p999", "p99.9"), "values": [spread[q] for _, spread in marks]}
                       for q in quantiles]}
    worst = max(marks, key=lambda mark: mark[1]["max"])
    later = " What a handler leaves to its softirq has a line of its own." if len(marks) > len(there) else ""
    return Chart("Instructions in the interrupt handler", "From its entry to its exit, one call at a time, however many "
                 f"pages it takes. The longest of all was {shown(worst[1]['max'])}, with {worst[0]}.{later}", spec,
                 ["driver and pages"] + quantiles, [[name] + [spread[q] for q in quantiles] for name, spread in marks],
                 _params(there), _command(there, command))


def _thinned(points):
    """At most CDF_POINTS, the ends of the tail whole."""
    if len(points) <= CDF_POINTS:
        return points
    keep, last = [], 1.0
    for index, (_, share) in enumerate(points):
        tail = 1 - share
        if index in (0, len(points) - 1) or tail <= last * 0.97:
            keep.append(points[index])
            last = tail
    return keep


def _latency(rows, command):
    there = [(row, name) for row, name in zip(rows, named(rows)) if (row.get("latency_ns") or {}).get("cdf")]
    if not there:
        return None
    spec = {"kind": "lines", "tail": True,
            "x": {"title": "virtual nanoseconds from data ready to the reader", "log": True},
            "y": {"title": "share of pages that took at most this long"},
            "series": [{"name": name, "points": _thinned(row["latency_ns"]["cdf"]), "hidden": is_variant(row)}
                       for row, name in sorted(there, key=lambda pair: is_variant(pair[0]))]}
    more = " Names that are crossed out have a line as well: a click shows it." \
        if any(is_variant(row) for row, _ in there) else ""
    cells = [[name] + [row["latency_ns"].get(q) for q in ("p50", "p99", "p999", "max")] for row, name in there]
    return Chart("How long a page waits", "From the moment when its data was ready in the device to its reader, behind the "
                 "pages before it. The upper part is stretched: each step upwards is a tenth of the pages before it, so "
                 f"a bad tail can be seen.{more}",
                 spec, ["driver and pages", "p50 ns", "p99 ns", "p99.9 ns", "max ns"], cells,
                 _params([row for row, _ in there]), _command([row for row, _ in there], command))


def _rates(points, routes):
    """{route: [[ms, pages a millisecond until then]]}, whatever time was between two looks."""
    start, series = points[0][0], {route: [] for route in routes}
    for (before, _, had), (when, _, has) in zip(points, points[1:]):
        for route in routes:
            if when > before:
                taken = max(has.get(route, 0) - had.get(route, 0), 0)
                series[route] += [[(at - start) / 1e6, taken * 1e6 / (when - before)]
                                  for at in ([before] if not series[route] else []) + [when]]
    return series


def _timeline(row, name):
    """The pool's level, and below it the routes that the handler's pages took."""
    points = row["timeline"]
    start = points[0][0]
    routes = list(dict.fromkeys(route for _, _, counts in points for route in counts))
    series = _rates(points, routes)
    level = [[(when - start) / 1e6, free] for when, free, _ in points]
    lowest = min(level, key=lambda point: point[1])
    used = [route for route in routes if any(y for _, y in series[route])]
    spec = {"kind": "timeline", "x": {"title": "virtual milliseconds"}, "level": level,
            "routes": [{"name": route, "points": series[route]} for route in used]}
    rows = [[shown((when - start) / 1e6), free] + [counts.get(route, 0) for route in routes]
            for when, free, counts in points]
    return Chart(f"{name}: its pages under pressure",
                 f"Free pages in the pool, lowest {shown(lowest[1])} at {shown(lowest[0])} ms, and the routes of the "
                 f"pages that the handler took meanwhile: {', '.join(used) or 'none'}"
                 f"{' (fail: there was none)' if 'fail' in used else ''}.",
                 spec, ["ms", "free pages"] + [f"{route}, so far" for route in routes], rows, _params([row]),
                 row["command"])


def _first(rows, command):
    """What one looks for in rows with the same traffic."""
    yield _instructions(rows, command)
    if rows[0]["group"] == "overload":
        yield _bars(rows, "drops", "pages lost", "Pages that the device had to drop",
                    "It found no room for them.", command)
    yield _latency(rows, command)


def _rest(rows, command):
    yield _isr(rows, command)
    yield _bars(rows, "interrupts_per_page", "interrupts per page", "Interrupts for a page",
                "Each one is a way into the kernel and out again, which an instruction count shows too small.", command)
    yield _bars(rows, "mmio_per_page", "register accesses per page", "Register accesses for a page",
                "The dearest thing that a driver does on a real machine; here each counts as one instruction.", command)
    yield _bars(rows, "pages_needed", "pages", "Pages that it needed",
                "The most pages that were out of the allocator at one time.", command)


def _traffics(rows):
    kinds = {}
    for row in rows:
        kinds.setdefault(kind(row), []).append(row)
    # the traffic of which there is most to see comes first
    return sorted(kinds.values(), key=lambda group: -len(group))


def _group(name, rows, page, command):
    parts = [element("h3", GROUPS.get(name, name), class_="group"), element("p", SAYS.get(name, ""))]
    first, *others = _traffics(rows)
    parts += [page.add(chart, 4) for chart in _first(first, command) if chart]
    rest = [page.add(chart, 4) for chart in _rest(first, command) if chart]
    # At full load all of it is shown, elsewhere behind a fold.
    parts += rest if name == "full" or not rest else [fold("Interrupt handler, interrupts, registers, pages needed", *rest,
                                                           class_="more")]
    blind = []
    for row, label in zip(rows, named(rows)):
        if row.get("timeline") and not any(free or any(counts.values()) for _, free, counts in row["timeline"]):
            blind.append(label)
        elif row.get("timeline"):
            parts.append(page.add(_timeline(row, label if len({kind(r) for r in rows}) == 1 else row["id"]), 4))
    if blind:
        parts.append(element("p", "Without a pool whose level could be watched: ", ", ".join(blind), ".", class_="quiet"))
    if others:
        more = [page.add(chart, 4) for group in others for chart in (_instructions(group, command),) if chart]
        parts.append(fold(f"Other traffic ({len(others)} more kinds)", *more, class_="more"))
    return join(parts)


def _raw(rows):
    head = ["id", "pages", "instructions per page", "interrupts per page", "register accesses per page",
            "pages needed", "drops", "data", "absent", "parameters", "again"]
    cells = [[row["id"], row.get("pages"), row.get("instructions_per_page"), row.get("interrupts_per_page"),
              row.get("mmio_per_page"), row.get("pages_needed"), row.get("drops"), (row.get("sequence_hash") or "–")[:12],
              row["absent"] or "", listed((n, plain(v)) for n, v in (row.get("params") or {}).items()),
              element("code", row["command"])] for row in rows]
    return fold(f"Every row of the comparison ({len(rows)})", table(head, cells, "rows of the comparison"))


def absent(rows):
    """{reason: [ids]} of rows without a figure."""
    found = {}
    for row in rows:
        if row["absent"]:
            found.setdefault(row["absent"], []).append(row["id"])
    return found


def section(content, page):
    """Everything about the comparison."""
    rows = [{**row, "absent": row.get("absent") or ""} for row in content["rows"]]
    rows.sort(key=lambda row: ORDER.index(colour(row)))
    parts = [element("p", "on ", listed((n, plain(v)) for n, v in content["machine"].items())),
             report_figures.targets(content)]
    missing = absent(rows)
    if missing:
        items = [element("li", element("strong", reason), f" ({len(ids)}): ", ", ".join(ids))
                 for reason, ids in missing.items()]
        parts.append(fold(f"{sum(map(len, missing.values()))} rows have no figure; why", element("ul", *items),
                          open_=sum(map(len, missing.values())) <= TOLD))
    parts.append(KEY)
    groups = list(dict.fromkeys([g for g in GROUPS if any(row["group"] == g for row in rows)]
                                + [row["group"] for row in rows]))
    for name in groups:
        parts.append(_group(name, [row for row in rows if row["group"] == name], page, content["command"]))
    return join(parts + ([_raw(rows)] if rows else []))
