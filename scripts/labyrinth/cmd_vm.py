# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab vm` and `scripts/lab module`: a command in the guest, as if it ran here."""
import argparse
import os
import shlex
import stat
import sys
import termios
import tty
from pathlib import Path

from . import board, guest, kernels, machine, modules, packages, paths, qemu_device, scratch, ui, userland

STATUSES = """exit status:
  that of COMMAND, 128+N if signal N ended it; and
    2  bad arguments: nothing was started        70  the guest's kernel crashed
   71  the guest's kernel gave a warning         72  QEMU ended, or the guest powered off, too early
  124  the guest did not end in time            125  something could not be fetched, built or set up
  130  interrupted (Ctrl-C)
"""

# Without the start-up files of the host's user, which expect to be able to write.
SHELL = ["env", "PS1=lab:\\w# ", "/bin/bash", "--norc", "-i"]

EXAMPLES = """examples:
  scripts/lab vm -- labctl info
  scripts/lab vm --kernel rt --smp 4 --device queues=8 -- sh -c 'cat /proc/interrupts'
  scripts/lab vm --share out --module-param policy=pool -- \\
      labctl receive --source generator --pages 1000 --out out/data
  dmesg | scripts/lab vm --no-driver -- wc -l
"""


def add_machine_options(parser):
    """The options that all commands which boot the guest share."""
    add = parser.add_argument
    add("--kernel", default=os.environ.get("LAB_KERNEL", "stock"), metavar=kernels.NAMES,
        help="which kernel: the distribution's, its PREEMPT_RT one, its newer long-term one, ours with every check on, "
             "ours that finds data races, a built kernel tree, or a bzImage with lib/modules/RELEASE near it "
             "(default: stock)")
    add("--smp", type=int, metavar="N", help="processors (default 2)")
    add("--memory", type=int, metavar="M", help="MiB of memory (default 1024)")
    add("--qemu-arg", action="append", default=[], metavar="ARG",
        help="one more word for QEMU's command line; write --qemu-arg=-device")
    add("--append", action="append", default=[], metavar="WORD", help="one more word for the kernel's command line")
    add("--module-param", action="append", default=[], metavar="NAME=VALUE",
        help="a parameter of labyrinth.ko; pool.NAME=VALUE is one of labyrinth_pool.ko")
    add("--device", action="append", default=[], metavar="PROP=VALUE",
        help="a property of the accelerator (queues=4, ...)")
    add("--no-driver", action="store_true", help="do not load labyrinth_pool.ko and labyrinth.ko")
    add("--share", action="append", default=[], metavar="DIR",
        help="make DIR of the host writable in the guest, at the same path")
    board.add_option(add)
    add("--input", metavar="FILE", help="stream FILE into the accelerator")
    add("--seed", type=int, default=1, metavar="N", help="seed of an exact run (default 1)")
    add("--timeout", type=float, metavar="S", help="end the guest after S seconds (default 600; 0: never)")
    add("--gdb", action="store_true", help="wait for a debugger before the first instruction, and say how to attach")
    add("--verbose", action="store_true", help="show the guest's console")


def add_parser(commands):
    text = argparse.RawDescriptionHelpFormatter
    vm = commands.add_parser(
        "vm", formatter_class=text, epilog=STATUSES + "\n" + EXAMPLES,
        help="run a command in the guest",
        description="Boot the guest, run COMMAND in it as root, and end. The host's files are there, read-only; "
                    "build/ and every --share are writable. Without COMMAND: a shell.")
    add_machine_options(vm)
    vm.add_argument("--exact", action="store_true",
                    help="count instructions instead of time: one processor, no shared files, the same run for the "
                         "same seed; COMMAND sees busybox, labctl and the modules only")
    vm.add_argument("command", nargs="*", metavar="COMMAND", help="after --: the command and its arguments")
    vm.set_defaults(call=vm_main)

    module = commands.add_parser(
        "module", formatter_class=text, epilog=STATUSES,
        help="build an out-of-tree module and boot with it loaded",
        description="Build the modules of DIR (a Kbuild or Makefile with obj-m) against the guest's kernel, in a "
                    "copy, load them after ours, and run COMMAND (default: a shell). Headers and symbols of "
                    "labyrinth_pool are at hand.")
    add_machine_options(module)
    module.add_argument("--param", action="append", default=[], metavar="NAME=VALUE",
                        help="a parameter of the module (of the last, if DIR has several)")
    module.add_argument("dir", metavar="DIR")
    module.add_argument("command", nargs="*", metavar="COMMAND")
    module.set_defaults(call=module_main)


def check_input(name):
    """An input that can be streamed, or a one-line error before anything is built."""
    try:
        kind = os.stat(name).st_mode
    except OSError as problem:
        raise ui.LabError(f"INPUT {name}: {problem.strerror}; name a file that is there", ui.EXIT_USAGE) from None
    if stat.S_ISDIR(kind):
        raise ui.LabError(f"INPUT {name} is a directory; name a file", ui.EXIT_USAGE)
    if not stat.S_ISREG(kind):
        raise ui.LabError(f"INPUT {name} is no regular file, so its end cannot be told beforehand; save it to a "
                          "file first", ui.EXIT_USAGE)
    try:
        with open(name, "rb"):
            pass
    except OSError as problem:
        raise ui.LabError(f"INPUT {name}: {problem.strerror}; make it readable", ui.EXIT_USAGE) from None
    return Path(name).absolute()


