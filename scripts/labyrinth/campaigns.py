# SPDX-License-Identifier: GPL-2.0-only
"""Long runs in small steps: `scripts/lab soak life`, `fuzz-api`, `hostile` and `kills`.

Contract: a step is one boot with one seed. It is in the ledger when its guest has ended, good or bad; one that was
interrupted leaves nothing. Figures sum only steps of the current sources on the same kernel.
"""
import dataclasses
import json
import time
import typing

from . import cmd_fuzz_api, cmd_hostile, cmd_life, cmd_vm, kernels, ledger, paths, ui


@dataclasses.dataclass
class Campaign:
    """What is repeated, and how often it is to be."""
    name: str
    what: str
    kernel: str                 # by default
    goals: dict                 # {kernel: so many of the unit}
    chunk: int                  # of the unit, a seed
    unit: str
    sources: tuple
    prepare: typing.Callable    # args -> whatever step() takes
    step: typing.Callable       # (prepared, chunk, seed, out) -> Outcome
    count: typing.Callable      # the guest's output -> {name: number}; empty if something is missing
    done: typing.Callable       # {name: number} -> so many of the unit


def _life_count(text):
    found = cmd_life.results(text)
    if set(found) != set(cmd_life.KINDS):
        return {}
    return {f"{kind}_{field}": number for kind, fields in found.items() for field, number in fields.items()}


def _life_step(prepared, chunk, seed, out):
    return cmd_life.boot(prepared, chunk, seed, out=out)


def _fuzz_step(prepared, chunk, seed, out):
    # Only what coverage does not guide can be made again call by call: every other seed.
    return cmd_fuzz_api.boot(prepared, chunk, seed, cover=seed % 2 == 0, out=out)


def _hostile_step(prepared, chunk, seed, out):
    # With and without the seal: what a lie does to the page itself, and to all the rest.
    last = seed * chunk
    return cmd_hostile.boot(prepared, cmd_hostile.command_of("seeds", last - chunk + 1, last, 0), seed % 2, out=out)


def _kills_step(prepared, chunk, seed, out):
    return cmd_hostile.boot(prepared, cmd_hostile.command_of("kills", 0, 0, chunk), False, out=out)


# The device decides with the firmware's core.
_PARTS = ("driver", "qemu-device", "firmware-model/core", "firmware-model/include", "tests/kselftest/lab.c")
_BAD_SOURCES = (*_PARTS, "tests/kselftest/lab_module.c",
                *(f"tests/hostile/{name}" for name in ("account.c", "account.h", "bad.c", "bad.h")))

ALL = {
    "life": Campaign("life", "rounds of unbind, rmmod, FLR and hot-unplug under full load", "stock",
                     {"stock": 1000, "debug": 100}, 50, "rounds of each kind",
                     (*_PARTS, "tests/life", "tests/kselftest/lab_module.c"),
                     cmd_life.prepare, _life_step, _life_count,
                     lambda counts: min(counts[f"{kind}_rounds"] for kind in cmd_life.KINDS)),
    "fuzz-api": Campaign("fuzz-api", "calls of the user API that nobody should make", "debug",
                         {"debug": 10**6, "kcsan": 10**5}, 10**5, "calls",
                         (*_PARTS, "tests/fuzz/api"),
                         cmd_fuzz_api.prepare, _fuzz_step, cmd_fuzz_api.results, lambda counts: counts["calls"]),
    "hostile": Campaign("hostile", "seeds of a device that may say anything at any time", "debug",
                        {"debug": 10**4}, 200, "seeds", (*_BAD_SOURCES, "tests/hostile/hostile.c"),
                        cmd_hostile.prepare, _hostile_step, cmd_hostile.seed_counts, lambda counts: counts["seeds"]),
    "kills": Campaign("kills", "readers killed with pages in hand", "stock", {"stock": 10**4, "debug": 1000}, 500,
                      "kills", (*_BAD_SOURCES, "tests/hostile/kill.c"),
                      cmd_hostile.prepare, _kills_step, cmd_hostile.kill_counts, lambda counts: counts["rounds"]),
}


