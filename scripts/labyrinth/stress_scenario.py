# SPDX-License-Identifier: GPL-2.0-only
"""Reading a stress scenario.

Contract: docs/stress.md describes the form. What is wrong is a LabError that begins with FILE:LINE and says
what would be right; a Scenario that parse() returns can be run as it is.
"""
import dataclasses
import difflib

from . import paths, stress_words, ui

FOLDER = paths.ROOT / "tests" / "stress" / "scenarios"
SUFFIX = ".scn"
MEMORY_LEAST, MEMORY_MOST = 96, 16384


@dataclasses.dataclass
class Event:
    """One line of the timeline."""
    line: int
    at_ns: int
    verb: str
    words: list
    options: dict
    text: str

    def queues(self):
        """Those of a traffic, where it starts."""
        return [self.options["queue"]] if "queue" in self.options else list(range(self.options.get("queues", 1)))


@dataclasses.dataclass
class Scenario:
    """What a file says; `reason` tells why it is not replayable."""
    name: str
    text: str
    summary: str = ""
    kernels: list = dataclasses.field(default_factory=lambda: ["stock"])
    sets: list = dataclasses.field(default_factory=lambda: ["full"])
    replayable: bool = True
    reason: str = ""
    cpus: int = 1
    memory: int = 256
    iommu: bool = False
    params: list = dataclasses.field(default_factory=list)
    device: list = dataclasses.field(default_factory=list)
    timeout: int = 300
    allow: list = dataclasses.field(default_factory=list)
    events: list = dataclasses.field(default_factory=list)
    lines: dict = dataclasses.field(default_factory=dict)      # header word: its line

    def queues(self):
        return next((int(d.partition("=")[2]) for d in self.device if d.startswith("queues=")), 1)


class _Bad(ValueError):
    """Wrong, in this line."""


def _near(word, known):
    close = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {close[0]}?" if close else f"; there are: {' '.join(known)}"


def _several(parse):
    def all_of(words):
        if not words:
            raise ValueError("a value is missing")
        return [parse(word) for word in words]
    return all_of


def _one(parse):
    def only(words):
        if len(words) != 1:
            raise ValueError(f"takes one value, not {len(words)}")
        return parse(words[0])
    return only


def _seconds(text):
    return stress_words.time(text) // stress_words.UNITS["s"] or 1


HEADER = {
    "summary": ("summary", " ".join),
    "kernel": ("kernels", _several(stress_words.choice(*stress_words.KERNELS))),
    "set": ("sets", _several(stress_words.choice(*stress_words.SETS))),
    "replayable": (None, None),
    "cpus": ("cpus", _one(stress_words.number(1, 16))),
    "memory": ("memory", _one(stress_words.number(MEMORY_LEAST, MEMORY_MOST))),
    "iommu": ("iommu", _one(lambda text: stress_words.choice("off", "strict")(text) == "strict")),
    "param": ("params", _several(stress_words.assignment)),
    "device": ("device", _several(stress_words.assignment)),
    "timeout": ("timeout", _one(_seconds)),
    "allow": ("allow", _several(stress_words.choice(*stress_words.ALLOWED))),
}


def _replayable(scenario, words):
    text = " ".join(words)
    if text == "yes":
        scenario.replayable = True
    elif text.startswith("no:") and text[3:].strip():
        scenario.replayable, scenario.reason = False, text[3:].strip()
    else:
        raise _Bad("replayable takes `yes` or `no: REASON`")


def _header(scenario, line, word, words):
    if word not in HEADER:
        raise _Bad(f"unknown word {word!r}{_near(word, [*HEADER, 'at'])}")
    if word in scenario.lines:
        raise _Bad(f"{word} stands in line {scenario.lines[word]} already; write all of it in one line")
    scenario.lines[word] = line
    if word == "replayable":
        _replayable(scenario, words)
        return
    field, parse = HEADER[word]
    try:
        setattr(scenario, field, parse(words))
    except ValueError as problem:
        raise _Bad(f"{word}: {problem}") from None


def _options(verb, spec, words):
    found = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise _Bad(f"{verb}: {word!r} is one word too many; what may follow is "
                       f"{' '.join(f'{o}=' for o in spec.options) or 'nothing'}")
        if key not in spec.options:
            raise _Bad(f"{verb}: unknown option {key!r}{_near(key, list(spec.options) or ['none'])}")
        if key in found:
            raise _Bad(f"{verb}: {key}= stands twice")
        try:
            found[key] = spec.options[key](value)
        except ValueError as problem:
            raise _Bad(f"{verb}: {key}={problem}") from None
    return found


def _event(line, words, text):
    if len(words) < 2:
        raise _Bad("at takes a time and a verb, like `at 250ms start a queues=2`")
    try:
        when = stress_words.time(words[0])
    except ValueError as problem:
        raise _Bad(f"at: {problem}") from None
    verb, rest = words[1], words[2:]
    if verb not in stress_words.VERBS:
        raise _Bad(f"unknown verb {verb!r}{_near(verb, list(stress_words.VERBS))}")
    spec = stress_words.VERBS[verb]
    if len(rest) < len(spec.words):
        raise _Bad(f"{verb}: {spec.words[len(rest)][0]} is missing")
    given = []
    for (what, parse), word in zip(spec.words, rest):
        try:
            given.append(parse(word))
        except ValueError as problem:
            raise _Bad(f"{verb}: {what}: {problem}") from None
    more = rest[len(spec.words):]
    if spec.rest:
        try:
            return Event(line, when, verb, [stress_words.any_word(word) for word in more], {}, text)
        except ValueError as problem:
            raise _Bad(f"{verb}: {problem}") from None
    return Event(line, when, verb, given, _options(verb, spec, more), text)


