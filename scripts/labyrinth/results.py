# SPDX-License-Identifier: GPL-2.0-only
"""From what labctl counted to build/results/run.json, and to the verdict.

Contract: docs/results.md describes every field; a run is good only if `violations` is empty. The file is
written as a whole or not at all.
"""
import json

from . import paths

SCHEMA = 1
ROUTES = ("cpu", "returned", "depot", "reserve", "buddy")
OWNERS = ("free", "cpu", "device", "user", "quarantined")
SUMMED = ("produced", "delivered", "delivered_bytes", "discarded", "failed", "invalid", "irqs", "device_irqs",
          "alloc_fail", "denied", "late_grants", "crc_errors", "seq_errors")
TABLES = ("dropped", "isr_allocs", "isr_contexts")


def queue(row):
    """One queue of `labctl receive --json-out`, in the form of run.json."""
    return {name: row[name] for name in ("queue",) + SUMMED + TABLES + ("pages",)}


def total(queues):
    """The sum over all queues, field by field."""
    found = {name: sum(queue[name] for queue in queues) for name in SUMMED}
    for table in TABLES + ("pages",):
        names = queues[0][table] if queues else {}
        found[table] = {name: sum(queue[table][name] for queue in queues) for name in names}
    return found


def _queue_violations(queue):
    name = f"queue {queue['queue']}"
    dropped = sum(queue["dropped"].values())
    if queue["produced"] != queue["delivered"] + dropped:
        yield (f"{name}: produced {queue['produced']} but delivered {queue['delivered']} + dropped {dropped}")
    for field, what in (("crc_errors", "pages with a wrong CRC"), ("seq_errors", "breaks in the sequence"),
                        ("failed", "transfers failed"), ("invalid", "completions refused"),
                        ("discarded", "pages never read")):
        if queue[field]:
            yield f"{name}: {queue[field]} {what}"
    elsewhere = {c: n for c, n in queue["isr_contexts"].items() if c != "hardirq" and n}
    if elsewhere:
        yield f"{name}: allocations of the ISR outside of hard-interrupt context: {elsewhere}"


def violations(run, streamed):
    """Every invariant that did not hold, one line each."""
    found = [line for queue in run["queues"] for line in _queue_violations(queue)]
    if streamed:
        if run["sha256_in"] != run["sha256_out"]:
            found.append(f"the data that came out differs: {run['output_bytes']} of {run['input_bytes']} bytes, "
                         "another SHA-256")
        if sum(run["total"]["dropped"].values()):
            found.append("pages of a stream were dropped, which must be held back instead")
    out = {owner: count for owner, count in run["pages"].items() if owner in OWNERS[1:] and count}
    if out:
        found.append(f"pages not back to free at the end: {out}")
    if run["warnings"]:
        found.append(f"{run['warnings']} kernel warnings in the guest")
    return found


def write(run):
    """Returns the path."""
    path = paths.RESULTS / "run.json"
    paths.write_atomically(path, json.dumps(run, indent=2) + "\n")
    return path


def _table(counts):
    shown = [f"{name} {count:,}" for name, count in counts.items() if count]
    return ", ".join(shown) or "none"


def _firmware(facts):
    if facts["kind"] == "device":
        return "in the device"
    starts = f", started {facts['starts']} times" if facts["starts"] > 1 else ""
    return f"on a {facts['core']} ({facts['machine']}, QEMU {facts['qemu']}), {facts['calls']:,} calls{starts}"


def summary(run):
    """One screen for a person."""
    whole = run["total"]
    rows = [("kernel", run["kernel"]),
            ("QEMU", f"{run['qemu']}, {run['accel']}"),
            ("firmware", _firmware(run["firmware"])),
            ("queues", f"{len(run['queues'])}, {run['mode']} mode, source {run['source']}")]
    if run["source"] == "stream":
        same = "the same" if run["sha256_in"] == run["sha256_out"] else "DIFFERENT"
        rows += [("in", f"{run['input_bytes']:,} bytes  sha256 {run['sha256_in'][:16]}..."),
                 ("out", f"{run['output_bytes']:,} bytes  sha256 {run['sha256_out'][:16]}...  {same}")]
    else:
        rows.append(("data", f"{whole['delivered_bytes']:,} bytes, seed {run['seed']}; "
                             f"{whole['crc_errors']} CRC and {whole['seq_errors']} sequence errors"))
    rows += [("pages", f"produced {whole['produced']:,} = delivered {whole['delivered']:,} "
                       f"+ dropped {sum(whole['dropped'].values()):,} ({_table(whole['dropped'])})"),
             ("interrupts", f"{whole['irqs']:,}"),
             ("ISR took", _table(whole["isr_allocs"])),
             ("in context", _table(whole["isr_contexts"])),
             ("put off", f"{whole['denied']:,} requests, {whole['alloc_fail']:,} of them for want of a page; "
                         f"{whole['late_grants']:,} granted later"),
             ("pool at end", _table({o: run["pages"][o] for o in OWNERS})),
             ("warnings", str(run["warnings"])),
             ("time", f"{run['wall_s']} s, of which {run['boot_s']} s until the command began")]
    lines = [f"  {name:<12} {text}" for name, text in rows]
    lines += [f"  VIOLATED     {text}" for text in run["violations"]]
    lines.append("  every invariant held" if not run["violations"] else f"  {len(run['violations'])} violated")
    return "\n".join(lines)
