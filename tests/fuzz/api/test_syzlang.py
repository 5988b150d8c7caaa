# SPDX-License-Identifier: GPL-2.0-only
"""The syzkaller description of the user API says what the header says.

Contract: every ioctl of the header is described with its struct and direction, every struct has the header's fields
in their order and widths, no name is used that the header (or fcntl.h) does not have, and every name that is a value
of a field is offered.
"""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
HEADER = (ROOT / "driver/include/uapi/linux/labyrinth.h").read_text()
TEXT = (pathlib.Path(__file__).resolve().parent / "labyrinth.txt").read_text()
BITS = {"__u8": 8, "__u16": 16, "__u32": 32, "__s32": 32, "__u64": 64, "char": 8}
DIRECTIONS = {"_IO": None, "_IOR": "out", "_IOW": "in", "_IOWR": "inout"}
NOT_CALLED = {"labyrinth_record"}       # what read() returns: bytes, to a fuzzer
PLAIN = re.sub(r"/\*.*?\*/", "", HEADER, flags=re.S)


def header_structs():
    """{struct: [(field, bits, count)]}"""
    found = {}
    for name, body in re.findall(r"^struct (\w+) \{(.*?)^\};", PLAIN, re.M | re.S):
        fields = re.findall(r"(\w+)\s+(\w+)(?:\[(\w+)\])?;", body)
        found[name] = [(field, BITS[kind], count or "1") for kind, field, count in fields]
    return found


def header_ioctls():
    """{name: (direction, struct)}"""
    rows = re.findall(r"#define\s+(LABYRINTH_IOC_\w+)\s+(_IO[RW]*)\(\w+,\s*\w+(?:,\s*struct (\w+))?\)", PLAIN)
    return {name: (DIRECTIONS[kind], struct or None) for name, kind, struct in rows}


def described_structs():
    found = {}
    for name, body in re.findall(r"^(\w+) \{\n(.*?)^\}", TEXT, re.M | re.S):
        found[name] = [described_field(line) for line in body.splitlines()]
    return found


def described_field(line):
    field, kind = line.split(None, 1)
    array = re.fullmatch(r"array\[(.*), (\w+)\]", kind)
    kind, count = (array[1], array[2]) if array else (kind, "1")
    bits = re.search(r"\bint(8|16|32|64)\b", kind)
    return field, int(bits[1]) if bits else 0, count


def described_ioctls():
    rows = re.findall(r"^ioctl\$(\w+)\(fd fd_labyrinth, cmd const\[(\w+)\](?:, arg ptr\[(\w+), (\w+)\])?\)$",
                      TEXT, re.M)
    return {cmd: (direction or None, struct or None) for name, cmd, direction, struct in rows if name == cmd}


class Description(unittest.TestCase):
    def test_ioctls(self):
        """every ioctl, its direction and its struct"""
        self.assertGreaterEqual(len(header_ioctls()), 7)
        self.assertEqual(described_ioctls(), header_ioctls())
        self.assertEqual(len(re.findall(r"^ioctl\$", TEXT, re.M)), len(header_ioctls()))

    def test_structs(self):
        """every struct's fields, in their order, as wide and as many"""
        wanted = {name: fields for name, fields in header_structs().items() if name not in NOT_CALLED}
        self.assertEqual(set(described_structs()), set(wanted))
        for name, fields in wanted.items():
            with self.subTest(name):
                self.assertEqual(described_structs()[name], fields)

    def test_names(self):
        """every constant is the header's, and every value of an enum or flag is offered"""
        used = set(re.findall(r"\bLABYRINTH_\w+", re.sub(r"ioctl\$\w+", "", TEXT)))
        there = set(re.findall(r"\bLABYRINTH_\w+", PLAIN))
        self.assertEqual(used - there, set())
        values = set(re.findall(r"\b(LABYRINTH_(?:MODE|SRC|FORMAT|BIND)_\w+)\b", PLAIN))
        self.assertEqual(values - used, set())

    def test_layout(self):
        """no struct has a hole, which syzkaller would fill as the C compiler does, and we would not see"""
        sizes = {name: int(value) for name, value in re.findall(r"#define (LABYRINTH_[A-Z]+)\s+(\d+)", PLAIN)}
        for name, fields in described_structs().items():
            at = 0
            for field, bits, count in fields:
                self.assertEqual(at % bits, 0, f"{name}.{field}")
                at += bits * (sizes[count] if count in sizes else int(count))
            self.assertEqual(at % 64, 0, name)
