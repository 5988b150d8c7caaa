# SPDX-License-Identifier: GPL-2.0-only
"""The report in headless Chromium: it draws every chart, says nothing on the console and asks for nothing.

The pictures are left in build/report/shots for whoever wants to look.
"""
import pathlib
import re
import sys
import tempfile
import unittest
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import fixtures  # noqa: E402
import labrun  # noqa: E402

sys.path.insert(0, str(labrun.ROOT / "scripts"))
from labyrinth import chromium, paths  # noqa: E402

SHOTS = paths.BUILD / "report" / "shots"
PHONE = {"width": 360, "height": 740, "phone": True, "scale": 2}

# Of every canvas: what was drawn, how many colours are in it, and its size
CANVASES = """[...document.querySelectorAll("canvas")].map(c => {
    const copy = new OffscreenCanvas(c.width, c.height).getContext("2d", {willReadFrequently: true});
    copy.drawImage(c, 0, 0);
    const seen = new Set(), data = new Uint32Array(copy.getImageData(0, 0, c.width, c.height).data.buffer);
    for (let i = 0; i < data.length; i += 7)
        if (data[i] >>> 24 > 200)
            seen.add(data[i]);
    return {id: c.id, drawn: c.dataset.drawn || "", seen: seen.size, width: c.clientWidth, height: c.clientHeight,
            marks: Chart.getChart(c) ? Chart.getChart(c).getSortedVisibleDatasetMetas().reduce((n, m) => n + m.data.length, 0) : 0};
})"""
OPEN_ALL = """document.querySelectorAll("details").forEach(d => { d.open = true; });
    new Promise(done => setTimeout(() => requestAnimationFrame(() => done(true)), 200))"""
# WCAG's contrast of each text with what is behind it; those that are too faint
FAINT = """(() => {
    const light = c => { const v = c / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    const parts = text => text.match(/[\\d.]+/g).map(Number);
    const luminance = c => 0.2126 * light(c[0]) + 0.7152 * light(c[1]) + 0.0722 * light(c[2]);
    const behind = e => { for (; e; e = e.parentElement) { const c = parts(getComputedStyle(e).backgroundColor);
        if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
    const found = [];
    for (const e of document.querySelectorAll("p, li, td, th, h1, h2, h3, h4, a, code, span, summary, strong")) {
        if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.getClientRects().length) continue;
        const a = luminance(parts(getComputedStyle(e).color)), b = luminance(behind(e));
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) found.push(e.tagName + " " + ratio.toFixed(2) + " " + e.textContent.slice(0, 40));
    }
    return found;
})()"""
# What reaches over the page's right side without a box of its own that scrolls
TOO_WIDE = """[...document.querySelectorAll("body *")].filter(e => !e.closest(".wide, .unseen, .skip") &&
    e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + " " + e.className + " " + e.textContent.slice(0, 40))"""
UNREACHABLE = """[...document.querySelectorAll(".wide")].filter(e => e.tabIndex !== 0 || !e.getAttribute("aria-label")).length +
    [...document.querySelectorAll("a, summary")].filter(e => e.tabIndex < 0).length"""

# labyrinth's colour in page.css
LIGHT_OWN, DARK_OWN = (0x0b, 0x6e, 0x5f), (0x35, 0xc2, 0xa7)


