# SPDX-License-Identifier: GPL-2.0-only
"""The same as tests/e2e at full size: fifty megabytes, a million pages, every mode on every kernel."""
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import runcase  # noqa: E402

MILLION = 1_000_000


class Long(runcase.RunCase):
    def million(self, kernel, mode):
        result = self.run_lab("--kernel", kernel, "--mode", mode, "--source", "generator", "--pages", str(MILLION),
                              "--queues", "4", "--seed", "7")
        self.assertEqual(result["total"]["produced"], MILLION)

    def fifty(self, kernel, mode, queues):
        self.run_file(random.Random(1).randbytes(50_000_000), "--kernel", kernel, "--mode", mode, "--queues", queues)

    def test_million_demand(self):
        """a million pages over four queues, demand mode"""
        self.million("stock", "demand")

    def test_million_ring(self):
        """a million pages over four queues, ring mode"""
        self.million("stock", "ring")

    def test_million_demand_rt(self):
        """a million pages over four queues, demand mode, PREEMPT_RT"""
        self.million("rt", "demand")

    def test_million_ring_rt(self):
        """a million pages over four queues, ring mode, PREEMPT_RT"""
        self.million("rt", "ring")

    def test_fifty(self):
        """fifty megabytes, one queue, demand mode"""
        self.fifty("stock", "demand", 1)

    def test_fifty_ring(self):
        """fifty megabytes, sixteen queues, ring mode"""
        self.fifty("stock", "ring", 16)

    def test_fifty_rt(self):
        """fifty megabytes, eight queues, demand mode, PREEMPT_RT"""
        self.fifty("rt", "demand", 8)



if __name__ == "__main__":
    unittest.main()
