# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab fuzz`: the device model against a hostile guest, under ASan and UBSan, led by coverage.

Contract: an input that breaks the device is kept in build/fuzz/findings, where `scripts/lab fuzz --reproduce FILE` runs it
alone; the exit status is 0 only if there was none. An input that never ends is one of them, also if the fuzzer's own
watch did not see it and it had to be killed. A run that was interrupted counts nothing.
"""
import dataclasses
import os
import re
import resource
import signal
import subprocess
import time
from pathlib import Path

from . import fuzz_coverage, fuzz_ledger, packages, paths, proc, qemu_base, qemu_device, scratch, ui

HOME = paths.BUILD / "fuzz"
FINDINGS = HOME / "findings"
SEEDS = paths.ROOT / "tests" / "fuzz" / "device" / "corpus"
PATIENCE = 30       # seconds of one input after which it is a finding
GRACE = 60          # seconds beyond its time after which a fuzzer counts as hung
DYING = 20          # seconds for one that hangs to say where, before it is killed
ARTIFACT = re.compile(r"(crash|leak|timeout|oom)-")
DONE = re.compile(r"^Done (\d+) runs? in", re.M)
SHOWN = 25


@dataclasses.dataclass(frozen=True)
class Target:
    """One entry of the fuzzer."""
    name: str
    what: str
    part: int               # of the time that there is
    most: int = 1024        # bytes of an input
    own: bool = True        # ours, which counts what it reaches
    env: tuple = ()

    @property
    def entry(self):
        return f"labyrinth-{self.name}" if self.own else "generic-fuzz"


GENERIC_ENV = (("QEMU_FUZZ_ARGS", "-machine q35 -m 32 -nodefaults -device labyrinth,id=lab"),
               ("QEMU_FUZZ_OBJECTS", "labyrinth*"))
TARGETS = {target.name: target for target in (
    Target("guest", "a hostile guest, four queues, a character device", 4),
    Target("wide", "a hostile guest, sixteen queues", 2),
    Target("state", "a state from outside, then a hostile guest", 3),
    Target("generic", "QEMU's own generic fuzzer", 1, 4096, False, GENERIC_ENV))}

EPILOG = """A finding is reproduced with `scripts/lab fuzz --reproduce FILE`. docs/fuzzing.md says how the inputs are made
and how a finding becomes a test."""


def add_parser(commands):
    fuzz = commands.add_parser("fuzz", help="fuzz the device model as a hostile guest", epilog=EPILOG,
                               description="Run the fuzzer's targets, all or those named, one after the other: "
                               + "; ".join(f"{t.name}: {t.what}" for t in TARGETS.values()) + ".")
    fuzz.add_argument("--minutes", type=float, default=5, metavar="N", help="for all targets together (default 5)")
    fuzz.add_argument("--seed", type=int, metavar="N", help="of the fuzzer's chance (default: by the clock)")
    fuzz.add_argument("--jobs", type=int, metavar="N", help="fuzzers at a time (default: one a CPU)")
    fuzz.add_argument("--fresh", action="store_true", help="begin with the seeds alone, and forget what is found new")
    fuzz.add_argument("--tap", action="store_true", help="report as TAP, for the suites; blind spots count")
    fuzz.add_argument("--reproduce", metavar="FILE", help="run one input, which is named TARGET-...")
    fuzz.add_argument("--keep", action="store_true",
                      help="make the seeds of the repository anew, from all that was found, as few as will do")
    fuzz.add_argument("--list", action="store_true", help="print the sums of the ledger and end")
    fuzz.add_argument("target", nargs="*", metavar="TARGET")
    fuzz.set_defaults(call=main)


def _environment(target, folder=None):
    env = {**os.environ, **dict(target.env)}
    env["ASAN_OPTIONS"] = "detect_leaks=1:detect_stack_use_after_return=0:allocator_may_return_null=1"
    env["UBSAN_OPTIONS"] = "print_stacktrace=1"
    folders = " ".join(f"-L {folder}" for folder in qemu_base.Base.firmware_dirs())
    env["LABYRINTH_FUZZ_FIRMWARE"] = folders
    if "QEMU_FUZZ_ARGS" in env:
        env["QEMU_FUZZ_ARGS"] = f"{folders} {env['QEMU_FUZZ_ARGS']}"
    if folder:
        env["LABYRINTH_FUZZ_REPORT"] = str(folder / "report")
        env["LABYRINTH_FUZZ_INPUT"] = str(folder / "input")
    return env


def _argv(program, target, *words):
    return [program, f"--fuzz-target={target.entry}", f"-timeout={PATIENCE}", "-rss_limit_mb=4096", *words]


# --- the corpus -------------------------------------------------------------------------------------------------------

def unpack_seeds(target, folder):
    """The repository's seeds, a line of hexadecimal digits each, as files."""
    path = SEEDS / f"{target.name}.hex"
    lines = path.read_text().splitlines() if path.is_file() else []
    paths.make_dir(folder)
    for line in lines:
        words = line.partition("#")[0]
        if words.strip():
            try:
                data = bytes.fromhex(words)
            except ValueError:
                raise ui.LabError(f"{path}: not hexadecimal: {line[:60]}") from None
            (folder / f"seed-{paths.digest(data)}").write_bytes(data)
    return folder


