# SPDX-License-Identifier: GPL-2.0-only
"""The firmware's solver on the host, under ASan and UBSan, against another solver: 1,000 seeded mazes."""
import os
import pathlib
import random
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import mazes  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
COUNT = int(os.environ.get("LAB_MAZES", "1000"))


def solve(jobs):
    """The results of jobs, in one run of the filter."""
    data = b"".join(struct.pack("<I", len(job)) + job for job in jobs)
    done = subprocess.run([BUILD / "firmware" / "labyrinth-solver"], input=data, capture_output=True, timeout=600,
                          check=False)
    if done.returncode:
        raise AssertionError(f"status {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    results, at = [], 0
    while at < len(done.stdout):
        results.append(mazes.Result(done.stdout[at:]))
        at += results[-1].size
    return results


class Core(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run(["make", "-s", "-C", ROOT / "firmware-model", f"O={BUILD}", "solver"], check=True,
                       stdout=sys.stderr)

    def test_mazes(self):
        """each answer is that of the other solver: perfect mazes, with loops, and without a way"""
        made = [mazes.make(seed) for seed in range(COUNT)]
        results = solve([maze.job() for maze in made])
        self.assertEqual(len(results), COUNT)
        solved = 0
        for seed, (maze, result) in enumerate(zip(made, results)):
            self.assertIsNone(mazes.check(maze, result.status, result.steps, result.visited), f"maze {seed}")
            solved += result.status == mazes.SOLVED
        # So the test has seen both
        self.assertGreater(solved, COUNT // 2)
        self.assertGreater(COUNT - solved, COUNT // 50)

    def test_damaged_jobs(self):
        """a job with a few wrong bytes is refused or is another maze, and its answer is right all the same"""
        rng = random.Random(1)
        jobs = []
        for seed in range(400):
            job = bytearray(mazes.make(seed % 90).job())
            for _ in range(rng.randint(1, 3)):
                job[rng.randrange(min(len(job), 60))] ^= 1 << rng.randrange(8)
            jobs.append(bytes(job[:rng.randint(1, len(job))] if rng.random() < 0.2 else job))
        results = solve(jobs)
        self.assertEqual(len(results), len(jobs))
        seen = set()
        for job, result in zip(jobs, results):
            seen.add(result.status)
            if result.status not in (mazes.SOLVED, mazes.UNSOLVABLE):
                self.assertEqual(result.steps, [])
                continue
            self.assertIsNone(mazes.check(mazes.parse(job), result.status, result.steps, result.visited), job.hex())
        self.assertEqual(seen, {mazes.SOLVED, mazes.UNSOLVABLE, mazes.MALFORMED, mazes.GEOMETRY, mazes.OVERSIZE})

    def test_the_check_sees_what_is_wrong(self):
        """a longer path, one through a wall, a false no, are each found"""
        maze = mazes.Maze(3, 1, (0, 0), (2, 0))
        maze.open((0, 0), (1, 0))
        maze.open((1, 0), (2, 0))
        east, west = mazes.EAST, mazes.WEST
        self.assertIsNone(mazes.check(maze, mazes.SOLVED, [east, east], 3))
        self.assertIsNotNone(mazes.check(maze, mazes.SOLVED, [east, west, east, east], 3))
        self.assertIsNotNone(mazes.check(maze, mazes.SOLVED, [east, west], 3))
        self.assertIsNotNone(mazes.check(maze, mazes.UNSOLVABLE, [], 3))
        maze.ways.clear()
        self.assertIsNotNone(mazes.check(maze, mazes.SOLVED, [east, east], 3))


if __name__ == "__main__":
    unittest.main()
