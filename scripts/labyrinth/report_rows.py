# SPDX-License-Identifier: GPL-2.0-only
"""Rows of the comparison: what to call one, and which may stand beside each other.

Contract: two rows are of one kind only if they had the same traffic on the same kind of machine.
"""
from .report_html import plain

# Rows that differ in one of these are not compared with each other
SETTINGS = ("check", "init_on_alloc", "cpu")
# What row["allocator"] stands for, where the kernel's name says more
NAMES = {"page": "alloc_page", "mempool": "mempool_t"}
DPDK = {"dpdk-poll": "DPDK polling", "dpdk-intr": "DPDK with interrupts"}


def iommu(row):
    return (row.get("params") or {}).get("iommu") not in (None, False, "", "none", "off")


def who(row):
    """The driver and where its pages come from."""
    name = NAMES.get(row["allocator"], row["allocator"]) if row["driver"] == "kernel" else row["allocator"]
    name += (f" {row['policy']}" if row.get("policy") else "")
    if row["driver"] == "kernel":
        extra = [word for word in (row.get("bottom") if row.get("bottom") == "softirq" else "",
                                   "IOMMU" if iommu(row) else "") if word]
        return name + (f" ({', '.join(extra)})" if extra else "")
    kind = DPDK.get(row["driver"], row["driver"])
    return f"{kind}, {name} mempool" if row["driver"] in DPDK else f"{kind}, {name}"


def named(rows):
    """A name for each row, and no two the same."""
    names = [who(row) for row in rows]
    return [row["id"] if names.count(name) > 1 else name for row, name in zip(rows, names)]


def is_variant(row):
    """Of another row, by its policy, its context or its IOMMU: labyrinth's pool and each of the others once are none."""
    if row["driver"] != "kernel":
        return row["allocator"] == "labyrinth"
    return (row.get("policy") or "pool") != "pool" or iommu(row) or \
        (row.get("bottom") == "softirq") != (row["allocator"] == "page_pool")


def is_base(row):
    return row["driver"] == "kernel" and row["allocator"] == "labyrinth" and row.get("policy") in (None, "", "pool") \
        and row.get("bottom") in (None, "", "hardirq") and not iommu(row)


def colour(row):
    return "dpdk" if row["driver"] != "kernel" else "own" if row["allocator"] == "labyrinth" else "other"


def kind(row):
    params = row.get("params") or {}
    return (row["group"], row["mode"], row["queues"], row["sizes"]) + tuple(str(params.get(s)) for s in SETTINGS)


def traffic(row, settings=SETTINGS):
    """In words; of the settings only these."""
    params = row.get("params") or {}
    words = [f"{row['mode']} mode", f"{row['queues']} queue{'s' * (row['queues'] != 1)}",
             "pages of mixed sizes" if row["sizes"] == "mixed" else f"pages of {row['sizes']} bytes"]
    return words + [f"{name} {plain(params[name])}" for name in settings if params.get(name) not in (None, "")]
