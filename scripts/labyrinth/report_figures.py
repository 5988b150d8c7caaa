# SPDX-License-Identifier: GPL-2.0-only
"""The comparison's figures, and what they mean in a sentence.

Contract: figures about the same two drivers at the same load and with the same target are one family, which is told
in one card: held only if every one of them is, and with the worst one's numbers. No figure is left out of the table.
"""
from .report_html import Html, element, shown, table, times, verdict
from .report_rows import SETTINGS, traffic, who

SIGNS = {"lower": "≤", "higher": "≥"}
LOADS = {"full": "at full load", "one-percent": "at 1 % of full load", "overload": "when too much comes",
         "pressure": "under memory pressure"}


def held(figure):
    """None where it could not be judged."""
    return None if figure["value"] is None else figure["held"]


def targets(content):
    rows = [[f["figure"], f"{SIGNS[f['better']]} {times(f['target'])}", times(f["value"], f["target"]),
             verdict(held(f)) if held(f) is not None else "not measured", f.get("why") or ""]
            for f in content["figures"]]
    return table(["figure", "target", "seen", "verdict", "why"], rows, "targets of the comparison") if rows else Html("")


class Family:
    """Figures that ask the same of the same two, each with other pages or settings."""

    def __init__(self, rows):
        self.rows = rows        # the pair of the first figure, or nothing
        self.figures = []

    def add(self, figure):
        self.figures.append(figure)

    @property
    def measured(self):
        return [f for f in self.figures if f["value"] is not None]

    @property
    def target(self):
        return self.figures[0]["target"]

    @property
    def worst(self):
        pick = max if self.figures[0]["better"] == "lower" else min
        return pick(self.measured, key=lambda f: f["value"]) if self.measured else None

    @property
    def name(self):
        if not self.rows:
            return self.figures[0]["figure"]
        load = self.rows[0]["group"]
        return f"{who(self.rows[0])} beside {who(self.rows[1])} {LOADS.get(load, load)}"

    def ratio(self):
        """The value, or from the best to the worst."""
        values = sorted(f["value"] for f in self.measured)
        if not values:
            return "–"
        ends = list(dict.fromkeys((times(values[0], self.target), times(values[-1], self.target))))
        return " – ".join(ends)

    def judged(self):
        target = f"target {SIGNS[self.figures[0]['better']]} {times(self.target)}"
        good, all_of_them = sum(bool(held(f)) for f in self.measured), len(self.measured)
        if not all_of_them:
            return element("span", f"{target}: not measured", class_="quiet")
        if all_of_them == 1:
            said = "held" if good else "missed"
        elif good == all_of_them:
            said = f"held in all {good}"
        else:
            said = f"held in {good} of {all_of_them}"
        rest = len(self.figures) - all_of_them
        said += f", {rest} not measured" if rest else ""
        return verdict(good == all_of_them, f"{target}: {said}", f"{target}: {said}")

    def meaning(self, rows):
        """One sentence: what was divided by what, as far as the file says it."""
        worst = self.worst
        if worst is None:
            return f"{self.name}. {self.figures[0].get('why') or ''}"
        pair = [rows[ident] for ident in worst["rows"][:2]]
        values = [row.get("instructions_per_page") for row in pair]
        # Only if that is what was divided
        if len(pair) < 2 or not all(values + [worst["value"]]) or abs(values[0] / values[1] / worst["value"] - 1) > 0.02:
            return f"{self.name}."
        above = [rows[f["rows"][0]].get("params") or {} for f in self.figures]
        differ = [name for name in SETTINGS if len({str(params.get(name)) for params in above}) > 1]
        where = f", at its worst with {', '.join(traffic(pair[0], differ)[2:])}" if len(self.measured) > 1 else ""
        return (f"Instructions for a page, {self.name}{where}: {shown(values[0])} to {shown(values[1])}.")


def families(content):
    rows = {row["id"]: row for row in content["rows"]}
    found = {}
    for figure in content["figures"]:
        pair = [rows[ident] for ident in figure["rows"]] if len(figure["rows"]) == 2 else []
        key = (figure["target"], figure["better"], *((row["group"], row["mode"], who(row)) for row in pair)) if pair \
            else figure["figure"]
        found.setdefault(key, Family(pair)).add(figure)
    return list(found.values())


def missed(content):
    """(what, why) of families that did not hold, or could not be measured."""
    for family in families(content):
        bad = [f for f in family.figures if held(f) is False]
        absent = [f for f in family.figures if held(f) is None]
        sign = SIGNS[family.figures[0]["better"]]
        if bad:
            some = f" in {len(bad)} of {len(family.measured)}" if len(family.measured) > 1 else ""
            yield (family.name, f"{times(family.worst['value'], family.target)}, target {sign} {times(family.target)}, "
                   f"missed{some}. {family.worst.get('why') or ''}")
        if absent:
            yield family.name, f"not measured ({len(absent)}). {absent[0].get('why') or ''}"
