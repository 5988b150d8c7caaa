# SPDX-License-Identifier: GPL-2.0-only
"""What is handed to other test farms: the results in their forms, and the jobs.

Contract: the export is checked against what KCIDB's schema 5.0 demands (ids, origins, paths, statuses, properties that
there are); the jobs parse, have what LAVA demands of a job, and name only files and commands that there are.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/farm"
PAGE = ROOT / "docs/farm.md"
sys.path.insert(0, str(ROOT / "scripts"))
from labyrinth import cli, cmd_export, kcidb, suites, tap, tap_list  # noqa: E402

LOG = """TAP version 13
1..2
# Subtest: driver_data
    TAP version 13
    1..3
    ok 1 data.demand.all pages
    not ok 2 data.ring.all pages
    ok 3 # SKIP no device
not ok 1 driver_data
ok 2 plain, by itself
"""
RESULTS = {"schema": 1, "suites": [
    {"suite": "kselftest-stock", "passed": 2, "failed": 1, "skipped": 1, "failures": [], "skips": [], "seconds": 3.5},
    {"suite": "unit", "passed": 2, "failed": 0, "skipped": 0, "failures": [], "skips": [], "seconds": 1.0},
    {"suite": "no-more", "passed": 1, "failed": 0, "skipped": 0, "failures": [], "skips": [], "seconds": 1.0}]}

ID, ORIGIN = r"[a-z0-9_]+:.+", r"[a-z0-9_]+"
COMMON = {"id": ID, "origin": ORIGIN, "comment": r"[^\0]*"}
# Of KCIDB's schema: the properties that we use, and the form of their values
SCHEMA = {
    "checkouts": {**COMMON, "tree_name": ".+", "git_commit_hash": "[0-9a-f]{40}", "git_commit_name": ".+",
                  "valid": "True|False"},
    "builds": {**COMMON, "checkout_id": ID, "architecture": "[a-z0-9_]+", "config_name": ".+",
               "status": "PASS|FAIL|ERROR|MISS"},
    "tests": {**COMMON, "build_id": ID, "path": r"[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*", "duration": r"[0-9.]+",
              "status": "FAIL|ERROR|MISS|PASS|DONE|SKIP", "environment": r"\{'comment': .*\}", "misc": r"\{.*\}",
              "start_time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", "log_excerpt": r"[\s\S]{0,16384}"},
}
REQUIRED = {"checkouts": {"id", "origin"}, "builds": {"id", "origin", "checkout_id"},
            "tests": {"id", "origin", "build_id"}}


def problems(report):
    """What KCIDB would refuse."""
    if set(report) != {"version", *SCHEMA} or report["version"] != {"major": 5, "minor": 0}:
        yield "version or parts"
    for part, rows in SCHEMA.items():
        ids = [row.get("id") for row in report[part]]
        if len(set(ids)) != len(ids):
            yield f"{part}: an id is there twice"
        for row in report[part]:
            yield from (f"{part}: {name} is missing" for name in REQUIRED[part] - set(row))
            yield from (f"{part}: {name} is unknown" for name in set(row) - set(rows))
            yield from (f"{part}: {name} is {value!r}" for name, value in row.items()
                        if name in rows and not re.fullmatch(rows[name], str(value)))
    known = {part: {row["id"] for row in report[part]} for part in SCHEMA}
    yield from (f"{b['id']}: no checkout" for b in report["builds"] if b["checkout_id"] not in known["checkouts"])
    yield from (f"{t['id']}: no build" for t in report["tests"] if t["build_id"] not in known["builds"])


class Folder(unittest.TestCase):
    """With the logs of a small run."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.logs = pathlib.Path(folder.name) / "test"
        self.logs.mkdir()
        (self.logs / "kselftest-stock.log").write_text(LOG)
        (self.logs / "unit.log").write_text("1..2\nok 1 - a\nok 2 - b # SKIP for a reason\n")


class Kcidb(Folder):
    def test_schema(self):
        """nothing in the export that KCIDB refuses"""
        report = json.loads(json.dumps(kcidb.report(RESULTS, self.logs, "labyrinth")))
        self.assertEqual(list(problems(report)), [])

    def test_check(self):
        """the check of this test finds what KCIDB refuses"""
        for part, name, value in (("tests", "path", "a b"), ("tests", "status", "OK"), ("tests", "extra", 1),
                                  ("builds", "checkout_id", "labyrinth:other"), ("checkouts", "origin", "A-B"),
                                  ("tests", "id", "labyrinth")):
            report = kcidb.report(RESULTS, self.logs, "labyrinth")
            report[part][0][name] = value
            self.assertTrue(list(problems(report)), f"{part} {name}")

    def test_results(self):
        """each test with its names and status, each suite with the launcher's verdict"""
        tests = {t["path"]: t["status"] for t in kcidb.report(RESULTS, self.logs, "labyrinth")["tests"]}
        self.assertEqual(tests, {
            "labyrinth.kselftest-stock": "FAIL",
            "labyrinth.kselftest-stock.driver_data.data_demand_all_pages": "PASS",
            "labyrinth.kselftest-stock.driver_data.data_ring_all_pages": "FAIL",
            "labyrinth.kselftest-stock.driver_data.test_3": "SKIP",
            "labyrinth.kselftest-stock.plain_by_itself": "PASS",
            "labyrinth.unit": "PASS", "labyrinth.unit.a": "PASS", "labyrinth.unit.b": "SKIP",
            "labyrinth.no-more": "MISS"})

    def test_builds(self):
        """a suite belongs to the kernel it runs on"""
        kernels = {suite.name: kcidb.kernel_of(suite) for suite in suites.ALL}
        self.assertEqual((kernels["kselftest-rt"], kernels["unit"], kernels["e2e"], kernels["kselftest-6.12"]),
                         ("rt", "host", "stock", "6.12"))

    def test_lists_what_is_counted(self):
        """the list of results and the launcher's counter agree"""
        reader = tap.Reader()
        for line in LOG.splitlines():
            reader.line(line)
        count = reader.end()
        listed = [r.status for r in tap_list.results(LOG.splitlines())]
        self.assertEqual((count.passed, count.failed, count.skipped),
                         tuple(listed.count(status) for status in ("PASS", "FAIL", "SKIP")))


