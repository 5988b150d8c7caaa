# SPDX-License-Identifier: GPL-2.0-only
"""That the kcsan kernel finds what it is there for: a race and a lock order that were planted, and nothing else.

Contract: needs the kcsan kernel; each test is one boot. race.c is built under a name of our own, since only races of
our modules are failures, and under another's.
"""
import pathlib
import shutil
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import labrun  # noqa: E402

WARNED = 71
# How long an access is watched: on a busy host the other processor does not run at all in the kernel's own 80.
WATCH_US = 5000


class Planted(unittest.TestCase):
    def run_as(self, name, mode):
        """The lab's status and messages of a guest that loads race.c as NAME."""
        with labrun.scratch() as folder:
            home = pathlib.Path(folder) / name
            home.mkdir()
            shutil.copy(HERE / "race.c", home / f"{name}.c")
            (home / "Kbuild").write_text(f"obj-m += {name}.o\nKCSAN_SANITIZE := y\n")
            code, out, err = labrun.lab("module", "--kernel", "kcsan", "--append", f"kcsan.udelay_task={WATCH_US}",
                                        "--no-driver", "--param", f"mode={mode}", home,
                                        "--", "sh", "-c", "dmesg | grep -c KCSAN:; true")
        return code, out.strip(), err

    def test_race(self):
        """a race in a module of ours is found and spoils the run"""
        code, races, err = self.run_as("labyrinth_race", "race")
        self.assertEqual(code, WARNED, err)
        self.assertIn("BUG: KCSAN: data-race in touch [labyrinth_race]", err)
        self.assertNotEqual(races, "0")

    def test_locked(self):
        """the same work under a lock is no race"""
        code, _, err = self.run_as("labyrinth_race", "none")
        self.assertEqual(code, 0, err)
        self.assertNotIn("[labyrinth_race]", err)

    def test_foreign(self):
        """a race that no module of ours takes part in is in the log, and no failure"""
        code, races, err = self.run_as("foreign_race", "race")
        self.assertEqual(code, 0, err)
        self.assertNotEqual(races, "0")

    def test_lock_order(self):
        """two locks taken in both orders are found"""
        code, _, err = self.run_as("labyrinth_race", "lock")
        self.assertEqual(code, WARNED, err)
        self.assertIn("possible circular locking dependency", err)


if __name__ == "__main__":
    unittest.main()
