# SPDX-License-Identifier: GPL-2.0-only
"""What the emulator does not show and the machine code does: barriers, and what is done with interrupts masked.

Contract: check(image) gives [(good, name, notes)].
"""
import re
import subprocess

PREFIX = "arm-none-eabi-"
# Written by hand: from the entry straight on, no conditional branch taken, a call does what it is for
STRAIGHT = ("alloc_labyrinth_page_gfp_atomic_exclusive", "pool_release", "pool_share", "pool_revoke")
# The compiler's: in the order of the addresses
COMPILED = ("mpu_start", "mpu_task")
# ARMv8-M: those above are a compiler's too, and this is what changes the MPU for them
CHANGE = "mpu_bar"
MASKED_MOST = 12
HEAD = re.compile(r"^([0-9a-f]+) <(.+)>:$")
LINE = re.compile(r"^\s*([0-9a-f]+):\t(\S+)\s*([^@]*)")


class Code:
    """An image's instructions: (name, operands) by address, and where each function is."""

    def __init__(self, image):
        text = subprocess.run([PREFIX + "objdump", "-d", "--no-show-raw-insn", image], stdout=subprocess.PIPE,
                              check=True).stdout.decode()
        self.at, self.entry, self.text, now = {}, {}, {}, []
        for line in text.splitlines():
            head, found = HEAD.match(line), LINE.match(line)
            if head:
                self.entry[head[2]] = int(head[1], 16)
                now = self.text[head[2]] = []
            elif found:
                # without the width that was chosen for it
                word = (re.sub(r"\.[nw]$", "", found[2]), found[3].strip())
                self.at[int(found[1], 16)] = word
                now.append(word)
        self.order = sorted(self.at)
        self.next = dict(zip(self.order, self.order[1:]))

    def straight(self, function):
        address, path = self.entry[function], []
        while address is not None and len(path) < 200:
            name, operands = self.at[address]
            path.append((name, operands))
            if (name, operands) == ("bx", "lr"):
                break
            address = int(operands.split()[0], 16) if name == "b" else self.next.get(address)
        return path


def _index(words, wanted, start=0):
    return words.index(wanted, start) if wanted in words[start:] else None


def _barrier_missing(path):
    """Between the last store before the return and that return"""
    stores = [i for i, (name, where) in enumerate(path) if name == "str" and "sp" not in where]
    if not stores:
        return "no store"
    # what is stored behind a return is a loop's body, placed there by the compiler
    returns = [i for i, word in enumerate(path) if word == ("bx", "lr")]
    stores = [i for i in stores if not returns or i < returns[0]]
    names = [name for name, _ in path[:returns[0] if returns else None]]
    dsb = _index(names, "dsb", stores[-1])
    if dsb is None or _index(names, "isb", dsb) is None:
        return "no DSB and ISB behind the change"
    return None


def barriers(code):
    paths = [(name, code.straight(name)) for name in STRAIGHT] + [(name, code.text[name]) for name in COMPILED]
    return [f"# {name}: {_barrier_missing(path)}" for name, path in paths if _barrier_missing(path)]


def masked(code):
    wrong, notes = [], []
    for function in STRAIGHT:
        names = [name for name, _ in code.straight(function)]
        first = _index(names, "cpsid")
        last = _index(names, "msr", first or 0)
        if first is None or last is None:
            wrong.append(f"# {function}: nothing is masked")
            continue
        inside = names[first + 1:last]
        notes.append(f"# {function}: {last - first} instructions with interrupts masked")
        if "ldr" not in inside or "str" not in inside:
            wrong.append(f"# {function}: MPU_RASR is not both read and written there")
        if last - first > MASKED_MOST:
            wrong.append(f"# {function}: more than {MASKED_MOST}")
    return wrong, notes


def _returns_behind_barrier(path):
    returns = [i for i, (name, where) in enumerate(path)
               if (name, where) == ("bx", "lr") or name.startswith(("pop", "ldmia")) and "pc" in where]
    return returns and all([name for name, _ in path[i - 2:i]] == ["dsb", "isb"] for i in returns)


def changes(code):
    """ARMv8-M: what is wrong about how each call has the MPU changed"""
    wrong = []
    for function in STRAIGHT:
        names = [f"bl {CHANGE}" if word[0] == "bl" and f"<{CHANGE}>" in word[1] else word[0]
                 for word in code.text[function]]
        call = _index(names, f"bl {CHANGE}")
        first = _index(names, "cpsid")
        last = call and _index(names, "msr", call)
        if first is None or last is None or first > call or "ldr" not in names[first:call]:
            wrong.append(f"# {function}: who is exclusive is not read and changed with interrupts masked")
        elif names[last + 1:last + 3] != ["dsb", "isb"]:
            wrong.append(f"# {function}: no DSB and ISB behind the change")
    return wrong


def check(image):
    code = Code(image)
    missing = [f"# no {name} in the image" for name in STRAIGHT + COMPILED if name not in code.entry]
    if missing:
        return [(False, "the code that is to be looked at", missing)]
    if CHANGE in code.entry:
        wrong = changes(code) + [f"# {name}: no DSB and ISB before its return" for name in COMPILED
                                 if not _returns_behind_barrier(code.text[name])]
        return [(not wrong, "the MPU is changed with interrupts masked, and DSB and ISB follow", wrong)]
    without = barriers(code)
    wrong, notes = masked(code)
    return [(not without, "DSB and ISB follow every change of the MPU", without),
            (not wrong, "MPU_RASR is read and written with interrupts masked, briefly", notes + wrong)]
