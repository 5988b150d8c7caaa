# SPDX-License-Identifier: GPL-2.0-only
"""Pieces of HTML: text, tables, folds, and a chart with all that belongs to it.

Contract: whatever is a str is text and is escaped; only Html goes into the page as it is. So a name from a result
file can't become markup, whatever is in it.
"""
import dataclasses
import html
import json


LONG = 30           # letters that make a cell one that is read as a sentence


class Html(str):
    """Markup that was made here."""


def text(value):
    """Anything as escaped text; what no page may hold becomes U+FFFD."""
    if isinstance(value, Html):
        return value
    plain = str(value).encode("utf-8", "replace").decode()
    return Html(html.escape("".join(c if c >= " " or c in "\n\t" else "�" for c in plain).replace("\x7f", "�")))


def join(parts, between=""):
    return Html(between.join(text(part) for part in parts))


def element(name, *inside, **attributes):
    """attribute_ for a word that Python keeps for itself, a_b for a-b, True for one without a value."""
    words = [name]
    for key, value in attributes.items():
        key = key.rstrip("_").replace("_", "-")
        if value is True:
            words.append(key)
        elif value is not None and value is not False:
            words.append(f'{key}="{text(value)}"')
    return Html(f"<{' '.join(words)}>{join(inside)}</{name}>")


def shown(value):
    """A number as people write it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, (int, float)):
        return value
    if float(value).is_integer() or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:,.2f}" if abs(value) >= 0.1 else f"{value:.3g}"


def beside(value, target):
    """A number written so that it can be told from its target."""
    if value is None or value == target or float(shown(value).replace(",", "")) != target:
        return shown(value)
    written = (f"{value:.{digits}g}" for digits in range(3, 17))
    return next((one for one in written if float(one) != target), shown(value))


def times(value, target=None):
    """A ratio, two figures of it or as many as its target needs."""
    if value is None:
        return "–"
    written = f"{value:,.0f}" if abs(value) >= 10 else f"{value:.2g}" if abs(value) < 0.995 else f"{value:.1f}"
    if target is not None and value != target and float(written.replace(",", "")) == target:
        written = beside(value, target)
    return f"{written}×"


def verdict(good, yes="held", no="missed"):
    """Never by colour alone."""
    return element("span", f"{'✔' if good else '✘'} {yes if good else no}", class_="good" if good else "bad")


def _number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number_or_none(value):
    return value is None or value == "–" or _number(value)


def cell(value):
    long = isinstance(value, str) and not isinstance(value, Html) and len(value) > LONG
    return element("td", shown(value), class_="number" if _number_or_none(value) else "long" if long else None)


def table(head, rows, label):
    """What does not fit scrolls by itself, by the keyboard too."""
    columns = [[row[i] for row in rows] for i in range(len(head))]
    right = [all(map(_number_or_none, column)) and any(map(_number, column)) for column in columns]
    names = [element("th", name, scope="col", class_="number" if number else None) for name, number in zip(head, right)]
    body = [element("tr", element("th", row[0], scope="row"), *[cell(value) for value in row[1:]]) for row in rows]
    inside = element("table", element("caption", label, class_="unseen"),
                     element("thead", element("tr", *names)),
                     element("tbody", *body))
    return element("div", inside, class_="wide", tabindex="0", role="region", aria_label=label)


def fold(title, *inside, open_=False, class_=None):
    return element("details", element("summary", title), *inside, open=open_, class_=class_)


def code(command):
    return element("code", command)


def listed(pairs):
    """Parameters in one line."""
    return join((join((element("span", name, class_="name"), " ", shown(value))) for name, value in pairs), " · ")


@dataclasses.dataclass
class Chart:
    """A picture, what it says in words, the same as a table, what it depends on, how to make it again."""
    title: str
    says: object                # text or Html
    spec: dict                  # for report_page/page.js
    head: list
    rows: list
    params: list                # pairs
    command: str
    extra: object = ""          # more of the raw rows

    def html(self, number, level):
        name = f"chart-{number}"
        canvas = element("canvas", f"The table “{self.title}” below has the same numbers.", id=name, role="img",
                         aria_label=f"Chart: {self.title}. Its numbers are in the table below it.")
        notes = [element("p", element("span", "with ", class_="name"), listed(self.params))] if self.params else []
        notes.append(element("p", element("span", "again: ", class_="name"), code(self.command)))
        return element("figure", element(f"h{level}", self.title), element("p", self.says, class_="says"),
                       element("div", canvas, class_="canvas", data_kind=self.spec["kind"]),
                       element("figcaption", *notes),
                       fold("The numbers", table(self.head, self.rows, self.title), self.extra))


class Charts:
    """Counts the charts of a page and keeps what draws them."""

    def __init__(self):
        self.specs = []

    def add(self, chart, level=3):
        self.specs.append({"id": f"chart-{len(self.specs)}", "title": chart.title, **chart.spec})
        return chart.html(len(self.specs) - 1, level)

    def data(self):
        """As text of a script element: no character in it can end the element."""
        raw = json.dumps(self.specs, ensure_ascii=True, allow_nan=False)
        return Html(raw.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def common(dicts):
    """(pairs that all have, names of those that differ), in the order of the first."""
    same = [(k, v) for k, v in dicts[0].items() if all(d.get(k) == v for d in dicts)] if dicts else []
    names = {name for name, _ in same}
    return same, list(dict.fromkeys(k for d in dicts for k in d if k not in names))


def plain(value):
    """A parameter as it was given: no number is written for reading."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else shown(value)
