# SPDX-License-Identifier: GPL-2.0-only
"""docs/device.md and qemu-device/labyrinth_hw.h say the same.

Contract: every name of the header stands in a table of the page with the header's value, offset, access and
width; every LABYRINTH_ name on the page is the header's; the structures have the header's layout; faults and rules
have the header's names and parameters; and the properties are the device's.
"""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADER = ROOT / "qemu-device/labyrinth_hw.h"
PAGE = ROOT / "docs/device.md"
DEVICE = ROOT / "qemu-device/pci.c"
FAULTS = ROOT / "qemu-device/fault_props.c"

# Of use only to a compiler
NOT_DOCUMENTED = {"LABYRINTH_HW_H", "LABYRINTH_LE16", "LABYRINTH_LE32", "LABYRINTH_LE64", "LABYRINTH_FAULTS",
                  "LABYRINTH_RULES", "LABYRINTH_FAULT_ENUM", "LABYRINTH_RULE_ENUM"}
# What an argument of these counts
COUNTED_BY = {"LABYRINTH_QREG_DROPPED": "LABYRINTH_DROP_REASONS", "LABYRINTH_FREG_FIRED": "LABYRINTH_NR_RULES"}
# What macros with an argument, and rows with one, are tried with
SAMPLES = (0, 1, 3, 15, 0x1234abcd)
NAME = r"LABYRINTH_[A-Z0-9_]+"


def evaluate(text, **names):
    """The value of an arithmetic expression of the header or of the page."""
    text = re.sub(r"\b(0[xX][0-9a-fA-F]+|\d+)[uU]\b", r"\1", text)
    text = text.replace(",", "") if re.fullmatch(r"[\d,]+", text) else text
    if not re.fullmatch(r"[0-9a-fA-FxX\s+*&|()<>a-z_A-Z-]+", text):
        raise ValueError(f"not arithmetic: {text}")
    return eval(text, {"__builtins__": {}}, names)       # pylint: disable=eval-used


class Header:
    """The header's names: constants, macros with an argument, structures."""

    def __init__(self, text):
        self.access, self.width = {}, {}
        self.bodies, self.arguments = {}, {}
        for line in text.splitlines():
            found = re.match(rf"#define\s+({NAME})(?:\((\w+)\))?\s+([^/]*?)\s*(?:/\*(.*))?$", line)
            if not found:
                continue
            name, argument, body, comment = found.groups()
            self.bodies[name], self.arguments[name] = body, argument
            kind = re.match(r"\s*(RO|WO|RW1C|RW)( 64)?\b", comment or "")
            if kind:
                self.access[name] = kind[1]
                self.width[name] = 64 if kind[2] else 32
        for body in re.findall(r"enum \w+ \{(.*?)\};", text, re.S):
            for name, value in re.findall(rf"({NAME})\s*=\s*(\w+)", body):
                self.bodies[name], self.arguments[name] = value, None
        # Tables that make an enum: {name: (what it is called, its parameter)}
        self.tables = {}
        for table, one in (("FAULTS", "FAULT"), ("RULES", "RULE")):
            body = re.search(rf"#define LABYRINTH_{table}\(X\)((?:.*\\\n)*.*)", text)[1]
            entries = re.findall(r'\bX\((\w+), "([a-z-]+)"(?:, (\d+))?\)', body)
            self.tables[one] = {f"LABYRINTH_{one}_{entry[0]}": entry[1:] for entry in entries}
            for index, name in enumerate([*self.tables[one], f"LABYRINTH_NR_{table}"]):
                self.bodies[name], self.arguments[name] = str(index), None
        # "Counters, RO 64" is said once, for all down to the next paragraph
        counters = text.split("/* Counters, RO 64;")[1].split("\n\n")[0]
        for name in re.findall(rf"#define\s+({NAME})", counters):
            self.access.setdefault(name, "RO")
            self.width.setdefault(name, 64)
        self.structures = {}
        for name, body in re.findall(r"struct (\w+) \{(.*?)\};", text, re.S):
            at, fields = 0, []
            for bits, field in re.findall(r"LABYRINTH_LE(\d+) (\w+);", body):
                fields.append((at, field, int(bits)))
                at += int(bits) // 8
            self.structures[name] = fields

    def names(self):
        return set(self.bodies) - NOT_DOCUMENTED

    def value(self, name, argument=0):
        """Names in a body are other names of the header."""
        body = self.bodies[name]
        values = {other: self.value(other) for other in re.findall(NAME, body)}
        if self.arguments[name]:
            values[self.arguments[name]] = argument
        return evaluate(body, **values)

    def is_register(self, name):
        return re.match(r"LABYRINTH_[QUF]?REG_", name) is not None


class Page:
    """The page's tables, as rows of {heading: cell}."""

    def __init__(self, text):
        self.text = text
        self.rows = []
        headings = None
        for line in text.splitlines():
            if not line.startswith("|"):
                headings = None
                continue
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if headings is None:
                headings = cells
            elif not set(line) <= set("|-: "):
                self.rows.append(dict(zip(headings, cells)))

    def entries(self):
        """Rows whose name is a name of the header, by that name."""
        made = {}
        for row in self.rows:
            found = re.fullmatch(rf"({NAME})(?:\(\w\))?", row.get("name", ""))
            if found:
                made.setdefault(found[1], []).append(row)
        return made

    def fields(self, structure):
        """The table behind the first mention of a structure."""
        table = self.text.split(f"`struct {structure}`", 1)[1].split("\n\n")[1]
        rows = [line.strip("|").split("|") for line in table.splitlines()[2:]]
        return [(int(at), field.strip(), int(width)) for at, field, width, _ in rows]


