# SPDX-License-Identifier: GPL-2.0-only
"""The results in a TAP or KTAP log one by one, for farms that want each test by its name.

Contract: of nested results the innermost are listed, under the names of the programs that they are part of; a result
that sums up others is not listed. tap.Reader, which counts, decides whether a run was good; here is only what was said.
"""
import dataclasses
import re

_LINE = re.compile(r"^(\s*)(not )?ok\b\s*(\d+)?\s*-?\s*(.*?)\s*(?:#\s*(SKIP|XFAIL|TIMEOUT)\b:?\s*(.*))?$", re.I)
_SUBTEST = re.compile(r"^(\s*)# Subtest: (.*)$")
_EMPTY = re.compile(r"^(\s*)1\.\.0\s*(?:#\s*skip\b:?\s*(.*))?$", re.I)


@dataclasses.dataclass
class Result:
    """One test."""
    parts: list     # the programs that it is part of, the outermost first
    name: str
    status: str     # PASS, FAIL or SKIP
    reason: str = ""


def results(lines):
    """Every innermost result, in the order of the log."""
    found, open_, inner = [], [], 0
    for line in lines:
        line = line.rstrip("\r\n")
        subtest = _SUBTEST.match(line)
        if subtest:
            depth = len(subtest[1])
            open_ = [(d, n) for d, n in open_ if d < depth] + [(depth, subtest[2])]
            inner = len(found)
            continue
        empty = _EMPTY.match(line)
        if empty:
            found.append(Result([n for d, n in open_ if d < len(empty[1])], "all of it", "SKIP", empty[2] or ""))
            continue
        said = _LINE.match(line)
        if not said:
            continue
        indent, bad, number, name, mark, reason = said.groups()
        depth = len(indent)
        sums_up = open_ and open_[-1][0] == depth and len(found) > inner
        open_ = [(d, n) for d, n in open_ if d < depth]
        if sums_up:
            inner = len(found)
            continue
        status = "SKIP" if mark and mark.upper() == "SKIP" else "FAIL" if bad and mark != "XFAIL" else "PASS"
        found.append(Result([n for _, n in open_], name or f"test {number}", status, reason or ""))
    return found
