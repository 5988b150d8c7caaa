# SPDX-License-Identifier: GPL-2.0-only
"""What the fuzzer reached of the device, and above all what it did not.

Contract: the registers that there are come from the hardware header, so that a new one that no input reaches is named.
"""
import re

from . import paths

HEADER = paths.ROOT / "qemu-device" / "labyrinth_hw.h"
MAP = paths.ROOT / "qemu-device" / "regs.c"
ERRORS = ("bad-access", "bad-config", "stale-tag", "bad-grant", "bad-desc", "bad-index", "dma")
DMA = ("completion", "posted", "granted", "descriptor", "job-descriptor", "piece")
PAGES = {"REG": "device", "QREG": "queue", "UREG": "user"}


class Counts:
    """The sum of the reports of several processes."""

    def __init__(self):
        self.rows = {}

    def add(self, text):
        for line in text.splitlines():
            words = line.split()
            if len(words) == 3 and words[2].isdigit():
                key = (words[0], words[1])
                self.rows[key] = self.rows.get(key, 0) + int(words[2])

    def get(self, kind, name):
        return self.rows.get((kind, name), 0)

    @property
    def inputs(self):
        return self.get("input", "all")

    def table(self):
        return [f"{kind:<10} {name:<22} {count:>14,}" for (kind, name), count in sorted(self.rows.items())]


def _offsets():
    """{name: (page, offset)} of each register in the header; those with an argument once, for 0."""
    found = {}
    for name, page, text in re.findall(r"^#define LABYRINTH_((REG|QREG|UREG)_\w+)(?:\(\w+\))?\t+(\S.*)$",
                                       HEADER.read_text(), re.M):
        number = re.match(r"\(?(0x[0-9a-f]+)", text)
        if number:
            found[name] = (PAGES[page], int(number[1], 16))
    return found


def _accesses():
    """[(direction, page, offset, name)] that the device's own map allows."""
    offsets, rows = _offsets(), []
    for name, attrs in re.findall(r"^    REG\(LABYRINTH_((?:REG|QREG|UREG)_\w+)(?:\(0\))?\) = ([^,]+),", MAP.read_text(),
                                  re.M):
        page, offset = offsets[name]
        words = attrs.replace(" ", "").split("|")
        rows += [(way, page, offset, name) for way, letter in (("read", "R"), ("write", "W")) if letter in words]
    return rows


def blind_spots(counts):
    """What no input reached, by name."""
    missing = [f"{way} of {name}" for way, page, offset, name in _accesses()
               if not counts.get(way, f"{page}+0x{offset:03x}")]
    missing += [f"error {name}" for name in ERRORS if not counts.get("error", name)]
    missing += [f"DMA {where} {end}" for where in DMA for end in ("done", "refused")
                if not counts.get("dma", f"{where}-{end}")]
    return missing
