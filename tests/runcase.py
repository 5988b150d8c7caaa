# SPDX-License-Identifier: GPL-2.0-only
"""What the end-to-end tests share: a run of `scripts/lab run`, and the checks that hold for each run.

Contract: whatever a test asks for, the accounting, the ownership and the contexts are checked too.
"""
import hashlib
import pathlib
import unittest

import labrun


class RunCase(unittest.TestCase):
    """Base of the test classes."""

    def run_lab(self, *words):
        """run.json of a run, after the checks that hold for each."""
        code, out, err = labrun.lab("run", *words)
        self.assertEqual(code, 0, out + err)
        result = labrun.run_json()
        self.assertEqual(result["schema"], 1)
        self.assertEqual(result["violations"], [])
        self.assertEqual(result["warnings"], 0)
        for queue in result["queues"]:
            self.assertEqual(queue["produced"], queue["delivered"] + sum(queue["dropped"].values()))
            self.assertEqual((queue["crc_errors"], queue["seq_errors"]), (0, 0))
            self.assertEqual(sum(queue["pages"].values()), 0, "pages still out")
            self.assertEqual(queue["isr_contexts"]["process"] + queue["isr_contexts"]["softirq"], 0)
        total = result["total"]
        for field in ("produced", "delivered", "irqs", "alloc_fail"):
            self.assertEqual(total[field], sum(queue[field] for queue in result["queues"]))
        out = {owner: count for owner, count in result["pages"].items() if owner != "free" and count}
        self.assertEqual(out, {})
        return result

    def run_file(self, data, *words):
        with labrun.scratch() as folder:
            path = pathlib.Path(folder) / "data"
            path.write_bytes(data)
            result = self.run_lab("--input", path, *words)
        self.assertEqual(result["input_bytes"], len(data))
        self.assertEqual(result["sha256_in"], hashlib.sha256(data).hexdigest())
        self.assertEqual(result["sha256_out"], result["sha256_in"])
        self.assertEqual(result["total"]["delivered_bytes"], len(data))
        self.assertEqual(result["total"]["dropped"], {name: 0 for name in result["total"]["dropped"]})
        return result
