# SPDX-License-Identifier: GPL-2.0-only
"""Bad arguments: one line that says what to do, status 2, and nothing started."""
import os
import pathlib
import pwd
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import labrun  # noqa: E402


class BadInput(unittest.TestCase):
    def refused(self, *words, says, status=2, **options):
        child = labrun.start(*words, **options)
        code, out, err = labrun.end(child, 60)
        self.assertEqual(code, status, err)
        self.assertEqual(out, "")
        errors = [line for line in err.splitlines() if "error:" in line]
        self.assertEqual(len(errors), 1, err)
        self.assertIn(says, errors[0])
        self.assertNotIn("Traceback", err)
        self.assertEqual(labrun.leftovers(child.pid), [])

    def test_missing(self):
        """INPUT that is not there"""
        self.refused("run", "--input", "/nowhere/at-all", says="No such file")

    def test_directory(self):
        """INPUT that is a directory"""
        self.refused("run", "--input", "/usr", says="is a directory")

    def test_device_node(self):
        """INPUT that has no end"""
        self.refused("run", "--input", "/dev/zero", says="no regular file")

    def test_unreadable(self):
        """INPUT that may not be read"""
        with labrun.scratch() as folder:
            path = pathlib.Path(folder) / "secret"
            path.write_bytes(b"x")
            path.chmod(0)
            if os.geteuid() != 0:
                self.refused("run", "--input", path, says="Permission denied")
                return
            # root reads everything: ask as somebody else, who only has to get as far as the arguments
            os.chmod(folder, 0o755)
            nobody = pwd.getpwnam("nobody")
            code = ("import sys; sys.dont_write_bytecode = True; sys.path.insert(0, sys.argv[1]);\n"
                    "from labyrinth import cmd_vm, ui\n"
                    "try: cmd_vm.check_input(sys.argv[2])\n"
                    "except ui.LabError as problem: print(problem.status, problem)\n")
            with labrun.scratch() as copy:
                os.chmod(copy, 0o755)
                subprocess.run(["cp", "-r", str(labrun.ROOT / "scripts" / "labyrinth"), copy], check=True)
                done = subprocess.run(["/usr/bin/python3", "-c", code, copy, str(path)], user=nobody.pw_uid, cwd="/",
                                      stdout=subprocess.PIPE, check=True)
            self.assertEqual(done.stdout.decode().strip(),
                             f"2 INPUT {path}: Permission denied; make it readable")

    def test_queues(self):
        """numbers out of range"""
        self.refused("run", "--queues", "17", says="1 to 16 queues")
        self.refused("run", "--pages", "0", says="PAGES=0")
        self.refused("run", "--seed", "-1", says="SEED=-1")
        self.refused("vm", "--smp", "0", "--", "true", says="--smp")
        self.refused("vm", "--memory", "1", "--", "true", says="--memory")

    def test_assignments(self):
        """parameters that are no NAME=VALUE"""
        self.refused("vm", "--device", "queues", "--", "true", says="NAME=VALUE")
        self.refused("vm", "--module-param", "x y", "--", "true", says="NAME=VALUE")

    def test_unknown_option(self):
        """unknown options and commands"""
        for words in (("run", "--frobnicate"), ("frobnicate",), ("vm", "--kernel")):
            code, out, err = labrun.lab(*words, limit=60)
            self.assertEqual(code, 2, err)
            self.assertIn("usage:", err)
            self.assertEqual(out, "")

    def test_share(self):
        """a share that is not there"""
        self.refused("vm", "--share", "/nowhere", "--", "true", says="no such folder")

    def test_kernel(self):
        """a kernel that is not there"""
        self.refused("vm", "--kernel", "/nowhere/bzImage", "--", "true", says="no kernel")

    def test_no_command(self):
        """no command and no terminal"""
        self.refused("vm", says="no COMMAND")

    def test_exact(self):
        """options that an exact run excludes"""
        self.refused("vm", "--exact", "--smp", "2", "--", "true", says="exclude each other")
        self.refused("vm", "--exact", "--share", "/usr", "--", "true", says="exclude each other")

    def test_accel(self):
        """an accelerator that does not exist"""
        self.refused("vm", "--", "true", says="LAB_ACCEL=hvf", env={**os.environ, "LAB_ACCEL": "hvf"})

    def test_make_words(self):
        """a file name that a shell would take apart reaches the launcher whole"""
        with labrun.scratch() as folder:
            name = f"{folder}/a 'b' \"c\" $(touch {folder}/bad) ; d"
            done = subprocess.run(["make", "-C", str(labrun.ROOT), "run", f"INPUT={name.replace('$', '$$')}"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(f"INPUT {name}: No such file", done.stderr.decode())
            self.assertFalse(os.path.exists(f"{folder}/bad"))


if __name__ == "__main__":
    unittest.main()
