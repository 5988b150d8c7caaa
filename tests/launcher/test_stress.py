# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab stress` and `replay RESULT`: what is wrong is told in one line before anything starts."""
import json
import pathlib
import signal
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import labrun  # noqa: E402

sys.path.insert(0, str(labrun.ROOT / "scripts"))
from labyrinth import stress_plan, stress_scenario, stress_words, ui  # noqa: E402

GOOD = """summary a b c
replayable yes
device queues=2 x-faults=on
at 0ms start a queues=2 period=100us size=1-64
at 5ms fault irq-lost rate=1000
at 9ms stop a
"""


def refused(text):
    """What the parser says about a scenario."""
    try:
        stress_scenario.parse("x", text)
    except ui.LabError as problem:
        assert problem.status == ui.EXIT_USAGE and "\n" not in str(problem)
        return str(problem)
    return "taken"


class Parser(unittest.TestCase):
    def test_good(self):
        """a scenario that is right"""
        scenario = stress_scenario.parse("x", GOOD)
        self.assertEqual((scenario.summary, scenario.replayable, len(scenario.events)), ("a b c", True, 3))
        self.assertEqual(scenario.events[0].options, {"queues": 2, "period": 100000, "size": (1, 64)})

    def test_shipped(self):
        """those that are shipped are right, at least 12, at least 8 of them replayable"""
        shipped = stress_scenario.shipped()
        self.assertGreaterEqual(len(shipped), 12)
        self.assertGreaterEqual(sum(s.replayable for s in shipped.values()), 8)
        for name in stress_words.SETS:
            self.assertTrue(any(name in s.sets for s in shipped.values()), name)
        used = {event.verb for s in shipped.values() for event in s.events}
        self.assertEqual(set(stress_words.VERBS) - used, set(), "no shipped scenario uses these verbs")

    def test_wrong(self):
        """each line that is wrong is named, with what would be right"""
        cases = {
            ("summary a b c", "sumary a"): "x.scn:1: unknown word 'sumary'; did you mean summary?",
            ("summary a b c", "frobnicate 1"): "there are: summary kernel set",
            ("summary a b c\n", ""): "the line `summary` is missing",
            ("replayable yes", "replayable maybe"): "x.scn:2: replayable takes `yes` or `no: REASON`",
            ("replayable yes", "replayable no:"): "replayable takes",
            ("replayable yes", "replayable yes\ncpus 2"): "x.scn:3: a replayable scenario has `cpus 1`",
            ("replayable yes", "replayable yes\nmemory 64"): "'64' is no number from 96 to 16384",
            ("replayable yes", "replayable yes\nkernel windows"): "'windows' is none of stock rt",
            ("replayable yes", "replayable yes\nset"): "set: a value is missing",
            ("replayable yes", "replayable yes\nreplayable yes"): "x.scn:3: replayable stands in line 2 already",
            ("device queues=2", "device queues"): "'queues' is no NAME=VALUE",
            ("device queues=2 x-faults=on", "device queues=2"): "write `device x-faults=on`",
            ("device queues=2 x-faults=on", "device x-faults=on"): "start: the device has queues=1",
            ("at 0ms", "at 0"): "x.scn:4: at: '0' is no time; write a whole number and ns, us, ms or s",
            ("at 0ms", "at 7ms"): "x.scn:5: this is before line 4",
            ("stop a", "stp a"): "unknown verb 'stp'; did you mean stop?",
            ("stop a", "stop b"): "stop: no traffic b runs here",
            ("stop a", "stop"): "stop: the traffic's name is missing",
            ("stop a", "stop A!"): "'A!' is no name",
            ("stop a", "stop a now"): "'now' is one word too many",
            ("stop a", "finish a"): "finish: traffic a has no end; give it pages=",
            ("stop a", "start a"): "traffic a runs already",
            ("stop a", "replug"): "hot-plugging is done by the host, which no replay can repeat",
            ("stop a", "stress-ng --vm 2"): "stress-ng goes by the host's time",
            ("stop a", "cpu-offline 3"): "there is no processor 3; write `cpus 4` or more",
            ("stop a", "memory anon"): "memory: size= is missing",
            ("stop a", "fail-alloc limit=3"): "say how often",
            ("irq-lost", "irq-lots"): "'irq-lots' is none of irq-lost",
            ("rate=1000", "rate=1000001"): "'1000001' is no number from 0 to 1000000",
            ("rate=1000", "rat=1"): "fault: unknown option 'rat'; did you mean rate?",
            ("rate=1000", "rate=1 rate=2"): "rate= stands twice",
            ("size=1-64", "size=64-1"): "write LEAST-MOST within 1-4096",
            ("queues=2 period", "queues=2 queue=1 period"): "queue= and queues= exclude each other",
        }
        for (old, new), says in cases.items():
            with self.subTest(new):
                self.assertIn(old, GOOD)
                self.assertIn(says, refused(GOOD.replace(old, new, 1)))
        self.assertIn("there is no traffic", refused("summary a\nreplayable yes\n"))

    def test_quoting(self):
        """no word of a scenario reaches the guest's shell as anything but a word"""
        self.assertIn("characters that are not for here",
                      refused(GOOD.replace("yes", "no: x").replace("stop a", "stress-ng $(reboot)")))
        self.assertIn("no NAME=VALUE", refused(GOOD.replace("queues=2 x-faults=on", "queues=2;reboot")))

    def test_plan(self):
        """the same scenario and seed give the same plan, another seed another"""
        scenario = stress_scenario.parse("x", GOOD)
        plans = [stress_plan.script(scenario, seed, "/lab/ko/labyrinth.ko", []) for seed in (1, 1, 2)]
        self.assertEqual(plans[0], plans[1])
        self.assertNotEqual(plans[0], plans[2])
        self.assertIn("event 0 start a --queues 2 --seed 1 --period-ns 100000 --size-min 1 --size-max 64", plans[0])
        self.assertIn("event 1 set_knob faults 'irq-lost rate=1000'", plans[0])