FIELDS = {"seed": int, "ok": bool, "kernel": str, "done": int}


def ledger_path(name):
    return paths.cache() / "soak" / f"{name}.jsonl"


def sources(campaign):
    """The hash of what a step tests."""
    return ledger.sources(campaign.sources, lambda p: p.suffix in (".c", ".h") or p.name == "Kbuild")


def read(campaign, digest, release):
    """The steps of these sources on this kernel, the last one of each seed."""
    return ledger.by_seed(ledger_path(campaign.name), FIELDS, digest, release)


def add(campaign, entry):
    ledger.add(ledger_path(campaign.name), entry)


def totals(campaign, kernel, entries):
    """What the steps come to, as `--json` prints it. Only good steps count towards the goal."""
    return {"schema": 1, "campaign": campaign.name, "kernel": kernel, "unit": campaign.unit,
            "goal": campaign.goals.get(kernel, campaign.goals[campaign.kernel]),
            "done": sum(e["done"] for e in entries if e["ok"]), "steps": len(entries),
            "seconds": round(sum(e.get("seconds", 0) for e in entries), 1),
            "failed_seeds": [e["seed"] for e in entries if not e["ok"]]}


def _run(campaign, prepared, seed):
    output = bytearray()
    outcome = campaign.step(prepared, campaign.chunk, seed, output.extend)
    text = output.decode(errors="replace")
    counts = campaign.count(text)
    good = outcome.status == 0 and bool(counts) and not outcome.warnings
    if not good:
        cmd_vm.report(outcome)
        ui.note("\n" + text.rstrip())
    return {"seed": seed, "ok": good, "done": campaign.done(counts) if counts else 0, **counts,
            "warnings": len(outcome.warnings), "reason": outcome.reason, "seconds": round(outcome.seconds, 1),
            "date": time.strftime("%Y-%m-%d")}


def _show(args, campaign, entries):
    total = totals(campaign, args.kernel, entries)
    if args.list:
        for e in entries:
            print(f"seed {e['seed']:>6}  {'good' if e['ok'] else 'BAD '}  {e['done']:>9,} {campaign.unit}  "
                  f"{e.get('seconds', 0):>7} s  {e.get('reason', '')}")
    if args.json:
        print(json.dumps(total))
    else:
        failed = ' '.join(map(str, total["failed_seeds"])) or "none"
        print(f"soak {campaign.name}: {total['done']:,} of {total['goal']:,} {campaign.unit} on {args.kernel} in "
              f"{total['steps']} steps, failed seeds: {failed}", flush=True)
    return 1 if total["failed_seeds"] else 0


def main(args, seeds):
    """`seeds`: which ones, or None for as many as the goal needs."""
    campaign = ALL[args.what]
    args.kernel = args.kernel or campaign.kernel
    release = kernels.get(args.kernel).release
    digest = sources(campaign)
    if args.list:
        return _show(args, campaign, read(campaign, digest, release))
    goal = campaign.goals.get(args.kernel, campaign.goals[campaign.kernel])
    seeds = seeds or range(1, -(-goal // campaign.chunk) + 1)
    there = {e["seed"] for e in read(campaign, digest, release) if e["ok"]}
    left = [seed for seed in seeds if args.again or seed not in there]
    prepared = campaign.prepare(args) if left else None
    for number, seed in enumerate(left, 1):
        entry = _run(campaign, prepared, seed)
        add(campaign, {"sources": digest, "kernel": release, **entry})
        ui.note(f"seed {seed} ({number} of {len(left)}): {'good' if entry['ok'] else 'BAD'}, {entry['done']:,} "
                f"{campaign.unit}, {ui.duration(entry['seconds'])}")
    return _show(args, campaign, read(campaign, digest, release))
