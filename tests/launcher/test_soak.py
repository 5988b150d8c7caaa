# SPDX-License-Identifier: GPL-2.0-only
"""The soak's ledger: what counts towards the goal, and what a cut-off or foreign line does."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from labyrinth import soak_ledger  # noqa: E402


def entry(seed, good=True, **more):
    return {"sources": "s", "kernel": "k", "seed": seed, "ok": good, "nmi": 10, "hardirq": 20, "lost": 0, "broken": 0,
            "late": 0, **more}


class Ledger(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        change = mock.patch.dict(os.environ, {"XDG_CACHE_HOME": folder.name})
        change.start()
        self.addCleanup(change.stop)

    def test_empty(self):
        """no ledger is an empty one"""
        self.assertEqual(soak_ledger.read("s", "k"), [])
        self.assertEqual(soak_ledger.totals([], 100)["allocs"], 0)

    def test_sum(self):
        """runs add up, a seed counts once, a bad run does not count but is named"""
        for e in (entry(1), entry(2), entry(2, nmi=11), entry(3, False, lost=1)):
            soak_ledger.add(e)
        total = soak_ledger.totals(soak_ledger.read("s", "k"), 100)
        self.assertEqual((total["allocs"], total["runs"], total["lost"]), (61, 3, 1))
        self.assertEqual(total["failed_seeds"], [3])

    def test_other_sources(self):
        """runs of other sources or on another kernel do not count"""
        soak_ledger.add(entry(1, sources="old"))
        soak_ledger.add(entry(2, kernel="other"))
        self.assertEqual(soak_ledger.read("s", "k"), [])

    def test_broken_lines(self):
        """a line that was cut off, or has nonsense, is passed over, and the next is not lost with it"""
        soak_ledger.add(entry(1))
        with open(soak_ledger.path(), "a", encoding="utf-8") as ledger:
            ledger.write('[1]\nnull\n{"seed": "x"}\n{"seed": 7, "so')
        soak_ledger.add(entry(2))
        self.assertEqual([e["seed"] for e in soak_ledger.read("s", "k")], [1, 2])

    def test_hash(self):
        """the hash is of what is tested"""
        names = [ROOT / name for name in soak_ledger.SOURCES]
        self.assertTrue(all(name.exists() for name in names), names)
        self.assertEqual(soak_ledger.sources(), soak_ledger.sources())

    def test_bad_arguments(self):
        """nonsense is refused in one line before anything is started"""
        for words in (["--seed-range", "5-3"], ["--seed-range", "x"], ["--allocs", "0"]):
            done = subprocess.run([ROOT / "scripts/lab", "soak", *words], capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), done.stderr)


if __name__ == "__main__":
    unittest.main()
