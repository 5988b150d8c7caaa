# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab soak`: NMIs and hard interrupts take pages, 10^8 in all, a guest for each seed; and the other long
runs, which are in campaigns.py.

Contract: a run is in the ledger when its guest has ended, good or bad; one that was interrupted leaves nothing and is
made again next time. Exit status 0 only if no run of these sources has failed, those before included.
"""
import json
import re
import time

from . import campaigns, cmd_vm, kernels, machine, modules, paths, soak_ledger, ui

RUNNER = paths.ROOT / "tests/kselftest/run-module.sh"
INTERRUPTS = "interrupts"
GOAL = 10**8
CHUNK = 10**7
TIMEOUT = 300
RESULT = re.compile(r"# soak seed=(\d+) nmi=(\d+) hardirq=(\d+) nmi_none=\d+ hardirq_none=\d+ lost=(\d+) broken=(\d+) "
                    r"late=(\d+)")

EPILOG = f"""The sum of all runs is to reach {GOAL:,} allocations without a splat of the kernel and without a lost page.
Runs count while the sources of the pool are the same: {soak_ledger.path()}"""


def add_parser(commands):
    others = "; ".join(f"{c.name}: {c.what}" for c in campaigns.ALL.values())
    soak = commands.add_parser("soak", help="long runs: allocations in interrupts, life-cycle rounds, the API's fuzzer",
                               epilog=EPILOG, description="Run the seeds that are not in the ledger yet, one boot "
                               f"each. {INTERRUPTS} (the default): allocations in NMIs and hard interrupts; {others}.")
    cmd_vm.add_machine_options(soak)
    soak.add_argument("--seed-range", metavar="A-B",
                      help=f"which seeds (default: as many as the goal needs; of {INTERRUPTS} 1-{GOAL // CHUNK})")
    soak.add_argument("--allocs", type=int, default=CHUNK, metavar="N", help=f"allocations a seed, of {INTERRUPTS}")
    soak.add_argument("--again", action="store_true", help="run also the seeds that are in the ledger")
    soak.add_argument("--list", action="store_true", help="print the ledger's runs and end")
    soak.add_argument("--json", action="store_true", help="print the totals as one JSON object")
    soak.add_argument("what", nargs="?", default=INTERRUPTS, metavar="WHAT", choices=[INTERRUPTS, *campaigns.ALL],
                      help=", ".join([INTERRUPTS, *campaigns.ALL]))
    soak.set_defaults(call=main, kernel=None)


def _seeds(words):
    found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", words)
    if not found or int(found[2] or found[1]) < int(found[1]):
        raise ui.LabError(f"--seed-range takes A-B with A <= B, not {words!r}", ui.EXIT_USAGE)
    return range(int(found[1]), int(found[2] or found[1]) + 1)


class _Output:
    """The guest's output: kept, and what is not in order is shown."""

    def __init__(self):
        self.data = bytearray()

    def __call__(self, data):
        self.data += data

    def text(self):
        return self.data.decode(errors="replace")


def _run(args, prepared, seed):
    """One boot: the entry for the ledger."""
    qemu, kernel, options, module = prepared
    options.command = ["sh", str(RUNNER), f"{module} only=NMIs soak_seed={seed} soak_allocs={args.allocs}"]
    output = _Output()
    outcome = machine.run(qemu, kernel, options, TIMEOUT if args.timeout is None else args.timeout, out=output)
    said = RESULT.search(output.text())
    counts = [int(word) for word in said.groups()[1:]] if said else [0] * len(soak_ledger.COUNTED)
    entry = dict(zip(soak_ledger.COUNTED, counts))
    good = outcome.status == 0 and said is not None and int(said[1]) == seed and \
        not (entry["lost"] or entry["broken"] or entry["late"] or outcome.warnings)
    if not good:
        cmd_vm.report(outcome)
        ui.note("\n" + output.text().rstrip())
    return {"seed": seed, "ok": good, "kernel": kernel.release, **entry, "warnings": len(outcome.warnings),
            "reason": outcome.reason, "seconds": round(outcome.seconds, 1), "date": time.strftime("%Y-%m-%d")}


def _prepare(args):
    qemu, kernel, options = cmd_vm.prepare(args)
    made = {p.stem: p for p in modules.kselftest(kernel)}
    return qemu, kernel, options, made["labyrinth_pool_test"]


def _show(args, entries):
    total = soak_ledger.totals(entries, GOAL)
    if args.list:
        for e in entries:
            print(f"seed {e['seed']:>6}  {'good' if e['ok'] else 'BAD '}  nmi {e['nmi']:>10,}  "
                  f"hardirq {e['hardirq']:>10,}  lost {e['lost']}  warnings {e.get('warnings', 0)}  "
                  f"{e.get('seconds', 0):>7} s")
    if args.json:
        print(json.dumps(total))
    else:
        print(f"soak: {total['allocs']:,} of {GOAL:,} allocations ({total['nmi']:,} in NMIs, {total['hardirq']:,} in "
              f"hard interrupts) in {total['runs']} runs, {total['lost']} pages lost, failed seeds: "
              f"{' '.join(map(str, total['failed_seeds'])) or 'none'}", flush=True)
    return 1 if total["failed_seeds"] else 0


def main(args):
    cmd_vm.check_arguments(args)
    if args.allocs < 1:
        raise ui.LabError("--allocs takes 1 or more", ui.EXIT_USAGE)
    seeds = _seeds(args.seed_range) if args.seed_range else None
    if args.what != INTERRUPTS:
        return campaigns.main(args, seeds)
    seeds = seeds or range(1, GOAL // CHUNK + 1)
    args.kernel = args.kernel or "rt"
    release = kernels.get(args.kernel).release
    digest = soak_ledger.sources()
    if args.list:
        return _show(args, soak_ledger.read(digest, release))
    there = {e["seed"] for e in soak_ledger.read(digest, release) if e["ok"]}
    left = [seed for seed in seeds if args.again or seed not in there]
    prepared = _prepare(args) if left else None
    for number, seed in enumerate(left, 1):
        entry = _run(args, prepared, seed)
        soak_ledger.add({"sources": digest, **entry})
        ui.note(f"seed {seed} ({number} of {len(left)}): {'good' if entry['ok'] else 'BAD'}, {entry['nmi']:,} in NMIs, "
                f"{entry['hardirq']:,} in hard interrupts, {ui.duration(entry['seconds'])}")
    return _show(args, soak_ledger.read(digest, release))
