# SPDX-License-Identifier: GPL-2.0-only
"""Kernels by name, one that cannot be had, and what of a kernel's log is a warning."""
import contextlib
import io
import pathlib
import re
import sys
import tempfile
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from labyrinth import cmd_suites, cli, console, kernel_build, kernels, ui  # noqa: E402


class Names(unittest.TestCase):
    def test_help(self):
        """--kernel says every name there is"""
        for name in (*kernels.FLAVOURS, *kernels.OWN):
            self.assertIn(name, kernels.NAMES.split("|"))
        self.assertEqual(set(kernels.OWN), set(kernel_build.KINDS))

    def test_unknown(self):
        """a name that is none is refused with those that are"""
        with self.assertRaises(ui.LabError) as refused:
            kernels.get("/nowhere/6.13")
        for name in (*kernels.FLAVOURS, *kernels.OWN):
            self.assertIn(name, str(refused.exception))

    def test_fragments(self):
        """what the issue demands of the debug kernel is in its configuration, and kcsan excludes it"""
        debug = kernel_build._wishes(kernel_build.KINDS["debug"])
        for option in ("KASAN", "PROVE_LOCKING", "DEBUG_ATOMIC_SLEEP", "DMA_API_DEBUG", "DEBUG_KMEMLEAK", "PAGE_OWNER",
                       "FAULT_INJECTION", "KCOV", "KUNIT"):
            self.assertEqual(debug.get(f"CONFIG_{option}"), "y", option)
        kcsan = kernel_build._wishes(kernel_build.KINDS["kcsan"])
        self.assertEqual((kcsan.get("CONFIG_KCSAN"), kcsan.get("CONFIG_PROVE_LOCKING")), ("y", "y"))
        self.assertFalse({"CONFIG_KASAN", "CONFIG_DMA_API_DEBUG"} & set(kcsan))


class Missing(unittest.TestCase):
    """A distribution without the newer kernel."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for change in (mock.patch.object(kernels, "home", lambda: pathlib.Path(folder.name)),
                       mock.patch.object(kernels.lock, "in_cache", lambda *_: contextlib.nullcontext()),
                       mock.patch.object(kernels.apt, "refresh", lambda: None)):
            change.start()
            self.addCleanup(change.stop)

    @staticmethod
    def show(there):
        def answer(package):
            if package not in there:
                raise ui.LabError(f"the distribution has no package {package}")
            return {"Version": there[package]}
        return mock.patch.object(kernels.apt, "show", answer)

    def test_unavailable(self):
        """the newer one is unavailable, in a line; one that is needed is an error"""
        with self.show({}):
            with self.assertRaises(kernels.Unavailable):
                kernels.get("6.12")
            with self.assertRaises(ui.LabError) as refused:
                kernels.get("stock")
            self.assertNotIsInstance(refused.exception, kernels.Unavailable)

    def test_stock_is_newer(self):
        """where the stock kernel is a 6.12, it is that one"""
        with self.show({"linux-image-amd64": "6.12.43-1"}):
            self.assertEqual(kernels._packages_of("6.12"), kernels.FLAVOURS["stock"])
        with self.show({"linux-image-amd64": "6.1.43-1"}):
            self.assertEqual(kernels._packages_of("6.12"), kernels.FLAVOURS["6.12"])

    def test_skip(self):
        """its self-tests are then skipped, with the reason"""
        args = cli._parser().parse_args(["kselftest", "--kernel", "6.12"])
        out = io.StringIO()
        with self.show({}), mock.patch.object(cmd_suites.cmd_vm.packages, "install", lambda: None), \
                contextlib.redirect_stdout(out):
            self.assertEqual(args.call(args), 0)
        self.assertRegex(out.getvalue(), re.compile(r"^1\.\.0 # SKIP the kernel 6\.12 cannot be had here: .+$", re.M))


class Races(unittest.TestCase):
    def test_ours(self):
        """a data race that a module of ours takes part in is a warning"""
        seen = console.Console()
        seen.feed(b"[    1.0][  T12] BUG: KCSAN: data-race in labyrinth_isr [labyrinth] / labyrinth_read [labyrinth]\n"
                  b"[    1.1] BUG: KCSAN: data-race in _copy_to_iter / lab_take [labyrinth_pool]\n")
        self.assertEqual(len(seen.warning_texts()), 2)

    def test_others(self):
        """one of the kernel's own is not, and other bugs are what they were"""
        seen = console.Console()
        seen.feed(b"[    1.0] BUG: KCSAN: data-race in tick_sched_do_timer / tick_sched_do_timer\n")
        self.assertEqual(seen.warning_texts(), [])
        seen.feed(b"[    1.0] BUG: KASAN: use-after-free in tick+0x1/0x2\n[    1.0] [ BUG: Invalid wait context ]\n")
        self.assertEqual(len(seen.warning_texts()), 2)


class KernelsOwn(unittest.TestCase):
    """pciehp of 6.1 takes two locks of its own the wrong way round, whatever is in the slot."""
    SPLAT = ("[   70.3] ======================================================\n"
             "[   70.3] WARNING: possible circular locking dependency detected\n"
             "[   70.3] 6.1.192-labyrinth-debug #1 Tainted: G           O      \n"
             "[   70.3] ------------------------------------------------------\n"
             "[   70.3] irq/25-pciehp/35 is trying to acquire lock:\n"
             "[   70.3] ffff8880039872f8 ({lock}){{.+.+}}-{{3:3}}, at: {where}+0x192/0x224\n")

    def seen(self, lock, where):
        seen = console.Console()
        seen.feed(self.SPLAT.format(lock=lock, where=where).encode())
        return len(seen.warnings)

    def test_known(self):
        """that one is passed over"""
        self.assertEqual(self.seen("&ctrl->reset_lock", "pciehp_unconfigure_device"), 0)

    def test_others(self):
        """any other order of locks is a warning, and so is what comes after that one"""
        self.assertEqual(self.seen("&ldev->ctl", "labyrinth_remove"), 1)
        self.assertEqual(self.seen("&ctrl->reset_lock", "labyrinth_reset_prepare"), 1)
        seen = console.Console()
        seen.feed(self.SPLAT.format(lock="&ctrl->reset_lock", where="pciehp_unconfigure_device").encode())
        seen.feed(b"[   71.0] WARNING: CPU: 0 PID: 1 at driver.c:1 f+0x1/0x2\n")
        self.assertEqual(len(seen.warnings), 1)
