# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab report` on good, missing and broken result files: what it says, its status, and what is in the page."""
import html.parser
import json
import os
import pathlib
import random
import re
import struct
import sys
import tempfile
import unittest
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import fixtures  # noqa: E402
import labrun  # noqa: E402

sys.path.insert(0, str(labrun.ROOT / "scripts"))
from labyrinth import png, report_compare, report_html, report_input, report_page, report_shape  # noqa: E402

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(html.parser.HTMLParser):
    """Elements of a page, and whether each that begins ends."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.texts, self.wrong = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("script", "style"):
            self.texts.append(data)

    @property
    def text(self):
        return " ".join("".join(self.texts).split())

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.out = self.folder / "out" / "index.html"

    def report(self, *words):
        """(status, what it said, the page)"""
        status, out, err = labrun.lab("report", "--results", self.folder, "--out", self.out, *words)
        self.assertEqual(out, "")
        self.assertNotIn("Traceback", err)
        return status, err, Page(self.out.read_text(encoding="utf-8")) if self.out.exists() else None


class Good(Case):
    def test_whole(self):
        """six good files: status 0, every part, well-formed, nothing in the names became markup"""
        fixtures.write(self.folder)
        status, err, page = self.report()
        self.assertEqual(status, 0, err)
        self.assertNotIn("error", err)
        self.assertEqual((page.wrong, page.open), ([], []))
        self.assertEqual(page.all("img"), [])
        self.assertEqual([a.get("type") for a in page.all("script")], ["application/json", None, None])
        self.assertFalse([a for _, a in page.elements if any(name.startswith("on") or name == "style" for name in a)])
        self.assertEqual([a["id"] for a in page.all("section")], ["overview", *report_page.TITLES])
        odd = " ".join(fixtures.ODD.split())
        self.assertGreater(page.text.count(odd), 8)

    def test_nothing_from_outside(self):
        """no address of anything but the page's own parts; a policy that forbids all else"""
        fixtures.write(self.folder)
        _, _, page = self.report()
        for name, attrs in page.elements:
            self.assertNotIn("src", attrs, name)
            if "href" in attrs:
                self.assertTrue(attrs["href"].startswith("#"), attrs)
        policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv"))
        self.assertTrue(policy.startswith("default-src 'none'; script-src 'sha256-"), policy)
        self.assertNotIn("unsafe", policy)
        self.assertNotIn("url(", "".join((report_page.ASSETS / "page.css").read_text()))

    def test_every_chart_has_words(self):
        """each canvas has a name, a table with the same title, its parameters and a command"""
        fixtures.write(self.folder)
        _, _, page = self.report()
        canvases = page.all("canvas")
        self.assertGreater(len(canvases), 25)
        tables = {a.get("aria-label") for a in page.all("div")}
        for canvas in canvases:
            title = re.fullmatch(r"Chart: (.+)\. Its numbers are in the table below it\.", canvas["aria-label"], re.S)[1]
            self.assertIn(title, tables)
        figures = self.out.read_text(encoding="utf-8").split("<figure>")[1:]
        self.assertEqual(len(figures), len(canvases))
        for figure in figures:
            self.assertRegex(figure, r'<figcaption>.*again: </span><code>(make|scripts/lab) ')

    def test_what_is_told(self):
        """ratios, verdicts with their targets, what was missed, and each absent row with its reason"""
        fixtures.write(self.folder)
        _, _, page = self.report()
        for words in ("0.25× – 0.5004×✘ target ≤ 0.5×: held in 1 of 2", "0.89×✔ target ≤ 0.9×: held", "0.93×✘ target ≥ 1.0×: missed", "–target ≤ 0.05×: not measured",
                      "Instructions for a page, labyrinth pool beside alloc_page at full load, at its worst with pages of 64 "
                      "bytes: 2,752 to 5,500.",
                      "labyrinth pool beside alloc_page at full load: 0.5004×, target ≤ 0.5×, missed in 1 of 2. profile",
                      "Without a pool whose level could be watched: dma_pool.", "page_pool (softirq): its softirq",
                      "3 rows of the comparison have no figure: no hugepages in the guest",
                      "stress rebind: pages: 3 pages are out", "fault irq-storm on debug: injected 8, detected 0",
                      "0.9996 ratio, target ≥ 1", "6 of 7: the fault was injected"):
            self.assertTrue(words in page.text, words)
        # 3 rows in 4 charts each, and the overloaded one in a fifth
        self.assertEqual(page.text.count("absent: no hugepages"), 13)

    def test_licence(self):
        """the library's licence is in the page"""
        fixtures.write(self.folder, ("run",))
        _, _, page = self.report()
        self.assertIn("Permission is hereby granted, free of charge", page.text)
        self.assertIn("2014-2021, Chart.js Contributors", page.text)

    def test_same_twice(self):
        """the same files give the same page, to the byte"""
        fixtures.write(self.folder)
        self.report()
        first = self.out.read_bytes()
        self.report()
        self.assertEqual(self.out.read_bytes(), first)


