# SPDX-License-Identifier: GPL-2.0-only
"""The verdicts on a stress run: a good one is good, and each doctored one is red in the verdict that it is about."""
import copy
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import labrun  # noqa: E402

sys.path.insert(0, str(labrun.ROOT / "scripts"))
from labyrinth import stress_facts, stress_report, stress_scenario, stress_verdict  # noqa: E402

TEXT = """summary a
replayable yes
device queues=2 x-faults=on
at 0ms start a queues=2
at 1ms fault irq-lost rate=1000
at 2ms fail-alloc rate=1000
at 3ms hostile rate=1000
at 4ms stop a
"""


def row(queue):
    """One queue as labctl tells it."""
    zero = dict.fromkeys(stress_facts.SUMMED + stress_facts.READER, 0)
    return {**zero, "queue": queue, "produced": 100, "delivered": 80, "received": 80, "discarded": 5, "corrupt": 1,
            "dropped": {"overrun": 10, "stop": 4}, "alloc_fail": 2, "denied": 3, "irqs": 90, "rescued": 1, "sessions": 1,
            "isr_allocs": {"cpu": 80}, "isr_contexts": {"hardirq": 80, "process": 0},
            "pages": {"cpu": 0, "device": 0}}


def facts():
    counted = stress_facts._sum([row(0), row(1)])  # pylint: disable=protected-access
    cost = stress_facts.spread([10, 20, 30])
    return {
        "events": [{"event": f"e{n}", "status": 0, "said": [], "at_ms": n, "took_ms": 0} for n in range(5)],
        "expected_events": 5, "ended": True, "recovery_ms": 1.5, "clean": {"status": 0, "said": "", "good": True},
        "traffics": [{"traffic": "a", "run": 1, "end": "stopped", "killed": False, "said": [], "counted": counted}],
        "pool": {"owned": {"free": 9, "cpu": 0, "device": 0, "user": 0, "quarantined": 0}},
        "faults": {"irq-lost": {"injected": 3}, "rule data": {"fired": 2}}, "fail_alloc": {"injected": 4},
        "resets": 1, "recoveries": 0, "overrun": 0, "warnings": [], "status": 0, "reason": "", "odd": [],
        "log": {"sha256": "0", "lines": 9, "transfers": 1, "interrupts": 1, "allocations": 1, "isr": cost},
        "total": copy.deepcopy(counted)}


def set_in(*path):
    """A change of one fact: set_in("a", 0, "b", value)."""
    def change(where):
        *way, last, value = path
        for key in way:
            where = where[key]
        where[last] = value
    return change


def both(key, value):
    def change(where):
        where["traffics"][0]["counted"][key] = value
        where["total"][key] = value
    return change


DOCTORED = {
    "conserved": [both("produced", 201), both("produced", 199), both("dropped", {}), set_in("traffics", 0, "counted", None),
                  both("cut", 1), both("dropped", {"overrun": 20, "stop": 7, "dma": 1})],
    "data": [both("crc_errors", 1), both("seq_errors", 1), both("invalid", 1), both("received", 159)],
    "moved": [set_in("traffics", []), set_in("total", "isr_allocs", {})],
    "pages": [set_in("pool", None), set_in("pool", "owned", "device", 1), set_in("pool", "owned", "quarantined", 1),
              set_in("total", "pages", {"cpu": 1})],
    "quiet": [set_in("warnings", ["WARNING: x"]), set_in("status", 70), set_in("status", 124)],
    "contexts": [set_in("total", "isr_contexts", {"hardirq": 1, "process": 1}),
                 set_in("total", "isr_contexts", {"softirq": 1})],
    "recovered": [set_in("recovery_ms", None), set_in("clean", "status", 1), set_in("clean", "good", False)],
    "events": [set_in("events", 2, "status", 1), set_in("expected_events", 6), set_in("ended", False)],
    "injected": [set_in("faults", "irq-lost", "injected", 0), set_in("faults", {}), set_in("fail_alloc", {}),
                 set_in("faults", "rule data", "fired", 0)],
    "log": [set_in("log", None), set_in("log", "transfers", 0), set_in("log", "interrupts", 0),
            set_in("log", "allocations", 0), set_in("overrun", 7), set_in("overrun", None)],
}


