# SPDX-License-Identifier: GPL-2.0-only
"""What a stress run said, as facts: the guest's lines and the event log, read and counted.

Contract: nothing is judged here. A line that is cut off or none of ours is kept in `odd`; what is not there is
not in the facts, and stress_verdict.py sees that it is missing.
"""
import collections
import hashlib
import json
import re

ROUTES = ("cpu", "returned", "depot", "reserve", "buddy")
SUMMED = ("produced", "delivered", "delivered_bytes", "discarded", "failed", "invalid", "irqs", "denied",
          "late_grants", "alloc_fail", "rescued", "stuck", "corrupt", "injected")
READER = ("received", "crc_errors", "seq_errors", "seq_gaps", "sessions", "resets", "gone", "cut", "cut_pages")
_STAMPED = re.compile(r"\s(\d+): (irq_handler_entry|irq_handler_exit): irq=(\d+)(?: name=(\S+))?")
_TAG = re.compile(r"^labyrinth_(request|grant) t (\d+) queue (\d+) tag (0x[0-9a-f]+)", re.M)


class Said:
    """Takes the guest's output as it comes; `on_progress` gets the number of the event that ended."""

    def __init__(self, on_progress=None):
        self.values = {}            # single words: begin, over, recovered, clean, overrun, done, resets, recoveries
        self.events = []            # {"number", "at_ms", "took_ms", "status", "said", "longest_ms"}
        self.traffics = []          # {"name", "run", "end", "status", "said"}
        self.files = {}
        self.odd = []
        self._on_progress = on_progress
        self._rest = b""
        self._file = None
        self._longest = None

    def feed(self, data):
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.decode(errors="replace"))

    def _line(self, line):
        if self._file is not None:
            if line == f"@ end {self._file}":
                self._file = None
            else:
                self.files[self._file].append(line)
            return
        words = line.split()
        if words[:1] != ["@"] or len(words) < 2:
            self.odd.append(line)
            return
        try:
            self._word(words[1], words[2:])
        except (ValueError, IndexError):
            self.odd.append(line)

    def _word(self, word, rest):
        if word == "file":
            self._file = " ".join(rest)
            self.files[self._file] = []
        elif word == "event":
            number, at_ms, took_ms, status = map(int, rest)
            self.events.append({"number": number, "at_ms": at_ms, "took_ms": took_ms, "status": status, "said": [],
                                "longest_ms": self._longest})
            self._longest = None
            if self._on_progress:
                self._on_progress(number)
        elif word == "longest":
            self._longest = int(rest[0])
        elif word == "traffic":
            self.traffics.append({"name": rest[0], "run": int(rest[1]), "end": rest[2], "status": int(rest[3]),
                                  "said": []})
        elif word == "said" and rest[0] == "traffic":
            self.traffics[-1]["said"].append(" ".join(rest[3:]))
        elif word == "said":
            self.events[-1]["said"].append(" ".join(rest[1:]))
        else:
            self.values[word] = rest

    def json(self, name):
        """A file that the guest gave whole, or None."""
        if name == self._file or name not in self.files:
            return None
        try:
            return json.loads("\n".join(self.files[name]))
        except ValueError:
            return None


def _sum(rows):
    found = {name: sum(row.get(name, 0) for row in rows) for name in SUMMED + READER}
    for table in ("dropped", "isr_allocs", "isr_contexts", "pages"):
        total = collections.Counter()
        for row in rows:
            total.update({name: count for name, count in row.get(table, {}).items() if count})
        found[table] = dict(sorted(total.items()))
    return found


def _queues(scenario, name):
    """The queues of a traffic, over all its starts."""
    return {queue for e in scenario.events if e.verb == "start" and e.words[0] == name for queue in e.queues()}


def traffic(scenario, said, one):
    """The facts about one run of a traffic; `counted` is None where the guest gave none."""
    killed = one["end"] == "killed"
    report = said.json(f"{'killed' if killed else 'traffic'} {one['name']} {one['run']}")
    # of a consumer that was killed the driver told about all queues
    wanted = _queues(scenario, one["name"])
    rows = [row for row in report["queues"] if row["queue"] in wanted] if report else None
    return {"traffic": one["name"], "run": one["run"], "end": one["end"], "status": one["status"],
            "said": one["said"], "mode": report.get("mode") if report else None, "killed": killed,
            "counted": None if rows is None else _sum(rows)}