def painted(pdf):
    """The colours that a PDF's drawing commands set, one by one."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.S):
        try:
            text = zlib.decompressobj().decompress(stream)
        except zlib.error:
            continue
        for words in re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) (?:rg|RG)\b", text):
            found.append(tuple(round(float(word) * 255) for word in words))
    return found


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        results = pathlib.Path(cls.folder.name) / "results"
        results.mkdir()
        fixtures.write(results)
        cls.page = pathlib.Path(cls.folder.name) / "index.html"
        status, _, err = labrun.lab("report", "--results", results, "--out", cls.page)
        assert status == 0, err
        cls.browser = cls.enterClassContext(chromium.Browser())

    def opened(self, **how):
        tab = self.browser.open(self.page, **how)
        self.addCleanup(self.quiet, tab)
        return tab

    def quiet(self, tab):
        """Whatever the test did, nothing went wrong in the page and nothing was asked for."""
        self.assertEqual(tab.errors, [])
        self.assertEqual(tab.requests, [self.page.as_uri()])
        self.assertEqual(tab.evaluate("document.title"), "Labyrinth: the report")
        self.assertEqual(tab.evaluate("document.images.length"), 0)

    def drawn(self, tab):
        canvases = tab.evaluate(CANVASES)
        self.assertGreater(len(canvases), 25)
        for canvas in canvases:
            self.assertTrue(canvas["drawn"], canvas)
            self.assertGreaterEqual(canvas["marks"], 2, canvas)
            self.assertGreater(canvas["seen"], 8, canvas)
            self.assertGreater(canvas["height"], 80, canvas)
            self.assertGreater(canvas["width"], 250, canvas)
        self.assertEqual({canvas["drawn"] for canvas in canvases}, {"bars", "stack", "dots", "lines", "timeline"})

    def keep(self, name, data):
        paths.write_atomically(SHOTS / name, data)
        self.assertGreater(len(data), 20000)

    def test_light(self):
        """light: every chart that is not in a fold is drawn at once, the rest when it is opened"""
        tab = self.opened()
        before = tab.evaluate(CANVASES)
        folded = tab.evaluate('[...document.querySelectorAll("details:not([open]) canvas")].map(c => c.id)')
        self.assertTrue(folded)
        for canvas in before:
            self.assertEqual(bool(canvas["drawn"]), canvas["id"] not in folded, canvas)
        self.keep("light.png", tab.picture())
        tab.evaluate(OPEN_ALL)
        self.drawn(tab)
        self.assertEqual(tab.evaluate(FAINT), [])

    def test_dark(self):
        """dark: other colours, enough contrast, and the charts follow when the reader changes the scheme"""
        tab = self.opened(dark=True)
        tab.evaluate(OPEN_ALL)
        self.drawn(tab)
        self.assertEqual(tab.evaluate(FAINT), [])
        self.keep("dark.png", tab.picture())
        first = 'Chart.getChart("chart-0").data.datasets[0].backgroundColor[0]'
        dark = tab.evaluate(first)
        tab.scheme(False)
        tab.evaluate("new Promise(done => setTimeout(() => done(true), 100))")
        self.assertNotEqual(tab.evaluate(first), dark)

    def test_phone(self):
        """on a phone nothing reaches over the side, with every fold open"""
        tab = self.opened(**PHONE)
        self.keep("phone.png", tab.picture(height=6000))
        tab.evaluate(OPEN_ALL)
        self.drawn(tab)
        self.assertEqual(tab.evaluate(TOO_WIDE), [])
        self.assertEqual(tab.evaluate("document.documentElement.scrollWidth"), PHONE["width"])

    def test_keyboard(self):
        """every box that scrolls and every fold can be reached by the keyboard; headings leave out no level"""
        tab = self.opened()
        self.assertEqual(tab.evaluate(UNREACHABLE), 0)
        levels = tab.evaluate('[...document.querySelectorAll("h1, h2, h3, h4, h5")].map(h => +h.tagName[1])')
        self.assertEqual(levels[0], 1)
        self.assertFalse([pair for pair in zip(levels, levels[1:]) if pair[1] > pair[0] + 1])
        names = tab.evaluate('[...document.querySelectorAll("canvas")].filter(c => !c.getAttribute("aria-label")).length')
        self.assertEqual(names, 0)

    def test_print(self):
        """on paper: light whatever the screen is, the charts in it, and afterwards as before"""
        tab = self.opened(dark=True)
        tab.evaluate("""window.seen = []; window.addEventListener("beforeprint", () =>
            seen.push(getComputedStyle(document.body).backgroundColor))""")
        before = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        data = tab.printed()
        self.keep("print.pdf", data)
        self.assertTrue(data.startswith(b"%PDF-"))
        self.assertGreaterEqual(len(re.findall(rb"/Type\s*/Page\b", data)), 5)
        colours = painted(data)
        self.assertGreater(colours.count(LIGHT_OWN), 40)        # a bar, a dot or a line each; the key is one
        self.assertNotIn(DARK_OWN, colours)
        self.assertEqual(tab.evaluate("seen"), ["rgb(255, 255, 255)"])
        self.assertEqual(tab.evaluate("getComputedStyle(document.body).backgroundColor"), before)
        self.assertNotEqual(before, "rgb(255, 255, 255)")

    def test_policy(self):
        """the page's policy stops a program and a request that would be smuggled in"""
        tab = self.browser.open(self.page)
        tab.evaluate("""const s = document.createElement("script"); s.textContent = "document.title = 'owned'";
            document.body.append(s); const i = new Image(); i.src = "http://127.0.0.1:9/x.png"; document.body.append(i);
            new Promise(done => setTimeout(() => done(true), 200))""")
        self.assertEqual(tab.evaluate("document.title"), "Labyrinth: the report")
        self.assertEqual(len([e for e in tab.errors if "Content Security Policy" in e]), 2, tab.errors)


class Picture(unittest.TestCase):
    def test_picture(self):
        """`scripts/lab report --picture` leaves a PNG that is small enough for a README"""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            fixtures.write(folder)
            status, _, err = labrun.lab("report", "--results", folder, "--out", folder / "p.html", "--picture", folder / "p.png")
            self.assertEqual(status, 0, err)
            data = (folder / "p.png").read_bytes()
            self.assertTrue(data.startswith(b"\x89PNG"))
            self.assertLess(len(data), 200000)
            self.assertGreater(len(data), 20000)


if __name__ == "__main__":
    unittest.main()
