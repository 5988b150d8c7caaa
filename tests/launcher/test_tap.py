# SPDX-License-Identifier: GPL-2.0-only
"""What the test runner counts, and that nothing which went wrong is counted as good."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from labyrinth import cmd_test, tap  # noqa: E402


def read(text):
    reader = tap.Reader()
    for line in text.splitlines():
        reader.line(line)
    return reader.end()


class Counting(unittest.TestCase):
    def counts(self, text, passed, failed, skipped):
        count = read(text)
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


class Telling(unittest.TestCase):
    def told(self, text, *lines):
        self.assertEqual(list(cmd_test.failures_told({"s": read(text)})), list(lines))

    def test_before(self):
        """what a failed test of the kernel's harness said, with its program, and nothing of its neighbours"""
        self.told("1..2\n# Subtest: one\n    1..3\n    #  RUN           a ...\n    # x.c:1:a:note\n    #            OK  a\n"
                  "    ok 1 a\n    #  RUN           b ...\n    # x.c:9:b:Expected 5 (5) == n (3)\n"
                  "    # b: Test failed at step #3\n    not ok 2 b\n    #  RUN           c ...\n    # x.c:20:c:note\n    ok 3 c\n"
                  "not ok 1 one\nok 2 two\n",
                  "FAILED s: one: b", "    # x.c:9:b:Expected 5 (5) == n (3)", "    # b: Test failed at step #3")

    def test_after(self):
        """of a long traceback the end, where it says why"""
        self.told("1..2\nok 1 - a\n# 0.1 s\nnot ok 2 - b\n" + "".join(f"# line {i}\n" for i in range(9)) + "# 0.2 s\n",
                  "FAILED s: b", *(f"    # line {i}" for i in range(4, 9)))

    def test_both(self):
        """what was said before the result and after it, at most so much of each"""
        self.told("".join(f"# early {i}\n" for i in range(9)) + "not ok 1 b\n# late\nok 2 c\n# other\n1..2\n",
                  "FAILED s: b", *(f"    # early {i}" for i in range(4, 9)), "    # late")

    def test_never(self):
        """a program that ended too early says so with its last lines"""
        self.told("1..2\nok 1 - a\nSegmentation fault\n", "FAILED s: 1 of 2 planned tests never reported",
                  "    Segmentation fault")

    def test_many(self):
        """of very many failures the names alone"""
        most = cmd_test.TOLD_WHOLE
        lines = list(cmd_test.failures_told({"s": read("".join(f"not ok {i} t\n# why\n" for i in range(most + 9)))}))
        self.assertEqual((lines.count("FAILED s: t"), lines.count("    # why")), (most + 9, most))


if __name__ == "__main__":
    unittest.main()
