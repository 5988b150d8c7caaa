# SPDX-License-Identifier: GPL-2.0-only
"""What the test runner counts, and that nothing which went wrong is counted as good."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from labyrinth import tap  # noqa: E402


class Counting(unittest.TestCase):
    def counts(self, text, passed, failed, skipped):
        reader = tap.Reader()
        for line in text.splitlines():
            reader.line(line)
        count = reader.end()
        self.assertEqual((count.passed, count.failed, count.skipped), (passed, failed, skipped), count)

    def test_plain(self):
        """plan first, plan last, no plan"""
        self.counts("TAP version 13\n1..2\nok 1 - a\nnot ok 2 - b\n", 1, 1, 0)
        self.counts("ok 1 a\nok 2 b\n1..2\n", 2, 0, 0)
        self.counts("ok 1 a\nok 2 b\n", 2, 0, 0)

    def test_missing(self):
        """a planned test that never reported is a failure"""
        self.counts("1..3\nok 1 - a\n", 1, 1, 0)
        self.counts("1..2\nok 1 - a\nTAP version 13\n1..1\nok 1 - b\n", 2, 1, 0)

    def test_skips(self):
        """a skip needs a reason"""
        self.counts("1..2\nok 1 - a # SKIP no such device\nok 2 - b # SKIP\n", 0, 1, 1)
        self.counts("1..0 # SKIP nothing here\n", 0, 0, 1)

    def test_nested(self):
        """of nested results the innermost count"""
        self.counts("KTAP version 1\n1..2\n    1..2\n    ok 1 a\n    not ok 2 b\nnot ok 1 one\nok 2 two\n", 2, 1, 0)
        self.counts("1..1\n    1..0 # SKIP no hardware\nok 1 one # SKIP\n", 0, 0, 1)

    def test_expected(self):
        """an expected failure is no failure; output that looks like a result is none"""
        self.counts("1..1\nnot ok 1 - a # XFAIL known\nokay\nnotice\n", 1, 0, 0)


if __name__ == "__main__":
    unittest.main()