def _keep(program, target):
    """Merge: of all inputs that are there, those that reach what no other reaches."""
    with scratch.folder() as folder:
        kept, seeds = paths.make_dir(folder / "kept"), unpack_seeds(target, folder / "seeds")
        found = paths.make_dir(HOME / "corpus" / target.name)
        proc.run(_argv(program, target, "-merge=1", kept, seeds, found), env=_environment(target), what="fuzz-merge")
        inputs = sorted((p.read_bytes() for p in kept.iterdir()), key=lambda data: (len(data), data))
    comments = [line for line in (SEEDS / f"{target.name}.hex").read_text().splitlines() if "#" in line]
    named = {bytes.fromhex(line.partition("#")[0]) for line in comments}
    lines = comments + [data.hex() for data in inputs if data not in named]
    paths.write_atomically(SEEDS / f"{target.name}.hex", "\n".join(lines) + "\n")
    ui.note(f"{target.name}: {len(inputs)} seeds kept")


# --- runs -------------------------------------------------------------------------------------------------------------

@dataclasses.dataclass
class Result:
    """What the fuzzers of one target came to."""
    target: Target
    inputs: int = 0
    seconds: float = 0      # of processors
    findings: list = dataclasses.field(default_factory=list)
    failures: list = dataclasses.field(default_factory=list)
    said: str = ""


def _start(program, target, seed, seconds, folder, corpus, seeds):
    log = open(folder / "log", "wb")
    argv = _argv(program, target, f"-seed={seed}", f"-max_total_time={max(1, round(seconds))}", "-print_final_stats=1",
                 f"-max_len={target.most}", "-reload=30", f"-artifact_prefix={folder}/", corpus, seeds)
    with log:
        return proc.popen(argv, env=_environment(target, folder), cwd=folder, stdin=subprocess.DEVNULL,
                          stdout=log, stderr=log, process_group=0)