def knobs(lines):
    """{name: {key: number}} of the lines `NAME k=v ...` and `k=v` of the driver's debugfs files."""
    found = {}
    for line in lines:
        words = line.split()
        name = " ".join(w for w in words if "=" not in w)
        pairs = dict(w.split("=", 1) for w in words if "=" in w)
        numbers = {k: int(v, 0) for k, v in pairs.items() if re.fullmatch(r"\d+|0x[0-9a-f]+", v)}
        found.setdefault(name, {}).update(numbers)
    return found


def spread(times):
    """The figures of a list of counts, or None."""
    times = sorted(times)
    if not times:
        return None

    def at(share):
        return times[min(int(len(times) * share), len(times) - 1)]
    return {"samples": len(times), "p50": at(0.5), "p99": at(0.99), "p999": at(0.999), "max": times[-1]}


def handler_times(guest_log):
    """Instructions from the entry of our interrupt handlers to their exit."""
    begun, found = {}, []
    for when, kind, irq, name in _STAMPED.findall(guest_log):
        if kind == "irq_handler_entry" and name.startswith("labyrinth"):
            begun[irq] = int(when)
        elif kind == "irq_handler_exit" and irq in begun:
            found.append(int(when) - begun.pop(irq))
    return found


def grant_times(device_log):
    """Instructions from a request of the device to its grant, as the device sees them."""
    asked, found = {}, []
    for kind, when, queue, tag in _TAG.findall(device_log):
        if kind == "request":
            asked.setdefault((queue, tag), int(when))
        elif (queue, tag) in asked:
            found.append(int(when) - asked.pop((queue, tag)))
    return found


def event_log(data):
    """The facts about an exact run's event log."""
    device, _, guest_log = data.decode(errors="replace").partition("# guest\n")
    counts = collections.Counter(line.split(" ", 1)[0] for line in device.splitlines())
    return {"sha256": hashlib.sha256(data).hexdigest(), "lines": data.count(b"\n"),
            "transfers": counts["labyrinth_dma"], "interrupts": counts["labyrinth_irq"],
            "allocations": guest_log.count(" labyrinth_alloc: "),
            "isr": spread(handler_times(guest_log)), "request_to_grant": spread(grant_times(device))}


def gather(scenario, said, outcome, log):
    """All facts of one run, in the form of stress.json but for verdicts."""
    traffics = [traffic(scenario, said, one) for one in said.traffics]
    clean = said.json("clean")
    stats = said.json("stats")
    over, recovered, values = said.values.get("over"), said.values.get("recovered"), said.values
    events = []
    for event in said.events:
        number = event.pop("number")
        events.append({"event": scenario.events[number].text if number < len(scenario.events) else "?", **event})
    return {
        "events": events, "expected_events": len(scenario.events), "traffics": traffics,
        "ended": "done" in values, "guest_ms": int(values["done"][0]) if values.get("done") else None,
        "over_ms": int(over[0]) if over else None,
        "recovery_ms": round(int(recovered[0]) / 1000, 3) if recovered else None,
        "clean": {"status": int(values["clean"][0]) if values.get("clean") else None,
                  "said": " ".join(values.get("clean", [])[1:]), "good": bool(clean and clean.get("good"))},
        "pool": stats["pool"] if stats else None,
        "faults": knobs(said.files.get("faults", [])),
        "fail_alloc": knobs(said.files.get("fail_alloc", [])).get("", {}),
        "resets": int(values["resets"][0]) if values.get("resets") else None,
        "recoveries": int(values["recoveries"][0]) if values.get("recoveries") else None,
        "overrun": int(values["overrun"][0]) if values.get("overrun") else None,
        "warnings": outcome.warnings, "status": outcome.status, "reason": outcome.reason,
        "odd": said.odd[:10], "log": event_log(log) if log is not None else None,
        "total": _sum([t["counted"] for t in traffics if t["counted"]])}
