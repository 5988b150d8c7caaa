# SPDX-License-Identifier: GPL-2.0-only
"""An input that never ends is a finding, whoever finds it: the fuzzer's own watch, or the launcher that kills it.

Contract: two targets of the fuzzer stand still over any input (target.c); one can be interrupted, one is deaf to signals.
"""
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "scripts"))
from labyrinth import cmd_fuzz, fuzz_coverage, qemu_device  # noqa: E402

PATIENCE = 2
GRACE = {"loop": 300, "deaf": 45}     # seconds; the fuzzer has to have begun by then, on a slow host too


class Hangs(unittest.TestCase):
    def found(self, name):
        """What a run of a second of this target finds: its name, input and log."""
        with tempfile.TemporaryDirectory() as folder:
            home = pathlib.Path(folder)
            with mock.patch.multiple(cmd_fuzz, HOME=home, FINDINGS=home / "findings", PATIENCE=PATIENCE,
                                     GRACE=GRACE[name], DYING=PATIENCE):
                result = cmd_fuzz.run(qemu_device.fuzz_program(), cmd_fuzz.Target(name, "stands still", 1), 1, 1, 1, True,
                                      fuzz_coverage.Counts())
            self.assertEqual((result.inputs, result.failures), (0, []), result.said)
            self.assertEqual(len(result.findings), 1, result.said)
            path = result.findings[0]
            return path.name, path.read_bytes(), path.with_suffix(".log").read_text()

    def test_loop(self):
        """an input that loops is found by the fuzzer's own watch, which says where"""
        name, data, log = self.found("loop")
        self.assertRegex(name, "^loop-timeout-")
        self.assertTrue(data)
        self.assertIn("loop_input", log)

    def test_deaf(self):
        """one that no signal reaches is killed, and its input is kept"""
        name, data, _ = self.found("deaf")
        self.assertRegex(name, "^deaf-hung-")
        self.assertTrue(data)


if __name__ == "__main__":
    unittest.main()
