# SPDX-License-Identifier: GPL-2.0-only
"""The distribution packages that the build stands on, and their installation.

Contract: installs only what is missing, names it first, asks sudo once and never without a terminal
or a password-less rule; the list itself is packages.txt. A reason that begins with [GROUP] makes a package
one that only those who name the group need.
"""
import os
import shutil
import subprocess
import sys

from . import paths, ui

LIST = paths.SCRIPTS / "labyrinth" / "packages.txt"


def wanted():
    """[(name, reason)]"""
    rows = []
    for line in LIST.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, reason = line.split(None, 1)
            rows.append((name, reason.strip()))
    return rows


def installed():
    try:
        rows = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n"],
                              stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    except (FileNotFoundError, subprocess.CalledProcessError):
        raise ui.LabError("dpkg-query does not work here: Labyrinth builds on Debian 12 or 13") from None
    return {row.split()[1] for row in rows if row.startswith("installed ")}


def _group(reason):
    return reason[1:].partition("]")[0] if reason.startswith("[") else None


def missing(groups=()):
    have = installed()
    return [name for name, reason in wanted() if name not in have and _group(reason) in (None, *groups)]


def as_root():
    """The prefix that makes a command root's."""
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        raise ui.LabError(f"not root and no sudo; as root: apt-get install {' '.join(missing())}")
    quiet = subprocess.run(["sudo", "-n", "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    if not quiet and not sys.stdin.isatty():
        raise ui.LabError(f"sudo needs a password and there is no terminal; as root: "
                          f"apt-get install {' '.join(missing())}")
    return ["sudo"]


def refresh_machine_lists():
    """The machine's own package lists; older lists are good enough when the network is out."""
    done = subprocess.run(as_root() + ["apt-get", "-q", "update"], stdin=subprocess.DEVNULL if
                          os.geteuid() == 0 else None, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, check=False)
    return done.returncode == 0


def _to_its_end(command):
    """(status, output) of an installation, which is not cut off in the middle: Ctrl-C reaches apt-get itself, which
    ends when dpkg is in a state to go on from."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        text = child.communicate()[0]
    except BaseException:
        ui.note("waiting for apt-get to come to a safe end")
        child.communicate()
        raise
    return child.returncode, text.decode(errors="replace")


def install(groups=()):
    names = missing(groups)
    if not names:
        return
    prefix = as_root()
    with ui.step(f"installing {len(names)} packages: {' '.join(names)}"):
        refresh_machine_lists()
        command = prefix + ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y",
                            "--no-install-recommends", "install"] + names
        status, text = _to_its_end(command)
        if status:
            reasons = [line for line in text.splitlines() if line.startswith("E: ")]
            raise ui.LabError(f"could not install {' '.join(names)}: "
                              f"{reasons[0] if reasons else 'apt-get failed'}; check the network and the "
                              "machine's apt sources, or install them yourself, then run this again")
