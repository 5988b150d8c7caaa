# SPDX-License-Identifier: GPL-2.0-only
"""The fuzzer's launcher, without the fuzzer: what it refuses, its seeds, its ledger, and what it calls a blind spot."""
import contextlib
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import labrun  # noqa: E402
from labyrinth import campaigns, cmd_fuzz, fuzz_coverage, fuzz_ledger, paths, soak_ledger, ui  # noqa: E402


class Words(unittest.TestCase):
    def refused(self, *words):
        code, out, err = labrun.lab("fuzz", *words)
        self.assertEqual((code, out), (2, ""), err)
        self.assertEqual(len(err.splitlines()), 1, err)
        return err

    def test_refusals(self):
        """what is no target, time, number or finding is refused in one line"""
        self.assertIn("guest", self.refused("nonesuch"))
        self.refused("--minutes", "0")
        self.refused("--jobs", "0")
        self.refused("--seed", "0")
        self.refused("--seed", str(2**31))


class Seeds(unittest.TestCase):
    def test_they_unpack(self):
        """every seed of the repository is a file of its own"""
        for target in cmd_fuzz.TARGETS.values():
            with self.subTest(target.name), tempfile.TemporaryDirectory() as folder:
                lines = (cmd_fuzz.SEEDS / f"{target.name}.hex").read_text().splitlines()
                cmd_fuzz.unpack_seeds(target, pathlib.Path(folder))
                self.assertEqual(len(list(pathlib.Path(folder).iterdir())), len({x.partition("#")[0] for x in lines}))

    def test_a_bad_line(self):
        """a line that is not hexadecimal is named"""
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(cmd_fuzz, "SEEDS", pathlib.Path(folder)):
            (pathlib.Path(folder) / "guest.hex").write_text("00ff  # good\nxyz\n")
            with self.assertRaises(ui.LabError) as told:
                cmd_fuzz.unpack_seeds(cmd_fuzz.TARGETS["guest"], pathlib.Path(folder) / "out")
            self.assertIn("xyz", str(told.exception))


# Takes the place of the fuzzer: says where it is, as tests/fuzz/device/last.c does, and stands still.
STILL = """#!/bin/sh
trap '' ABRT
printf '\\003\\000\\000\\000\\252\\125left over' > "$LABYRINTH_FUZZ_INPUT"
sleep 60 & echo $! > %s
wait
"""


def ended(number):
    """The process is gone, or dead and not waited for yet."""
    try:
        return pathlib.Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


class Hangs(unittest.TestCase):
    def run_still(self, script):
        """A run of a fuzzer that is this script: what was found, and the number that it left behind."""
        with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as held:
            folder = pathlib.Path(name)
            program, number = folder / "fuzzer", folder / "number"
            program.write_text(script.replace("%s", str(number)))
            program.chmod(0o755)
            for what, value in (("HOME", folder / "home"), ("FINDINGS", folder / "findings"), ("GRACE", 5), ("DYING", 1)):
                held.enter_context(mock.patch.object(cmd_fuzz, what, value))
            result = cmd_fuzz.run(program, cmd_fuzz.TARGETS["state"], 1, 1, 1, True, fuzz_coverage.Counts())
            found = {path.name: path.read_bytes() for path in result.findings}
            return result, found, int(number.read_text())

    def test_the_input_is_kept(self):
        """one that hangs and hears no signal is killed with its children, and its last input is a finding"""
        result, found, child = self.run_still(STILL)
        self.assertEqual(list(found.values()), [b"\xaa\x55"])
        self.assertTrue(all(name.startswith("state-hung-") for name in found), found)
        self.assertEqual((result.inputs, result.failures), (0, []))
        self.assertTrue(ended(child))

    def test_outside_of_an_input(self):
        """one that hangs where no input is under way is a failure that says so"""
        result, found, _ = self.run_still(STILL.replace("003", "000", 1))
        self.assertEqual(found, {})
        self.assertIn("hung outside of an input", result.failures[0])


class Sources(unittest.TestCase):
    def test_there(self):
        """what each ledger's hash is made of is in the repository"""
        about = [fuzz_ledger.SOURCES, soak_ledger.SOURCES] + [c.sources for c in campaigns.ALL.values()]
        for name in {name for names in about for name in names}:
            self.assertTrue((paths.ROOT / name).exists(), name)
        self.assertEqual(fuzz_ledger.sources(), fuzz_ledger.sources())


class Sums(unittest.TestCase):
    def test_ledger(self):
        """runs of other sources and lines that were cut off do not count, nor do inputs of a run with a finding"""
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict("os.environ", XDG_CACHE_HOME=folder):
            run = {"sources": "a", "target": "guest", "seed": 1, "inputs": 10, "seconds": 2.5, "ok": True}
            fuzz_ledger.add(run)
            fuzz_ledger.path().write_text(fuzz_ledger.path().read_text() + '{"sources": "a", "tar')
            fuzz_ledger.add({**run, "inputs": 5})
            fuzz_ledger.add({**run, "ok": False})
            fuzz_ledger.add({**run, "sources": "b"})
            self.assertEqual(fuzz_ledger.totals(fuzz_ledger.read("a")),
                             {"guest": {"inputs": 15, "seconds": 5.0, "runs": 3, "findings": 1}})

    def test_blind_spots(self):
        """each register that the device has, each error and each kind of DMA is asked for, and nothing else"""
        counts = fuzz_coverage.Counts()
        missing = fuzz_coverage.blind_spots(counts)
        for name in ("read of REG_ID", "write of REG_CTRL", "write of QREG_GRANT_TAG", "read of QREG_DROPPED",
                     "read of UREG_DELIVERED", "error bad-desc", "DMA granted refused"):
            self.assertIn(name, missing)
        self.assertNotIn("read of REG_CTRL", missing)
        counts.add("read device+0x000 3\nerror bad-desc 1\ncut off\n")
        left = fuzz_coverage.blind_spots(counts)
        self.assertEqual(set(missing) - set(left), {"read of REG_ID", "error bad-desc"})


if __name__ == "__main__":
    unittest.main()
