# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab compare`: what it makes of what a guest said, which rows it runs, and what it does with those it cannot."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from labyrinth import (compare_figures, compare_guest, compare_matrix, compare_profile, compare_rows,  # noqa: E402
                       compare_run, ui, userland)

LAB = [sys.executable, str(ROOT / "scripts/lab")]
POOL = compare_matrix.Row("full", sizes="64")
PASS = {"pages": 6000, "counted": 4000, "bytes": 384000, "sequence_hash": "00ab", "wrong": 0, "drops": 0,
        "latency_ns": None, "timeline": []}
SAID = """@ pass checked
# compare {checked}
@ pass counted
# compare {counted}
@ state name=labyrinth
@ state configuration=one pool, a=b and more
@ state gets=7 fails=0 puts=7 out=0 most_out=256
@ isr 300
@ isr 100
ffffffff81000000 T first
ffffffff81000100 t second	[labyrinth]
"""
LOG = """labyrinth_mark t 5 instructions 5 mark 1
labyrinth_reg_write t 6 addr 0x00004 size 4 val 0x1
labyrinth_mark t 1000 instructions 600 mark 1
labyrinth_reg_write t 1100 addr 0x20004 size 4 val 0x1
labyrinth_reg_read t 1150 addr 0x20004 size 4 val 0x1
labyrinth_irq t 1200 vector 1 msix (packets)
labyrinth_sample t 1201 pc 0xffffffff81000180 idle 0
labyrinth_sample t 1301 pc 0x401000 idle 0
labyrinth_sample t 1401 pc 0xffffffff81000008 idle 1
labyrinth_mark t 9000 instructions 8600 mark 2
labyrinth_reg_write t 9100 addr 0x20004 size 4 val 0x1
"""


def said(checked=None, counted=None):
    return SAID.format(checked=json.dumps({**PASS, **(checked or {})}), counted=json.dumps({**PASS, **(counted or {})}))


def seen(**counted):
    return compare_guest.facts(said(counted=counted), LOG)


class Facts(unittest.TestCase):
    def test_between_marks(self):
        """what is between the last two marks is counted, and nothing else"""
        found = seen()
        self.assertEqual(found["marks"], {"instructions": 8000, "virtual_ns": 8000})
        self.assertEqual((found["mmio_reads"], found["mmio_writes"], found["device_interrupts"]), (1, 1, 1))

    def test_state(self):
        """the allocator's own words are taken, a configuration with all its signs"""
        self.assertEqual(seen()["state"], {"name": "labyrinth", "configuration": "one pool, a=b and more", "gets": "7",
                                           "fails": "0", "puts": "7", "out": "0", "most_out": "256"})

    def test_absent_and_failed(self):
        """what cannot be run is absent with its reason, what went wrong is an error"""
        with self.assertRaisesRegex(compare_guest.Absent, "^no huge pages here$"):
            compare_guest.facts("@ absent no huge pages here\n", "")
        with self.assertRaisesRegex(ui.LabError, "ended with 1"):
            compare_guest.facts("@ failed the pass ended with 1: oh\n", "")

    def test_profile(self):
        """looks are named by the symbol that they are in, idle ones left out, and sum up to what was counted"""
        found = compare_profile.by_function(seen(), [(0x400f00, "take [reader]")])
        self.assertEqual(dict(found), {"second [labyrinth]": 1.0, "take [reader]": 1.0})
        self.assertEqual(dict(compare_profile.by_part(found)), {"our driver": 1.0, "the reader's own": 1.0})
        self.assertIn("2 instructions a page", compare_profile.table(POOL, found))


