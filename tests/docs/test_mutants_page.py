# SPDX-License-Identifier: GPL-2.0-only
"""docs/mutants.md speaks of the mutants that there are, and each mutant's text stands in the source once."""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "mutants"))

import system  # noqa: E402


class Page(unittest.TestCase):
    def test_rows(self):
        """a row for each mutant, in the list's order"""
        page = (ROOT / "docs" / "mutants.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| `[^|]+` \| [\w-]+ \| [^|]+ \|$", page, re.MULTILINE)
        self.assertEqual(rows, [mutant.name for mutant in system.ALL])

    def test_score(self):
        """the score that the page claims is that of its rows, and at least 90 % of 30 or more that were run"""
        page = (ROOT / "docs" / "mutants.md").read_text(encoding="utf-8")
        found = re.search(r"\*\*(\d+) of (\d+) caught", page)
        killed, seen = int(found[1]), int(found[2])
        said = [said for said in re.findall(r"^\| [^|]+ \| [^|]+ \| `[^|]+` \| [\w-]+ \| ([^|]+) \|$", page, re.MULTILINE)
                if said != "not run yet"]
        self.assertEqual((killed, seen), (sum("**survives**" not in one for one in said), len(said)))
        self.assertGreaterEqual(seen, 30)
        self.assertGreaterEqual(killed, 0.9 * seen)

    def test_texts(self):
        """each mutant's text is in its file exactly once, and each has a name and a suite"""
        names = [mutant.name + mutant.path for mutant in system.ALL]
        self.assertEqual(len(names), len(set(names)))
        for mutant in system.ALL:
            self.assertEqual((ROOT / mutant.path).read_text(encoding="utf-8").count(mutant.old), 1, mutant.name)
            self.assertIn(mutant.by, system.SUITES)


if __name__ == "__main__":
    unittest.main()
