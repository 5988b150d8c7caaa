# SPDX-License-Identifier: GPL-2.0-only
"""From what a row's guest said to the row of build/results/compare.json.

Contract: docs/results.md describes every field. A row without a figure says why in `absent`; a row whose data is not
what the device made, or that lost pages where none may be lost, is no row but an error.
"""
from . import compare_guest, compare_matrix, stress_facts, ui

LOSSLESS = ("full", "one-percent")


def params(row, period, facts=None):
    """All that the row's figures depend on."""
    low, high = compare_matrix.SIZES[row.sizes]
    found = {"pages": row.pages, "warm": row.warm, "seed": compare_matrix.SEED, "size_min": low, "size_max": high,
             "period_ns": period, "depth": compare_matrix.DEPTH,
             **({} if row.driver == "dpdk-poll" else {"mod_packets": compare_matrix.MOD_PACKETS,
                                                      "mod_usec": compare_matrix.MOD_USEC}), "check": row.check, "init_on_alloc": int(row.zeroing),
             "iommu": "intel, lazy" if row.iommu and row.driver == "kernel" else "intel, vfio" if row.iommu else "none",
             "cpu": f"{compare_guest.CPU}{',' + row.cpu if row.cpu else ''}", "cpus": 1, "icount": "shift=0",
             "module": " ".join(compare_guest.driver_words(row)) if row.driver == "kernel" else ""}
    if facts and facts["state"].get("configuration"):
        found["configuration"] = facts["state"]["configuration"]
    if facts and facts["softirq"]:
        found["softirq_instructions"] = stress_facts.spread(facts["softirq"])
    return found


def _plain(row, period):
    return {"id": row.id, "group": row.group, "driver": row.driver, "allocator": row.allocator,
            "policy": row.policy or None, "bottom": row.bottom, "mode": row.mode, "queues": row.queues,
            "sizes": row.sizes, "load": row.load, "pages": None, "bytes": None, "sequence_hash": None, "drops": None,
            "virtual_ns_per_page": None, "instructions_per_page": None, "isr": None, "interrupts_per_page": None,
            "mmio_per_page": None, "pages_needed": None, "latency_ns": None, "timeline": None,
            "params": params(row, period), "command": f"scripts/lab compare --row {row.id}", "absent": None}


def absent(row, period, why):
    return {**_plain(row, period), "absent": why}


def _check(row, facts):
    """The hash of the data, after everything that must hold did."""
    passes = facts["passes"]
    counted = passes.get("counted")
    if not counted or not facts["marks"]:
        raise ui.LabError(f"{row.id}: the guest did not say what it counted", 1)
    for name, one in passes.items():
        if one["wrong"]:
            raise ui.LabError(f"{row.id}: {one['wrong']} pages are not as the device made them", 1)
        if row.load in LOSSLESS and (one["drops"] or one["pages"] != row.pages):
            raise ui.LabError(f"{row.id}: {one['drops']} pages were dropped in the pass `{name}`, where none may be", 1)
    hashes = {one["sequence_hash"] for one in passes.values()}
    if row.load in LOSSLESS and len(hashes) != 1:
        raise ui.LabError(f"{row.id}: the passes did not get the same data: {' '.join(sorted(hashes))}", 1)
    return counted["sequence_hash"]


def _number(state, name):
    return int(state[name]) if state.get(name, "").isdigit() else None


def made(row, period, facts):
    """The row of a run that came to its end."""
    counted, marks = facts["passes"].get("counted", {}), facts["marks"]
    digest = _check(row, facts)
    pages = max(counted["counted"], 1)
    return {**_plain(row, period), "pages": counted["pages"], "bytes": counted["bytes"], "sequence_hash": digest,
            "drops": counted["drops"], "virtual_ns_per_page": round(marks["virtual_ns"] / pages, 2),
            "instructions_per_page": round(marks["instructions"] / pages, 2),
            "isr": _spread(facts["isr"]), "interrupts_per_page": round(facts["device_interrupts"] / pages, 4),
            "mmio_per_page": round((facts["mmio_reads"] + facts["mmio_writes"]) / pages, 4),
            "pages_needed": _number(facts["state"], "most_out"), "latency_ns": counted["latency_ns"],
            "timeline": counted.get("timeline") or None, "params": params(row, period, facts)}


def _spread(times):
    found = stress_facts.spread(times)
    return found and {name: found[name] for name in ("p50", "p99", "p999", "max")}


def same_bytes(pairs):
    """Whether rows that are to have the same data had it: a list of what is wrong. `pairs`: (Row, its JSON)."""
    seen = {}
    for row, one in pairs:
        if one["sequence_hash"] and row.load in LOSSLESS:
            seen.setdefault(row.same_data(), {}).setdefault(one["sequence_hash"], []).append(row.id)
    return [f"not the same bytes: {ids}" for ids in
            (" | ".join(f"{digest}: {' '.join(names)}" for digest, names in hashes.items())
             for hashes in seen.values() if len(hashes) > 1)]