class Rows(unittest.TestCase):
    def test_made(self):
        """a row's figures are per counted page"""
        row = compare_rows.made(POOL, 0, seen())
        self.assertEqual(row["instructions_per_page"], 2.0)
        self.assertEqual(row["mmio_per_page"], 0.0005)
        self.assertEqual(row["isr"], {"p50": 300, "p99": 300, "p999": 300, "max": 300})
        self.assertEqual((row["pages_needed"], row["sequence_hash"], row["absent"]), (256, "00ab", None))
        self.assertEqual(row["params"]["configuration"], "one pool, a=b and more")
        self.assertEqual(row["command"], f"scripts/lab compare --row {POOL.id}")

    def test_wrong(self):
        """wrong pages, lost pages, other data than was checked, and nothing counted are errors"""
        for what, word in (({"wrong": 1}, "not as the device made them"), ({"drops": 2}, "2 pages were dropped"),
                           ({"pages": 5999}, "dropped"), ({"sequence_hash": "00ac"}, "same data")):
            with self.assertRaisesRegex(ui.LabError, word):
                compare_rows.made(POOL, 0, seen(**what))
        with self.assertRaisesRegex(ui.LabError, "did not say"):
            compare_rows.made(POOL, 0, compare_guest.facts(said(), ""))

    def test_drops_under_overload(self):
        """where more comes than can be taken, lost pages are a figure and no error"""
        row = compare_matrix.Row("overload")
        self.assertEqual(compare_rows.made(row, 700, seen(drops=900, pages=5100, sequence_hash="1"))["drops"], 900)

    def test_same_bytes(self):
        """rows of the same traffic that got other bytes are named"""
        page = compare_matrix.Row("full", allocator="page", policy="", sizes="64")
        other = compare_matrix.Row("full", sizes="4096")
        good = [(row, {"sequence_hash": "1"}) for row in (POOL, page)] + [(other, {"sequence_hash": "2"})]
        self.assertEqual(compare_rows.same_bytes(good), [])
        wrong = compare_rows.same_bytes(good[:1] + [(page, {"sequence_hash": "3"})])
        self.assertEqual(len(wrong), 1)
        self.assertIn(page.id, wrong[0])
        self.assertEqual(compare_rows.same_bytes(good[:1] + [(page, {"sequence_hash": None})]), [])


class Matrix(unittest.TestCase):
    def test_names(self):
        """a name is one row's, and finds it again; the short matrix is part of the full one"""
        full = compare_matrix.full()
        self.assertEqual(len({row.id for row in full}), len(full))
        for row in full:
            self.assertEqual(compare_matrix.named(row.id), row)
        self.assertLessEqual(set(compare_matrix.short()), set(full))

    def test_figures_have_rows(self):
        """each figure's rows are in the short matrix"""
        short = {row.id for row in compare_matrix.short()}
        for text, _, above, below in compare_figures.wanted():
            self.assertLessEqual({above.id, below.id}, short, text)

    def test_every_allocator(self):
        """each allocator, policy and way of DPDK is in the short matrix, at each size of page"""
        rows = compare_matrix.short()
        for sizes in compare_matrix.SIZES:
            who = {row.who for row in rows if row.sizes == sizes and row.load == "full"}
            self.assertLessEqual({"labyrinth-pool", "labyrinth-fallback", "labyrinth-direct", "page", "mempool",
                                  "dma_pool", "page_pool", "dpdk-poll-ring_mp_mc", "dpdk-intr-ring_mp_mc",
                                  "dpdk-poll-labyrinth"}, who)

    def test_cheapest_legal(self):
        """page_pool runs in softirq, and only what polls is not moderated"""
        for row in compare_matrix.full():
            if row.allocator == "page_pool":
                self.assertEqual(row.bottom, "softirq")
            self.assertEqual(bool(compare_guest.moderation(row)), row.driver != "dpdk-poll")


class Figures(unittest.TestCase):
    def rows(self, above, below):
        def row(ident, value):
            gone = value if isinstance(value, str) else None
            return {"id": ident, "instructions_per_page": None if gone else value, "absent": gone}
        _, _, first, second = compare_figures.wanted()[0]
        return [row(first.id, above), row(second.id, below)]

    def test_held_and_missed(self):
        """a ratio up to what was aimed at is held, one above is not and names the profile"""
        held = compare_figures.figures(self.rows(500, 1000))[0]
        self.assertEqual((held["value"], held["held"]), (0.5, True))
        missed = compare_figures.figures(self.rows(501, 1000))[0]
        self.assertEqual((missed["value"], missed["held"]), (0.501, False))
        self.assertIn("--profile", missed["why"])
        self.assertIn("MISSED", compare_figures.figures_table([missed]))

    def test_absent(self):
        """without one of its rows a figure has no value, is not held, and says why"""
        one, *others = compare_figures.figures(self.rows(500, "no page here"))
        self.assertEqual((one["value"], one["held"]), (None, False))
        self.assertIn("no page here", one["why"])
        self.assertTrue(all("was not run" in other["why"] for other in others))
        self.assertIn("ABSENT", compare_figures.figures_table([one]))


class Fake:
    """A guest that says what it is told, for each row."""

    def __init__(self, **answers):
        self.answers = answers

    def digest(self, row, period):
        return f"{row.id}-{period}"

    def run(self, row, period):
        answer = self.answers.get(row.load)
        if isinstance(answer, Exception):
            raise answer
        return compare_guest.facts(said(answer, answer), LOG)