class Bad(Case):
    def test_missing(self):
        """a file that is missing is named with what makes it; the rest is shown, status 0"""
        for name in fixtures.ALL:
            with self.subTest(name):
                fixtures.write(self.folder)
                (self.folder / f"{name}.json").unlink()
                command = report_input.read(self.folder)[name].command
                status, err, page = self.report()
                self.assertEqual(status, 0, err)
                self.assertIn(f"lab: {name}.json: not measured yet: {command}", err)
                self.assertIn(f"{name} ({command})", page.text)
                self.assertEqual(len(page.all("section")), 6)

    def test_none(self):
        """no file at all: status 1, and a page that says what to run"""
        status, err, page = self.report()
        self.assertEqual(status, 1)
        self.assertIn("there is no result to report", err)
        self.assertIn("Nothing yet", page.text)
        self.assertEqual(page.all("canvas"), [])

    def test_broken(self):
        """cut off, empty, of another schema or form: refused by name, status 1, the rest is shown"""
        def cut(text):
            return text[:len(text) // 2]

        def schema(text):
            return json.dumps({**json.loads(text), "schema": 2})

        def deep(_):
            return "[" * 100000

        for name in fixtures.ALL:
            cases = [(cut, "is cut off or no JSON"), (lambda _: "", "is empty"), (lambda _: "7", "is no"),
                     (lambda _: "NaN", "NaN is no number"), (deep, ""), (lambda text: text.replace("1000", "1e999", 1), None)]
            if name != "bench":
                cases += [(schema, "has schema 2, and this launcher reads 1"), (lambda _: '{"schema": true}', "has schema True"),
                          (lambda _: '{"schema": 1}', "is not whole: the file has no")]
            for spoil, said in cases:
                with self.subTest(name=name, said=said):
                    fixtures.write(self.folder)
                    path = self.folder / f"{name}.json"
                    good = path.read_text()
                    path.write_text(spoil(good))
                    if path.read_text() == good:
                        continue
                    source = report_input.read(self.folder)[name]
                    self.assertEqual((source.state, source.content is None or bool(source.wrong)), ("refused", True))
                    self.assertIn(said or "", source.wrong)
                    if spoil not in (cut, schema):
                        continue
                    status, err, page = self.report()
                    self.assertEqual(status, 1, err)
                    told = [line for line in err.splitlines() if line.startswith("lab: error: ")]
                    self.assertEqual(len(told), 1, err)
                    self.assertTrue(told[0].startswith(f"lab: error: {name}.json "), told)
                    self.assertIn(said or "", told[0])
                    self.assertIn("make it again with `", told[0])
                    self.assertIn(f"{name}.json was refused", page.text)
                    self.assertEqual(len(page.all("section")), 6)
                    self.assertGreater(len(page.all("canvas")), 3)

    def test_no_text(self):
        """bytes that are no text, and a folder in a file's place"""
        fixtures.write(self.folder, ("bench", "stress"))
        (self.folder / "run.json").write_bytes(b'{"schema": 1, "kernel": "\xff"}')
        (self.folder / "figures.json").mkdir()
        status, err, _ = self.report()
        self.assertEqual(status, 1)
        self.assertIn("run.json is no UTF-8 text: refused", err)
        self.assertIn("figures.json cannot be read", err)

    def test_fields(self):
        """each field that is used, gone or of another type, is named"""
        def paths(value, before=()):
            if isinstance(value, dict):
                for key, inner in value.items():
                    yield from paths(inner, before + (key,))
            elif isinstance(value, list) and value:
                yield from paths(value[0], before + (0,))
            else:
                yield before

        tried = 0
        for name, _, _, shape, _ in report_input.FILES:
            if shape is None:
                continue
            for path in paths(shape):
                content = fixtures.ALL[name]()
                inner = content
                try:
                    for step in path[:-1]:
                        inner = inner[step]
                    inner[path[-1]] = ["not what it was"]
                except (KeyError, IndexError, TypeError):
                    continue
                tried += 1
                self.assertRegex(report_shape.misfit(content, shape), str(path[-1]), (name, path))
        self.assertGreater(tried, 50)

    def test_any_field(self):
        """a field anywhere gone, null, nought or empty: refused, or the page is made without it"""
        def places(value, before=()):
            steps = value if isinstance(value, dict) else range(min(len(value), 2)) if isinstance(value, list) else ()
            for step in steps:
                yield before + (step,)
                yield from places(value[step], before + (step,))

        chance, good = random.Random(1), {name: json.dumps(make()) for name, make in fixtures.ALL.items()}
        fixtures.write(self.folder)
        taken = 0
        for _ in range(int(os.environ.get("LAB_ROUNDS", 250))):
            name = chance.choice(list(good))
            content = json.loads(good[name])
            *way, last = chance.choice(list(places(content)))
            inner = content
            for step in way:
                inner = inner[step]
            inner[last] = value = chance.choice((None, 0, "", [], {}, ...))
            if value is ...:
                del inner[last]
            (self.folder / f"{name}.json").write_text(json.dumps(content))
            sources = report_input.read(self.folder)
            if sources[name].there:
                taken += 1
                with self.subTest(name=name, way=way, last=last, value=value):
                    self.assertIn("</html>", report_page.whole(sources))
            (self.folder / f"{name}.json").write_text(good[name])
        self.assertGreater(taken, 5)

    def test_comparison(self):
        """rows of one name, figures about no row and distributions that fall are refused"""
        def refused(change):
            content = fixtures.compare()
            change(content)
            (self.folder / "compare.json").write_text(json.dumps(content))
            return report_input.read(self.folder)["compare"].wrong
        self.assertEqual(refused(lambda c: None), "")
        self.assertIn("two rows are called", refused(lambda c: c["rows"].append(c["rows"][0])))
        self.assertIn("'nobody' that is not there", refused(lambda c: c["figures"][0]["rows"].append("nobody")))
        self.assertIn("better is 'same'", refused(lambda c: c["figures"][0].update(better="same")))
        self.assertIn("does not rise", refused(lambda c: c["rows"][0]["latency_ns"].update(cdf=[[1, 0.5], [2, 0.4]])))
        self.assertIn("does not rise", refused(lambda c: c["rows"][0]["latency_ns"].update(cdf=[[1, 0.5], [2, 1.4]])))
        self.assertIn("goes back in time", refused(lambda c: c["rows"][-2].update(timeline=[[2, 1, {}], [1, 1, {}]])))
        self.assertIn("timeline[0] is no moment", refused(lambda c: c["rows"][-2].update(timeline=[[1, 2]])))

    def test_arguments(self):
        """a folder that is not there, a folder for the page: status 2 and one line"""
        for words in (("--results", self.folder / "none"), ("--out", self.folder)):
            status, _, err = labrun.lab("report", *words)
            self.assertEqual(status, 2, err)
            self.assertEqual(err.count("\n"), 1, err)


class Picture(unittest.TestCase):
    def encoded(self, lines, step):
        """A PNG whose line N has the filter N % 5."""
        raw, above = b"", bytes(len(lines[0]))
        for number, line in enumerate(lines):
            left, corner = bytes(step) + line[:-step], bytes(step) + above[:-step]
            add = png.FILTERS[number % 5]
            raw += bytes([number % 5]) + bytes((v - add(*near)) & 255 for v, *near in zip(line, left, above, corner))
            above = line
        head = struct.pack(">IIBBBBB", len(lines[0]) // step, len(lines), 8, {3: 2, 4: 6}[step], 0, 0, 0)
        data = zlib.compress(raw)
        return png.HEAD + b"".join(png._chunk(*each) for each in ((b"IHDR", head), (b"IDAT", data[:9]), (b"IDAT", data[9:]),
                                                                  (b"IEND", b"")))

    def points(self, data):
        parts = dict(png._chunks(data))
        width, height = struct.unpack(">II", parts[b"IHDR"][:8])
        raw, palette = zlib.decompress(parts[b"IDAT"]), parts[b"PLTE"]
        return [[palette[3 * i:3 * i + 3] for i in raw[y * (width + 1) + 1:(y + 1) * (width + 1)]] for y in range(height)]

    def test_smaller(self):
        """a picture of few colours comes out as it went in, whatever its filters; one of many as near as can be"""
        for step in (3, 4):
            chosen = [[((x * 7 + y * 3) % 14) ** 2, x % 3 * 90, y % 5 * 50] + [255] * (step - 3) for y in range(15) for x in range(11)]
            lines = [bytes(v for point in chosen[y * 11:(y + 1) * 11] for v in point) for y in range(15)]
            found = self.points(png.smaller(self.encoded(lines, step)))
            self.assertEqual(found, [[line[x:x + 3] for x in range(0, len(line), step)] for line in lines])
        many = [bytes(v for x in range(40) for v in (x * 6, y * 6, 9)) for y in range(40)]
        found = self.points(png.smaller(self.encoded(many, 3)))
        self.assertEqual(len({point for line in found for point in line}), 256)
        for bad in (b"", b"GIF89a", png.HEAD, self.encoded(many, 3)[:20]):
            self.assertRaises((ValueError, struct.error), png.smaller, bad)


class Words(unittest.TestCase):
    def test_ratios(self):
        """a ratio has two figures, or as many as tell it from its target"""
        for value, target, said in ((0.246, None, "0.25×"), (1.04, None, "1.0×"), (23.7, None, "24×"), (0.5004, 0.5, "0.5004×"),
                                    (1.49999, 1.5, "1.49999×"), (0.5, 0.5, "0.5×"), (None, 1, "–"), (0.0004, 0.05, "0.0004×")):
            self.assertEqual(report_html.times(value, target), said)

    def test_text(self):
        """what no page may hold is replaced"""
        self.assertEqual(report_html.text("a\0b\x1bc\ud800<"), "a�b�c?&lt;")

    def test_names(self):
        """rows with one name are told apart, and no row of the comparison gets lost"""
        rows = [fixtures.row("full", policy="pool"), fixtures.row("full", policy="pool", params={"check": "none", "cpu": "x"})]
        self.assertEqual(len(set(report_compare.named([rows[0], {**rows[1], "id": "other"}]))), 2)
        page = report_html.Charts()
        text = report_compare.section(fixtures.compare(), page)
        for row in fixtures.compare()["rows"]:
            self.assertIn(report_html.text(row["id"]), text)


if __name__ == "__main__":
    unittest.main()