def _checked_shares(names):
    found = []
    for name in names:
        folder = Path(name).absolute()
        if not folder.is_dir():
            raise ui.LabError(f"--share {name}: no such folder", ui.EXIT_USAGE)
        found.append(str(folder))
    return found


def check_arguments(args):
    """Everything that can be refused before anything is fetched or built."""
    guest.check_assignments(args.module_param, "--module-param")
    guest.check_assignments(args.device, "--device")
    if args.smp is not None and not 1 <= args.smp <= 64:
        raise ui.LabError("--smp takes 1 to 64", ui.EXIT_USAGE)
    if args.memory is not None and not 256 <= args.memory <= 65536:
        raise ui.LabError("--memory takes 256 to 65536 MiB", ui.EXIT_USAGE)
    if args.timeout is not None and args.timeout < 0:
        raise ui.LabError("--timeout takes seconds, 0 for none", ui.EXIT_USAGE)
    if args.input is not None:
        args.input = check_input(args.input)
    args.share = _checked_shares(args.share)


def our_modules(kernel, params):
    """[(path, parameters)] of our two modules, the pool first."""
    made = modules.ready(kernel)
    words = {name: [] for name in modules.OURS}
    for param in params:
        pool = param.startswith("pool.")
        words[modules.OURS[0] if pool else modules.OURS[1]].append(param.removeprefix("pool."))
    return [(made[name], words[name]) for name in modules.OURS]


def prepare(args):
    """Build what the arguments ask for: (qemu, kernel, options)."""
    packages.install()
    kernel = kernels.get(args.kernel)
    qemu = qemu_device.ready()
    paths.make_dir(userland.BIN)
    options = guest.Options(
        smp=args.smp or 2, memory=args.memory or (2048 if args.kernel == "debug" else 1024),
        qemu_args=args.qemu_arg, append=args.append, device=list(args.device), seed=args.seed,
        shares=[str(paths.BUILD)] + args.share, path=[str(userland.BIN)], cwd=os.getcwd(), verbose=args.verbose)
    if args.firmware != board.KINDS[0]:
        options.board = board.Board()
    if not args.no_driver:
        userland.ready()
        options.modules = our_modules(kernel, args.module_param)
        options.env["LAB_MODULE_DIR"] = str(modules.home(kernel))
    options.env["LAB_BUILD"] = str(paths.BUILD)
    return qemu, kernel, options


def report(outcome):
    """Say in a few lines what went wrong, if anything did."""
    if outcome.reason:
        ui.error(outcome.reason)
        if outcome.excerpt:
            print(outcome.excerpt, file=sys.stderr)
            ui.note(f"the whole console: {paths.BUILD / 'log' / 'console.log'}")
    return outcome.status


def _say_how_to_attach(kernel, options):
    symbols = kernel.kdir / "vmlinux"
    file = f" {shlex.quote(str(symbols))}" if symbols.is_file() else ""
    ui.note(f"waiting for a debugger: gdb{file} -ex 'target remote {options.gdb}'")
    if not file:
        ui.note("the distribution's kernel comes without symbols; --kernel debug has them")
    for path, _ in options.modules:
        ui.note(f"symbols of {path.name}: add-symbol-file {path} ADDRESS, where ADDRESS is in the guest's "
                f"/sys/module/{path.stem}/sections/.text")


def boot(args, qemu, kernel, options):
    """Run the prepared guest, with a terminal if there is one."""
    timeout = args.timeout
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    if interactive:
        size = os.get_terminal_size(0)
        options.tty = (size.lines, size.columns)
    else:
        options.stdin = not sys.stdin.closed and not _is_null(0)
    if timeout is None:
        timeout = 0 if interactive or args.gdb else 600
    if not args.gdb:
        return _boot_on_terminal(qemu, kernel, options, timeout, args.input, interactive)
    with scratch.folder() as folder:
        options.gdb = str(folder / "gdb")
        _say_how_to_attach(kernel, options)
        return _boot_on_terminal(qemu, kernel, options, timeout, args.input, interactive)


def _is_null(handle):
    try:
        return os.fstat(handle).st_rdev == os.stat(os.devnull).st_rdev
    except OSError:
        return True


def _boot_on_terminal(qemu, kernel, options, timeout, input_path, interactive):
    if not interactive:
        return machine.run(qemu, kernel, options, timeout, input_path=input_path)
    before = termios.tcgetattr(0)
    try:
        tty.setraw(0)
        return machine.run(qemu, kernel, options, timeout, input_path=input_path)
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def vm_main(args):
    check_arguments(args)
    if not args.command and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ui.LabError("no COMMAND, and no terminal for a shell; say `scripts/lab vm -- COMMAND`", ui.EXIT_USAGE)
    if args.exact:
        if args.firmware != board.KINDS[0]:
            raise ui.LabError(f"--firmware {args.firmware} runs in the host's time and cannot be --exact", ui.EXIT_USAGE)
        from . import exact
        return report(exact.run_command(args))
    qemu, kernel, options = prepare(args)
    options.command = args.command or SHELL
    return report(boot(args, qemu, kernel, options))


def module_main(args):
    check_arguments(args)
    guest.check_assignments(args.param, "--param")
    qemu, kernel, options = prepare(args)
    made = modules.foreign(kernel, args.dir, not args.no_driver)
    options.modules += [(path, args.param if path == made[-1] else []) for path in made]
    options.command = args.command or SHELL
    return report(boot(args, qemu, kernel, options))
