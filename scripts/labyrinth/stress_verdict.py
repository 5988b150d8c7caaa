# SPDX-License-Identifier: GPL-2.0-only
"""The verdicts on a stress run: one for each invariant, from its facts alone.

Contract: each verdict can be red by itself; what the guest did not tell is never good. `judge` gives
{"verdict", "ok", "said"} for each, in the same order for every run.
"""
from . import ui

OUT = ("cpu", "device", "user", "quarantined")
# fault -> what the driver or the reader counts when it finds it; none: it harms nobody
DETECTED = {"irq-lost": ("rescued", "late_grants"), "comp-lost": ("dropped",),
            "comp-twice": ("invalid",), "comp-reordered": ("invalid", "seq_errors", "seq_gaps"),
            "comp-early": ("corrupt", "crc_errors"), "dma-short": ("corrupt", "crc_errors"),
            "dma-torn": ("corrupt", "crc_errors"), "dma-stale": ("corrupt", "crc_errors"),
            "dma-stuck": ("stuck", "resets"), "link-dead": ("resets",), "removed": ("resets", "gone"),
            "fail-alloc": ("alloc_fail",)}
# what must be good in spite of a fault
KEPT = ("recovered", "conserved", "pages", "quiet")
# the next interrupt brings what a lost one would have
HELPED = ("irq-lost",)


def unaccounted(counted):
    """Pages that were produced, and neither delivered nor counted: as dropped, as corrupt, as refused, or as those
    that a device which stood still had in hand."""
    known = counted["delivered"] + counted["discarded"] + sum(counted["dropped"].values()) + counted["corrupt"]
    left = counted["produced"] - known - counted["cut_pages"]
    return max(0, left - counted["invalid"]) if left > 0 else left


def _conserved(scenario, facts):
    if "lies" in scenario.allow:
        return
    for traffic in facts["traffics"]:
        counted, name = traffic["counted"], f"{traffic['traffic']} {traffic['run']}"
        if counted is None:
            yield f"traffic {name} gave no counts ({'; '.join(traffic['said']) or traffic['end']})"
            continue
        lost = unaccounted(counted)
        if counted["cut"] and "cut" not in scenario.allow:
            yield f"traffic {name}: of {counted['cut']} sessions the device's counts are not known"
        if lost:
            yield (f"traffic {name}: produced {counted['produced']}, but {lost} of them neither delivered nor counted "
                   "as dropped")
    if "dma" not in scenario.allow and facts["total"]["dropped"].get("dma"):
        yield f"{facts['total']['dropped']['dma']} transfers were refused by the bus"


def _data(scenario, facts):
    for traffic in facts["traffics"]:
        counted, name = traffic["counted"], f"{traffic['traffic']} {traffic['run']}"
        if counted is None or traffic["killed"]:
            continue
        if counted["crc_errors"] and "crc" not in scenario.allow:
            yield f"traffic {name}: {counted['crc_errors']} pages with a wrong CRC"
        if counted["seq_errors"]:
            yield f"traffic {name}: {counted['seq_errors']} pages out of order"
        if counted["invalid"] and "invalid" not in scenario.allow:
            yield f"traffic {name}: {counted['invalid']} completions refused"
        if counted["received"] != counted["delivered"] and not counted["cut"] and "lies" not in scenario.allow:
            yield f"traffic {name}: {counted['delivered']} delivered, but {counted['received']} received"


def _moved(_, facts):
    if not facts["traffics"]:
        yield "no traffic was seen"
    if not facts["total"]["received"] and not facts["total"]["delivered"]:
        yield "no page was delivered"
    if not sum(facts["total"]["isr_allocs"].values()):
        yield "the interrupt handler allocated nothing"


def _pages(_, facts):
    if facts["pool"] is None:
        yield "the guest gave no counts of its pool"
        return
    out = {owner: facts["pool"]["owned"][owner] for owner in OUT if facts["pool"]["owned"][owner]}
    if out:
        yield f"pages not back in the pool: {out}"
    held = {owner: count for owner, count in facts["total"]["pages"].items() if count}
    if held:
        yield f"pages still with closed queues: {held}"


