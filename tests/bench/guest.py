# SPDX-License-Identifier: GPL-2.0-only
"""What the benchmarks in the guest share: booting it to count instructions, and turning what the module
says into rows.

Contract: prints JSON objects, one a line (docs/results.md); progress goes to standard error. An error that
the module reports, or a guest that fails, ends the benchmark with status 1.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from labyrinth import bench_table, proc, ui  # noqa: E402

CPU = "max,-cx16,-la57"
SAMPLES = int(os.environ.get("LAB_SAMPLES", "1000000"))
BOUND = 400             # instructions of the longest allocation in an interrupt under policy `pool`; asserted
NUMBERS = ("value", "p50", "p99", "p999", "max")
# Facts of the machine first, then the rows.
SCRIPT = r"""
fact() { printf 'fact\t%s\t%s\n' "$1" "$2"; }
read -r line < /proc/cmdline
fact cmdline "$line"
fact kernel "$(uname -r)"
fact cpus "$(nproc)"
fact init "$(dmesg | grep -o 'heap alloc:o[nf]*' | head -n 1)"
fact iommu "$(ls /sys/class/iommu 2> /dev/null | tr '\n' ' ')"
for name in spectre_v2 retbleed; do
	fact "$name" "$(cat "/sys/devices/system/cpu/vulnerabilities/$name" 2> /dev/null)"
done
exec cat "$@"
"""


class Bad(Exception):
    """The measuring went wrong: nothing that was seen is to be believed."""


def _mitigations(facts):
    words = [w.split("=", 1)[1] for w in facts["cmdline"].split() if w.startswith("mitigations=")]
    return f"{words[-1] if words else 'auto'} (spectre_v2: {facts['spectre_v2'] or 'unknown'})"


def _params(facts, samples, **more):
    alloc = {"heap alloc:on": 1, "heap alloc:off": 0}.get(facts["init"])
    if alloc is None:
        raise Bad("the guest does not say whether it zeroes pages (init_on_alloc)")
    return {"kernel": facts["kernel"], "cpu": CPU, "cpus": int(facts["cpus"]), "mitigations": _mitigations(facts),
            "init_on_alloc": alloc, "iommu": facts["iommu"].strip() or "none", "icount": "shift=0", **more,
            "samples": samples}


def _row(suite, words, facts):
    pattern, allocator, entry, policy, watched, context, bulk, samples = words[:8]
    if bulk != "1":
        pattern = f"{pattern}, bulk {bulk}"
    row = {"suite": suite, "pattern": pattern, "allocator": allocator, "context": context, "unit": "instructions"}
    numbers, more = words[8:8 + len(NUMBERS)], words[8 + len(NUMBERS):]
    row.update({name: float(word) for name, word in zip(NUMBERS, numbers, strict=True)})
    row["params"] = _params(facts, int(samples), bulk=int(bulk), entry=entry, policy=policy, watched=watched,
                            **{name: int(value) for name, value in (word.split("=") for word in more)})
    return row


def measure(suite, devices, params=(), append=(), qemu=()):
    """Boot, load the module in tests/bench/kernel with `params`, read `devices`; yields the rows as they come."""
    argv = [sys.executable, ROOT / "scripts/lab", "module", "--smp", "1", "--timeout", "3000"]
    words = ["-cpu", CPU, "-icount", "shift=0,sleep=off", *qemu]
    argv += [f"--qemu-arg={word}" for word in words]
    for word in ("nokaslr", *append):
        argv += ["--append", word]
    for word in params:
        argv += ["--param", word]
    argv += [ROOT / "tests/bench/kernel", "--", "sh", "-c", SCRIPT, "sh", *(f"/dev/{name}" for name in devices)]
    # Instructions are counted by TCG only.
    child = proc.popen(argv, env={**os.environ, "LAB_ACCEL": "tcg"}, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE)
    facts, seen, progress = {}, 0, ui.Progress(suite)
    try:
        for line in child.stdout:
            kind, *rest = line.decode(errors="replace").rstrip("\n").split("\t")
            if kind == "error":
                raise Bad(" ".join(rest))
            try:
                if kind == "fact":
                    facts[rest[0]] = rest[1]
                elif kind == "progress":
                    progress.label = f"{suite}: {rest[2]}"
                    progress.at(int(rest[0]), int(rest[1]))
                elif kind == "row":
                    row = _row(suite, rest, facts)
                    seen += 1
                    yield row
                else:
                    raise ValueError
            except (ValueError, IndexError, KeyError):
                raise Bad(f"the guest said {line!r}, which nobody understands") from None
        status = child.wait()
        if status or not seen:
            raise Bad(f"the guest ended with status {status} after {seen} rows")
    finally:
        progress.end()
        if child.poll() is None:
            child.terminate()
            child.wait()
        child.stdout.close()


def emit(found):
    """Print a row or a figure."""
    print(json.dumps(found), flush=True)
    return found


def figure(suite, name, target, seen, must=False):
    """Print an upper bound in instructions and what was seen; whether it holds or need not."""
    found = emit({"figure": name, "suite": suite, "unit": "instructions", "sense": "<=", "target": target,
                  "seen": seen, "must": must})
    return not must or bench_table.held(found)


def run(main):
    """Run a benchmark's main(), which returns whether all that must hold did."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        sys.exit(0 if main() else 1)
    except Bad as problem:
        sys.exit(f"error: {problem}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
