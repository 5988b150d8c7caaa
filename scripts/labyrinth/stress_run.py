# SPDX-License-Identifier: GPL-2.0-only
"""One run of a stress scenario: the guest, the host's part in it, the facts, the verdicts, the progress.

Contract: run() returns a result in the form of stress.json however the guest ended; its event log, of a
replayable scenario, is beside it in build/results/stress/.
"""
import sys
import time

from . import exact, machine, paths, qmp, stress_facts, stress_verdict, ui

LOGS = paths.RESULTS / "stress"
AER = {"dlp": "DLP", "cto": "COMP_TIME", "poison": "POISON_TLP", "malformed": "MALF_TLP", "rcvr": "RCVR -c"}


class Host(qmp.HotPlug):
    """Answers the guest's `ask` (tests/stress/guest/lib.sh)."""

    def line(self, text):
        verb, _, kind = text.partition(" ")
        if verb != "aer":
            super().line(text)
            return
        name, *correctable = AER.get(kind, kind).split()
        self.monitor.human(" ".join(["pcie_aer_inject_error", *correctable, qmp.DEVICE_ID, name]), self._injected)

    def _injected(self, answer):
        text = answer.get("error", {}).get("desc", "")
        self.say("ok" if not text or text.startswith("OK") else f"error {' '.join(text.split())}")


class Progress:
    """Which scenario runs and how far it is: one line that is rewritten on a terminal, a line each elsewhere."""

    def __init__(self, total):
        self.total = total
        self.number = 0
        self.tty = sys.stderr.isatty()
        self.name = ""
        self.events = 0
        self.begun = 0

    def begin(self, name, events):
        self.number += 1
        self.name, self.events, self.begun = name, events, time.monotonic()
        if not self.tty:
            ui.note(f"stress {self.number} of {self.total}: {name} ...")
        self.at(-1)

    def at(self, event):
        if self.tty:
            print(f"\r\033[Klab:   {self.number}/{self.total} {self.name}: event {event + 1} of {self.events}, "
                  f"{time.monotonic() - self.begun:.0f} s", end="", file=sys.stderr, flush=True)

    def end(self, result=None):
        if self.tty:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        if result:
            red = [v["verdict"] for v in result["verdicts"] if not v["ok"]]
            how = f"RED {' '.join(red)}" if red else "good"
            ui.note(f"stress {self.number} of {self.total}: {self.name}: {how}, {ui.duration(result['wall_s'])}")


def _identity(prepared, seed):
    scenario = prepared.scenario
    return {"scenario": scenario.name, "summary": scenario.summary, "text": scenario.text,
            "kernel": prepared.kernel.label(), "kernel_name": prepared.kernel_name, "seed": seed,
            "replayable": scenario.replayable, "reason": scenario.reason, "builds": prepared.builds(),
            "machine": {"cpus": scenario.cpus, "memory_mib": scenario.memory,
                        "iommu": "strict" if scenario.iommu else "off", "params": scenario.params,
                        "device": scenario.device}}


def _table(scenario, facts):
    """What the report's table shows."""
    total = facts["total"]
    injected = facts["fail_alloc"].get("injected", 0)
    return {"allocations": {route: total["isr_allocs"].get(route, 0) for route in stress_facts.ROUTES},
            "failures": {"no_page": max(0, total["alloc_fail"] - injected), "made_to_fail": injected,
                         "no_slot": max(0, total["denied"] - total["alloc_fail"]), "transfer": total["failed"]},
            "isr": facts["log"]["isr"] if facts["log"] else None,
            "request_to_grant": facts["log"]["request_to_grant"] if facts["log"] else None,
            "lost": stress_verdict.lost(scenario, facts)}


def run(prepared, seed, progress=None):
    """(result, event log or None)."""
    scenario = prepared.scenario
    said = stress_facts.Said(progress.at if progress else None)
    complaints = bytearray()
    partner = Host(scenario.device) if any(e.verb in ("replug", "aer") for e in scenario.events) else None
    options = prepared.options(seed)
    outcome = machine.run(prepared.qemu, prepared.kernel, options, scenario.timeout, out=said.feed,
                          err=complaints.extend, partner=partner)
    log = exact.events(outcome) if scenario.replayable else None
    if log is not None:
        paths.write_atomically(LOGS / f"{scenario.name}.log", log)
    facts = stress_facts.gather(scenario, said, outcome, log)
    facts["odd"] += complaints.decode(errors="replace").splitlines()[:10]
    verdicts = stress_verdict.judge(scenario, facts)
    result = {**_identity(prepared, seed), **_table(scenario, facts), "recovery_ms": facts.pop("recovery_ms"),
              "guest_ms": facts.pop("guest_ms"), "wall_s": round(outcome.seconds, 1),
              "faults": stress_verdict.fault_rows(scenario, prepared.kernel.release, facts, verdicts),
              "verdicts": verdicts,
              "ok": all(v["ok"] for v in verdicts), "facts": facts}
    return result, log
