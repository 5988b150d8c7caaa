# SPDX-License-Identifier: GPL-2.0-only
"""The same mazes through device, driver and labctl in the guest, and what labctl makes and draws."""
import json
import pathlib
import sys
import unittest
import xml.dom.minidom

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import labrun  # noqa: E402
import mazes  # noqa: E402

SAMPLE = 60
OWN = 12        # that labctl makes itself
SCRIPT = """
cd "$1" || exit 1
labctl maze --size 31x17 --seed 5 --loops 10 > own.txt
labctl solve own.txt --svg own.svg > own.out || exit 1
labctl solve own.out > again.out || exit 1
cmp own.out again.out > differ
for i in $(seq 0 {own}); do
    labctl maze --size $((i * 10 + 1))x$((128 - i * 10)) --seed $i --loops $((i * 3)) --binary > own-$i.bin
done
for file in *.bin; do
    mode=demand
    [ $((number % 2)) -eq 0 ] || mode=ring
    number=$((number + 1))
    labctl solve --json --mode $mode "$file" > "${{file%.bin}}.json" 2> "${{file%.bin}}.err"
    echo $? > "${{file%.bin}}.status"
done
labctl stats --json > stats
""".format(own=OWN)


class Device(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = labrun.scratch()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.folder = pathlib.Path(cls.scratch.name)
        # Those that are cut off, and the largest, are among them
        cls.seeds = [*range(SAMPLE - 4), 99, 149, 199, 249]
        for seed in cls.seeds:
            (cls.folder / f"{seed}.bin").write_bytes(mazes.make(seed).job())
        status, _, err = labrun.lab("vm", "--share", cls.folder, "--", "sh", "-c", SCRIPT, "sh", cls.folder)
        if status:
            raise AssertionError(f"the guest ended with {status}:\n{err}")

    def check(self, name, maze):
        result = json.loads((self.folder / f"{name}.json").read_text())
        status = {"solved": mazes.SOLVED, "unsolvable": mazes.UNSOLVABLE}[result["status"]]
        steps = ["NESW".index(letter) for letter in result.get("path", "")]
        self.assertIsNone(mazes.check(maze, status, steps, result["visited"]), f"maze {name}")
        self.assertEqual(int((self.folder / f"{name}.status").read_text()), 3 if status else 0)
        return status

    def test_sample(self):
        """each answer is that of the other solver, in demand and in ring mode"""
        found = {self.check(seed, mazes.make(seed)) for seed in self.seeds}
        self.assertEqual(found, {mazes.SOLVED, mazes.UNSOLVABLE})

    def test_own_mazes(self):
        """so are those of `labctl maze`: every cell can be reached, without loops by one way"""
        for index in range(OWN + 1):
            maze = mazes.parse((self.folder / f"own-{index}.bin").read_bytes())
            self.assertEqual(maze.distance()[1], maze.width * maze.height)
            self.assertEqual(self.check(f"own-{index}", maze), mazes.SOLVED)
            if not index:
                self.assertEqual(len(maze.ways), maze.width * maze.height - 1)

    def test_text_and_picture(self):
        """what is printed can be read and solved again, to the same; the picture is one"""
        self.assertEqual((self.folder / "differ").read_text(), "")
        drawn = xml.dom.minidom.parseString((self.folder / "own.svg").read_text())
        self.assertEqual(drawn.documentElement.tagName, "svg")
        self.assertEqual(len(drawn.getElementsByTagName("path")), 2)
        lines = (self.folder / "own.out").read_text().splitlines()
        self.assertEqual(len(lines), 35)
        self.assertEqual({len(line) for line in lines}, {63})

    def test_all_pages_are_back(self):
        """nothing is left in the device's hands"""
        pool = json.loads((self.folder / "stats").read_text())["pool"]
        self.assertEqual(pool["owned"]["cpu"] + pool["owned"]["device"] + pool["owned"]["user"], 0, pool)


if __name__ == "__main__":
    unittest.main()
