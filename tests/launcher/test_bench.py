# SPDX-License-Identifier: GPL-2.0-only
"""What `scripts/lab bench` makes of what benchmarks print: good rows become tables, bad ones are refused."""
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "tests" / "bench"))
import guest  # noqa: E402
import labrun  # noqa: E402
from labyrinth import bench_table, ui  # noqa: E402

ROW = {"suite": "kernel", "pattern": "pair", "allocator": "labyrinth", "context": "hardirq", "unit": "instructions",
       "value": 28.5, "p50": 28, "p99": 29, "p999": 300, "max": 390, "params": {"kernel": "6.1", "cpus": 1}}
FIGURE = {"figure": "the pair", "suite": "kernel", "unit": "instructions", "sense": "<=", "target": 30, "seen": 28.5,
          "must": True}


def changed(base, **what):
    found = {**base, **what}
    return {name: value for name, value in found.items() if value is not Ellipsis}


class Rows(unittest.TestCase):
    def refused(self, line, word):
        with self.assertRaises(ui.LabError) as seen:
            bench_table.parse("some", line if isinstance(line, str) else json.dumps(line))
        self.assertIn(word, str(seen.exception))
        self.assertNotIn("\n", str(seen.exception))

    def test_good(self):
        """a whole row is taken as it is, with null where only the average is known"""
        for row in (ROW, changed(ROW, p50=None, p99=None, p999=None, max=None), changed(ROW, value=0)):
            self.assertEqual(bench_table.parse("some", json.dumps(row) + "\n"), ("row", row))
        self.assertEqual(bench_table.parse("some", json.dumps(FIGURE)), ("figure", FIGURE))

    def test_bad_fields(self):
        """a missing, an unknown and a wrongly typed field are named"""
        for name in bench_table.FIELDS:
            self.refused(changed(ROW, **{name: ...}), name)
        self.refused(changed(ROW, bench="x"), "bench")
        self.refused(changed(ROW, value="28"), "value")
        self.refused(changed(ROW, value=None), "value")
        self.refused(changed(ROW, value=True), "value")
        self.refused(changed(ROW, p99="-"), "p99")
        self.refused(changed(ROW, unit=""), "unit")
        self.refused(changed(ROW, suite=3), "suite")
        self.refused(changed(ROW, params={}), "params")
        self.refused(changed(ROW, params=[1]), "params")

    def test_bad_numbers(self):
        """what is no number, and quantiles that fall, are refused"""
        self.refused(json.dumps(ROW).replace("28.5", "NaN"), "value")
        self.refused(json.dumps(ROW).replace("390", "Infinity"), "max")
        self.refused(changed(ROW, p50=400), "rise")
        self.refused(changed(ROW, max=1), "rise")

    def test_bad_lines(self):
        """half a line, chatter and other JSON are refused"""
        for line in ("", "\n", "pair 28", json.dumps(ROW)[:-4], "[1]", "3", "null", '"row"', "\x1b[2J", "{" * 2000):
            self.refused(line, "no JSON object")
        self.refused("{}", "suite")

    def test_bad_figures(self):
        """a figure without its target, with an unknown sense or more than it should have is refused"""
        for name in bench_table.FIGURE:
            if name != "figure":
                self.refused(changed(FIGURE, **{name: ...}), name)
        self.refused(changed(FIGURE, sense="<"), "sense")
        self.refused(changed(FIGURE, target="30"), "target")
        self.refused(changed(FIGURE, verdict="ok"), "verdict")


