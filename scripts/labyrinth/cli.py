# SPDX-License-Identifier: GPL-2.0-only
"""The command line of scripts/lab: one sub-command per purpose, each with --help."""
import argparse
import errno
import os
import signal
import sys

from . import (cmd_bench, cmd_bundle, cmd_check, cmd_compare, cmd_dpdk, cmd_export, cmd_fuzz, cmd_fuzz_api, cmd_hostile,
               cmd_life, cmd_report, cmd_run, cmd_setup, cmd_soak, cmd_stress, cmd_suites, cmd_test, cmd_vm, exact, machine, ui)

DESCRIPTION = """Labyrinth's launcher: fetches, builds, boots, shares and reports.

Everything built goes to build/, everything fetched to ${XDG_CACHE_HOME:-~/.cache}/labyrinth.
Nothing else is changed but the distribution packages that are missing (`scripts/lab deps`)."""

ENVIRONMENT = """environment:
  LAB_ACCEL=tcg|kvm   override the choice of accelerator      LAB_JOBS=N   jobs of the long builds
  LAB_KERNEL=NAME     the default of --kernel                 XDG_CACHE_HOME   where the cache is

Messages of the launcher begin with "lab: " and go to standard error."""


def _parser():
    parser = argparse.ArgumentParser(prog="scripts/lab", description=DESCRIPTION, epilog=ENVIRONMENT,
                                     formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    commands = parser.add_subparsers(dest="name", metavar="COMMAND", required=True)
    for module in _command_modules():
        module.add_parser(commands)
    return parser


def _command_modules():
    return [cmd_run, cmd_vm, cmd_setup, cmd_test, cmd_check, cmd_suites, exact, cmd_bench, cmd_soak, cmd_fuzz, cmd_life,
            cmd_fuzz_api, cmd_hostile, cmd_export, cmd_bundle, cmd_stress, cmd_dpdk, cmd_compare, cmd_report]


def _system_error(problem):
    if problem.errno == errno.ENOSPC:
        return f"the disk is full ({problem.filename or 'while writing'}): make room and run this again"
    if problem.errno in (errno.EACCES, errno.EROFS) and problem.filename:
        return f"cannot use {problem.filename}: {problem.strerror}; make it writable, or set XDG_CACHE_HOME"
    return None


def main():
    machine.raise_on_signals()
    # depmod and its like, which are not in the PATH of a user who is not root.
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    try:
        args = _parser().parse_args()
        return args.call(args)
    except ui.LabError as problem:
        ui.error(problem)
        return problem.status
    except machine.Interrupted as signal_seen:
        ui.note(f"interrupted ({signal_seen}); nothing temporary is left, and the next run goes on")
        return signal_seen.status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + signal.SIGPIPE
    except OSError as problem:
        text = _system_error(problem)
        if text is None:
            raise
        ui.error(text)
        return ui.EXIT_SETUP


if __name__ == "__main__":
    sys.exit(main())
