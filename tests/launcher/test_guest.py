# SPDX-License-Identifier: GPL-2.0-only
"""A command in the guest behaves as if it ran here: words, input, output, status; and trouble is seen."""
import pathlib
import select
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import labrun  # noqa: E402


class Command(unittest.TestCase):
    def vm(self, *words, **options):
        return labrun.lab("vm", "--no-driver", *words, **options)

    def line(self, child):
        """The next line of its output, or a failure."""
        self.assertTrue(select.select([child.stdout], [], [], labrun.LIMIT / 3)[0], "no output came")
        return child.stdout.readline()

    def test_status(self):
        """the exit status comes out"""
        self.assertEqual(self.vm("--", "sh", "-c", "exit 7")[0], 7)

    def test_killed(self):
        """a command that a signal ends gives 128 + its number"""
        self.assertEqual(self.vm("--", "sh", "-c", "kill -SEGV $$")[0], 139)

    def test_words(self):
        """every word reaches the command as it is"""
        words = ["a b", "c'd", '"', "$x", "", "*", "new\nline", "\\", "ä", "-n"]
        code, out, _ = self.vm("--", "printf", "<%s>", *words)
        self.assertEqual((code, out), (0, "".join(f"<{word}>" for word in words)))

    def test_host_programs(self):
        """programs are the host's, also those that busybox has too"""
        code, out, err = self.vm("--", "sh", "-c", "readlink -f /proc/$$/exe; ls --version | head -n 1")
        self.assertEqual(code, 0, err)
        self.assertNotIn("busybox", out.lower())
        self.assertIn("coreutils", out)

    def test_streams(self):
        """input, output and error stay apart and whole"""
        data = bytes(range(256)) * 4096
        code, out, err = self.vm("--", "sh", "-c", "echo oops >&2; sha256sum; echo end", input=data)
        import hashlib
        self.assertEqual(code, 0, err)
        self.assertEqual(out, f"{hashlib.sha256(data).hexdigest()}  -\nend\n")
        self.assertIn("oops\n", err)
        self.assertNotIn("oops", out)

    def test_unbuffered(self):
        """output comes when it is written, not when the command ends"""
        child = labrun.start("vm", "--no-driver", "--", "sh", "-c", "echo first; read answer; echo $answer",
                             stdin=subprocess.PIPE)
        try:
            # Held back, the first line would never come: the command ends only after the answer to it.
            self.assertEqual(self.line(child), b"first\n")
            child.stdin.write(b"last\n")
            child.stdin.flush()
            self.assertEqual(self.line(child), b"last\n")
        finally:
            self.assertEqual(labrun.end(child)[0], 0)

    def test_files(self):
        """the host's files are there, read-only; a share is writable, also under /tmp"""
        with labrun.scratch() as folder:
            (pathlib.Path(folder) / "in").write_text("from the host")
            script = f"cat {folder}/in && echo from the guest > {folder}/out && ! touch /usr/x 2> /dev/null"
            code, out, err = self.vm("--share", folder, "--", "sh", "-c", script)
            self.assertEqual((code, out), (0, "from the host"), err)
            self.assertEqual((pathlib.Path(folder) / "out").read_text(), "from the guest\n")

    def test_modules(self):
        """modprobe finds the guest kernel's own modules"""
        code, out, err = self.vm("--", "sh", "-c", "modprobe vfio-pci && cut -d' ' -f1 /proc/modules | grep vfio_pci$")
        self.assertEqual((code, out), (0, "vfio_pci\n"), err)

    def test_crash(self):
        """a crash of the kernel is told as one, with the console"""
        code, _, err = self.vm("--", "sh", "-c", "echo c > /proc/sysrq-trigger")
        self.assertEqual(code, 70)
        self.assertIn("crashed", err)
        self.assertIn("Kernel panic", err)

    def test_warning(self):
        """a warning of the kernel spoils a good command"""
        code, _, err = self.vm("--", "sh", "-c", "echo 'WARNING: made by a test' > /dev/kmsg")
        self.assertEqual(code, 71)
        self.assertIn("made by a test", err)

    def test_no_false_alarm(self):
        """a program's own output is no kernel warning"""
        code, out, err = self.vm("--", "echo", "WARNING: BUG: Kernel panic - not syncing")
        self.assertEqual((code, out), (0, "WARNING: BUG: Kernel panic - not syncing\n"), err)

    def test_hang(self):
        """a guest that does not end is ended"""
        begin = time.monotonic()
        code, _, err = self.vm("--timeout", "12", "--", "sleep", "1000")
        self.assertEqual(code, 124, err)
        self.assertLess(time.monotonic() - begin, 60)

    def test_power_off(self):
        """a guest that goes away before its command is told"""
        self.assertEqual(self.vm("--", "poweroff", "-f")[0], 72)

    def test_bad_qemu_option(self):
        """QEMU's own refusal is shown"""
        code, _, err = self.vm("--qemu-arg=-frobnicate", "--", "true")
        self.assertEqual(code, 72)
        self.assertIn("frobnicate", err)

    def test_bad_module_parameter(self):
        """a parameter that the module refuses is told"""
        code, _, err = labrun.lab("vm", "--module-param", "policy=nonsense", "--", "true")
        self.assertNotEqual(code, 0)
        self.assertIn("insmod", err)


class Module(unittest.TestCase):
    SOURCE = """// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>
static int number;
module_param(number, int, 0444);
static int __init hello_init(void) { return 0; }
static void __exit hello_exit(void) { }
module_init(hello_init);
module_exit(hello_exit);
MODULE_LICENSE("GPL");
"""

    def test_foreign(self):
        """a user's module is built, loaded with its parameter, and leaves his folder alone"""
        with labrun.scratch() as folder:
            home = pathlib.Path(folder) / "hello"
            home.mkdir()
            (home / "hello.c").write_text(self.SOURCE)
            (home / "Kbuild").write_text("obj-m += hello.o\n")
            code, out, err = labrun.lab("module", "--no-driver", "--param", "number=42", home, "--",
                                        "cat", "/sys/module/hello/parameters/number")
            self.assertEqual((code, out), (0, "42\n"), err)
            self.assertEqual({p.name for p in home.iterdir()}, {"hello.c", "Kbuild"})

    def test_broken(self):
        """a module that does not compile is told with the compiler's words"""
        with labrun.scratch() as folder:
            home = pathlib.Path(folder) / "broken"
            home.mkdir()
            (home / "broken.c").write_text("#error made by a test\n")
            (home / "Kbuild").write_text("obj-m += broken.o\n")
            code, _, err = labrun.lab("module", "--no-driver", home, "--", "true")
            self.assertEqual(code, 125, err)
            self.assertIn("made by a test", err)

    def test_no_module(self):
        """a folder without a module is refused"""
        with labrun.scratch() as folder:
            code, _, err = labrun.lab("module", "--no-driver", folder, "--", "true")
            self.assertEqual(code, 2, err)
            self.assertIn("neither Kbuild nor Makefile", err)


if __name__ == "__main__":
    unittest.main()