class Guest(unittest.TestCase):
    """What the module in the guest says becomes rows that are whole."""

    FACTS = {"cmdline": "quiet mitigations=off init_on_alloc=0 mitigations=auto", "kernel": "6.1.0-1-amd64", "cpus": "1",
             "init": "heap alloc:off", "iommu": "", "spectre_v2": "Mitigation: Retpolines"}
    LINE = "pair|labyrinth|inline|pool|no|hardirq|1|1000|28.10|28.00|28.00|128.00|128.00".split("|")

    def row(self, words, **facts):
        return bench_table.parse("kernel", json.dumps(guest._row("kernel", words, {**self.FACTS, **facts})))[1]

    def test_row(self):
        """numbers, and every parameter that the figure depends on"""
        row = self.row(self.LINE)
        self.assertEqual([row[name] for name in bench_table.NUMBERS], [28.1, 28, 28, 128, 128])
        self.assertEqual(row["params"], {
            "kernel": "6.1.0-1-amd64", "cpu": guest.CPU, "cpus": 1, "init_on_alloc": 0, "iommu": "none",
            "mitigations": "auto (spectre_v2: Mitigation: Retpolines)", "icount": "shift=0", "bulk": 1,
            "entry": "inline", "policy": "pool", "watched": "no", "samples": 1000})

    def test_more(self):
        """32 pages in a call, parameters of its own, zeroing and an IOMMU are in the row"""
        row = self.row(self.LINE[:6] + ["32"] + self.LINE[7:] + ["pages=64", "simulated_cpus=8"], init="heap alloc:on",
                       iommu="dmar0 dmar1 ")
        self.assertEqual(row["pattern"], "pair, bulk 32")
        for name, value in (("pages", 64), ("simulated_cpus", 8), ("init_on_alloc", 1), ("iommu", "dmar0 dmar1")):
            self.assertEqual(row["params"][name], value)

    def test_bad(self):
        """half a line, and a machine of which too little is known, are refused"""
        for words in (self.LINE[:-1], self.LINE[:5], [], self.LINE + ["pages"], self.LINE[:8] + ["x"] * 5):
            with self.assertRaises((guest.Bad, ValueError)):
                self.row(words)
        with self.assertRaises(guest.Bad):
            self.row(self.LINE, init="")


class Tables(unittest.TestCase):
    def test_ratio(self):
        """each row is compared with labyrinth's of the same pattern, context and machine"""
        rows = [ROW, changed(ROW, allocator="alloc_page", value=285), changed(ROW, allocator="other", context="softirq"),
                changed(ROW, allocator="slow", value=57, params={"kernel": "6.12", "cpus": 1}),
                changed(ROW, allocator="labyrinth", value=0, pattern="free"),
                changed(ROW, allocator="alloc_page", pattern="free")]
        self.assertEqual(bench_table.ratios(rows), [1, 10, None, None, None, None])

    def test_aligned(self):
        """numbers end in one column, machines and units have tables of their own"""
        rows = [ROW, changed(ROW, allocator="alloc_page + dma_map", value=12345.678, max=99999),
                changed(ROW, unit="cycles", p50=None, p99=None, p999=None, max=None)]
        text = bench_table.tables(rows)
        self.assertIn("kernel, in instructions\n  (kernel 6.1, cpus 1)", text)
        self.assertIn("kernel, in cycles", text)
        lines = [line for line in text.splitlines() if line.startswith("  pair")]
        self.assertEqual(len(lines), 3)
        self.assertEqual(len(lines[0]), len(lines[1]))
        self.assertIn("12,346", lines[1])
        self.assertEqual(lines[2].split()[-5:], ["-", "-", "-", "-", "1"])

    def test_figures(self):
        """a bound from above and one from below"""
        text = bench_table.figures([FIGURE, changed(FIGURE, seen=31), changed(FIGURE, sense=">=", seen=31),
                                    changed(FIGURE, sense=">=", seen=29)])
        self.assertEqual([line.split()[-1] for line in text.splitlines()[2:]], ["ok", "MISSED", "ok", "MISSED"])
        self.assertEqual(bench_table.figures([]), "")


