# SPDX-License-Identifier: GPL-2.0-only
"""The whole page: the overview that one understands in a minute, then a part for each result file.

Contract: the page is one file that asks for nothing else: style, programs, the plotting library with its licence and
all data are in it, and its content security policy forbids every request and every program but these.
"""
import base64
import hashlib

from . import bench_table, paths, report_bench, report_compare, report_figures, report_trial, ui
from .report_html import Charts, Html, beside, element, fold, join, shown, table, verdict

ASSETS = paths.SCRIPTS / "labyrinth" / "report_assets"
LIBRARY = paths.Path("/usr/share/javascript/chart.js/chart.min.js")
LICENCE = paths.Path("/usr/share/doc/libjs-chart.js/copyright")
TITLES = {"compare": "The comparison", "bench": "What a page costs", "stress": "Under stress",
          "reliability": "When the device does wrong", "run": "One run through everything"}
MISSED = 6          # that are told before a fold
STATES = {"there": "read", "missing": "not measured yet", "refused": "refused"}


def _asset(path):
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        raise ui.LabError(f"{path} is not there: run `scripts/lab setup`, which installs libjs-chart.js") from None


def _hash(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _content(sources, name):
    return sources[name].content if sources[name].there else None


def _headlines(sources):
    """(ratio, verdict or nothing, sentence)"""
    compare = _content(sources, "compare")
    if compare:
        rows = {row["id"]: row for row in compare["rows"]}
        for family in report_figures.families(compare):
            yield family.ratio(), family.judged(), family.meaning(rows)
    for ratio, sentence in report_bench.headlines(_content(sources, "bench") or []):
        yield ratio, element("span", "no target", class_="quiet"), sentence


def _card(ratio, judged, sentence):
    return element("li", element("strong", ratio), judged, element("p", sentence))


def _missed(sources):
    """(what, why) of everything that failed, was not reached or could not be measured."""
    compare = _content(sources, "compare")
    if compare:
        yield from report_figures.missed(compare)
    for f in (_content(sources, "figures") or {}).get("figures", []):
        if not bench_table.held(f):
            target = f"{report_bench.SIGNS[f['sense']]} {shown(f['target'])}"
            yield f["figure"], f"{beside(f['seen'], f['target'])} {f['unit']}, target {target} ({f['suite']})"
    yield from report_trial.missed(*(_content(sources, name) for name in ("run", "stress", "reliability")))
    if compare:
        for reason, ids in report_compare.absent(compare["rows"]).items():
            yield f"{len(ids)} rows of the comparison have no figure", reason
    for source in sources.values():
        if source.state == "refused":
            yield f"{source.name}.json was refused", f"it {source.wrong}; make it again with {source.command}"


def _measured(sources):
    """One sentence for each file that is there."""
    run, bench, compare = (_content(sources, name) for name in ("run", "bench", "compare"))
    stress, reliability = (_content(sources, name) for name in ("stress", "reliability"))
    if compare:
        measured = [row for row in compare["rows"] if not row["absent"]]
        drivers = dict.fromkeys("with the Linux driver" if row["driver"] == "kernel" else "with DPDK" for row in measured)
        yield "compare", f"{len(measured)} runs of the same seeded traffic {' and '.join(drivers)}"
    if bench is not None:
        suites = ", ".join(dict.fromkeys(row["suite"] for row in bench))
        yield "bench", f"{shown(len(bench))} figures for single calls ({suites})"
    if stress:
        pages = sum(sum(r["allocations"].values()) for r in stress["results"])
        yield "stress", f"{len(stress['results'])} scenarios, {shown(pages)} pages taken in interrupt handlers"
    if reliability:
        faults = {row["fault"] for row in reliability["rows"]}
        kernels = dict.fromkeys(row["kernel"] for row in reliability["rows"])
        yield "reliability", f"{len(faults)} kinds of faults on the kernels {', '.join(kernels)}"
    if run:
        yield "run", f"{shown(run['total']['delivered'])} pages through the device, the handler and the reader"


def _sources(sources):
    measured = dict(_measured(sources))
    rows = []
    for source in sources.values():
        rows.append([f"{source.name}.json", source.what, STATES[source.state],
                     source.wrong or measured.get(source.name, ""), source.when or "–", element("code", source.command)])
    return table(["file", "what it is about", "state", "", "written", "made by"], rows, "what the report is made of")


def _overview(sources):
    cards = [_card(*each) for each in _headlines(sources)]
    missed = list(_missed(sources))
    measured = list(_measured(sources))
    parts = [element("p", "Labyrinth is a driver whose interrupt handler takes a DMA-mapped page for incoming data at "
                     "once, from a pool made for that. Here it stands beside the other ways to get such a page. Costs are "
                     "counted in instructions of an emulated machine: exact and repeatable, but not time; see "
                     "docs/measuring.md for what that can tell and what it can't.", class_="lead")]
    parts.append(element("h3", "What was measured"))
    parts.append(element("ul", *[element("li", element("a", TITLES[name], href=f"#{name}"), ": ", said)
                                      for name, said in measured]) if measured
                 else element("p", "Nothing yet: the table below says what to run."))
    if cards:
        parts += [element("h3", "What came out"),
                  element("p", "Each number says how many times the other's figure it is: 0.5× is half of it.", class_="quiet"),
                  element("ul", *cards, class_="cards")]
    parts.append(element("h3", "What was missed"))
    if missed:
        items = [element("li", element("strong", what), ": ", why) for what, why in missed]
        parts.append(element("ul", *items[:MISSED], class_="missed"))
        if items[MISSED:]:
            parts.append(fold(f"{len(items) - MISSED} more", element("ul", *items[MISSED:], class_="missed")))
    else:
        parts.append(element("p", verdict(True, "nothing of what was measured missed its target" if measured
                                          else "nothing was measured")))
    missing = [source for source in sources.values() if source.state == "missing"]
    if missing:
        whats = join([join([source.name, " (", element("code", source.command), ")"]) for source in missing], ", ")
        parts.append(element("p", "Not measured yet: ", whats, "."))
    parts.append(fold("The files behind this page", _sources(sources)))
    return join(parts)


def _part(name, sources, page):
    """A part's content, whatever state its file is in."""
    source = sources[name]
    if source.state == "missing":
        inside = element("p", "Not measured yet: run ", element("code", source.command), ".")
    elif source.state == "refused":
        inside = element("p", element("span", "✘ refused: ", class_="bad"), f"{name}.json {source.wrong}. Make it again "
                         "with ", element("code", source.command), ".")
    elif name == "compare":
        inside = report_compare.section(source.content, page)
    elif name == "bench":
        inside = report_bench.section(source.content, page)
    elif name == "stress":
        inside = join([report_trial.stress_section(source.content, page), report_trial.stress_faults(source.content)])
    elif name == "reliability":
        inside = report_trial.reliability_section(source.content["rows"])
    else:
        inside = report_trial.run_section(source.content, page)
    if name == "bench":
        inside = join([report_bench.targets((_content(sources, "figures") or {}).get("figures")), inside])
    return element("section", element("h2", TITLES[name]), inside, id=name)


def whole(sources):
    """The page as text."""
    page = Charts()
    parts = [_part(name, sources, page) for name in TITLES]
    library, program, style = _asset(LIBRARY), _asset(ASSETS / "page.js"), _asset(ASSETS / "page.css")
    policy = (f"default-src 'none'; script-src {_hash(library)} {_hash(program)}; style-src {_hash(style)}; img-src data:; "
              "base-uri 'none'; form-action 'none'")
    menu = element("nav", element("a", "Overview", href="#overview"),
                   *[element("a", title, href=f"#{name}") for name, title in TITLES.items()], aria_label="parts")
    head = Html('<meta charset="utf-8">\n'
                f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
                '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
                '<meta name="color-scheme" content="light dark">\n'
                f"<title>Labyrinth: the report</title>\n<style>{style}</style>")
    body = join([element("a", "To the content", href="#overview", class_="skip"),
                 element("header", element("h1", "Labyrinth: what a page in an interrupt costs"), menu),
                 element("main", element("section", element("h2", "Overview", class_="unseen"), _overview(sources),
                                         id="overview"),
                         element("noscript", element("p", "The charts need JavaScript; their numbers are in the tables.")),
                         *parts),
                 element("footer", element("p", "Made by ", element("code", "make report"), ". Charts: Chart.js."),
                         fold("Licence of Chart.js", element("pre", _asset(LICENCE))))], "\n")
    programs = Html(f'<script type="application/json" id="charts">{page.data()}</script>\n'
                    f"<script>{library}</script>\n<script>{program}</script>")
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n{programs}\n</body>\n</html>\n'
