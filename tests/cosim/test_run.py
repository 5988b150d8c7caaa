# SPDX-License-Identifier: GPL-2.0-only
"""`make run FIRMWARE=cortex-m`: the same run as with the firmware in the device, and its end in every way."""
import os
import pathlib
import random
import signal
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import labrun  # noqa: E402
import runcase  # noqa: E402

BESIDE = ("--firmware", "cortex-m")
COUNTED = ("produced", "delivered", "delivered_bytes", "dropped", "discarded", "failed", "invalid", "crc_errors",
           "seq_errors")


def counted(run):
    """What does not depend on when an interrupt came."""
    return {name: run["total"][name] for name in COUNTED}


class Run(runcase.RunCase):
    def beside(self, run):
        self.assertEqual(run["firmware"]["kind"], "cortex-m")
        self.assertEqual((run["firmware"]["core"], run["firmware"]["starts"]), ("Cortex-M3", 1))
        self.assertEqual(run["firmware"]["refused"], 0)
        self.assertGreater(run["firmware"]["calls"], run["total"]["produced"])

    def test_file(self):
        """a file of 300,001 bytes: the same bytes out, the same counters as with the firmware in the device"""
        data = random.Random(1).randbytes(300_001)
        run, inside = self.run_file(data, *BESIDE), self.run_file(data)
        self.beside(run)
        self.assertEqual(inside["firmware"], {"kind": "device"})
        self.assertEqual(counted(run), counted(inside))

    def test_generator(self):
        """two queues in ring mode: the same counters"""
        words = ("--source", "generator", "--pages", "2000", "--queues", "2", "--mode", "ring", "--seed", "9")
        run, inside = self.run_lab(*words, *BESIDE), self.run_lab(*words)
        self.beside(run)
        self.assertEqual(counted(run), counted(inside))
        self.assertEqual(run["total"]["produced"], 2000)

    def boards(self, launcher):
        """Process numbers of the firmware's machine."""
        found = []
        for pid in labrun.children_of(launcher.pid):
            try:
                words = pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")
                if words[0].endswith("qemu-system-arm") and "-kernel" in words:
                    found.append(pid)
            except OSError:
                pass
        return found

    def wait_boards(self, launcher, other=()):
        end = time.monotonic() + 120
        while not set(self.boards(launcher)) - set(other):
            self.assertLess(time.monotonic(), end, "no firmware's machine")
            self.assertIsNone(launcher.poll(), "the launcher has ended")
            time.sleep(0.05)
        return self.boards(launcher)

    def test_killed(self):
        """the firmware's machine is killed under traffic: Linux hears of it, resets the device, and it works again"""
        script = ("echo begun; labctl receive --source generator --pages 100000000 >/dev/null 2>&1; "
                  "i=0; until labctl receive --source generator --pages 500 --seed 3; do "
                  "sleep 0.3; i=$((i+1)); [ $i -lt 60 ] || exit 1; done; dmesg | grep -i labyrinth; dmesg | grep AER:")
        launcher = labrun.start("vm", *BESIDE, "--timeout", "200", "--", "sh", "-c", script)
        try:
            first = self.wait_boards(launcher)
            line = launcher.stdout.readline()
            self.assertEqual(line, b"begun\n")
            time.sleep(1.5)
            os.kill(first[0], signal.SIGKILL)
            self.wait_boards(launcher, first)
        finally:
            code, out, err = labrun.end(launcher, 250)
        self.assertEqual(code, 0, out + err)
        self.assertIn("Uncorrected (Fatal)", out)
        self.assertIn("recovered from a PCI error", out)
        self.assertIn("was killed by signal 9; it is started again", err)

    def test_interrupted(self):
        """Ctrl-C ends both machines, and leaves nothing"""
        launcher = labrun.start("run", *BESIDE, "--source", "generator", "--pages", "100000000")
        try:
            boards = self.wait_boards(launcher)
            time.sleep(1)
            family = labrun.children_of(launcher.pid)
            launcher.send_signal(signal.SIGINT)
        finally:
            code, _, err = labrun.end(launcher, 60)
        self.assertEqual(code, 130, err)
        self.assertEqual([pid for pid in family + boards if labrun.alive(pid)], [])
        self.assertEqual(labrun.leftovers(launcher.pid), [])

    def test_lost(self):
        """a launcher that is killed outright leaves no machine either"""
        launcher = labrun.start("run", *BESIDE, "--source", "generator", "--pages", "100000000")
        boards = self.wait_boards(launcher)
        family = labrun.children_of(launcher.pid)
        launcher.kill()
        launcher.wait()
        launcher.stdout.close()
        launcher.stderr.close()
        end = time.monotonic() + 20
        while any(labrun.alive(pid) for pid in family + boards):
            self.assertLess(time.monotonic(), end, "a machine lives on")
            time.sleep(0.05)

    def test_refused(self):
        """what cannot be is refused before anything is started"""
        for words, why in ((("run", "--firmware", "m33"), "invalid choice"),
                           (("vm", *BESIDE, "--exact", "--", "true"), "cannot be --exact")):
            code, _, err = labrun.lab(*words)
            self.assertEqual(code, 2, err)
            self.assertIn(why, err)


if __name__ == "__main__":
    unittest.main()