class Command(unittest.TestCase):
    """The command on a clone whose benchmarks are shell scripts."""

    def setUp(self):
        self.clone = pathlib.Path(tempfile.mkdtemp(prefix="lab-bench-"))
        self.addCleanup(shutil.rmtree, self.clone)
        shutil.copytree(ROOT / "scripts", self.clone / "scripts", ignore=shutil.ignore_patterns("__pycache__"))

    def bench(self, name, *lines):
        path = self.clone / "tests/bench" / name / "run"
        path.parent.mkdir(parents=True)
        path.write_text("#!/bin/sh\n" + "\n".join(lines) + "\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def lab(self, *words):
        done = subprocess.run([sys.executable, self.clone / "scripts/lab", "bench", *words], cwd=self.clone,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                              check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def result(self, name="bench.json"):
        return json.loads((self.clone / "build/results" / name).read_text(encoding="utf-8"))

    @staticmethod
    def say(what):
        return f"echo '{json.dumps(what)}'"

    def test_good(self):
        """rows and figures of all benchmarks are written and shown"""
        self.bench("one", self.say(ROW), self.say(FIGURE))
        self.bench("two", self.say(changed(ROW, suite="two")))
        status, out, err = self.lab()
        self.assertEqual(status, 0, err)
        self.assertEqual([row["suite"] for row in self.result()], ["kernel", "two"])
        self.assertEqual(self.result()[0], ROW)
        self.assertEqual(self.result("figures.json"), {"schema": 1, "figures": [FIGURE]})
        self.assertIn("28.50", out)
        self.assertIn("<= 30", out)

    def test_one(self):
        """one by its name, with its number of samples, as JSON"""
        self.bench("one", "exit 7")
        self.bench("two", self.say(changed(ROW, params={"samples": 0})) + ' | sed "s/: 0}/: $LAB_SAMPLES}/"')
        status, out, err = self.lab("--json", "--samples", "77", "two")
        self.assertEqual(status, 0, err)
        self.assertEqual(json.loads(out), self.result())
        self.assertEqual(self.result()[0]["params"], {"samples": 77})

    def test_bad_one(self):
        """a benchmark that fails or prints a bad row does not keep the others from being written"""
        self.bench("bad", self.say(ROW), self.say(changed(ROW, value=...)), self.say(ROW))
        self.bench("fails", self.say(ROW), "exit 3")
        self.bench("good", self.say(ROW))
        self.bench("silent", "true")
        status, _, err = self.lab()
        self.assertEqual(status, 1)
        self.assertEqual(len(self.result()), 3)
        for text in ("of the benchmark bad has no value", "fails ended with status 3", "silent printed no row"):
            self.assertIn(text, err)
        self.assertNotIn("good ended", err)

    def test_missed(self):
        """a figure that is asserted and missed is an error; one that is only a target is not"""
        self.bench("one", self.say(ROW), self.say(changed(FIGURE, seen=31, must=False)))
        self.assertEqual(self.lab()[0], 0)
        self.bench("two", self.say(ROW), self.say(changed(FIGURE, seen=31)))
        status, out, err = self.lab()
        self.assertEqual(status, 1)
        self.assertIn("two must reach `the pair` and missed it", err)
        self.assertIn("MISSED", out)
        self.assertEqual(len(self.result()), 2)

    def test_usage(self):
        """what cannot be run is said in one line, before anything runs"""
        self.bench("one", self.say(ROW))
        for words, text in ((("three",), "no benchmark three; there are: one"), (("--samples", "0"), "--samples"),
                            (("--samples", "-4"), "--samples"), (("--samples", "many"), "invalid")):
            status, _, err = self.lab(*words)
            self.assertEqual(status, 2, words)
            self.assertIn(text, err)
        self.assertEqual(self.lab("--list")[:2], (0, "one\n"))
        self.assertFalse((self.clone / "build/results").exists())

    def test_interrupted(self):
        """an interrupted benchmark is ended, and the last results stay"""
        self.bench("one", self.say(ROW))
        self.assertEqual(self.lab()[0], 0)
        mark = self.clone / "pid"
        self.bench("two", f"echo $$ > {mark}", "exec sleep 300")
        child = subprocess.Popen([sys.executable, self.clone / "scripts/lab", "bench", "two"], cwd=self.clone,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                 start_new_session=True)
        give_up = time.monotonic() + 60
        while not (mark.is_file() and mark.read_text(encoding="utf-8").strip()):
            self.assertLess(time.monotonic(), give_up, "the benchmark did not begin")
            time.sleep(0.05)
        os.kill(child.pid, 2)
        err = child.communicate(timeout=60)[1].decode()
        self.assertEqual(child.returncode, 130, err)
        self.assertFalse(labrun.alive(int(mark.read_text(encoding="utf-8"))))
        self.assertEqual(len(self.result()), 1)


if __name__ == "__main__":
    unittest.main()