def _check_traffic(scenario, event, state):
    """`state`: traffics that were started, and whether they run."""
    role = stress_words.VERBS[event.verb].traffic
    if not role:
        return
    name = event.words[0]
    if role == "makes":
        if state.get(name):
            raise _Bad(f"start: traffic {name} runs already; stop it first, or take another name")
        if "queue" in event.options and "queues" in event.options:
            raise _Bad("start: queue= and queues= exclude each other")
        if max(event.options.get("queues", 1), event.options.get("queue", 0) + 1) > scenario.queues():
            raise _Bad(f"start: the device has queues={scenario.queues()}; give it more in the line `device`, or take "
                       "fewer")
        state[name] = True
        return
    if not state.get(name):
        running = [n for n in state if state[n]] or ["none"]
        raise _Bad(f"{event.verb}: no traffic {name} runs here{_near(name, running)}")
    if event.verb == "finish":
        begun = [e for e in scenario.events if e.verb == "start" and e.words[0] == name and e.line < event.line]
        if not begun[-1].options.get("pages"):
            raise _Bad(f"finish: traffic {name} has no end; give it pages= at its start, or use stop")
    if event.verb in ("stop", "finish"):
        state[name] = False


def _check_event(scenario, event):
    spec = stress_words.VERBS[event.verb]
    if spec.host and scenario.replayable:
        raise _Bad(f"{event.verb}: {spec.host}, which no replay can repeat; write `replayable no: REASON`")
    if spec.needs == "faults" and "x-faults=on" not in scenario.device:
        raise _Bad(f"{event.verb}: the device has no faults to inject; write `device x-faults=on`")
    if event.verb in ("fault", "fail-alloc") and not {"rate", "nth"} & set(event.options):
        raise _Bad(f"{event.verb}: say how often: rate= (millionths) or nth=")
    if event.verb == "memory" and "size" not in event.options:
        raise _Bad("memory: size= is missing, like size=64M")
    if event.verb in ("affinity", "cpu-offline", "cpu-online") and event.words[0] >= scenario.cpus:
        raise _Bad(f"{event.verb}: there is no processor {event.words[0]}; write `cpus {event.words[0] + 1}` or more")


def _check_whole(scenario):
    for word in ("summary", "replayable"):
        if word not in scenario.lines:
            return 1, f"the line `{word}` is missing"
    if scenario.replayable and scenario.cpus != 1:
        return scenario.lines["cpus"], "a replayable scenario has `cpus 1`: instructions are counted on one only"
    if not any(event.verb == "start" for event in scenario.events):
        return max(scenario.lines.values()), "there is no traffic; write `at 0ms start NAME ...`"
    return None


def parse(name, text, where=None):
    """A Scenario, or a LabError with FILE:LINE."""
    where = where or f"{name}{SUFFIX}"
    scenario = Scenario(name, text)
    number, problem = 0, None
    try:
        events = []
        for number, line in enumerate(text.splitlines(), 1):
            words = line.partition("#")[0].split()
            if not words:
                continue
            if words[0] == "at":
                events.append(_event(number, words[1:], " ".join(words[1:])))
                if len(events) > 1 and events[-1].at_ns < events[-2].at_ns:
                    raise _Bad(f"this is before line {events[-2].line}; write the timeline in its order")
            else:
                _header(scenario, number, words[0], words[1:])
        scenario.events, state = events, {}
        for event in events:
            number = event.line
            _check_event(scenario, event)
            _check_traffic(scenario, event, state)
        problem = _check_whole(scenario)
    except _Bad as bad:
        problem = number, str(bad)
    if problem:
        raise ui.LabError(f"{where}:{problem[0]}: {problem[1]}", ui.EXIT_USAGE)
    return scenario


def load(path):
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise ui.LabError(f"{path}: no text (UTF-8): byte {problem.start}", ui.EXIT_USAGE) from None
    where = path.relative_to(paths.ROOT) if path.is_relative_to(paths.ROOT) else path
    return parse(path.name.removesuffix(SUFFIX), text, where)


def shipped():
    """Every scenario that comes with this repository, by name."""
    return {path.name.removesuffix(SUFFIX): load(path) for path in sorted(FOLDER.glob(f"*{SUFFIX}"))}


def named(word):
    """A shipped scenario by name, or a file by its path."""
    path = FOLDER / f"{word}{SUFFIX}"
    if path.is_file() and "/" not in word:
        return load(path)
    path = paths.Path(word)
    if path.suffix == SUFFIX and path.is_file():
        return load(path.absolute())
    known = [p.name.removesuffix(SUFFIX) for p in sorted(FOLDER.glob(f"*{SUFFIX}"))]
    raise ui.LabError(f"no scenario {word!r}, nor a file of that name that ends in {SUFFIX}{_near(word, known)}",
                      ui.EXIT_USAGE)
