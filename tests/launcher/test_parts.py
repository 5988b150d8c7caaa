# SPDX-License-Identifier: GPL-2.0-only
"""The launcher's parts that decide something without a guest: what is a crash, what a source list says, how
words are quoted, which packages are the kernel's."""
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from labyrinth import apt, console, cpio, guest, kernels, packages, pvh, ui  # noqa: E402


class Console(unittest.TestCase):
    def look(self, *lines):
        seen = console.Console()
        seen.feed("\r\n".join(lines).encode() + b"\r\n")
        seen.end()
        return seen

    def test_crashes(self):
        """what ends a kernel is a crash"""
        for line in ("[    1.832874] Kernel panic - not syncing: sysrq triggered crash",
                     "[   12.000001][  T123] BUG: kernel NULL pointer dereference, address: 0000000000000008",
                     "[    3.1] BUG: unable to handle page fault for address: ffffc90000000000",
                     "[    4.000000] general protection fault, probably for non-canonical address",
                     "[    5.000000] kernel BUG at mm/slub.c:305!"):
            self.assertIsNotNone(self.look("fine", line).crash, line)

    def test_warnings(self):
        """what a kernel complains of is a warning, and no crash"""
        for line in ("[    2.000000] WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2",
                     "[    2.000000] BUG: scheduling while atomic: sh/1/0x00000002",
                     "[    2.000000] BUG: sleeping function called from invalid context at mm/x.c:1",
                     "[    2.000000] BUG: KASAN: slab-use-after-free in f+0x1/0x2",
                     "[    2.000000] WARNING: possible circular locking dependency detected",
                     "[    2.000000] [ BUG: Invalid wait context ]",
                     "[    2.000000] DMA-API: labyrinth 0000:01:00.0: device driver frees DMA memory with different size",
                     "[    2.000000] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
                     "[    2.000000] UBSAN: shift-out-of-bounds in x.c:1:2",
                     "[    2.000000] INFO: task sh:1 blocked for more than 120 seconds."):
            seen = self.look(line)
            self.assertIsNone(seen.crash, line)
            self.assertEqual(len(seen.warnings), 1, line)

    def test_harmless(self):
        """what only looks like trouble is none"""
        for line in ("[    1.0] DMA-API: preallocated 65536 debug entries", "[    1.0] DMA-API: debugging enabled by kernel config",
                     "[    1.0] mtrr: your CPUs had inconsistent MTRRdefType settings", "[    1.0] x86/mm: no BUG: here",
                     "[    1.0] labyrinth 0000:01:00.0: labyrinth0: 4 queues", ""):
            seen = self.look(line)
            self.assertEqual((seen.crash, seen.warnings), (None, []), line)

    def test_pieces(self):
        """a line that comes in pieces is one line"""
        seen = console.Console()
        for piece in (b"[    1.0] Kernel pa", b"nic - not sync", b"ing: x\n"):
            seen.feed(piece)
        self.assertEqual((len(seen.lines), seen.crash), (1, 0))

    def test_given_up(self):
        """the guest's own first program says why it cannot go on"""
        self.assertEqual(self.look("lab-guest: cannot mount x").given_up, "cannot mount x")


class Sources(unittest.TestCase):
    def test_deb822(self):
        """the newer form of a source list"""
        text = ("# note\nTypes: deb\nURIs: https://one.example/debian\nSuites: a a-updates\nComponents: main\n"
                "Signed-By: /x.gpg\n\nEnabled: no\nURIs: https://two.example\nSuites: b\n")
        self.assertEqual(list(apt._deb822(text)), [(["https://one.example/debian"], ["a", "a-updates"], "/x.gpg")])

    def test_inline_key(self):
        """a key within the list stays whole"""
        text = "URIs: u\nSuites: s\nSigned-By:\n -----BEGIN\n .\n abc\n"
        self.assertEqual(list(apt._deb822(text))[0][2], "\n -----BEGIN\n .\n abc")

    def test_one_line(self):
        """the older form of a source list"""
        text = "# deb x y\ndeb [arch=amd64 signed-by=/a.gpg,/b.gpg] https://one.example/debian a main\ndeb-src u s m\n"
        self.assertEqual(list(apt._one_line(text)), [(["https://one.example/debian"], ["a"], "/a.gpg /b.gpg")])

    def test_kernel_packages(self):
        """of a kernel's dependencies its own packages are fetched"""
        ours = ["linux-image-6.1.0-9-amd64", "linux-headers-6.1.0-9-common", "linux-kbuild-6.12.9", "linux-modules-6.12-amd64"]
        others = ["linux-base", "kmod", "linux-compiler-gcc-12-x86", "initramfs-tools", "linux-libc-dev"]
        self.assertEqual([n for n in ours + others if kernels._OURS.match(n)], ours)

    def test_list(self):
        """every package has a reason, and none stands twice"""
        names = [name for name, _ in packages.wanted()]
        self.assertEqual(len(names), len(set(names)))
        self.assertTrue(all(len(reason) > 10 for _, reason in packages.wanted()))


class Guest(unittest.TestCase):
    def test_words(self):
        """the script of a command gives back its words, whatever is in them"""
        words = ["/usr/bin/printf", "%s\\0", "a b", "'", "\"$(x)`", "\n", "", "*", "\udcff"]
        script = guest._command_script(guest.Options(command=words, cwd="/"))
        out = subprocess.run(["sh"], input=script, stdout=subprocess.PIPE, check=True).stdout
        self.assertEqual(out.decode("utf-8", "surrogateescape").split("\0")[:-1], words[2:])

    def test_masked(self):
        """a clone under /tmp is visible in the guest although /tmp is fresh there"""
        seen = guest._visible(guest.Options(cwd="/tmp/x/y", path=["/usr/bin"]))
        self.assertIn("/tmp/x/y", seen)
        self.assertNotIn("/usr/bin", seen)

    def test_assignments(self):
        """NAME=VALUE and nothing else"""
        self.assertEqual(guest.check_assignments(["a=b", "pool.c="], "x"), ["a=b", "pool.c="])
        for bad in ("a", "=b", "a b=c", "a=b\nc"):
            with self.assertRaises(ui.LabError, msg=bad):
                guest.check_assignments([bad], "x")

    def test_archive(self):
        """cpio itself reads the archive, and the same files give the same bytes"""
        def make():
            archive = cpio.Archive()
            archive.file("a/b/c", b"data", 0o755)
            archive.link("a/l", "b/c")
            archive.file("empty", b"")
            return archive.done()
        self.assertEqual(make(), make())
        out = subprocess.run(["cpio", "-t", "--quiet"], input=make(), stdout=subprocess.PIPE, check=True).stdout
        self.assertEqual(out.decode().split(), ["a", "a/b", "a/b/c", "a/l", "empty"])

    def test_no_kernel(self):
        """what is no bzImage has neither a release nor a kernel inside"""
        self.assertIsNone(pvh.release(bytes(4096)))
        self.assertIsNone(pvh.vmlinux(bytes(4096)))


if __name__ == "__main__":
    unittest.main()
