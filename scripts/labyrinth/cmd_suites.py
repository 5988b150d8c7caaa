# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab kselftest` and `scripts/lab qtest`: the suites that need a guest or QEMU around them.

Contract: TAP on standard output, and a non-zero status when a test failed, the guest's kernel warned or
anything could not be built.
"""
import os
import shlex
import subprocess

from . import cmd_vm, kernels, machine, modules, packages, paths, proc, qemu_device, ui, userland

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
    qtest.add_argument("--sanitized", action="store_true", help="in the QEMU of the fuzzer, with ASan and UBSan")
    qtest.add_argument("words", nargs="*", metavar="WORD")
    qtest.set_defaults(call=qtest_main)


def _wanted(args, there):
    """Those of the {name: path} that were asked for; on the debug kernel by default those of debug.list."""
    listing = TESTS / "debug.list"
    wanted = args.program
    if not wanted and args.kernel == "debug" and listing.is_file():
        wanted = [line for line in listing.read_text().splitlines() if line and not line.startswith("#")]
    for name in wanted:
        if name not in there:
            raise ui.LabError(f"no self-test {name}; there are: {' '.join(there)}", ui.EXIT_USAGE)
    return [there[name] for name in wanted or there]


def _script(programs, test_modules):
    """One shell line that runs them all and fails if one did."""
    words = shlex.join([str(TESTS / "run.sh"), str(userland.KSELFTEST)] + [p.name for p in programs])
    runs = [words] if programs else []
    runs += [shlex.join([str(TESTS / "run-module.sh"), str(path)]) for path in test_modules]
    return "bad=0; " + "; ".join(f"{run} || bad=1" for run in runs) + "; exit $bad"


def kselftest_main(args):
    cmd_vm.check_arguments(args)
    if not any(word.startswith("queues=") for word in args.device):
        args.device.append(f"queues={QUEUES}")
    try:
        qemu, kernel, options = cmd_vm.prepare(args)
    except kernels.Unavailable as problem:
        print(f"TAP version 13\n1..0 # SKIP {problem}", flush=True)
        return 0
    userland.kselftest()
    there = {p.name: p for p in sorted(userland.KSELFTEST.iterdir()) if p.is_file() and os.access(p, os.X_OK)}
    there |= {p.stem: p for p in modules.kselftest(kernel)}
    chosen = _wanted(args, there)
    options.cwd = str(userland.KSELFTEST)
    options.env["LAB_KERNEL"] = args.kernel
    options.command = ["sh", "-c", _script([p for p in chosen if p.suffix != ".ko"],
                                           [p for p in chosen if p.suffix == ".ko"])]
    return cmd_vm.report(machine.run(qemu, kernel, options, TIMEOUT if args.timeout is None else args.timeout))


def _wrapped_qemu(qemu, kind):
    """QEMU with its firmware folders, under the name by which libqtest tells the architecture."""
    wrapper = kind.out / "wrapped" / "qemu-system-x86_64"
    folders = " ".join(f"-L {shlex.quote(str(f))}" for f in qemu.firmware)
    paths.write_if_changed(wrapper, f'#!/bin/sh\nexec {shlex.quote(str(qemu.program))} {folders} "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


def qtest_main(args):
    kind = qemu_device.FUZZ if args.sanitized else qemu_device.PLAIN
    packages.install(("fuzz",) if args.sanitized else ())
    qemu = qemu_device.ready(kind)
    program = qemu_device.test_program(kind)
    env = {**os.environ, "QTEST_QEMU_BINARY": str(_wrapped_qemu(qemu, kind)), "MALLOC_PERTURB_": "165",
           "ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
    child = proc.popen([program, "--tap", "-k"] + args.words, env=env, cwd=kind.out, stdin=subprocess.DEVNULL)
    try:
        return child.wait()
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
