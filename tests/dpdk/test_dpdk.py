# SPDX-License-Identifier: GPL-2.0-only
"""DPDK without a kernel driver: the application in the guest, what it says where it cannot run, and the mempool driver.

Contract: one boot behind an IOMMU serves most cases; its runs are in runs.sh.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import labrun  # noqa: E402
from labyrinth import dpdk, guest  # noqa: E402

TORN = ["--device", "queues=4", "--device", "x-faults=on", "--device", "x-fault-dma-torn=nth=100"]


def compared(text):
    """The JSON of the line "# compare"."""
    found = re.findall(r"^# compare (\{.*\})$", text, re.M)
    assert len(found) == 1, text
    return json.loads(found[0])


class InTheGuest(unittest.TestCase):
    """Runs in one boot."""
    runs = {}

    @classmethod
    def setUpClass(cls):
        program = dpdk.ready()
        options = guest.Options()
        dpdk.add_iommu(options)
        words = [f"--qemu-arg={word}" for word in options.qemu_args]
        for word in options.append:
            words += ["--append", word]
        status, out, err = labrun.lab("vm", "--no-driver", *words, *TORN, "--", "sh", HERE / "runs.sh", program,
                                      dpdk.GUEST)
        if status:
            raise AssertionError(f"the guest ended with status {status}: {err}\n{out}")
        parts = re.split(r"^=== (\S+) (\d+)$", out, flags=re.M)
        cls.runs = {name: (int(code), text) for text, name, code in zip(parts[::3], parts[1::3], parts[2::3])}

    def run_of(self, name, expected=0):
        status, text = self.runs[name]
        self.assertEqual(status, expected, text)
        return text

    def verified(self, name):
        """What a run compares by, after the checks that hold for each."""
        text = self.run_of(name)
        self.assertNotIn("not ok", text)
        self.assertEqual(len(re.findall(r"^ok ", text, re.M)), int(re.search(r"^1\.\.(\d+)$", text, re.M)[1]))
        return compared(text)

    def refused(self, name, status, *words):
        """One line on standard error, and no result."""
        text = self.run_of(name, status)
        lines = [line for line in text.splitlines() if line]
        self.assertEqual(len(lines), 1, text)
        for word in words:
            self.assertIn(word, lines[0])

    def test_poll(self):
        """poll mode: every page as the device made it"""
        row = self.verified("poll")
        self.assertEqual((row["driver"], row["mode"], row["pages"], row["drops"]), ("dpdk-poll", "ring", 2000, 0))
        self.assertLessEqual(row["interrupts"], 4)
        self.assertEqual(row["mmio_reads"], 0)

    def test_same_bytes(self):
        """interrupts, moderation, demand mode, two lcores and other mempools receive the same bytes"""
        expected = self.verified("poll")["sequence_hash"]
        for name in ("two-lcores", "interrupt", "interrupt-two-lcores", "moderated", "demand", "demand-interrupt",
                     "labyrinth", "stack"):
            with self.subTest(name):
                row = self.verified(name)
                self.assertEqual(row["sequence_hash"], expected)
                self.assertEqual(row["wrong"], 0)
        self.assertNotEqual(self.verified("other-seed")["sequence_hash"], expected)

    def test_named(self):
        """a run says how it was made"""
        self.assertEqual(self.verified("labyrinth")["allocator"], "labyrinth")
        self.assertEqual(self.verified("stack")["allocator"], "stack")
        self.assertEqual(self.verified("two-lcores")["lcores"], 2)
        self.assertEqual(self.verified("moderated")["driver"], "dpdk-intr")
        self.assertEqual(self.verified("demand-interrupt")["mode"], "demand")

    def test_interrupts(self):
        """with --interrupt pages that come one by one interrupt, in ring and in demand mode"""
        for name in ("paced", "paced-demand"):
            with self.subTest(name):
                self.assertGreater(self.verified(name)["interrupts"], 20)

    def test_overload(self):
        """pages that are dropped are accounted for"""
        row = self.verified("overload")
        self.assertGreater(row["drops"], 0)
        self.assertEqual(row["pages"] + row["drops"], 2000)

    def test_torn(self):
        """a page that the device wrote with a line missing is found"""
        text = self.run_of("torn", 1)
        self.assertIn("bad-crc 1 ", text)
        self.assertIn("not ok 1", text)
        self.assertEqual(compared(text)["wrong"], 1)

    def test_no_huge_pages(self):
        """no huge pages: one line, its own status"""
        self.refused("no-huge", dpdk.EXIT_NO_HUGEPAGES, "huge pages")

    def test_bound_elsewhere(self):
        """the device bound elsewhere: one line, its own status"""
        self.refused("bound-elsewhere", dpdk.EXIT_NOT_VFIO, "vfio-pci")

    def test_no_device(self):
        """no device: one line, its own status"""
        self.refused("no-device", dpdk.EXIT_NO_DEVICE, "no accelerator")

    def test_stuck(self):
        """a device that delivers nothing: given up in time, polling and asleep"""
        self.refused("stuck", dpdk.EXIT_STUCK, "no page came")
        self.refused("stuck-asleep", dpdk.EXIT_STUCK, "no page came")

    def test_no_memory(self):
        """DPDK's environment does not start: its own status"""
        text = self.run_of("no-memory", dpdk.EXIT_EAL)
        self.assertIn("labyrinth-dpdk: DPDK's environment does not start", text)

    def test_bad_words(self):
        """bad arguments: one line, status 2"""
        self.refused("bad-words", 2, "--pages none")
        self.refused("too-many-queues", 2, "the device has 4")

    def test_no_such_ops(self):
        """a mempool driver that there is not, or not on this processor, is named"""
        text = self.run_of("no-such-ops", 1)
        self.assertIn("no mempool driver is called heap; there are:", text)
        self.assertIn("labyrinth", text)
        self.assertIn("lf_stack needs a processor with cmpxchg16b", self.run_of("lf-stack", 1))


