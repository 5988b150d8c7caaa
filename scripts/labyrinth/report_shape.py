# SPDX-License-Identifier: GPL-2.0-only
"""Whether a value from a file has the form that its reader counts on.

Contract: misfit() names the first thing that is wrong, with its place (`rows[3].isr.p99 is no number`), or says
nothing. A shape is a function of these below, a list of one shape, or a dict of names and shapes; names that a
shape does not know are no fault.
"""

LARGEST = 1e300         # beyond it a number of Python's is none of JavaScript's


def text(value):
    return "" if isinstance(value, str) else "no text"


def number(value):
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and -LARGEST < value < LARGEST
    return "" if good else "no number"


def count(value):
    return number(value) or ("" if value >= 0 and value == int(value) else "no count")


def count_or_flag(value):
    return "" if isinstance(value, bool) else count(value)


def flag(value):
    return "" if isinstance(value, bool) else "neither true nor false"


def counts(value):
    """A dict of names and counts."""
    if not isinstance(value, dict):
        return "no object"
    return next((f"no table of counts ({name!r})" for name, each in value.items() if count(each)), "")


def named(value):
    return "" if isinstance(value, dict) else "no object"


def pair(value):
    if not isinstance(value, list) or len(value) != 2:
        return "no pair"
    return number(value[0]) or number(value[1])


class Maybe:
    """Null, or missing, or of that shape."""

    def __init__(self, shape):
        self.shape = shape


def misfit(value, shape, where="the file"):
    if isinstance(shape, Maybe):
        return "" if value is None else misfit(value, shape.shape, where)
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return f"{where} is no object"
        for name, inner in shape.items():
            if name not in value and not isinstance(inner, Maybe):
                return f"{where} has no {name!r}"
            wrong = misfit(value.get(name), inner, name if where == "the file" else f"{where}.{name}")
            if wrong:
                return wrong
        return ""
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{where} is no list"
        for index, each in enumerate(value):
            wrong = misfit(each, shape[0], f"{where}[{index}]" if where != "the file" else f"entry {index}")
            if wrong:
                return wrong
        return ""
    wrong = shape(value)
    return f"{where} is {wrong}" if wrong else ""


def fill(value, shape):
    """Null for each field that a shape has and the value, which fits it, has not."""
    if isinstance(shape, Maybe):
        shape = shape.shape
    if value is None or callable(shape):
        return
    if isinstance(shape, dict):
        for name, inner in shape.items():
            fill(value.setdefault(name, None), inner)
    else:
        for each in value:
            fill(each, shape[0])
