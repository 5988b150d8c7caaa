# SPDX-License-Identifier: GPL-2.0-only
"""The emulated boards: build an image's tests, run one, read what it says.

Contract: an instruction takes 1024 ns of virtual time (-icount), so that a run is the same to the instruction
on every machine.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
# The last does with 8 of the MPU's regions: what a part without more has
BOARDS = {"mps2-an385": "cortex-m3", "mps2-an386": "cortex-m4", "mps2-an500": "cortex-m7", "mps2-an505": "cortex-m33",
          "mps2-an505-8": "cortex-m33-8"}
ICOUNT = "shift=10,sleep=off"
STEPS_AT = 0x20007FFC       # pool_main.c
STEPS_AT_AN505 = 0x38007FFC
SECONDS = 1800
RESULT = re.compile(r"^(not )?ok \d+ - (.*)$")
PLAN = re.compile(r"^1\.\.(\d+)$")


def build(out, cores, root=ROOT):
    """What is wrong with the build, or nothing; and what it said."""
    done = subprocess.run(["make", "-s", "-C", root / "firmware-model/port/cortex-m", f"O={out}",
                           "CORES=" + " ".join(cores), "tests"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode(errors="replace")
    return (text.strip()[-400:] or "make failed") if done.returncode else "", text


def emulate(board, image, steps=0, seconds=SECONDS):
    """(its exit status or None, its output)"""
    machine, where = board.removesuffix("-8"), STEPS_AT_AN505 if "an505" in board else STEPS_AT
    argv = ["qemu-system-arm", "-M", machine, "-display", "none", "-monitor", "none", "-serial", "stdio",
            "-semihosting-config", "enable=on,target=native", "-icount", ICOUNT,
            "-device", f"loader,addr={where:#x},data={steps},data-len=4", "-kernel", str(image)]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=seconds, check=False)
    except FileNotFoundError:
        sys.exit("qemu-system-arm is not installed: run `scripts/lab setup`")
    except subprocess.TimeoutExpired as late:
        return None, (late.stdout or b"").decode(errors="replace")
    return done.returncode, done.stdout.decode(errors="replace")


def results(status, text):
    """[(good, name, what was said before)], with one more if the run did not come to its end."""
    found, said, planned = [], [], None
    for line in text.splitlines():
        result, plan = RESULT.match(line), PLAN.match(line)
        if result:
            found.append((not result[1], result[2], said))
            said = []
        elif plan:
            planned = int(plan[1])
        elif not line.startswith("TAP version"):
            said.append(line)
    if planned != len(found) or status != (0 if all(good for good, _, _ in found) else 1):
        why = "did not end" if status is None else f"ended with status {status}"
        found.append((False, f"the run {why} after {len(found)} results", said))
    return found
