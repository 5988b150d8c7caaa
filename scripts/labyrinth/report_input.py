# SPDX-License-Identifier: GPL-2.0-only
"""The result files that the report is made of, each read, checked and in one of three states.

Contract: read() gives a Source for every file that docs/results.md names for the report, whatever state it is in:
`there` with its content, `missing`, or `refused` with what is wrong with it in one line. What is there has the fields
that the report's parts use; they do not check again.
"""
import dataclasses
import json
import time

from . import bench_table
from .report_shape import Maybe, count, count_or_flag, counts, fill, flag, misfit, named, number, pair, text

SCHEMA = 1
SPREAD = {"p50": number, "p99": number, "max": number, "p999": Maybe(number)}
TOTAL = {"produced": count, "delivered": count, "irqs": count, "dropped": counts, "isr_allocs": counts,
         "isr_contexts": counts}
RUN = {"kernel": text, "kernel_name": text, "qemu": text, "accel": text, "smp": count, "mode": text, "source": text,
       "seed": count, "sha256_in": Maybe(text), "sha256_out": Maybe(text), "queues": [TOTAL], "total": TOTAL,
       "pages": counts, "warnings": count, "violations": [text]}
FIGURES = {"figures": [{"figure": text, "suite": text, "unit": text, "sense": text, "target": number, "seen": number,
                        "must": flag}]}
FAULT = {"fault": text, "kernel": text, "injected": count, "detected": Maybe(count), "recovered": Maybe(count_or_flag),
         "lost": Maybe(count), "ok": flag}
RELIABILITY = {"rows": [FAULT]}
STRESS = {"kind": text, "seed": count, "ok": flag,
          "results": [{"scenario": text, "summary": text, "kernel_name": text, "seed": count, "replayable": flag,
                       "reason": text, "machine": named, "verdicts": [{"verdict": text, "ok": flag, "said": [text]}],
                       "ok": flag, "allocations": counts, "failures": counts, "isr": Maybe(SPREAD),
                       "request_to_grant": Maybe(SPREAD), "lost": Maybe(count), "recovery_ms": Maybe(number),
                       "facts": {"total": {"delivered": count}}}],
          "faults": [FAULT]}
COMPARE = {"made": text, "command": text, "machine": named,
           "rows": [{"id": text, "group": text, "driver": text, "allocator": text, "policy": Maybe(text),
                     "bottom": Maybe(text), "mode": text, "queues": count, "sizes": text, "load": Maybe(text),
                     "pages": Maybe(count), "drops": Maybe(count), "sequence_hash": Maybe(text),
                     "instructions_per_page": Maybe(number), "isr": Maybe(SPREAD),
                     "interrupts_per_page": Maybe(number), "mmio_per_page": Maybe(number),
                     "pages_needed": Maybe(number),
                     "latency_ns": Maybe({**SPREAD, "cdf": Maybe([pair])}), "timeline": Maybe([lambda p: _moment(p)]),
                     "params": Maybe(named), "command": text, "absent": Maybe(text)}],
           "figures": [{"figure": text, "target": number, "value": Maybe(number), "better": text, "rows": [text],
                        "held": Maybe(flag), "why": Maybe(text)}]}


@dataclasses.dataclass
class Source:
    """One file of build/results."""
    name: str
    what: str
    command: str                # that makes it
    state: str = "missing"      # there, missing, refused
    wrong: str = ""             # of a refused one
    when: str = ""              # its time stamp
    content: object = None

    @property
    def there(self):
        return self.state == "there"


def _moment(value):
    """[ns, free pages, counts by route]"""
    if not isinstance(value, list) or len(value) != 3:
        return "no moment of a timeline"
    return number(value[0]) or number(value[1]) or counts(value[2])


def _bench(content):
    if not isinstance(content, list):
        return "no list of rows"
    for index, row in enumerate(content):
        wrong = bench_table.row_fault(row) if isinstance(row, dict) else "is no object"
        if wrong:
            return f"row {index} {wrong}"
    return ""


def _figures(content):
    senses = (f["sense"] for f in content["figures"])
    return next((f"unknown sense {sense!r}" for sense in senses if sense not in bench_table.SENSES), "")


def _stress(content):
    return "" if content["kind"] == "stress" else f"kind is {content['kind']!r} and not 'stress'"


def _compare(content):
    known = set()
    for row in content["rows"]:
        if row["id"] in known:
            return f"two rows are called {row['id']!r}"
        known.add(row["id"])
        cdf = (row.get("latency_ns") or {}).get("cdf") or []
        if any(not 0 <= share <= 1 for _, share in cdf) or cdf != sorted(cdf) or \
                [share for _, share in cdf] != sorted(share for _, share in cdf):
            return f"the distribution of {row['id']!r} does not rise from 0 to 1"
        times = [when for when, _, _ in row.get("timeline") or []]
        if times != sorted(times):
            return f"the timeline of {row['id']!r} goes back in time"
    for figure in content["figures"]:
        if figure["better"] not in ("lower", "higher"):
            return f"better is {figure['better']!r} and not lower or higher"
        for ident in figure["rows"]:
            if ident not in known:
                return f"the figure {figure['figure']!r} is about a row {ident!r} that is not there"
    return ""


def _nothing(_):
    return ""


FILES = (("run", "one file or stream through everything", "make run", RUN, _nothing),
         ("bench", "what a page costs, call by call", "make bench", None, _bench),
         ("figures", "the targets of the benchmarks", "make bench", FIGURES, _figures),
         ("compare", "the same traffic with each allocator, and with DPDK", "make compare", COMPARE, _compare),
         ("stress", "pressure, faults and life-cycle events, judged", "make stress", STRESS, _stress),
         ("reliability", "a device that does wrong: found and made good", "scripts/lab hostile reliability",
          RELIABILITY, _nothing))


def _no_constant(name):
    raise ValueError(f"{name} is no number")


def _parsed(data):
    return json.loads(data.decode("utf-8"), parse_constant=_no_constant)


def _wrong(data, shape, rule):
    """(content, what is wrong with it)"""
    if not data.strip():
        return None, "is empty"
    try:
        content = _parsed(data)
    except UnicodeDecodeError:
        return None, "is no UTF-8 text"
    except RecursionError:
        return None, "is nested too deeply"
    except ValueError as problem:
        return None, f"is cut off or no JSON ({problem})"
    if shape is not None:
        if not isinstance(content, dict):
            return None, "is no object"
        if content.get("schema") != SCHEMA or isinstance(content.get("schema"), bool):
            return None, f"has schema {content.get('schema')!r}, and this launcher reads {SCHEMA}"
        fault = misfit(content, shape)
        if fault:
            return None, f"is not whole: {fault}"
        fill(content, shape)
    try:
        fault = rule(content)
    except OverflowError:
        fault = "a number is too large"
    return content, f"is not whole: {fault}" if fault else ""


def read(folder):
    """{name: Source}"""
    found = {}
    for name, what, command, shape, rule in FILES:
        source = found[name] = Source(name, what, command)
        path = folder / f"{name}.json"
        try:
            data = path.read_bytes()
            source.when = time.strftime("%Y-%m-%d %H:%M", time.localtime(path.stat().st_mtime))
        except FileNotFoundError:
            continue
        except OSError as problem:
            source.state, source.wrong = "refused", f"cannot be read ({problem.strerror})"
            continue
        source.content, source.wrong = _wrong(data, shape, rule)
        source.state = "refused" if source.wrong else "there"
    return found
