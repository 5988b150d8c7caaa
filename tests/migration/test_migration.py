# SPDX-License-Identifier: GPL-2.0-only
"""A machine is saved, loaded and moved in the middle of a burst, and the guest does not notice.

Contract: LAB_ROUNDS says how often (default 10). Each round changes between going back to a snapshot and going on in
another QEMU; the device's registers after it are those before it, and at the end labctl's verdict over all data holds.
"""
import os
import pathlib
import random
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import vm  # noqa: E402

ROUNDS = int(os.environ.get("LAB_ROUNDS", "10"))
QUEUES = 2
SECONDS = 0.05
BURST = ["--burst", "16", "--period-ns", "5000000"]


def receive(mode, *words):
    return ["labctl", "receive", "--source", "generator", "--pages", "0", "--queues", str(QUEUES), "--mode", mode,
            "--seed", "4", "--quiet", "--json-out", "/result", *words]


class Rounds(unittest.TestCase):
    def same(self, before, after, what):
        differing = [f"{name}: {before[name]:#x}, now {after[name]:#x}" for name in before
                     if before[name] != after[name] and name != "REG_TIME"]
        self.assertEqual(differing, [], what)

    def rounds(self, mode, *words):
        with vm.Machine(receive(mode, *words), QUEUES) as machine:
            machine.boot()
            for number in range(ROUNDS):
                if number % 2:
                    before, after = machine.move()
                    self.same(before, after, f"round {number}: moved")
                else:
                    saved, later, loaded = machine.snapshot(SECONDS)
                    self.assertNotEqual(saved, later, f"round {number}: nothing happened in between")
                    self.same(saved, loaded, f"round {number}: loaded")
                machine.alive()
            result = machine.finish()
        self.assertTrue(result["good"])
        total = result["total"]
        self.assertGreater(total["delivered"], 0)
        self.assertEqual((total["crc_errors"], total["seq_errors"]), (0, 0))
        self.assertEqual(total["produced"], total["delivered"] + sum(total["dropped"].values()))
        print(f"# {mode}: {ROUNDS} rounds, {total['produced']} pages, {sum(total['dropped'].values())} dropped")

    def test_demand(self):
        """demand mode, bursts of 16 pages each five milliseconds, two queues"""
        self.rounds("demand", *BURST)

    def test_ring(self):
        """ring mode, bursts of 16 pages each five milliseconds, two queues"""
        self.rounds("ring", *BURST)

    def test_as_fast_as_it_goes(self):
        """ring mode without a period: a buffer is always under way, and nothing may be dropped but by the stop"""
        self.rounds("ring")


class Refusals(unittest.TestCase):
    """What is no state of this device is refused in one line, and nothing crashes."""

    @classmethod
    def setUpClass(cls):
        cls.machine = vm.Machine(receive("demand", *BURST), QUEUES)
        cls.machine.boot()
        state = cls.machine.folder / "good"
        cls.machine.qmp("stop")
        if cls.machine.read("QREG_PRODUCED[0]") == 0 or cls.machine.hmp("savevm kept"):
            raise AssertionError("no snapshot of a device at work")
        cls.machine.migrate_out(state)
        cls.machine.stop_qemu()
        cls.good = state.read_bytes()

    @classmethod
    def tearDownClass(cls):
        cls.machine.__exit__()

    def section(self):
        """Where the device's own state begins in the stream: its instance and its version, four bytes each."""
        found = re.search(rb"\x04....(.)(0000:[0-9a-f:.]+/labyrinth)", self.good, re.S)
        self.assertIsNotNone(found, "the device's section is not in the stream")
        self.assertEqual(found[1][0], len(found[2]))
        return found.end()

    def refused(self, data, *words):
        status, said = self.machine.incoming(data)
        self.assertIsNotNone(status, "QEMU did not end")
        self.assertEqual(status, 1, said)
        for word in words:
            self.assertIn(word, said)
        return said

    def test_newer_version(self):
        """a state of a newer version is refused"""
        at = self.section()
        changed = bytearray(self.good)
        self.assertEqual(changed[at + 4:at + 8], bytes([0, 0, 0, 1]))
        changed[at + 7] = 99
        self.refused(changed, "labyrinth", "99")

    def test_snapshot_that_is_none(self):
        """loadvm of an impossible state says so, and leaves a device that answers and is as after a reset"""
        machine = self.machine
        disk = bytearray(machine.snapshots.read_bytes())
        # queues, those of the stream, the one whose turn it is, those that wait for the end: as numbers of 4 bytes
        numbers = b"".join(n.to_bytes(4, "big") for n in (QUEUES, 1, 0, 0))
        at = disk.find(numbers, re.search(rb"0000:[0-9a-f:.]+/labyrinth", disk).end())
        self.assertGreater(at, 0)
        disk[at + 11] = 7
        machine.snapshots.write_bytes(disk)
        machine.start("-S")
        try:
            self.assertIn("impossible", machine.hmp("loadvm kept"))
            self.assertEqual(machine.read("REG_ID"), 0x5942414c)
            for name in ("QREG_STATE[0]", "QREG_PRODUCED[0]", "QREG_CQ_BASE[1]", "REG_GUEST_ERRORS"):
                self.assertEqual(machine.read(name), 0, name)
        finally:
            machine.stop_qemu()

    def test_other_queues(self):
        """a device with another number of queues does not take it"""
        before = self.machine.options.device
        self.machine.options.device = ["queues=3"]
        try:
            self.refused(self.good, "labyrinth")
        finally:
            self.machine.options.device = before

    def test_faults_here(self):
        """a device with x-faults=on does not take the state of one without, and says what to do"""
        before = self.machine.options.device
        self.machine.options.device = before + ["x-faults=on"]
        try:
            self.refused(self.good, "labyrinth", "x-faults")
        finally:
            self.machine.options.device = before

    def test_cut_off(self):
        """a state that ends in the middle of the device is refused"""
        self.refused(self.good[:self.section() + 3000])

    def test_flipped_bits(self):
        """a flipped bit in the device's state: refused, or taken and survived"""
        at = self.section()
        chance = random.Random(5)
        for _ in range(max(4, ROUNDS // 2)):
            changed = bytearray(self.good)
            changed[at + 8 + chance.randrange(6000)] ^= 1 << chance.randrange(8)
            status, said = self.machine.incoming(changed, 3)
            self.assertIn(status, (None, 0, 1), said)


class Blocker(unittest.TestCase):
    def test_chardev(self):
        """a device with a chardev refuses migration and snapshots, and says why"""
        machine = vm.Machine(receive("demand"), QUEUES, ["chardev=input"])
        with machine:
            machine.start("-chardev", "null,id=input", "-S")
            for command in (lambda: machine.qmp("migrate", uri="exec:cat > /dev/null"),
                            lambda: self.assertEqual(machine.hmp("savevm one"), "")):
                with self.assertRaises(AssertionError) as told:
                    command()
                self.assertIn("labyrinth: a device with a chardev cannot be migrated or saved", str(told.exception))


if __name__ == "__main__":
    unittest.main()
