# SPDX-License-Identifier: GPL-2.0-only
"""Mazes that are solved by the firmware beside the device: the same results, to the byte, as in the device."""
import pathlib
import random
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from wire import N, RING, both, wait_for  # noqa: E402

JOB_RING, JOB = RING + 0xc000, 0x300000


def maze(width, height, seed, shut=False):
    """A job: random inner walls, a third of all; `shut`: the goal is walled in."""
    chance, cells = random.Random(seed), [0] * (width * height)
    for i in range(len(cells)):
        cells[i] = sum(wall for wall in (N["MAZE_EAST"], N["MAZE_SOUTH"]) if chance.random() < 0.3)
        if i % width == width - 1:
            cells[i] |= N["MAZE_EAST"]
        if i >= len(cells) - width:
            cells[i] |= N["MAZE_SOUTH"]
    if shut:
        cells[-2] |= N["MAZE_EAST"]
        cells[-1 - width] |= N["MAZE_SOUTH"]
    walls = bytearray((len(cells) + 3) // 4)
    for i, cell in enumerate(cells):
        walls[i // 4] |= cell << i % 4 * 2
    return struct.pack("<IHHIHHHHHHQ", N["MAZE_MAGIC"], N["MAZE_VERSION"], 0, 32 + len(walls), width, height, 0, 0,
                       width - 1, height - 1, 0) + bytes(walls)


class Solve(unittest.TestCase):
    def solved(self, bench, jobs):
        """The results of the jobs, one after the other."""
        bench.qreg(0, "QREG_JQ_BASE", JOB_RING, wide=True)
        bench.qreg(0, "QREG_JQ_SIZE", 16)
        bench.start(0, source="SOURCE_SOLVE")
        found = []
        for number, job in enumerate(jobs, 1):
            bench.write(JOB, job)
            bench.write(JOB_RING + (number - 1) * 16, struct.pack("<QIHH", JOB, number, len(job), N["JOB_LAST"]))
            bench.qreg(0, "QREG_JQ_TAIL", number)
            wait_for("the result", lambda: bench.step(20_000) or bench.tag())
            found.append(bench.receive()[0][1])
        return found, bench.counters()

    def test_mazes(self):
        """five mazes, one without a way, one that is none"""
        jobs = [maze(9, 7, seed) for seed in range(3)] + [maze(40, 30, 4), maze(20, 20, 5, shut=True), bytes(64)]
        results, counters = both(self, lambda bench: self.solved(bench, jobs))
        statuses = [struct.unpack_from("<H", result, 4)[0] for result in results]
        self.assertEqual(statuses[-2:], [N["SOLVE_UNSOLVABLE"], N["SOLVE_MALFORMED"]])
        self.assertIn(N["SOLVE_SOLVED"], statuses[:-2])
        self.assertEqual(counters[:2], [len(jobs), len(jobs)])


if __name__ == "__main__":
    unittest.main()
