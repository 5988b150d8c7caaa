# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab stress` (and `make stress`): scenarios of traffic, pressure, faults and life-cycle events.

Contract: exit status 0 only if every verdict of every scenario is good; whatever ran is in
build/results/stress.json, also after Ctrl-C.
"""
import argparse
import json
import sys
import time

from . import stress_plan, stress_report, stress_run, stress_scenario, stress_words, ui

EPILOG = """exit status:
    0  every invariant held          1  one did not; build/results/stress.json says which
    2  bad arguments or scenario   125  something could not be set up   130  interrupted (Ctrl-C)

SCENARIO is the name of one that is shipped (--list), or a file that ends in .scn; docs/stress.md describes
the form. `scripts/lab replay build/results/stress.json` runs the replayable ones again and compares."""


def add_parser(commands):
    parser = commands.add_parser(
        "stress", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EPILOG,
        help="the allocator at the edge: traffic, pressure, faults, life-cycle events",
        description="Run stress scenarios in the guest, and judge each by its invariants.")
    add = parser.add_argument
    add("scenario", nargs="*", metavar="SCENARIO")
    add("--list", action="store_true", help="name the scenarios and end")
    add("--words", action="store_true", help="name the words of a timeline and end")
    add("--seed", type=int, default=1, metavar="N", help="the same seed is the same run, where replayable (default 1)")
    add("--kernel", metavar="NAME", help="instead of each scenario's first kernel; those that are not for it are "
                                              "left out")
    add("--full", action="store_true", help="every scenario (default: the short set)")
    add("--set", choices=stress_words.SETS, help="the scenarios of this set")
    add("--duration", type=float, metavar="S", help="go on with the next seeds until S seconds are over")
    add("--json", action="store_true", help="print stress.json instead of the summary")
    add("--tap", action="store_true", help="print a test for each verdict instead of the summary")
    add("--verbose", action="store_true", help="show the guest's console")
    parser.set_defaults(call=main)


def _chosen(args):
    if args.scenario:
        if args.full or args.set:
            raise ui.LabError("name scenarios, or a set of them, not both", ui.EXIT_USAGE)
        return [stress_scenario.named(word) for word in args.scenario]
    wanted = args.set or ("full" if args.full else "short")
    chosen = [s for s in stress_scenario.shipped().values()
              if wanted in s.sets and (not args.kernel or args.kernel not in stress_words.KERNELS
                                       or args.kernel in s.kernels)]
    if not chosen:
        raise ui.LabError(f"no scenario of the set {wanted} is for --kernel {args.kernel}", ui.EXIT_USAGE)
    return chosen


def _list(args):
    if args.words:
        for form, what in stress_words.table():
            print(f"at TIME {form}\n    {what}")
        return
    for scenario in stress_scenario.shipped().values():
        kind = "replayable" if scenario.replayable else f"not replayable: {scenario.reason}"
        print(f"{scenario.name:<20} {scenario.summary}\n{'':<20} {' '.join(scenario.kernels)}; sets: "
              f"{' '.join(scenario.sets)}; {kind}")


def _run_all(args, chosen, results):
    progress = stress_run.Progress(len(chosen))
    until = time.monotonic() + (args.duration or 0)
    prepared = [stress_plan.Machine(s, stress_plan.kernel_of(s, args.kernel), args.verbose) for s in chosen]
    seed = args.seed
    while True:
        progress.number = 0
        for machine in prepared:
            progress.begin(machine.scenario.name, len(machine.scenario.events))
            try:
                result, _ = stress_run.run(machine, seed, progress)
                results.append(result)
                progress.end(result)
            finally:
                progress.end()
            if args.duration and time.monotonic() >= until:
                return
        if time.monotonic() >= until:
            return
        seed += 1


def main(args):
    if args.list or args.words:
        _list(args)
        return 0
    if not 0 <= args.seed < stress_plan.SIGNED:
        raise ui.LabError(f"SEED={args.seed}: name a number from 0 to 2^63-1", ui.EXIT_USAGE)
    if args.duration is not None and not args.duration > 0:
        raise ui.LabError("--duration takes seconds, more than 0", ui.EXIT_USAGE)
    chosen, results = _chosen(args), []
    for scenario in chosen:
        stress_plan.kernel_of(scenario, args.kernel)
    try:
        _run_all(args, chosen, results)
    finally:
        if results:
            content = stress_report.whole(results, args.seed)
            path = stress_report.write(content)
    if args.json:
        print(json.dumps(content, indent=1))
    elif args.tap:
        print("\n".join(stress_report.tap(content)))
    else:
        print(stress_report.summary(content))
    sys.stdout.flush()
    ui.note(f"the whole result: {path}")
    return 0 if content["ok"] else 1
