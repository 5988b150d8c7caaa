# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab hostile`: a device that does wrong, on purpose, and readers that are killed.

Contract: TAP on standard output. Three parts: `reliability` (each fault injected, found, made good, nothing lost; its
rows go to build/results/reliability.json, those of other kernels stay there), `seeds` (the adversary), `kills`.
"""
import json
import re

from . import cmd_vm, machine, paths, pump, ui, userland

PARTS = ("reliability", "seeds", "kills")
QUEUES = 4
SEEDS = {"debug": "1-100"}
OTHER_SEEDS = "1-200"
KILLS = {"debug": 100}
OTHER_KILLS = 300
# A lost interrupt is found sooner than by default, and a device that stands still: there is much to wait for.
PARAMS = ["watch_ms=20", "stuck_ms=1000"]
ROW = re.compile(r"^# reliability fault=(\S+) injected=(\d+) detected=(\d+) recovered=(\d+) lost=(\d+) ok=([01])$", re.M)
SEEDS_SAID = re.compile(r"^# hostile seeds=(\d+) failed=(\d+) sessions=(\d+) cut=(\d+) pages=(\d+) refused=(\d+) "
                        r"probes=(\d+) seconds=(\d+)$", re.M)
SEEDS_FIELDS = ("seeds", "failed", "sessions", "cut", "pages", "refused", "probes", "guest_seconds")
RULE = re.compile(r"^# rule (\S+) fired=(\d+)$", re.M)
KILLS_SAID = re.compile(r"^# kill rounds=(\d+) held=(\d+) most_ms=(\d+) p50_us=(\d+) p99_us=(\d+) over=(\d+)$", re.M)
KILLS_FIELDS = ("rounds", "held", "most_ms", "p50_us", "p99_us", "over")
SCOREBOARD = paths.RESULTS / "reliability.json"


def add_parser(commands):
    hostile = commands.add_parser(
        "hostile", help="a device that lies, breaks and vanishes, and readers that are killed",
        description="Boot with x-faults=on and run the parts, all or those named.")
    cmd_vm.add_machine_options(hostile)
    hostile.add_argument("--seed-range", metavar="A-B", help=f"of the adversary (default {OTHER_SEEDS}; debug "
                                                             f"{SEEDS['debug']})")
    hostile.add_argument("--kills", type=int, metavar="N",
                         help=f"readers to kill (default {OTHER_KILLS}; debug {KILLS['debug']})")
    hostile.add_argument("part", nargs="*", metavar="|".join(PARTS))
    hostile.set_defaults(call=main)


def seed_range(words):
    found = re.fullmatch(r"(\d{1,9})-(\d{1,9})", words)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise ui.LabError(f"--seed-range takes A-B with 1 <= A <= B, not {words!r}", ui.EXIT_USAGE)
    return int(found[1]), int(found[2])


def prepare(args):
    """(qemu, kernel, options, the module parameters that the user gave) of a guest whose device can do wrong."""
    if not any(word.startswith("queues=") for word in args.device):
        args.device.append(f"queues={QUEUES}")
    args.device.append("x-faults=on")
    qemu, kernel, options = cmd_vm.prepare(args)
    options.env["LAB_KERNEL"] = args.kernel
    return qemu, kernel, options, list(args.module_param)


def command_of(part, first, last, kills):
    """The words of a part's program."""
    folder = userland.hostile()
    return {"reliability": [folder / "reliability"], "seeds": [folder / "hostile", first, last],
            "kills": [folder / "kill", kills]}[part]


def boot(prepared, words, seal, timeout=None, out=None):
    """One boot with one program: an Outcome. `seal`: the driver checks each page that it hands over."""
    qemu, kernel, options, params = prepared
    options.modules = cmd_vm.our_modules(kernel, PARAMS + [f"seal={int(seal)}"] + params)
    options.command = [str(word) for word in words]
    return machine.run(qemu, kernel, options, 3600 if timeout is None else timeout, out=out)


def rows(text, kernel):
    """The scoreboard's rows of what `reliability` printed."""
    return [{"fault": fault, "kernel": kernel, "injected": int(injected), "detected": int(detected),
             "recovered": int(recovered), "lost": int(lost), "ok": ok == "1"}
            for fault, injected, detected, recovered, lost, ok in ROW.findall(text)]


def seed_counts(text):
    """{name: number} of what `hostile` printed, or nothing."""
    said = SEEDS_SAID.search(text)
    if not said:
        return {}
    return {**dict(zip(SEEDS_FIELDS, map(int, said.groups()))),
            **{f"rule_{name}": int(fired) for name, fired in RULE.findall(text)}}


def kill_counts(text):
    """{name: number} of what `kill` printed, or nothing."""
    said = KILLS_SAID.search(text)
    return dict(zip(KILLS_FIELDS, map(int, said.groups()))) if said else {}


def scoreboard():
    """The rows of the file, or none."""
    try:
        found = json.loads(SCOREBOARD.read_text())
        return found["rows"] if found["schema"] == 1 else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def write_rows(new):
    """Put rows into the scoreboard, in place of older ones of the same fault and kernel."""
    made = {(row["fault"], row["kernel"]) for row in new}
    kept = [row for row in scoreboard() if (row.get("fault"), row.get("kernel")) not in made]
    paths.write_atomically(SCOREBOARD, json.dumps({"schema": 1, "rows": kept + new}, indent=2) + "\n")


class _Tee:
    """The guest's output: shown, and kept."""

    def __init__(self):
        self.data = bytearray()
        self.show = pump.writer(1)

    def __call__(self, data):
        self.data += data
        self.show(data)


def _run_part(args, prepared, part, first, last):
    output = _Tee()
    kills = args.kills or KILLS.get(args.kernel, OTHER_KILLS)
    outcome = boot(prepared, command_of(part, first, last, kills), part == "reliability", args.timeout, output)
    if part == "reliability":
        write_rows(rows(output.data.decode(errors="replace"), args.kernel))
    return cmd_vm.report(outcome)


def main(args):
    cmd_vm.check_arguments(args)
    first, last = seed_range(args.seed_range or SEEDS.get(args.kernel, OTHER_SEEDS))
    if args.kills is not None and args.kills < 1:
        raise ui.LabError("--kills takes 1 or more", ui.EXIT_USAGE)
    for part in args.part:
        if part not in PARTS:
            raise ui.LabError(f"no part {part}; there are: {' '.join(PARTS)}", ui.EXIT_USAGE)
    prepared = prepare(args)
    statuses = [_run_part(args, prepared, part, first, last) for part in args.part or PARTS]
    return next((status for status in statuses if status), 0)