class Refused(unittest.TestCase):
    def refused(self, *words, says):
        child = labrun.start(*words)
        code, out, err = labrun.end(child, 60)
        self.assertEqual((code, out), (2, ""), err)
        errors = [line for line in err.splitlines() if "error:" in line]
        self.assertEqual(len(errors), 1, err)
        self.assertIn(says, errors[0])
        self.assertNotIn("Traceback", err)
        self.assertEqual(labrun.leftovers(child.pid), [])

    def result(self, folder, **changes):
        """A stress.json with one replayable result and one that is not."""
        one = {"scenario": "a", "text": GOOD, "kernel": "1", "kernel_name": "stock", "seed": 1, "replayable": True,
               "reason": "", "builds": "0", "verdicts": [], "facts": {"log": {"sha256": "0"}}, "ok": True}
        other = {**one, "scenario": "b", "replayable": False, "reason": "b has two processors"}
        content = {"schema": 1, "kind": "stress", "seed": 1, "accel": "tcg", "results": [one, other], "faults": [],
                   "ok": True}
        path = pathlib.Path(folder) / "stress.json"
        path.write_text(json.dumps({**content, **changes}))
        return path

    def test_scenarios(self):
        """a scenario that is not there, and one that is wrong"""
        self.refused("stress", "stedy", says="no scenario 'stedy', nor a file of that name that ends in .scn; did you "
                                             "mean steady?")
        with labrun.scratch() as folder:
            path = pathlib.Path(folder) / "mine.scn"
            path.write_text(GOOD.replace("stop a", "stop b"))
            self.refused("stress", path, says=f"{path}:6: stop: no traffic b runs here")
            path.write_bytes(b"\xff\xfe")
            self.refused("stress", path, says="no text (UTF-8)")
        self.refused("stress", "steady", "--full", says="not both")
        self.refused("stress", "steady", "--seed", "-1", says="SEED=-1")
        self.refused("stress", "steady", "--duration", "0", says="more than 0")
        self.refused("stress", "tiny", "--kernel", "rt", says="scenario tiny is for stock 6.12, not for --kernel rt")

    def test_replay(self):
        """a result that cannot be repeated"""
        with labrun.scratch() as folder:
            path = self.result(folder)
            self.refused("replay", path, "--scenario", "b", says="b is not replayable: b has two processors")
            self.refused("replay", path, "--scenario", "c", says="no scenario 'c'; there are: a b")
            whole = path.read_text()
            path.write_text(whole[:len(whole) // 2])
            self.refused("replay", path, says="cut off or no JSON")
            path.write_text("")
            self.refused("replay", path, says="cut off or no JSON")
            self.refused("replay", self.result(folder, schema=2), says="schema 2, but this launcher reads 1")
            self.refused("replay", self.result(folder, kind="run"), says="no result of `scripts/lab stress`")
            self.refused("replay", self.result(folder, results=[{"scenario": "a"}]), says="result 1 has no field 'text'")
            self.refused("replay", self.result(folder, results={}), says="results is no list")
            self.refused("replay", self.result(folder, results=[]), says="nothing in it is replayable")
            self.refused("replay", pathlib.Path(folder) / "none.json", says="no such file")
        self.refused("replay", "--scenario", "a", says="name the stress.json")


SHORT = """summary a few pages
replayable yes
param policy=pool
device queues=1
at 0ms start a queue=0 pages=20 size=1-64
at 1ms finish a
"""


class EndToEnd(unittest.TestCase):
    def scenario(self, folder, text):
        path = pathlib.Path(folder) / "mine.scn"
        path.write_text(text)
        return path

    def test_replay(self):
        """a run, its result, and the run again: the same log; a result with another hash is told apart"""
        with labrun.scratch() as folder:
            code, out, err = labrun.lab("stress", self.scenario(folder, SHORT), "--json", "--seed", "5")
            self.assertEqual(code, 0, err)
            content = json.loads(out)
            self.assertEqual(content, json.loads((labrun.ROOT / "build/results/stress.json").read_text()))
            result = content["results"][0]
            self.assertEqual(result["facts"]["total"]["received"], 20)
            self.assertGreater(result["isr"]["p50"], 100)
            path = pathlib.Path(folder) / "stress.json"
            path.write_text(out)
            code, tap, err = labrun.lab("replay", path)
            self.assertEqual(code, 0, tap + err)
            self.assertIn("ok 1 - mine, seed 5, on stock, gives the same event log", tap)
            result["seed"] = 6
            path.write_text(json.dumps(content))
            code, tap, err = labrun.lab("replay", path)
            self.assertEqual(code, 1, tap + err)
            self.assertIn("not ok 1 - mine, seed 6", tap)
            self.assertIn("# line ", tap)

    def test_red(self):
        """a scenario that goes wrong is red: status 1, and it is in the result"""
        with labrun.scratch() as folder:
            text = SHORT + "at 2ms reset rounds=2\n"
            bad = text.replace("policy=pool", "policy=pool pool_pages=32 pool_max=32") + "at 3ms fail-alloc nth=1\n"
            code, out, err = labrun.lab("stress", self.scenario(folder, bad), "--tap")
            self.assertEqual(code, 1, err)
            self.assertIn("not ok 9 - mine: each fault was injected\n# no allocation was made to fail", out)
            self.assertEqual(out.count("not ok"), 1)

    def test_interrupt(self):
        """Ctrl-C ends the guest, and nothing temporary is left"""
        with labrun.scratch() as folder:
            endless = SHORT.replace("pages=20", "pages=4000000000").replace("yes", "no: it has no end")
            child = labrun.start("stress", self.scenario(folder, endless))
            while b"mine ..." not in (line := child.stderr.readline()):
                self.assertTrue(line, "the scenario did not begin")
            time.sleep(3)
            child.send_signal(signal.SIGINT)
            code, _, err = labrun.end(child, 60)
            self.assertEqual(code, 130, err)
            self.assertNotIn("Traceback", err)
            self.assertEqual(labrun.leftovers(child.pid), [])


if __name__ == "__main__":
    unittest.main()
