# SPDX-License-Identifier: GPL-2.0-only
"""The comparison's figures: ratios of two rows against what was aimed at, and the tables for a person.

Contract: a figure whose row has no value is not held, and says which row and why. Nothing is left out because it
was missed.
"""
from .compare_matrix import Row, dpdk

WORDS = {"64": "64 bytes", "4096": "4096 bytes", "mixed": "1 to 4096 bytes"}


def wanted():
    """[(what it says, target, the row above the line, the row below it)]; lower is better in all of them."""
    found = []
    for sizes, size in WORDS.items():
        own = Row("full", sizes=sizes)
        found.append((f"labyrinth against alloc_page(GFP_ATOMIC), full load, {size}", 0.5, own,
                      Row("full", allocator="page", policy="", sizes=sizes)))
    for sizes in ("64", "4096"):
        found.append((f"the same without zeroing (init_on_alloc=0), {WORDS[sizes]}", 0.5,
                      Row("full", sizes=sizes, zeroing=False),
                      Row("full", allocator="page", policy="", sizes=sizes, zeroing=False)))
    for sizes, size in WORDS.items():
        pool = Row("full", allocator="page_pool", policy="", bottom="softirq", sizes=sizes)
        found.append((f"labyrinth in the hard interrupt against page_pool in softirq, full load, {size}", 0.9,
                      Row("full", sizes=sizes), pool))
        found.append((f"the same with labyrinth in softirq too, {size}", 0.9,
                      Row("full", bottom="softirq", sizes=sizes), pool))
    for sizes, size in WORDS.items():
        found.append((f"labyrinth with moderation against DPDK's poll mode, full load, {size}, data not looked at", 1.5,
                      Row("full", sizes=sizes, iommu=True), dpdk("full", sizes=sizes)))
    for sizes in ("64", "4096"):
        found.append((f"the same, {WORDS[sizes]}, each page's checksum computed by the reader", 1.5,
                      Row("full", sizes=sizes, iommu=True, check="crc"), dpdk("full", sizes=sizes, check="crc")))
    for sizes, size in WORDS.items():
        found.append((f"labyrinth against DPDK's busy polling, 1 % load, {size}", 0.05, Row("one-percent", sizes=sizes),
                      dpdk("one-percent", sizes=sizes)))
    for sizes, size in WORDS.items():
        found.append((f"DPDK's poll mode with liblabyrinth against rte_mempool, full load, {size}", 1.0,
                      dpdk("full", ops="labyrinth", sizes=sizes), dpdk("full", sizes=sizes)))
    return found


def _missing(rows, ident):
    if ident not in rows:
        return f"{ident} was not run"
    return f"{ident} is absent: {rows[ident]['absent']}" if rows[ident]["absent"] else ""


def figures(rows):
    """All figures from the JSON rows."""
    by_id = {row["id"]: row for row in rows}
    found = []
    for text, target, above, below in wanted():
        one = {"figure": f"instructions per page, {text}", "target": target, "value": None, "better": "lower",
               "rows": [above.id, below.id], "held": False, "why": ""}
        one["why"] = "; ".join(filter(None, (_missing(by_id, row.id) for row in (above, below))))
        if not one["why"]:
            top, bottom = (by_id[row.id]["instructions_per_page"] for row in (above, below))
            one["value"] = round(top / bottom, 4)
            one["held"] = one["value"] <= target
            one["why"] = f"{top:,.0f} to {bottom:,.0f} instructions" + (
                "" if one["held"] else f"; scripts/lab compare --profile {above.id} says where they go")
        found.append(one)
    return found


def _number(value, form):
    return "-" if value is None else format(value, form)


def rows_table(rows):
    """A line a row."""
    head = f"  {'row':<52} {'instr/page':>11} {'isr p50':>8} {'p99':>7} {'max':>8} {'irq/page':>8} {'mmio':>7} " \
           f"{'drops':>6} {'pages':>6} {'ns p50':>9} {'p99':>10}"
    lines = [head]
    for row in rows:
        if row["absent"]:
            lines.append(f"  {row['id']:<52} absent: {row['absent']}")
            continue
        isr, delay = row["isr"] or {}, row["latency_ns"] or {}
        lines.append(f"  {row['id']:<52} {_number(row['instructions_per_page'], ',.1f'):>11} "
                     f"{_number(isr.get('p50'), ','):>8} {_number(isr.get('p99'), ','):>7} "
                     f"{_number(isr.get('max'), ','):>8} {_number(row['interrupts_per_page'], '.3f'):>8} "
                     f"{_number(row['mmio_per_page'], '.3f'):>7} {_number(row['drops'], ','):>6} "
                     f"{_number(row['pages_needed'], ','):>6} {_number(delay.get('p50'), ','):>9} "
                     f"{_number(delay.get('p99'), ','):>10}")
    return "\n".join(lines)


def figures_table(found):
    """A line a figure."""
    lines = ["figures (a ratio; what is aimed at is the most that it may be)"]
    for one in found:
        verdict = "ok" if one["held"] else "MISSED" if one["value"] is not None else "ABSENT"
        lines.append(f"  {verdict:<6} {_number(one['value'], '.3f'):>7} <= {one['target']:<5} {one['figure']}")
        lines.append(f"                          {one['why']}")
    return "\n".join(lines)
