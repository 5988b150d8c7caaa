# SPDX-License-Identifier: GPL-2.0-only
"""docs/contexts.md is what the table in labyrinth_contexts.h makes, and the headers' words agree with the table.

Contract: a page that was not made again after a change of the table fails; so does a call of the pool's header
that the table does not have, or has under another name.
"""
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "driver/include/linux"
TABLE = INCLUDE / "labyrinth_contexts.h"
PAGE = ROOT / "docs/contexts.md"
MAKER = ROOT / "scripts/docs/contexts"

# Calls that only read what is constant, and what the inline calls are made of
ANYWHERE = {"page_ok", "page_slot", "page_epoch", "page_dma", "page_addr", "page_struct", "route_name", "owner_name",
            "context_name", "wrong_calls"}
INSIDE = {"sync_device", "sync_cpu"}


def table():
    """{call: [word for each place]}, read without the preprocessor."""
    text = TABLE.read_text().split("#define LABYRINTH_CALLS(X)")[1].split("\n#define")[0]
    text = re.sub(r"/\*.*?\*/|\\\n", " ", text)
    rows = re.findall(r"X\((\w+), *(\w+),([^)]*)\)", text)
    return {name: [word.strip() for word in words.split(",")] for name, _, words in rows}


def rows_of_page(heading):
    """{first cell: the others} of the table under a heading."""
    lines = PAGE.read_text().split(f"## {heading}\n", 1)[1].split("\n## ")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {row[0].strip("`"): row[1:] for row in cells[2:]}


class ContextsPage(unittest.TestCase):
    def test_page_is_fresh(self):
        """the contexts page is what scripts/docs/contexts prints"""
        made = subprocess.run([MAKER], stdout=subprocess.PIPE, check=True, text=True).stdout
        self.assertEqual(made, PAGE.read_text(), "run: scripts/docs/contexts > docs/contexts.md")

    def test_a_stale_page_would_be_seen(self):
        """what the page says follows the table word by word"""
        signs = {"NO": "-", "SLEEPS": "**s**"}
        said = rows_of_page("Calls")
        self.assertEqual(list(said), list(table()))
        for call, words in table().items():
            self.assertEqual(said[call], [signs.get(word, "**y**") for word in words], call)

    def test_every_call_is_in_the_table(self):
        """each call that the pool's headers declare has a row, and each row is a call"""
        text = (INCLUDE / "labyrinth_pool.h").read_text() + (INCLUDE / "labyrinth_front.h").read_text()
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
        declared = set(re.findall(r"\blabyrinth_(\w+)\(", text))
        declared = {name for name in declared if not name.endswith("_slow")} - ANYWHERE - INSIDE
        self.assertEqual(sorted(declared), sorted(table()))

    def test_nmi(self):
        """in NMI a page may be taken, and nothing else"""
        for call, words in table().items():
            self.assertEqual(words[9] == "NO", not call.startswith("alloc") or call.endswith("pinned"), call)


if __name__ == "__main__":
    unittest.main()
