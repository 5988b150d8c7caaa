# SPDX-License-Identifier: GPL-2.0-only
"""What a benchmark reports: rows and figures, checked, and as tables for a person.

Contract: a row has the fields of docs/results.md, no more and no fewer, each of its type; anything else is
refused with what is wrong with it, so that no half row reaches bench.json.
"""
import json
import math

from . import ui

OWN = "labyrinth"       # the allocator that the others are compared with
TEXTS = ("suite", "pattern", "allocator", "context", "unit")
NUMBERS = ("value", "p50", "p99", "p999", "max")
FIELDS = TEXTS + NUMBERS + ("params",)
FIGURE = {"figure": str, "suite": str, "unit": str, "sense": str, "target": (int, float), "seen": (int, float),
          "must": bool}
SENSES = {"<=": lambda seen, target: seen <= target, ">=": lambda seen, target: seen >= target}
COLUMNS = ("pattern", "allocator", "context") + NUMBERS + ("ratio",)


def _number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def row_fault(row):
    """What is wrong with a row, or nothing."""
    missing = [name for name in FIELDS if name not in row]
    if missing:
        return f"has no {', '.join(missing)}"
    unknown = sorted(set(row) - set(FIELDS))
    if unknown:
        return f"has {', '.join(unknown)}, which docs/results.md does not know"
    for name in TEXTS:
        if not isinstance(row[name], str) or not row[name]:
            return f"has {row[name]!r} for {name}, which is to be a text"
    if not _number(row["value"]):
        return f"has {row['value']!r} for value, which is to be a number"
    for name in NUMBERS[1:]:
        if row[name] is not None and not _number(row[name]):
            return f"has {row[name]!r} for {name}, which is to be a number or null"
    if not isinstance(row["params"], dict) or not row["params"]:
        return "has no params: a figure without them says nothing"
    known = [row[name] for name in NUMBERS[1:] if row[name] is not None]
    return "" if known == sorted(known) else "has p50, p99, p999 and max that do not rise"


def _figure_fault(figure):
    for name, kind in FIGURE.items():
        if not isinstance(figure.get(name), kind):
            return f"has {figure.get(name)!r} for {name}"
    if set(figure) - set(FIGURE):
        return f"has {', '.join(sorted(set(figure) - set(FIGURE)))}, which nobody knows"
    return "" if figure["sense"] in SENSES else f"has {figure['sense']!r} for sense, and not <= or >="


def parse(bench, line):
    """("row" or "figure", what it says) of a line that a benchmark printed."""
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ui.LabError(f"the benchmark {bench} printed {line.strip()[:120]!r}, which is no JSON object: "
                          "only rows and figures belong on its standard output", 1)
    kind, fault = ("figure", _figure_fault(found)) if "figure" in found else ("row", row_fault(found))
    if fault:
        raise ui.LabError(f"a {kind} of the benchmark {bench} {fault}: {line.strip()[:300]}", 1)
    return kind, found


def held(figure):
    return SENSES[figure["sense"]](figure["seen"], figure["target"])


def _shown(value):
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:,.2f}"


def _aligned(head, lines, right):
    """Columns as wide as their widest cell; those in `right` are numbers."""
    cells = [head] + lines
    widths = [max(len(line[i]) for line in cells) for i in range(len(head))]
    return ["  " + "  ".join(text.rjust(width) if name in right else text.ljust(width)
                             for text, width, name in zip(line, widths, head)).rstrip() for line in cells]


def _common(rows):
    """The parameters that are the same in all rows of a suite."""
    first = rows[0]["params"]
    return {name: value for name, value in first.items()
            if all(row["params"].get(name) == value for row in rows)}


# What the machine was, and not what a row is about: rows with another machine are in a table of their own.
MACHINE = ("kernel", "cpu", "cpus", "mitigations", "init_on_alloc", "iommu")


def _machine(row):
    return (row["suite"], row["unit"]) + tuple(str(row["params"].get(name)) for name in MACHINE)


def ratios(rows):
    """For each row, how many times labyrinth's value of the same pattern and context it is, or None."""
    own = {_machine(row) + (row["pattern"], row["context"]): row["value"] for row in reversed(rows)
           if row["allocator"] == OWN}
    found = []
    for row in rows:
        base = own.get(_machine(row) + (row["pattern"], row["context"]))
        found.append(row["value"] / base if base else None)
    return found


def tables(rows):
    """All rows for a person: a table for each suite and machine, then pattern by pattern."""
    groups = {}
    for row, ratio in zip(rows, ratios(rows)):
        groups.setdefault(_machine(row), []).append((row, ratio))
    lines = []
    for group in groups.values():
        members = [row for row, _ in group]
        order = list(dict.fromkeys((row["pattern"], row["context"]) for row in members))
        group.sort(key=lambda pair: order.index((pair[0]["pattern"], pair[0]["context"])))
        params = ", ".join(f"{name} {value}" for name, value in _common(members).items())
        lines += [f"{members[0]['suite']}, in {members[0]['unit']}", f"  ({params})" if params else "  (no common parameters)"]
        cells = [[row["pattern"], row["allocator"], row["context"]] + [_shown(row[name]) for name in NUMBERS]
                 + [_shown(ratio if ratio is None else round(ratio, 2))] for row, ratio in group]
        lines += _aligned(list(COLUMNS), cells, NUMBERS + ("ratio",)) + [""]
    return "\n".join(lines)


def figures(found):
    """The targets and what was reached."""
    if not found:
        return ""
    cells = [[figure["suite"], figure["figure"], f"{figure['sense']} {_shown(figure['target'])}", _shown(figure["seen"]),
              figure["unit"], "ok" if held(figure) else "MISSED"] for figure in found]
    head = ["suite", "figure", "target", "seen", "unit", "verdict"]
    return "\n".join(["figures"] + _aligned(head, cells, ("target", "seen")) + [""])