class OtherForms(Folder):
    def test_ktap(self):
        """one stream, which the launcher's own reader counts the same; a suite without a log has failed"""
        lines = list(kcidb.ktap(RESULTS, self.logs))
        self.assertEqual(lines[0], "KTAP version 1")
        self.assertIn("not ok 3 no-more", lines)
        self.assertIn("  not ok 2 driver_data.data.ring.all pages", lines)
        self.assertEqual(len([line for line in lines if re.match(r"(not )?ok ", line)]), 3)

    def test_lava(self):
        """commands of the test shell, safe to be run by one"""
        lines = list(kcidb.lava(RESULTS, self.logs))
        for line in lines:
            self.assertRegex(line, r"^lava-test-case [A-Za-z0-9_.-]+ --result (pass|fail|skip)$")
        self.assertIn("lava-test-case kselftest-stock.driver_data.data_ring_all_pages --result fail", lines)

    def test_command(self):
        """scripts/lab export writes where it is told, and says what is missing"""
        (self.logs.parent / "test.json").write_text(json.dumps(RESULTS))
        with mock.patch.object(cmd_export, "LOGS", self.logs), \
                mock.patch.object(cmd_export.paths, "RESULTS", self.logs.parent):
            out = self.logs.parent / "kcidb.json"
            args = cli._parser().parse_args(["export", "--out", str(out)])
            self.assertEqual(args.call(args), 0)
            self.assertEqual(list(problems(json.loads(out.read_text()))), [])
            (self.logs.parent / "test.json").unlink()
            with self.assertRaises(cmd_export.ui.LabError):
                args.call(args)


def commands_named(text):
    """The sub-commands, and options, of scripts/lab that a text names."""
    return re.findall(r"scripts/lab ([a-z][a-z-]*)((?:[ =]--?[a-z-]+)*)", text)


class Jobs(unittest.TestCase):
    def job(self):
        # The distribution's interpreter, which its python3-yaml belongs to, may be another than ours.
        read = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)"
        done = subprocess.run(["/usr/bin/python3", "-c", read], input=(HERE / "lava.yaml").read_text(),
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_lava_job(self):
        """the job has what LAVA demands: device type, timeouts, and deploy, boot and test with their words"""
        job = self.job()
        self.assertEqual(job["device_type"], "docker")
        self.assertTrue({"job_name", "visibility", "priority", "timeouts", "actions"} <= set(job))
        self.assertEqual([list(action)[0] for action in job["actions"]], ["deploy", "boot", "test"])
        deploy, boot, test = (list(action.values())[0] for action in job["actions"])
        self.assertEqual((deploy["to"], boot["method"]), ("docker", "docker"))
        self.assertTrue(deploy["image"] and boot["command"] and boot["prompts"])
        for definition in test["definitions"]:
            self.assertTrue({"from", "name", "path", "repository"} <= set(definition))
            self.assertEqual(definition["repository"]["metadata"]["format"], "Lava-Test Test Definition 1.0")
            self.assertTrue(all(isinstance(step, str) for step in definition["repository"]["run"]["steps"]))

    def test_lava_steps(self):
        """the job's steps are a shell's, in which every variable is a parameter of the job"""
        definition = self.job()["actions"][2]["test"]["definitions"][0]["repository"]
        script = "\n".join(definition["run"]["steps"])
        done = subprocess.run(["sh", "-n"], input=script.encode(), stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        used = set(re.findall(r"\$\{?(\w+)", script))
        self.assertEqual(used, set(definition["params"]))

    def test_commands(self):
        """each command of scripts/lab in the jobs and on the page is there, with its options"""
        known = cli._parser()._subparsers._group_actions[0].choices
        for path in (HERE / "lava.yaml", HERE / "tuxrun.sh", PAGE):
            text = path.read_text()
            found = commands_named(text.replace('"$root/scripts/lab"', "scripts/lab"))
            self.assertTrue(found, path)
            for name, options in found:
                self.assertIn(name, known, path)
                there = {word for action in known[name]._actions for word in action.option_strings}
                self.assertLessEqual(set(options.split()), there, f"{path}: {name}")

    def test_files(self):
        """each file that the page and the jobs name is there"""
        for path in (HERE / "lava.yaml", HERE / "tuxrun.sh", PAGE):
            for name in re.findall(r"\b((?:tests|docs|driver|scripts|qemu-device)/[\w./-]*\w)", path.read_text()):
                self.assertTrue((ROOT / name).exists(), f"{path}: {name}")

    def test_tuxrun(self):
        """the overlay has what the command in it names; without a kernel tree it says so"""
        script = HERE / "tuxrun.sh"
        done = subprocess.run(["sh", "-n", script], stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = subprocess.run([script, "/nowhere"], stderr=subprocess.PIPE, check=False)
        self.assertEqual((done.returncode, b"no built kernel tree" in done.stderr), (2, True))
        self.assertTrue(os.access(script, os.X_OK))