class Exact(unittest.TestCase):
    """Under instruction counting, from an initramfs."""

    def test_repeats(self):
        """two exact runs print the same line"""
        words = ["dpdk", "--exact", "--", "--pages", "1000", "--queues", "2", "--no-tap", "--marks", "--warm", "100"]
        rows = []
        for _ in range(2):
            status, out, err = labrun.lab(*words)
            self.assertEqual(status, 0, err)
            rows.append(compared(out))
        self.assertEqual(rows[0], rows[1])
        self.assertEqual(rows[0]["lcores"], 1)
        self.assertGreater(rows[0]["latency_ns"]["p50"], 0)


class Refused(unittest.TestCase):
    """Where it cannot run at all."""

    def lab(self, status, *words, **env):
        code, out, err = labrun.lab("dpdk", *words, env={**os.environ, **env})
        self.assertEqual(code, status, out + err)
        self.assertEqual(out, "")
        return err

    def test_no_iommu(self):
        """no IOMMU: one line, its own status"""
        err = self.lab(dpdk.EXIT_NO_IOMMU, "--no-iommu")
        self.assertIn("is behind no IOMMU", err)

    def test_no_dpdk(self):
        """no DPDK: one line, its own status, before anything is started"""
        err = self.lab(dpdk.EXIT_MISSING, PKG_CONFIG_LIBDIR="/nonexistent", PKG_CONFIG_PATH="")
        self.assertIn("libdpdk-dev", err)
        self.assertEqual(len(err.splitlines()), 1, err)

    def test_old_dpdk(self):
        """an old DPDK: one line, its own status"""
        with labrun.scratch() as folder:
            (pathlib.Path(folder) / "libdpdk.pc").write_text(
                "Name: DPDK\nDescription: old\nVersion: 20.11.3\nLibs:\nCflags:\n")
            err = self.lab(dpdk.EXIT_TOO_OLD, PKG_CONFIG_LIBDIR=folder, PKG_CONFIG_PATH="")
        self.assertIn("20.11.3 is too old", err)
        self.assertEqual(len(err.splitlines()), 1, err)


class Mempool(unittest.TestCase):
    """liblabyrinth as a mempool driver, natively."""

    def test_driver(self):
        """the driver's own tests, under ASan and UBSan"""
        dpdk.make(str(dpdk.OUT / "mempool-test"))
        done = subprocess.run([dpdk.OUT / "mempool-test"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=300, check=False)
        text = done.stdout.decode()
        self.assertEqual(done.returncode, 0, text)
        self.assertEqual(len(re.findall(r"^ok ", text, re.M)), int(re.search(r"^1\.\.(\d+)$", text, re.M)[1]), text)

    def test_autotest(self):
        """DPDK's own mempool_autotest, with the driver loaded by -d and taken by name"""
        if not shutil.which("dpdk-test"):
            self.skipTest("the distribution packages no dpdk-test")
        dpdk.ready()
        # By its name alone: EAL takes no path with a folder that anybody may write to, and a clone may be in one.
        words = ["dpdk-test", "-l", "0,1", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry", "-m", "512", "-d",
                 "librte_mempool_labyrinth.so", "--mbuf-pool-ops-name", "labyrinth"]
        env = {**os.environ, "LD_LIBRARY_PATH": str(dpdk.OUT)}
        done = subprocess.run(words, input=b"mempool_autotest\nquit\n", env=env, timeout=300, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        text = done.stdout.decode(errors="replace")
        self.assertIn("Testing labyrinth mempool handler", text)
        self.assertIn("Test OK", text)
        self.assertNotIn("Test Failed", text)


if __name__ == "__main__":
    unittest.main()
