# SPDX-License-Identifier: GPL-2.0-only
"""Small result files of every kind, made up, for the tests of the report.

Contract: write(folder) leaves six files that the report takes, with every kind of chart in them, rows that are absent,
figures that were missed, and in many texts what a careless page would take for markup. The numbers mean nothing.
"""
import json
import math

# Each of these would end an element, an attribute, a script or a comment, or run, if it were not escaped.
ODD = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> & \"quoted\" 'x' <!-- \u2028 é"
SPREAD = {"p50": 400, "p99": 900, "p999": 1500, "max": 2500}


def distribution(middle, worst):
    """A CDF with a long tail."""
    points = [[middle * (0.6 + share), share] for share in (0, 0.1, 0.25, 0.4, 0.5)]
    for nines in range(4, 41):
        share = 1 - 10 ** (-nines / 10)
        points.append([round(middle * 1.1 + (worst - middle) * (nines / 41) ** 3, 1), share])
    return points + [[worst, 1]]


def timeline(pages):
    """A pool that is drained and comes back."""
    points, taken = [], {"cpu": 0, "returned": 0, "depot": 0, "buddy": 0}
    for step in range(60):
        low = 20 <= step < 40
        level = int(pages * (0.9 if not low else 0.1 + 0.05 * math.sin(step)))
        taken = {"cpu": taken["cpu"] + (20 if low else 90), "returned": taken["returned"] + 10,
                 "depot": taken["depot"] + (50 if low else 2), "buddy": taken["buddy"] + (30 if low else 0)}
        points.append([5_000_000 + step * 250_000, level, taken])
    return points


def row(group, driver="kernel", allocator="labyrinth", policy="", cost=2000.0, absent=None, **more):
    bottom = more.pop("bottom", "hardirq")
    mode, queues, sizes = more.pop("mode", "ring"), more.pop("queues", 1), more.pop("sizes", "mixed")
    ident = ".".join(map(str, (group, driver, allocator, policy or "-", mode, f"q{queues}", sizes, bottom)))
    found = {"id": ident, "group": group, "driver": driver, "allocator": allocator, "policy": policy, "bottom": bottom,
             "mode": mode, "queues": queues, "sizes": sizes, "load": group, "pages": 6000, "bytes": 6000 * 2048,
             "sequence_hash": "1f2e3d4c5b6a7988", "drops": 120 if group == "overload" else 0,
             "instructions_per_page": cost, "isr": {q: int(v * cost / 2000) for q, v in SPREAD.items()},
             "interrupts_per_page": 0.04, "mmio_per_page": 0.11, "pages_needed": 288,
             "latency_ns": {**SPREAD, "cdf": distribution(cost * 3, cost * 60)}, "timeline": None,
             "params": {"check": "none", "init_on_alloc": 1, "iommu": "none" if driver == "kernel" else "intel, vfio", "configuration": "cheapest", "depth": 256, "moderation": "32 pages or 50 us"},
             "command": f"make compare ROW={ident}", "absent": absent}
    if bottom == "softirq":
        found["params"]["softirq_instructions"] = {"samples": 9, **SPREAD}
    if absent:
        found.update(dict.fromkeys(("pages", "bytes", "sequence_hash", "drops", "instructions_per_page", "isr",
                                    "interrupts_per_page", "mmio_per_page", "pages_needed", "latency_ns")))
    return {**found, **more}


def compare():
    rows = []
    for group, factor in (("full", 1), ("one-percent", 4), ("overload", 0.9)):
        rows += [row(group, policy="pool", cost=1410 * factor), row(group, policy="fallback", cost=1422 * factor),
                 row(group, policy="direct", cost=5200 * factor), row(group, allocator="page", cost=5740 * factor),
                 row(group, allocator="mempool", cost=5810 * factor), row(group, allocator="dma_pool", cost=5300 * factor),
                 row(group, allocator="page_pool", bottom="softirq", cost=1725 * factor),
                 row(group, policy="pool", bottom="softirq", cost=1530 * factor),
                 row(group, driver="dpdk-poll", allocator="ring_mp_mc", cost=1010 if factor != 4 else 190000, isr=None,
                     interrupts_per_page=0, latency_ns=None),
                 row(group, driver="dpdk-intr", allocator="ring_mp_mc", absent="no hugepages in the guest " + ODD)]
    rows += [row("full", policy="pool", cost=2752.2, sizes="64"), row("full", allocator="page", cost=5500, sizes="64"),
             row("full", policy="pool", cost=1890, mode="demand", queues=4), row("full", allocator=ODD, cost=7000, mode="demand", queues=4)]
    small, other = rows[-4]["id"], rows[-3]["id"]
    rows += [row("pressure", policy="pool", timeline=timeline(512)), row("pressure", policy="fallback", timeline=timeline(512)),
             row("pressure", allocator="dma_pool", timeline=[[0, 0, {"cpu": 0}], [9, 0, {"cpu": 0}]])]
    pool, page, softirq, page_pool, poll = (rows[i]["id"] for i in (0, 3, 7, 6, 8))
    figures = [("labyrinth's pool beside alloc_page, 64 bytes", 0.5, 0.5004, "lower", [small, other], False, "profile " + ODD),
               ("labyrinth's pool beside alloc_page", 0.5, 0.246, "lower", [pool, page], True, ""),
               ("labyrinth's pool beside page_pool", 0.9, 0.887, "lower", [softirq, page_pool], True, ""),
               ("labyrinth's pool beside DPDK polling, full load", 1.5, 1.396, "lower", [pool, poll], True, ""),
               ("liblabyrinth in DPDK's application", 1.0, 0.93, "higher", [poll, poll], False, "a free is verified: " + ODD),
               ("labyrinth's pool beside DPDK polling, 1 %", 0.05, None, "lower", [], False, "DPDK was absent")]
    return {"schema": 1, "made": "2026-01-01T00:00:00", "command": "make compare", "seed": 1,
            "machine": {"kernel": "6.1.0 " + ODD, "qemu": "7.2", "accelerator": "tcg", "dpdk": "22.11", "options": "-icount shift=0",
                        "cpu": "max"}, "rows": rows,
            "figures": [dict(zip(("figure", "target", "value", "better", "rows", "held", "why"), f)) for f in figures]}