class Running(unittest.TestCase):
    def run_rows(self, guest, *rows, fresh=True):
        with (mock.patch.object(ui, "note"), mock.patch.object(ui, "error"), tempfile.TemporaryDirectory() as folder,
              mock.patch.object(compare_run, "KEPT", pathlib.Path(folder))):
            first = compare_run.run(guest, list(rows), 2, fresh)
            return first, compare_run.run(Fake(full=ui.LabError("ran again")), list(rows), 2, fresh)

    def test_pace(self):
        """a row's pace is made from the row that it names, which runs first though nobody asked for it"""
        slow = compare_matrix.Row("one-percent", sizes="64", queues=4)
        (found, wrong), _ = self.run_rows(Fake(**{"one-percent": {"pages": 600}}), slow)
        self.assertEqual(wrong, [])
        base = found[slow.pace().id]
        self.assertEqual(found[slow.id]["params"]["period_ns"], base["virtual_ns_per_page"] * 100 * 4)

    def test_absent(self):
        """a row that cannot be run is there with its reason, also one whose pace is absent; nothing is wrong"""
        slow = compare_matrix.Row("one-percent", sizes="64")
        (found, wrong), _ = self.run_rows(Fake(full=compare_guest.Absent("no IOMMU")), POOL, slow)
        self.assertEqual(wrong, [])
        self.assertEqual(found[POOL.id]["absent"], "no IOMMU")
        self.assertIn(POOL.id, found[slow.id]["absent"])

    def test_kept(self):
        """what the same builds gave is taken again, and not when it is to be fresh"""
        (found, _), (again, wrong) = self.run_rows(Fake(), POOL, fresh=False)
        self.assertEqual((again, wrong), (found, []))
        _, (_, wrong) = self.run_rows(Fake(), POOL)
        self.assertEqual(wrong, ["ran again"])

    def test_failed(self):
        """a row that fails is wrong, and the others run all the same"""
        late = compare_matrix.Row("overload", sizes="64")
        (found, wrong), _ = self.run_rows(Fake(overload=ui.LabError("the guest failed: oh")), late)
        self.assertEqual(wrong, ["the guest failed: oh"])
        self.assertIn("the guest failed", found[late.id]["absent"])
        self.assertIsNone(found[late.pace().id]["absent"])


class Words(unittest.TestCase):
    def lab(self, *words, **env):
        return subprocess.run(LAB + ["compare", *words], capture_output=True, text=True, check=False,
                              env={**os.environ, **env})

    def test_bad_words(self):
        """a row that there is not, and no guests at a time, are refused in a line"""
        for words in (["--row", "nothing"], ["--profile", "nothing"], ["--jobs", "0"]):
            done = self.lab(*words)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), done.stderr)

    def test_receiver(self):
        """the receiver refuses bad words with status 2 and says that there is no device with status 1"""
        program = userland.compare()
        for words in (["--mode", "x"], ["--pages", "0"], ["--queues", "17"], ["--warm", "500"], ["more"],
                      ["--size-min", "9", "--size-max", "8"], ["--check", "sum"], ["--start", "x"]):
            done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2, words)
            self.assertTrue(done.stderr, words)
        done = subprocess.run([program], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)


class InTheGuest(unittest.TestCase):
    """Boots: what is here of DPDK and of the allocators is run, for real."""

    def rows(self, *idents, **env):
        words = [word for ident in idents for word in ("--row", ident)]
        done = subprocess.run(LAB + ["compare", *words], capture_output=True, text=True, check=False,
                              env={**os.environ, **env})
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        return found if isinstance(found, list) else [found]

    def test_same_twice(self):
        """the same row twice is the same to the instruction, and alloc_page gets the same bytes for more of them"""
        page = compare_matrix.Row("full", allocator="page", policy="", sizes="64")
        first, other = self.rows(POOL.id, page.id)
        self.assertEqual(first, self.rows(POOL.id)[0])
        self.assertEqual(first["sequence_hash"], other["sequence_hash"])
        self.assertGreater(other["instructions_per_page"], first["instructions_per_page"])
        self.assertEqual(len(first["latency_ns"]["cdf"][0]), 2)
        self.assertGreater(first["isr"]["p50"], 0)

    def test_no_dpdk(self):
        """without DPDK its row is absent with the reason, and the other is there"""
        with_dpdk = compare_matrix.dpdk("full", sizes="64")
        absent, there = self.rows(with_dpdk.id, POOL.id, PKG_CONFIG="/bin/false")
        self.assertIn("DPDK", absent["absent"])
        self.assertIsNone(absent["instructions_per_page"])
        self.assertIsNone(there["absent"])


if __name__ == "__main__":
    unittest.main()
