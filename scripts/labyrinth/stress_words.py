# SPDX-License-Identifier: GPL-2.0-only
"""The vocabulary of a stress scenario: every word that may stand in one, and what its values look like.

Contract: docs/stress.md describes the same words; a value is refused with a ValueError that says what would
be right. Times are nanoseconds here, sizes MiB.
"""
import dataclasses
import re

UNITS = {"ns": 1, "us": 1000, "ms": 1000000, "s": 1000000000}
FAULTS = ("irq-lost", "irq-late", "irq-twice", "irq-spurious", "irq-storm", "comp-lost", "comp-twice",
          "comp-reordered", "comp-early", "dma-stuck", "dma-short", "dma-torn", "dma-stale", "link-dead", "removed",
          "flr-slow", "config-lie")
SETS = ("short", "test", "full", "long")
KERNELS = ("stock", "rt", "debug", "kcsan", "6.12")
ALLOWED = ("cut", "crc", "invalid", "lies", "dma")


def time(text):
    found = re.fullmatch(r"(\d{1,9})(ns|us|ms|s)", text)
    if not found:
        raise ValueError(f"{text!r} is no time; write a whole number and ns, us, ms or s, like 250ms")
    return int(found[1]) * UNITS[found[2]]


def number(least, most):
    def parse(text):
        if not re.fullmatch(r"\d{1,12}", text) or not least <= int(text) <= most:
            raise ValueError(f"{text!r} is no number from {least} to {most}")
        return int(text)
    return parse


def choice(*names):
    def parse(text):
        if text not in names:
            raise ValueError(f"{text!r} is none of {' '.join(names)}")
        return text
    return parse


def name(text):
    if not re.fullmatch(r"[a-z][a-z0-9]{0,15}", text):
        raise ValueError(f"{text!r} is no name; write up to 16 small letters and digits, a letter first")
    return text


def size(text):
    """MiB."""
    found = re.fullmatch(r"(\d{1,6})M", text)
    if not found or not int(found[1]):
        raise ValueError(f"{text!r} is no size; write whole MiB, like 64M")
    return int(found[1])


def page_sizes(text):
    found = re.fullmatch(r"(\d{1,4})-(\d{1,4})", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]) <= 4096:
        raise ValueError(f"{text!r} is no range of bytes; write LEAST-MOST within 1-4096")
    return int(found[1]), int(found[2])


def assignment(text):
    if not re.fullmatch(r"[A-Za-z0-9_.-]+=[A-Za-z0-9_.,:/-]*", text):
        raise ValueError(f"{text!r} is no NAME=VALUE")
    return text


def any_word(text):
    if not re.fullmatch(r"[A-Za-z0-9_.%=,:/-]+", text):
        raise ValueError(f"{text!r} has characters that are not for here")
    return text


PPM = number(0, 1000000)
COUNT = number(0, 4294967295)
ROUNDS = {"rounds": number(1, 100000), "gap": time}
INJECT = {"rate": PPM, "nth": COUNT, "limit": COUNT}


@dataclasses.dataclass(frozen=True)
class Verb:
    """What may stand after `at TIME`."""
    what: str
    words: tuple = ()           # ((what it is, parser), ...) that must follow
    options: dict = dataclasses.field(default_factory=dict)
    rest: bool = False          # any more words
    host: str = ""              # why it cannot be in a replayable scenario
    needs: str = ""             # "faults": x-faults=on
    traffic: str = ""           # "makes" or "takes" the name of a traffic


VERBS = {
    "start": Verb("begin a traffic", (("the traffic's name", name),), {
        "queues": number(1, 16), "queue": number(0, 15), "mode": choice("demand", "ring"), "pages": COUNT,
        "period": time, "burst": number(1, 256), "size": page_sizes, "depth": number(2, 2048), "slow": time,
        "mod-packets": COUNT, "mod-usec": COUNT}, traffic="makes"),
    "stop": Verb("end a traffic in order", (("the traffic's name", name),), traffic="takes"),
    "finish": Verb("wait for a traffic with pages= to end", (("the traffic's name", name),), traffic="takes"),
    "pause": Verb("its consumer takes nothing more", (("the traffic's name", name),), traffic="takes"),
    "resume": Verb("and goes on", (("the traffic's name", name),), traffic="takes"),
    "kill": Verb("kill its consumer with pages in hand, and start another one", (("the traffic's name", name),),
                 ROUNDS, traffic="takes"),
    "fault": Verb("let the device do something wrong", (("the fault's name", choice(*FAULTS)),),
                  {**INJECT, "param": COUNT}, needs="faults"),
    "hostile": Verb("let the device lie", (), {"rate": PPM, "rules": COUNT}, needs="faults"),
    "faults-off": Verb("the device behaves again", needs="faults"),
    "fail-alloc": Verb("fail allocations of the interrupt handler", (), INJECT),
    "memory": Verb("memory pressure", (("its kind", choice("anon", "shmem", "files", "fragment", "cgroup")),),
                   {"size": size, "limit": size}),
    "memory-off": Verb("and its end"),
    "load": Verb("programs that only calculate", (), {"programs": number(1, 64)}),
    "load-off": Verb("and their end"),
    "stress-ng": Verb("run stress-ng with these words", rest=True, host="stress-ng goes by the host's time"),
    "affinity": Verb("move the interrupts to a processor", (("the processor", number(0, 63)),)),
    "affinity-spin": Verb("move them on and on over all processors", (), ROUNDS),
    "cpu-offline": Verb("take a processor away", (("the processor", number(1, 63)),)),
    "cpu-online": Verb("give it back", (("the processor", number(1, 63)),)),
    "rebind": Verb("unbind the driver, bind it again", (), ROUNDS),
    "reload": Verb("rmmod labyrinth, insmod it again", (), ROUNDS),
    "flr": Verb("function-level reset", (), ROUNDS),
    "reset": Verb("the device's own reset", (), ROUNDS),
    "suspend": Verb("suspend the devices and resume them (pm_test)", (), ROUNDS),
    "replug": Verb("pull the device and plug it in again", (), ROUNDS, host="hot-plugging is done by the host"),
    "aer": Verb("an error of the link", (), {**ROUNDS, "kind": choice("dlp", "cto", "poison", "malformed", "rcvr")},
                host="errors of the link are injected by the host"),
}


def table():
    """The lines of `--words`: each verb with what may follow it."""
    for verb, spec in VERBS.items():
        words = "".join(f" {what.upper().replace(' ', '-')}" for what, _ in spec.words) + " WORD..." * spec.rest
        options = "".join(f" [{option}=]" for option in spec.options)
        yield f"{verb}{words}{options}", spec.what