def _bench(suite, pattern, allocator, value, unit="instructions", context="hardirq", **params):
    spread = [value, value * 1.5, value * 2, value * 3] if suite in ("kernel", "interrupt") else [None] * 4
    return {"suite": suite, "pattern": pattern, "allocator": allocator, "context": context, "unit": unit, "value": value,
            **dict(zip(("p50", "p99", "p999", "max"), spread)), "params": {"kernel": "6.1.0", "cpu": "max", "cpus": 1, **params}}


def bench():
    rows = [_bench("kernel", "pair", name, value * (1 if not zero else 1 + 4000 / value * (name[0] != "l")), watched="no",
                   init_on_alloc=zero, context=context)
            for zero in (0, 1) for name, value, context in
            (("labyrinth", 27.6, "hardirq"), ("labyrinth to device and back", 70.6, "hardirq"), ("alloc_page", 654, "hardirq"),
             ("alloc_page + dma_map", 786, "hardirq"), ("page_pool", 51, "softirq"), (ODD, 300, "hardirq"))]
    rows += [_bench("interrupt", f"alloc, route {route}", "labyrinth", value)
             for route, value in (("cpu", 28), ("depot", 270), ("buddy", 900))]
    rows += [_bench("device", f"{mode}, 4096 bytes: {what}", "labyrinth", value, "per page", size_min=4096, size_max=4096)
             for mode, values in (("demand", (2, 3.02)), ("ring", (1, 0.02)))
             for what, value in zip(("interrupts", "register reads"), values)]
    rows += [_bench("native", pattern, f"rte_mempool {kind} / labyrinth", value, "ratio", "user", dpdk="22.11")
             for pattern, values in (("same core, get then put", (3.5, 5.1)), ("across cores, random order", (0.27, 0.6)))
             for kind, value in zip(("ring", "stack"), values)]
    rows += [_bench("growth", f"same CPU, {pages} pages", "labyrinth", 20 + cpus, "instructions", "user", pages=pages)
             | {"params": {"pages": pages, "cpus": cpus, "counter": "callgrind"}}
             for pages in (64, 4096, 262144) for cpus in (1, 64)]
    return rows


def figures():
    return {"schema": 1, "figures": [
        {"figure": "hardirq pair", "suite": "kernel", "unit": "instructions", "sense": "<=", "target": 30, "seen": 27.6, "must": False},
        {"figure": "bulk " + ODD, "suite": "native", "unit": "ratio", "sense": ">=", "target": 1, "seen": 0.9996, "must": False}]}


def run():
    queue = {"produced": 1000, "delivered": 1000, "irqs": 120, "dropped": {"overrun": 0},
             "isr_allocs": {"cpu": 900, "depot": 100, "buddy": 0}, "isr_contexts": {"hardirq": 1000}}
    return {"schema": 1, "kernel": "6.1.0", "kernel_name": "stock", "qemu": "7.2", "accel": "tcg", "smp": 2, "mode": "demand",
            "source": "generator", "seed": 7, "sha256_in": None, "sha256_out": None, "queues": [queue, queue],
            "total": {**queue, "produced": 2000, "delivered": 2000}, "pages": {"free": 512, "cpu": 0}, "warnings": 0, "violations": []}


def _fault(fault, kernel, ok):
    return {"fault": fault, "kernel": kernel, "injected": 8, "detected": 8 if ok else 0, "recovered": 8 if ok else 0, "lost": 0, "ok": ok}


def reliability():
    return {"schema": 1, "rows": [_fault(fault, kernel, (fault, kernel) != ("irq-storm", "debug"))
                                  for kernel in ("stock", "debug") for fault in ("irq-lost", "irq-storm", ODD)]
            + [_fault("only-on-stock", "stock", True)]}


def stress():
    def result(name, ok, isr):
        return {"scenario": name, "summary": "about " + ODD, "kernel_name": "stock", "seed": 3, "replayable": bool(isr),
                "reason": "", "machine": {"cpus": 1}, "ok": ok, "allocations": {"cpu": 500, "depot": 80, "buddy": 3},
                "verdicts": [{"verdict": "pages", "ok": ok, "said": [] if ok else ["3 pages are out " + ODD]}],
                "failures": {"no_page": 4, "made_to_fail": 0}, "isr": isr, "request_to_grant": None, "lost": 0,
                "recovery_ms": 2.5, "facts": {"total": {"delivered": 583}}}
    fault = {**_fault("comp-lost", "stock", True), "recovered": True}
    return {"schema": 1, "kind": "stress", "seed": 3, "ok": False,
            "results": [result("steady", True, SPREAD), result("rebind", False, None)], "faults": [fault]}


ALL = {"run": run, "bench": bench, "figures": figures, "compare": compare, "stress": stress, "reliability": reliability}


def write(folder, only=tuple(ALL)):
    for name in only:
        (folder / f"{name}.json").write_text(json.dumps(ALL[name]()), encoding="utf-8")
