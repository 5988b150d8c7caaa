# SPDX-License-Identifier: GPL-2.0-only
"""8 MiB and more with the firmware on its own board: every mode and the RT kernel, compared with the firmware in the
device."""
import pathlib
import random
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cosim"))
import runcase  # noqa: E402
from test_run import BESIDE, counted  # noqa: E402

SIZE = 8 << 20


class Long(runcase.RunCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="labyrinth-long-"))
        cls.file = pathlib.Path(folder) / "data"
        cls.file.write_bytes(random.Random(8).randbytes(SIZE))

    def both(self, *words):
        beside, inside = self.run_lab(*words, *BESIDE), self.run_lab(*words)
        self.assertEqual(counted(beside), counted(inside))
        self.assertEqual((beside["sha256_out"], beside["input_bytes"]), (inside["sha256_out"], inside["input_bytes"]))
        self.assertEqual((beside["firmware"]["starts"], beside["firmware"]["refused"]), (1, 0))
        return beside

    def test_demand(self):
        """8 MiB in demand mode: the same SHA-256, the same counters"""
        run = self.both("--input", self.file)
        self.assertEqual((run["sha256_in"], run["total"]["produced"]), (run["sha256_out"], SIZE // 4096))

    def test_ring(self):
        """8 MiB in ring mode over four queues"""
        run = self.both("--input", self.file, "--mode", "ring", "--queues", "4")
        self.assertEqual(run["sha256_in"], run["sha256_out"])

    def test_rt(self):
        """8 MiB on PREEMPT_RT"""
        run = self.both("--input", self.file, "--kernel", "rt")
        self.assertEqual(run["sha256_in"], run["sha256_out"])

    def test_generator(self):
        """20,000 pages of a generator over four queues"""
        run = self.both("--source", "generator", "--pages", "20000", "--queues", "4", "--seed", "7")
        self.assertEqual(run["total"]["produced"], 20000)

    def test_kernel(self):
        """the guest's own kernel, some 60 MiB"""
        self.run_lab(*BESIDE)


if __name__ == "__main__":
    unittest.main()