def _kill(child):
    """With its own children: the generic fuzzer runs each input in one."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()


def _wait(child, end):
    """Its status; None: it hung. One that still hears signals says where, and which input it was."""
    try:
        return child.wait(max(1, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGABRT)
    try:
        child.wait(DYING)
    except subprocess.TimeoutExpired:
        pass
    _kill(child)
    return None


def _under_way(folder):
    """The input that a fuzzer of ours was at when it ended (tests/fuzz/device/last.c); None: at none."""
    path = folder / "input"
    data = path.read_bytes() if path.is_file() else b""
    size = int.from_bytes(data[:4], "little")
    return data[4:3 + size] if size else None


def _inputs(folder, hung):
    """{name: bytes} of the inputs that broke something."""
    found = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if ARTIFACT.match(path.name)}
    if not hung:
        return found
    last = _under_way(folder)
    datas = [last] if last is not None else list(found.values())
    return {f"hung-{paths.digest(data)}": data for data in datas}


def _excerpt(text):
    """From the first line that says what broke."""
    lines = text.splitlines()
    first = next((i for i, line in enumerate(lines)
                  if re.search(r"ERROR: |runtime error: .*(qemu-device|firmware-model)|labyrinth-fuzz: broken", line)),
                 max(0, len(lines) - SHOWN))
    return "\n".join("    " + line[:proc.WIDTH] for line in lines[first:first + SHOWN])


def _processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _collect(result, folder, status, counts):
    text = (folder / "log").read_text(errors="replace")
    done = DONE.search(text)
    inputs = _inputs(folder, status is None)
    for name, data in inputs.items():
        kept = paths.make_dir(FINDINGS) / f"{result.target.name}-{name}"
        kept.write_bytes(data)
        kept.with_suffix(".log").write_text(text)
        result.findings.append(kept)
    if status == 0 and done and not inputs:
        result.inputs += int(done[1])
        if (folder / "report").is_file():
            counts.add((folder / "report").read_text())
        return
    if not inputs:
        what = "hung outside of an input and was killed" if status is None else f"ended with status {status} and without an input"
        kept = paths.make_dir(FINDINGS) / f"{result.target.name}-{folder.name}.log"
        kept.write_text(text)
        result.failures.append(f"{result.target.name}: the fuzzer {what}; its log is {os.path.relpath(kept)}")
    result.said = _excerpt(text)


def run(program, target, seed, seconds, jobs, fresh, counts):
    """Fuzz one target: a Result."""
    result, children = Result(target), []
    with scratch.folder() as home:
        seeds = unpack_seeds(target, home / "seeds")
        corpus = paths.make_dir(home / "corpus" if fresh else HOME / "corpus" / target.name)
        end = time.monotonic() + seconds + GRACE
        begin = _processor_seconds()
        try:
            for job in range(jobs):
                folder = paths.make_dir(home / f"job{job}")
                # a corpus of its own makes a fresh run repeatable; what others find is of use in a long one
                mine = paths.make_dir(corpus / str(job)) if fresh else corpus
                children.append((folder, _start(program, target, seed + job, seconds, folder, mine, seeds)))
            for folder, child in children:
                status = _wait(child, end)
                _collect(result, folder, status, counts)
            result.seconds = _processor_seconds() - begin
        finally:
            for _, child in children:
                if child.poll() is None:
                    _kill(child)
    return result


def _reproduce(program, name):
    path = Path(name)
    target = TARGETS.get(path.name.partition("-")[0])
    if not path.is_file() or not target:
        raise ui.LabError(f"--reproduce takes a file of build/fuzz/findings, named TARGET-..., not {name}", ui.EXIT_USAGE)
    child = proc.popen(_argv(program, target, path.resolve()), env=_environment(target), stdin=subprocess.DEVNULL,
                       process_group=0)
    try:
        status = _wait(child, time.monotonic() + PATIENCE + GRACE)
    finally:
        if child.poll() is None:
            _kill(child)
    said = "hangs" if status is None else f"broken, status {status}" if status else "as it should be"
    print(f"{name}: {said}", flush=True)
    return 1 if status != 0 else 0


# --- reports ----------------------------------------------------------------------------------------------------------

def _show_ledger(digest):
    total = fuzz_ledger.totals(fuzz_ledger.read(digest))
    for name, row in total.items():
        print(f"{name:<8} {row['inputs']:>13,} inputs in {row['seconds'] / 60:>7.1f} CPU minutes, {row['runs']} runs, "
              f"{row['findings']} with a finding")
    inputs = sum(row["inputs"] for row in total.values())
    minutes = sum(row["seconds"] for row in total.values()) / 60
    print(f"fuzz: {inputs:,} of {fuzz_ledger.GOAL_INPUTS:,} inputs, {minutes:.1f} of {fuzz_ledger.GOAL_SECONDS / 60:.0f} "
          f"minutes for these sources without a finding; runs with one: {sum(r['findings'] for r in total.values())}",
          flush=True)


def _lines(result):
    """(good, what) of a target for a person or for TAP."""
    good = not (result.findings or result.failures)
    rate = result.inputs / result.seconds if result.seconds else 0
    return good, f"{result.target.name}: {result.inputs:,} inputs, {rate:,.0f} a second of a CPU, " \
                 f"{len(result.findings)} findings"


def _tell(result, tap, number):
    good, what = _lines(result)
    prefix = "# " if tap else ""
    for path in result.findings:
        print(f"{prefix}finding: scripts/lab fuzz --reproduce {os.path.relpath(path)}")
    for line in result.failures + result.said.splitlines():
        print(prefix + line)
    print(f"{'ok' if good else 'not ok'} {number} - {what}" if tap else what, flush=True)
    return good


def _check(args):
    for name in args.target:
        if name not in TARGETS:
            raise ui.LabError(f"no target {name}; there are: {' '.join(TARGETS)}", ui.EXIT_USAGE)
    if not 0 < args.minutes <= 10**5:
        raise ui.LabError("--minutes takes a number above 0", ui.EXIT_USAGE)
    if args.jobs is not None and args.jobs < 1:
        raise ui.LabError("--jobs takes 1 or more", ui.EXIT_USAGE)
    if args.seed is not None and not 0 < args.seed < 2**31:
        raise ui.LabError("--seed takes 1 to 2147483647", ui.EXIT_USAGE)
    return [TARGETS[name] for name in args.target] or list(TARGETS.values())


def main(args):
    chosen = _check(args)
    digest = fuzz_ledger.sources()
    if args.list:
        _show_ledger(digest)
        return 0
    packages.install(("fuzz",))
    program = qemu_device.fuzz_program()
    if args.reproduce:
        return _reproduce(program, args.reproduce)
    if args.keep:
        for target in chosen:
            _keep(program, target)
        return 0
    seed = args.seed or int(time.time())
    jobs = args.jobs or os.cpu_count() or 1
    counts, bad, parts = fuzz_coverage.Counts(), 0, sum(target.part for target in chosen)
    if args.tap:
        print(f"TAP version 13\n1..{len(chosen) + 1}\n# seed {seed}", flush=True)
    for number, target in enumerate(chosen, 1):
        seconds = args.minutes * 60 * target.part / parts
        ui.note(f"{target.name}: {target.what}, {ui.duration(seconds)}, {jobs} at a time, seed {seed}")
        result = run(program, target, seed, seconds, jobs, args.fresh, counts)
        fuzz_ledger.add({"sources": digest, "target": target.name, "seed": seed, "inputs": result.inputs,
                         "seconds": round(result.seconds, 1), "ok": not (result.findings or result.failures),
                         "date": time.strftime("%Y-%m-%d")})
        bad += not _tell(result, args.tap, number)
    bad += _coverage(args, counts, len(chosen) + 1)
    if not args.tap:
        _show_ledger(digest)
    return 1 if bad else 0


def _coverage(args, counts, number):
    """What was reached goes to build/results/fuzz-coverage.txt; with --tap a blind spot is a failure."""
    missing = fuzz_coverage.blind_spots(counts) if counts.inputs else ["everything: no run came to its end"]
    paths.write_atomically(paths.RESULTS / "fuzz-coverage.txt", "\n".join(counts.table()) + "\n")
    for name in missing:
        print(f"{'# ' if args.tap else ''}never reached: {name}")
    if not args.tap:
        return 0
    print(f"{'not ok' if missing else 'ok'} {number} - every register, refusal and kind of DMA was reached", flush=True)
    return bool(missing)
