# SPDX-License-Identifier: GPL-2.0-only
"""However a launcher ends, nothing of it stays: no process, no file; and two do not disturb each other."""
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import labrun  # noqa: E402

SLEEPER = ("vm", "--no-driver", "--", "sh", "-c", "echo up; sleep 1000")


class Ends(unittest.TestCase):
    def started(self):
        """A launcher whose guest is up, and its processes."""
        child = labrun.start(*SLEEPER)
        self.assertEqual(child.stdout.readline(), b"up\n")
        children = labrun.children_of(child.pid)
        self.assertTrue(children, "QEMU is no child of the launcher")
        return child, children

    def gone(self, children):
        limit = time.monotonic() + 10
        while any(map(labrun.alive, children)) and time.monotonic() < limit:
            time.sleep(0.1)
        self.assertEqual([pid for pid in children if labrun.alive(pid)], [])

    def by_signal(self, number):
        child, children = self.started()
        self.assertTrue(labrun.leftovers(child.pid))
        child.send_signal(number)
        code, _, err = labrun.end(child, 30)
        self.assertEqual(code, 128 + number, err)
        self.assertNotIn("Traceback", err)
        self.gone(children)
        self.assertEqual(labrun.leftovers(child.pid), [])

    def test_interrupt(self):
        """Ctrl-C"""
        self.by_signal(signal.SIGINT)

    def test_terminate(self):
        """a request to end"""
        self.by_signal(signal.SIGTERM)

    def test_kill(self):
        """a launcher killed outright takes QEMU with it; the next one sweeps its files"""
        child, children = self.started()
        child.kill()
        child.communicate()
        self.gone(children)
        self.assertTrue(labrun.leftovers(child.pid))
        self.assertEqual(labrun.lab("vm", "--no-driver", "--", "true")[0], 0)
        self.assertEqual(labrun.leftovers(child.pid), [])

    def test_qemu_killed(self):
        """QEMU that dies is told"""
        child, children = self.started()
        os.kill(children[0], signal.SIGKILL)
        code, _, err = labrun.end(child, 30)
        self.assertEqual(code, 72, err)
        self.assertIn("killed by signal 9", err)

    def test_interrupt_while_building(self):
        """Ctrl-C during a build leaves no half-made file, and the next run goes on"""
        with labrun.scratch() as folder:
            home = pathlib.Path(folder) / "slow"
            home.mkdir()
            (home / "Kbuild").write_text("obj-m += slow.o\n$(shell sleep 20)\n")
            (home / "slow.c").write_text("#include <linux/module.h>\nMODULE_LICENSE(\"GPL\");\n")
            child = labrun.start("module", "--no-driver", home, "--", "true")
            time.sleep(4)
            children = labrun.children_of(child.pid)
            child.send_signal(signal.SIGINT)
            code, _, err = labrun.end(child, 30)
            self.assertEqual(code, 130, err)
            self.gone(children[:1])
            (home / "Kbuild").write_text("obj-m += slow.o\n")
            code, _, err = labrun.lab("module", "--no-driver", home, "--", "true")
            self.assertEqual(code, 0, err)

    def test_two(self):
        """two launchers side by side"""
        pair = [labrun.start("vm", "--", "sh", "-c", f"sleep 3; echo {number}") for number in (1, 2)]
        results = [labrun.end(child) for child in pair]
        self.assertEqual([(code, out) for code, out, _ in results], [(0, "1\n"), (0, "2\n")], results)

    def test_full_disk(self):
        """a full disk is told in one line"""
        with labrun.scratch() as folder:
            clone = pathlib.Path(folder) / "clone"
            clone.mkdir()
            # a mount of its own in a namespace of its own: nothing of it is seen outside
            script = ('mount -t tmpfs -o size=8m full "$1" && cp -r "$2/scripts" "$2/qemu-device" "$1/" && '
                      'head -c 16m /dev/zero > "$1/ballast" 2> /dev/null; '
                      'exec "$3" "$1/scripts/lab" vm --no-driver -- true')
            done = subprocess.run(["unshare", "--mount", "--map-root-user" if os.geteuid() else "--propagation=private",
                                   "sh", "-c", script, "sh", str(clone), str(labrun.ROOT), sys.executable],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            text = done.stderr.decode()
            self.assertEqual(done.returncode, 125, text)
            self.assertIn("the disk is full", text)
            self.assertNotIn("Traceback", text)


if __name__ == "__main__":
    unittest.main()
