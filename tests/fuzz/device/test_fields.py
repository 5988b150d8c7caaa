# SPDX-License-Identifier: GPL-2.0-only
"""Each field of a state from outside with extreme values: taken or refused, and every rule of the fuzzer holds.

Contract: not by chance, as the fuzzer's target `state` has it, but one field after the other; in a device at rest, of
which a queue starts then, and in one whose queue works already, on demand and with posted buffers.
"""
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "scripts"))
from labyrinth import cmd_fuzz, proc, qemu_device  # noqa: E402

VALUES = (0, 1, 4097, 2**31 + 1, 2**32 - 1, 2**63 - 1, 2**63 + 1, 2**64 - 1)
# Operations as tests/fuzz/device/guest.c has them: start queue 0, let time pass, arm its interrupt, stop it
DEMAND, RING = bytes.fromhex("1600283307000000000100"), bytes.fromhex("1600293307000000000100")
POST = bytes.fromhex("1c000000")
AFTERWARDS = bytes.fromhex("301030382700012b003020")
STARTS = {"at-rest": b"", "demand": DEMAND, "ring": RING + POST}
MINUTES = 15


def program(start, field, value):
    """One input: operations before the load, the fields that are changed, and what the guest does then."""
    before = 0 if not start else 2 if start.endswith(POST) else 1
    return bytes((before, 1)) + start + struct.pack("<HBQ", field, 0xff, value) + (b"" if start else RING) + AFTERWARDS


class Fields(unittest.TestCase):
    def run_all(self, folder, target, inputs):
        """Status, output and report of the fuzzer over these inputs and no others."""
        target_env = cmd_fuzz._environment(target, folder)
        with open(folder / "log", "wb") as log:
            child = proc.popen(cmd_fuzz._argv(qemu_device.fuzz_program(), target, f"-artifact_prefix={folder}/", *inputs),
                               env=target_env, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                status = child.wait(MINUTES * 60)
            finally:
                if child.poll() is None:
                    child.kill()
                    child.wait()
        return status, (folder / "log").read_text(errors="replace"), (folder / "report").read_text()

    def inputs(self, folder, fields, values):
        for name, start in STARTS.items():
            for field in range(fields):
                for value in values:
                    path = folder / f"state-{name}-{field}-{value:#x}"
                    path.write_bytes(program(start, field, value))
                    yield path

    def test_all(self):
        """each field, each value: no rule is broken, and nothing hangs"""
        target = cmd_fuzz.TARGETS["state"]
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            _, log, report = self.run_all(folder, target, self.inputs(folder, 1, VALUES[:1]))
            found = re.search(r"^state fields (\d+)$", report, re.M)
            self.assertTrue(found, log[-2000:])
            inputs = list(self.inputs(folder, int(found[1]), VALUES))
            status, log, report = self.run_all(folder, target, inputs)
            last = re.findall(r"^Running: (\S+)", log, re.M)[-1:]
            self.assertEqual(status, 0, f"at {last}\n{cmd_fuzz._excerpt(log)}")
            taken, refused = (int(re.search(rf"^operation state-{what} (\d+)$", report, re.M)[1])
                              for what in ("taken", "refused"))
            # libFuzzer tries an empty input first
            self.assertEqual(taken + refused, len(inputs) + 1)
            print(f"# {found[1]} fields, {len(VALUES)} values, {len(STARTS)} beginnings: {taken} taken, {refused} refused")


if __name__ == "__main__":
    unittest.main()
