# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab kselftest` and `scripts/lab qtest`: the suites that need a guest or QEMU around them.

Contract: TAP on standard output, and a non-zero status when a test failed, the guest's kernel warned or
anything could not be built.
"""
import os
import shlex
import subprocess

from . import cmd_vm, machine, modules, packages, paths, proc, qemu_device, ui, userland

TESTS = paths.ROOT / "tests" / "kselftest"
QUEUES = 4
TIMEOUT = 1500


def add_parser(commands):
    kself = commands.add_parser("kselftest", help="run the kernel self-tests in one boot of the guest",
                                description="Build tests/kselftest and run its programs, all or those named.")
    cmd_vm.add_machine_options(kself)
    kself.add_argument("program", nargs="*", metavar="PROGRAM")
    kself.set_defaults(call=kselftest_main)
    qtest = commands.add_parser("qtest", help="run the device's qtest",
                                description="Run the device's tests without a guest; words after -- go to the "
                                            "test program (-p PATH picks tests).")
    qtest.add_argument("words", nargs="*", metavar="WORD")
    qtest.set_defaults(call=qtest_main)


def _programs(args):
    there = {p.name: p for p in sorted(userland.KSELFTEST.iterdir()) if p.is_file() and os.access(p, os.X_OK)}
    wanted = args.program
    listing = TESTS / "debug.list"
    if not wanted and args.kernel == "debug" and listing.is_file():
        wanted = [line for line in listing.read_text().split() if line]
    for name in wanted:
        if name not in there:
            raise ui.LabError(f"no self-test {name}; there are: {' '.join(there)}", ui.EXIT_USAGE)
    chosen = [there[name] for name in wanted] if wanted else list(there.values())
    if not chosen:
        raise ui.LabError("tests/kselftest built no program")
    return chosen


def _script(programs):
    """One shell line that runs them all and remembers the worst."""
    lines = ["bad=0"]
    for program in programs:
        path = shlex.quote(str(program))
        lines.append(f"echo '# {program.name}'; {path} || {{ s=$?; [ $s = 4 ] || "
                     f"{{ bad=1; echo \"# {program.name} ended with status $s\"; }}; }}")
    lines.append("exit $bad")
    return "\n".join(lines)


def kselftest_main(args):
    cmd_vm.check_arguments(args)
    if not any(word.startswith("queues=") for word in args.device):
        args.device.append(f"queues={QUEUES}")
    qemu, kernel, options = cmd_vm.prepare(args)
    userland.kselftest()
    modules.kselftest(kernel)
    options.cwd = str(userland.KSELFTEST)
    options.env["LAB_KERNEL"] = args.kernel
    options.command = ["sh", "-c", _script(_programs(args))]
    return cmd_vm.report(machine.run(qemu, kernel, options, TIMEOUT if args.timeout is None else args.timeout))


def _wrapped_qemu(qemu):
    """QEMU with its firmware folders, under the name by which libqtest tells the architecture."""
    wrapper = qemu_device.OUT / "wrapped" / "qemu-system-x86_64"
    folders = " ".join(f"-L {shlex.quote(str(f))}" for f in qemu.firmware)
    paths.write_if_changed(wrapper, f'#!/bin/sh\nexec {shlex.quote(str(qemu.program))} {folders} "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


def qtest_main(args):
    packages.install()
    qemu = qemu_device.ready()
    program = qemu_device.test_program()
    env = {**os.environ, "QTEST_QEMU_BINARY": str(_wrapped_qemu(qemu)), "MALLOC_PERTURB_": "165"}
    child = proc.popen([program, "--tap", "-k"] + args.words, env=env, cwd=qemu_device.OUT, stdin=subprocess.DEVNULL)
    try:
        return child.wait()
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
