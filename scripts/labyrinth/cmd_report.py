# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab report` (and `make report`): one page about all that was measured.

Contract: the page is written whatever state the result files are in; exit status 0 if each file that is there was
good, 1 if one was refused (each is named) or there was none at all.
"""
import argparse
import os
import pathlib

from . import chromium, packages, paths, png, report_input, report_page, ui

PAGE = paths.BUILD / "report" / "index.html"
PICTURE = paths.ROOT / "docs" / "pictures" / "report.png"
WIDTH, HEIGHT, LARGEST = 1000, 2000, 199_000
FIRST_THINGS = """{
    const figure = document.querySelector("figure"), wanted = [...document.querySelectorAll("header, .lead, .cards")];
    if (figure) wanted.push(figure, ...[figure.previousElementSibling, figure.parentElement.querySelector(".key, h2")].filter(e => e));
    for (const e of document.querySelectorAll("header, footer, section > *"))
        e.hidden = !wanted.includes(e);
    for (const e of document.querySelectorAll("section"))
        e.hidden = ![...e.children].some(child => !child.hidden);
}"""
EPILOG = """exit status:
    0  the page is written           1  so it is, but a result file was refused, or there was none
    2  bad arguments               125  something could not be set up"""


def add_parser(commands):
    parser = commands.add_parser(
        "report", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EPILOG,
        help="a page about all that was measured",
        description="Make build/report/index.html, which needs no network, of build/results/*.json.")
    parser.add_argument("--results", type=pathlib.Path, default=paths.RESULTS, metavar="FOLDER",
                        help="take the files from there")
    parser.add_argument("--out", type=pathlib.Path, default=PAGE, metavar="FILE", help="write another file")
    parser.add_argument("--picture", type=pathlib.Path, nargs="?", const=PICTURE, metavar="FILE",
                        help="take a picture as well, in Chromium: the headlines and the first chart "
                             "(default docs/pictures/report.png)")
    parser.set_defaults(call=main)


def _tell(sources):
    """Whether all is well."""
    for source in sources.values():
        name = f"{source.name}.json"
        if source.state == "refused":
            ui.error(f"{name} {source.wrong}: refused; make it again with `{source.command}`")
        elif source.state == "missing":
            ui.note(f"{name}: not measured yet: {source.command}")
    if not any(source.there for source in sources.values()):
        ui.error("there is no result to report; `make run` is the quickest to get one")
        return False
    return not any(source.state == "refused" for source in sources.values())


def _picture(page):
    """PNG of what the page says first, and of its first chart; cut off below where it would be too large."""
    with chromium.Browser() as browser:
        tab = browser.open(page, width=WIDTH, height=HEIGHT)
        tab.evaluate(FIRST_THINGS)
        height = min(tab.evaluate("document.querySelector('main').getBoundingClientRect().bottom"), HEIGHT)
        while len(data := png.smaller(tab.picture(height))) > LARGEST:
            height -= 50
        return data


def main(args):
    if not args.results.is_dir() and args.results != paths.RESULTS:
        raise ui.LabError(f"{args.results} is no folder of results", ui.EXIT_USAGE)
    if args.out.is_dir():
        raise ui.LabError(f"{args.out} is a folder; name a file for the page", ui.EXIT_USAGE)
    packages.install(("page",) if args.picture else ())
    sources = report_input.read(args.results)
    good = _tell(sources)
    page = report_page.whole(sources).encode("utf-8", "replace")
    paths.write_atomically(args.out, page)
    ui.note(f"{os.path.relpath(args.out)}: {len(page) / 1000:,.0f} kB; open it in a browser")
    if args.picture:
        paths.write_atomically(args.picture, _picture(args.out))
        ui.note(f"{os.path.relpath(args.picture)}: {args.picture.stat().st_size / 1000:,.0f} kB")
    return 0 if good else 1
