# SPDX-License-Identifier: GPL-2.0-only
"""Data through everything - host, device, interrupt, page, DMA, reader, host - and what run.json says of it."""
import os
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import labrun  # noqa: E402
import runcase  # noqa: E402


class Run(runcase.RunCase):
    def default(self, kernel):
        result = self.run_lab("--kernel", kernel)
        self.assertGreaterEqual(result["input_bytes"], 8 << 20)
        self.assertEqual(result["sha256_in"], result["sha256_out"])
        self.assertEqual(result["total"]["alloc_fail"], 0)
        self.assertEqual(sum(result["total"]["dropped"].values()), 0)
        # Every page of data came into a page that the handler took, but for those that a worker granted late; a few
        # more were taken for requests that the device had withdrawn meanwhile.
        taken = sum(result["total"]["isr_allocs"].values())
        self.assertGreaterEqual(taken + result["total"]["late_grants"], result["total"]["produced"])
        self.assertEqual(result["total"]["isr_contexts"]["hardirq"], taken)

    def test_default_stock(self):
        """the guest's kernel as data, in the distribution's kernel"""
        self.default("stock")

    def test_default_rt(self):
        """the same on PREEMPT_RT, every allocation in hard-interrupt context"""
        self.default("rt")

    def test_empty(self):
        """an empty file is no page, and its hash is right"""
        self.assertEqual(self.run_file(b"")["total"]["produced"], 0)

    def test_one_byte(self):
        """one byte is one page"""
        self.assertEqual(self.run_file(b"x")["total"]["produced"], 1)

    def test_page_and_a_byte(self):
        """a page and a byte are two pages"""
        self.assertEqual(self.run_file(bytes(4097))["total"]["produced"], 2)

    def test_ring_queues(self):
        """ring mode over three queues, put together in order"""
        data = random.Random(2).randbytes(3_000_001)
        result = self.run_file(data, "--mode", "ring", "--queues", "3")
        self.assertEqual(len(result["queues"]), 3)
        self.assertTrue(all(queue["delivered"] for queue in result["queues"]))

    def test_demand_queues(self):
        """demand mode over four queues, put together in order"""
        self.run_file(random.Random(3).randbytes(2_500_000), "--queues", "4")

    def test_bounce(self):
        """with every transfer through a bounce buffer, nothing is lost between device and page"""
        self.run_file(random.Random(4).randbytes(1_000_000), "--append", "swiotlb=force")

    def test_generator(self):
        """the generator, demand mode, four queues"""
        result = self.run_lab("--source", "generator", "--pages", "20000", "--queues", "4", "--seed", "7")
        self.assertEqual(result["total"]["produced"], 20000)
        self.assertEqual(result["seed"], 7)

    def test_generator_ring(self):
        """the generator, ring mode, on PREEMPT_RT"""
        result = self.run_lab("--kernel", "rt", "--source", "generator", "--pages", "20000", "--queues", "2",
                              "--mode", "ring")
        self.assertEqual(result["total"]["produced"], 20000)

    def test_small_pool(self):
        """a pool of a few pages puts data off and loses none"""
        self.run_file(random.Random(5).randbytes(2_000_000), "--module-param", "policy=pool",
                      "--module-param", "pool_pages=32", "--module-param", "depth=16")

    def test_strange_name(self):
        """a file name with commas, spaces and quotes"""
        with labrun.scratch() as folder:
            path = pathlib.Path(folder) / "a, 'b' \"c\" =d"
            path.write_bytes(b"named" * 1000)
            self.assertEqual(self.run_lab("--input", path)["input_bytes"], 5000)

    def test_file_unchanged(self):
        """the user's file is only read"""
        with labrun.scratch() as folder:
            path = pathlib.Path(folder) / "mine"
            path.write_bytes(os.urandom(100_000))
            path.chmod(0o444)
            before = (path.read_bytes(), path.stat().st_mtime_ns)
            self.run_lab("--input", path)
            self.assertEqual((path.read_bytes(), path.stat().st_mtime_ns), before)


if __name__ == "__main__":
    unittest.main()