def _quiet(_, facts):
    for text in facts["warnings"][:3]:
        yield f"the kernel warned: {text}"
    if facts["status"] in ui.EXITS_OF_GUEST and not facts["warnings"]:
        yield facts["reason"]


def _contexts(_, facts):
    elsewhere = {context: count for context, count in facts["total"]["isr_contexts"].items()
                 if context != "hardirq" and count}
    if elsewhere:
        yield f"allocations of the interrupt handler in other contexts: {elsewhere}"


def _recovered(_, facts):
    if facts["recovery_ms"] is None:
        yield f"no clean traffic afterwards: {facts['clean']['said'] or 'none was tried'}"
    elif facts["clean"]["status"] != 0 or not facts["clean"]["good"]:
        yield f"traffic afterwards was not clean: {facts['clean']['said'] or 'it gave no report'}"


def _events(_, facts):
    for event in facts["events"]:
        if event["status"]:
            yield f"`{event['event']}` ended with status {event['status']}: {'; '.join(event['said'])}"
    if len(facts["events"]) != facts["expected_events"]:
        yield f"{len(facts['events'])} of {facts['expected_events']} events happened"
    if not facts["ended"]:
        yield f"the scenario did not come to its end: {facts['reason'] or facts['odd'][:1] or 'the guest ended'}"


def _injected(scenario, facts):
    for event in scenario.events:
        if event.verb == "fault" and not facts["faults"].get(event.words[0], {}).get("injected"):
            yield f"{event.words[0]} was never injected"
        if event.verb == "fail-alloc" and not facts["fail_alloc"].get("injected"):
            yield "no allocation was made to fail"
        if event.verb == "hostile" and not any(v.get("fired") for v in facts["faults"].values()):
            yield "the hostile device never lied"


def _log(scenario, facts):
    if not scenario.replayable:
        return
    log = facts["log"]
    if log is None:
        yield "there is no event log"
        return
    for what in ("transfers", "interrupts", "allocations"):
        if not log[what]:
            yield f"the event log has no {what}"
    if facts["overrun"] is None or facts["overrun"]:
        yield f"the event log is not whole: {facts['overrun']} events were overwritten"


ALL = {"conserved": _conserved, "data": _data, "moved": _moved, "pages": _pages, "quiet": _quiet,
       "contexts": _contexts, "recovered": _recovered, "events": _events, "injected": _injected, "log": _log}
WHAT = {"conserved": "produced = delivered + counted drops", "data": "CRC and sequence of what was read",
        "moved": "there was traffic, through the interrupt handler", "pages": "every page is back",
        "quiet": "the kernel gave no warning", "contexts": "allocations in hard interrupts only",
        "recovered": "clean traffic afterwards", "events": "every event of the timeline took place, in time",
        "injected": "each fault was injected", "log": "the event log is whole"}


def judge(scenario, facts):
    verdicts = []
    for name, check in ALL.items():
        wrong = list(check(scenario, facts))
        verdicts.append({"verdict": name, "ok": not wrong, "said": wrong})
    return verdicts


def lost(scenario, facts):
    """Pages without a whereabouts, or None where the device's counts are lies."""
    if "lies" in scenario.allow:
        return None
    return sum(abs(unaccounted(t["counted"])) for t in facts["traffics"] if t["counted"])


def fault_rows(scenario, kernel, facts, verdicts):
    """A row for each fault that was injected, in the form of reliability.json."""
    good = {v["verdict"]: v["ok"] for v in verdicts}
    injected = {name: pairs["injected"] for name, pairs in facts["faults"].items() if pairs.get("injected")}
    if facts["fail_alloc"].get("injected"):
        injected["fail-alloc"] = facts["fail_alloc"]["injected"]
    rows = []
    for fault, count in injected.items():
        counters = DETECTED.get(fault)
        harmless = counters is None or fault in HELPED
        total = {**facts["total"], "dropped": facts["total"]["dropped"].get("fault", 0)}
        total["resets"] = max(total["resets"], facts["recoveries"] or 0)
        detected = sum(total[name] for name in counters) if counters else None
        rows.append({"fault": fault, "kernel": kernel, "injected": count, "detected": detected,
                     "recovered": good["recovered"], "lost": lost(scenario, facts),
                     "ok": all(good[v] for v in KEPT) and bool(harmless or detected)})
    return rows
