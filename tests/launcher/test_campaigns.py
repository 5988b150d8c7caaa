# SPDX-License-Identifier: GPL-2.0-only
"""The long runs in small steps: what counts, what is made again, and what the guest's output must have."""
import os
import pathlib
import sys
import tempfile
import types
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from labyrinth import campaigns, cli, cmd_fuzz_api, cmd_life, kernels  # noqa: E402

LIFE = "".join(f"# life kind={kind} rounds=50 over=1 faults=0 down_median_us=2 down_max_us=3 up_median_us=4 "
               "up_max_us=5\n" for kind in cmd_life.KINDS)
FUZZ = "# fuzz-api seed=2 calls=100032 kinds=29 errnos=131 resets=7 binds=2 rounds=10 pcs=900 kept=80\n"


class Output(unittest.TestCase):
    def test_life(self):
        """all kinds must have reported, or the step counts nothing"""
        campaign = campaigns.ALL["life"]
        counts = campaign.count(LIFE)
        self.assertEqual((campaign.done(counts), counts["hotplug_over"], counts["flr_up_max_us"]), (50, 1, 5))
        self.assertEqual(campaign.count(LIFE.replace("kind=flr", "kind=fly")), {})

    def test_fuzz(self):
        """the fuzzer's last line is what counts"""
        self.assertEqual(cmd_fuzz_api.results(FUZZ)["calls"], 100032)
        self.assertEqual(campaigns.ALL["fuzz-api"].count("# 70000 calls\n"), {})

    def test_formats(self):
        """the programs print what the launcher reads"""
        life = (ROOT / "tests/life/rounds.c").read_text()
        fuzz = (ROOT / "tests/fuzz/api/main.c").read_text()
        for field in cmd_life.FIELDS:
            self.assertIn(f"{field}=%", life)
        for field in cmd_fuzz_api.FIELDS:
            self.assertIn(f"{field}=%", fuzz)


class Steps(unittest.TestCase):
    """A campaign whose guest is a function."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        kernel = types.SimpleNamespace(release="6.1-test")
        self.texts = {}
        self.asked = []

        def step(_prepared, _chunk, seed, out):
            self.asked.append(seed)
            out(self.texts.get(seed, LIFE).encode())
            return types.SimpleNamespace(status=0, warnings=[], reason="", excerpt="", seconds=1.0)

        life = campaigns.ALL["life"]
        small = {**life.__dict__, "prepare": lambda args: None, "step": step, "goals": {"stock": 150}}
        for change in (mock.patch.dict(os.environ, {"XDG_CACHE_HOME": folder.name}),
                       mock.patch.object(kernels, "get", lambda name: kernel),
                       mock.patch.dict(campaigns.ALL, {"life": campaigns.Campaign(**small)})):
            change.start()
            self.addCleanup(change.stop)

    def run_lab(self, *words):
        args = cli._parser().parse_args(["soak", "life", "--kernel", "stock", *words])
        with mock.patch("sys.stdout"), mock.patch("sys.stderr"):
            return args.call(args)

    def test_goes_on(self):
        """what is in the ledger is not made again; what failed is, and keeps the status bad until it is good"""
        self.texts[2] = "BUG\n"
        self.assertEqual(self.run_lab(), 1)
        self.assertEqual(self.asked, [1, 2, 3])
        del self.texts[2]
        self.assertEqual(self.run_lab(), 0)
        self.assertEqual(self.asked, [1, 2, 3, 2])
        entries = campaigns.read(campaigns.ALL["life"], campaigns.sources(campaigns.ALL["life"]), "6.1-test")
        total = campaigns.totals(campaigns.ALL["life"], "stock", entries)
        self.assertEqual((total["done"], total["goal"], total["failed_seeds"]), (150, 150, []))

    def test_sources(self):
        """steps of other sources do not count, nor do lines that are none"""
        self.run_lab("--seed-range", "1")
        with open(campaigns.ledger_path("life"), "a", encoding="utf-8") as ledger:
            ledger.write('[1]\n{"seed": 9, "so')
        old = {"sources": "old", "kernel": "6.1-test", "seed": 7, "ok": True, "done": 50}
        campaigns.add(campaigns.ALL["life"], old)
        entries = campaigns.read(campaigns.ALL["life"], campaigns.sources(campaigns.ALL["life"]), "6.1-test")
        self.assertEqual([e["seed"] for e in entries], [1])
