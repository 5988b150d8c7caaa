# SPDX-License-Identifier: GPL-2.0-only
"""Runs the unittest cases of a folder and prints TAP, each line as soon as its test has ended.

Contract: `python3 unittest_tap.py FOLDER [NAME...]` runs FOLDER/test_*.py; a NAME picks the tests whose
id contains it. A failure's traceback follows as comment lines.
"""
import os
import sys
import time
import unittest


class Result(unittest.TestResult):
    """One TAP line a test."""

    def __init__(self):
        super().__init__()
        self.number = 0
        self.begin = 0.0
        self.sub = []       # the tracebacks of the test's parts that failed

    def startTest(self, test):
        super().startTest(test)
        self.begin = time.monotonic()

    def _line(self, test, good, note="", text=""):
        self.number += 1
        what = test.shortDescription() or test.id()
        print(f"{'' if good else 'not '}ok {self.number} - {what}{note}")
        for line in text.rstrip().splitlines():
            print(f"# {line}")
        if not note:
            print(f"# {time.monotonic() - self.begin:.1f} s", flush=True)

    def addSuccess(self, test):
        self._line(test, True)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line(test, True, f" # SKIP {reason}")

    def _bad(self, test, text):
        self._line(test, False, text="".join(self.sub) + text)
        self.sub = []

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._bad(test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._bad(test, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        before = len(self.failures)
        super().addSubTest(test, subtest, err)
        if err:
            text = (self.failures if len(self.failures) > before else self.errors)[-1][1]
            self.sub.append(f"{subtest}\n{text}")

    def stopTest(self, test):
        if self.sub:
            self._bad(test, "")
        super().stopTest(test)


def _flat(tests):
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            yield from _flat(test)
        else:
            yield test


def main(folder, names):
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    tests = list(_flat(unittest.defaultTestLoader.discover(folder, "test_*.py", folder)))
    tests = [t for t in tests if not names or any(name in t.id() for name in names)]
    print(f"TAP version 13\n1..{len(tests)}", flush=True)
    result = Result()
    unittest.TestSuite(tests).run(result)
    return 0 if result.wasSuccessful() and tests else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
