# SPDX-License-Identifier: GPL-2.0-only
"""What the suites share that are made of several boots of the guest: each boot's TAP, nested in one plan.

Contract: a boot whose guest crashed, warned, did not end or reported nothing is a failed test, whatever
its own lines say.
"""
import subprocess
import sys

import labrun


def boot(words):
    """(status, output) of one launcher; its own messages stay on standard error."""
    child = subprocess.run([sys.executable, labrun.LAB, *map(str, words)], cwd=labrun.ROOT, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, check=False)
    return child.returncode, child.stdout.decode(errors="replace")


def run(boots, chosen):
    """`boots`: [(name, words of scripts/lab)]; `chosen`: parts of names, none for all. The exit status."""
    boots = [(name, words) for name, words in boots if not chosen or any(part in name for part in chosen)]
    print(f"TAP version 13\n1..{len(boots)}", flush=True)
    bad = not boots
    for number, (name, words) in enumerate(boots, 1):
        print(f"# Subtest: {name}", flush=True)
        status, text = boot(words)
        lines = text.splitlines()
        for line in lines:
            print(f"    {line}")
        good = status == 0 and any(line.startswith("ok ") for line in lines)
        if not good:
            # a failure of the boot itself would not be seen behind good lines of its tests
            print(f"    not ok {name}: scripts/lab ended with status {status}")
        print(f"{'' if good else 'not '}ok {number} - {name}", flush=True)
        bad |= not good
    return bad