HW = Header(HEADER.read_text())
DOC = Page(PAGE.read_text())


def column(row):
    """The cell that has a row's value."""
    return next(row[key] for key in ("offset", "offset in BAR 0", "value", "bit") if key in row)


def value_of(cell, argument):
    """What a row says, for an argument: `bits 7:0` is a field of it."""
    bits = re.fullmatch(r"bits (\d+):(\d+)", cell)
    if bits:
        high, low = int(bits[1]), int(bits[2])
        return (argument >> low) & ((1 << (high - low + 1)) - 1)
    variables = {name: argument for name in re.findall(r"\b[a-z]\b", cell)}
    return evaluate(cell, **variables)


class DevicePage(unittest.TestCase):
    def test_the_parsers_see_both(self):
        """there is something to compare"""
        self.assertGreater(len(HW.names()), 100)
        self.assertGreater(len(HW.access), 50)
        self.assertGreater(len(DOC.entries()), 100)
        self.assertEqual(set(HW.structures), {"labyrinth_desc", "labyrinth_completion", "labyrinth_job_desc",
                                              "labyrinth_maze", "labyrinth_result"})

    def test_every_name_is_on_the_page(self):
        """each name of the header has exactly one row"""
        entries = DOC.entries()
        self.assertEqual(sorted(HW.names() - set(entries)), [], "without a row")
        self.assertEqual(sorted(name for name, rows in entries.items() if len(rows) > 1), [], "with two rows")

    def test_every_name_of_the_page_exists(self):
        """the page names nothing that the header does not have"""
        text = re.sub(rf"{NAME}\*", "", DOC.text)
        self.assertEqual(sorted(set(re.findall(NAME, text)) - set(HW.bodies)), [])
        for prefix in set(re.findall(rf"({NAME})\*", DOC.text)):
            self.assertTrue(any(name.startswith(prefix) for name in HW.bodies), prefix)

    def test_values(self):
        """values and offsets are equal, for every argument"""
        for name, rows in DOC.entries().items():
            for sample in SAMPLES if HW.arguments[name] else (0,):
                with self.subTest(name=name, argument=sample):
                    self.assertEqual(value_of(column(rows[0]), sample), HW.value(name, sample))

    def test_access(self):
        """who may read and write a register, and its width"""
        registers = {name for name in HW.names() if HW.is_register(name)}
        self.assertEqual(registers, set(HW.access))
        for name in sorted(registers):
            with self.subTest(name=name):
                row = DOC.entries()[name][0]
                self.assertEqual(row["access"].split()[0], HW.access[name])
                self.assertEqual(int(row["width"]), HW.width[name])

    def test_no_register_overlaps_another(self):
        """offsets of a page are multiples of the width and used once"""
        for page in ("REG", "QREG", "UREG", "FREG"):
            used = {}
            for name in HW.names():
                if not name.startswith(f"LABYRINTH_{page}_"):
                    continue
                count = HW.value(COUNTED_BY.get(name, "LABYRINTH_NR_FAULTS")) if HW.arguments[name] else 1
                for argument in range(count):
                    at, size = HW.value(name, argument), HW.width[name] // 8
                    self.assertEqual(at % size, 0, name)
                    for byte in range(at, at + size):
                        self.assertNotIn(byte, used, f"{name} and {used.get(byte)}")
                        used[byte] = name

    def test_structures(self):
        """offset, name and width of each field"""
        for name, fields in HW.structures.items():
            with self.subTest(name=name):
                self.assertEqual(DOC.fields(name), fields)

    def test_faults_and_rules(self):
        """each has its name, and a fault the default of its parameter"""
        self.assertGreater(len(HW.tables["FAULT"]), 10)
        self.assertGreater(len(HW.tables["RULE"]), 10)
        for name, (called, _) in HW.tables["RULE"].items():
            self.assertEqual(DOC.entries()[name][0]["rule"], called, name)
        for name, (called, parameter) in HW.tables["FAULT"].items():
            row = DOC.entries()[name][0]
            self.assertEqual((row["fault"], row["PARAM"]), (called, parameter), name)

    def test_properties(self):
        """the properties are the device's, with its defaults"""
        code = DEVICE.read_text()
        defaults = dict(re.findall(r"#define\s+(LABYRINTH_DEFAULT_\w+)\s+(\d+)",
                                   (ROOT / "qemu-device/device.h").read_text()))
        real = {}
        for name, rest in re.findall(r'DEFINE_PROP_\w+\("([a-z-]+)",([^)]*)\)', code):
            default = re.search(r"LABYRINTH_DEFAULT_\w+", rest)
            real[name] = defaults[default[0]] if default else "off" if "false" in rest else "none"
        faults = FAULTS.read_text()
        made = re.findall(r'object_class_property_add(?:_str)?\(oc, (?:"([a-z-]+)"|name),', faults)
        preset = dict(re.findall(r"s->fault_config\.(\w+) = (\w+);\n", faults.split("instance_init")[1]))
        for name in made:
            value = preset.get(name.rsplit("-", 1)[-1], "none" if not name or name.endswith("fired") else "0")
            real[name or "x-fault-NAME"] = value.replace("LABYRINTH_RULES_ALL", "all")
        said = {row["property"]: row["default"] for row in DOC.rows if "property" in row}
        self.assertTrue(real)
        self.assertEqual(said, real)


if __name__ == "__main__":
    unittest.main()