class Verdicts(unittest.TestCase):
    def red(self, doctored, text=TEXT):
        scenario = stress_scenario.parse("x", text)
        return [v["verdict"] for v in stress_verdict.judge(scenario, doctored) if not v["ok"]]

    def test_good(self):
        """nothing is red in a good run"""
        self.assertEqual(self.red(facts()), [])
        self.assertEqual(list(stress_verdict.ALL), list(stress_verdict.WHAT))

    def test_doctored(self):
        """each verdict goes red for what it is about"""
        self.assertEqual(list(DOCTORED), list(stress_verdict.ALL))
        for verdict, changes in DOCTORED.items():
            for number, change in enumerate(changes):
                with self.subTest(verdict, change=number):
                    doctored = facts()
                    change(doctored)
                    self.assertIn(verdict, self.red(doctored))

    def test_allow(self):
        """what a scenario allows is good, and only that"""
        invalid = facts()
        both("invalid", 3)(invalid)
        both("produced", 202)(invalid)
        allowed = TEXT.replace("replayable yes", "replayable yes\nallow invalid")
        self.assertEqual(self.red(invalid, allowed), [])
        self.assertEqual(self.red(invalid), ["data"])
        both("produced", 204)(invalid)
        self.assertEqual(self.red(invalid, allowed), ["conserved"])
        cut = facts()
        both("cut", 1)(cut)
        both("cut_pages", 2)(cut)
        both("produced", 202)(cut)
        self.assertEqual(self.red(cut, TEXT.replace("replayable yes", "replayable yes\nallow cut")), [])
        self.assertEqual(self.red(cut), ["conserved"])

    def test_rows(self):
        """a fault that nobody found, or that was not recovered from, is a red row"""
        scenario = stress_scenario.parse("x", TEXT)

        def rows(change=None):
            doctored = facts()
            if change:
                change(doctored)
            judged = stress_verdict.judge(scenario, doctored)
            return {r["fault"]: r for r in stress_verdict.fault_rows(scenario, "1", doctored, judged)}
        self.assertTrue(all(r["ok"] for r in rows().values()))
        self.assertEqual(rows()["irq-lost"]["detected"], 2)
        self.assertFalse(rows(both("alloc_fail", 0))["fail-alloc"]["ok"])
        self.assertFalse(rows(set_in("recovery_ms", None))["irq-lost"]["ok"])
        self.assertEqual(rows(both("produced", 207))["irq-lost"]["lost"], 7)

    def test_report(self):
        """the report and the TAP say what is red"""
        scenario = stress_scenario.parse("x", TEXT)
        bad = facts()
        bad["warnings"] = ["WARNING: x"]
        verdicts = stress_verdict.judge(scenario, bad)
        result = {"scenario": "x", "summary": "a", "kernel_name": "stock", "seed": 1, "replayable": True, "reason": "",
                  "machine": {"cpus": 1, "memory_mib": 96, "iommu": "off"}, "guest_ms": 3, "wall_s": 1.0,
                  "allocations": {"cpu": 160}, "failures": {"no_page": 0, "made_to_fail": 4}, "isr": bad["log"]["isr"],
                  "request_to_grant": None, "lost": 0, "recovery_ms": None, "faults": [], "verdicts": verdicts,
                  "ok": False, "facts": bad}
        content = stress_report.whole([result], 1)
        self.assertFalse(content["ok"])
        self.assertIn("RED: x", stress_report.summary(content))
        self.assertIn("RED   quiet: the kernel warned: WARNING: x", stress_report.summary(content))
        tap = "\n".join(stress_report.tap(content))
        self.assertIn("not ok 5 - x: the kernel gave no warning", tap)
        self.assertEqual(tap.count("\nok "), 9)


class Said(unittest.TestCase):
    def test_pieces(self):
        """the guest's lines in any pieces; a file that is cut off is no file"""
        text = (b"@ begin 6.1\n@ longest 4\n@ event 0 1 2 1\n@ said 0 why not\nnoise\n@ traffic a 1 stopped 0\n"
                b"@ file traffic a 1\n{\"queues\": []}\n\n@ end traffic a 1\n@ file stats\n{\"pool\"")
        for size in (1, 7, 1000):
            said = stress_facts.Said()
            for start in range(0, len(text), size):
                said.feed(text[start:start + size])
            self.assertEqual(said.events, [{"number": 0, "at_ms": 1, "took_ms": 2, "status": 1, "said": ["why not"],
                                            "longest_ms": 4}])
            self.assertEqual(said.json("traffic a 1"), {"queues": []})
            self.assertIsNone(said.json("stats"))
            self.assertEqual(said.odd, ["noise"])
            self.assertNotIn("done", said.values)

    def test_log(self):
        """costs are paired by interrupt and by tag"""
        guest = ("x-1 [000] d.h1. 100: irq_handler_entry: irq=24 name=labyrinth0-q0\n"
                 "x-1 [000] d.h1. 110: irq_handler_entry: irq=30 name=virtio\n"
                 "x-1 [000] d.h1. 150: irq_handler_exit: irq=24 ret=handled\n"
                 "x-1 [000] d.h1. 900: irq_handler_exit: irq=30 ret=handled\n")
        self.assertEqual(stress_facts.handler_times(guest), [50])
        device = ("labyrinth_request t 5 queue 0 tag 0x1 waiting\nlabyrinth_request t 6 queue 1 tag 0x1 waiting\n"
                  "labyrinth_grant t 9 queue 1 tag 0x1 addr\nlabyrinth_grant t 25 queue 0 tag 0x1 addr\n")
        self.assertEqual(sorted(stress_facts.grant_times(device)), [3, 20])
        self.assertIsNone(stress_facts.spread([]))


if __name__ == "__main__":
    unittest.main()
