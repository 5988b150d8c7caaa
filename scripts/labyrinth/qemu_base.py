# SPDX-License-Identifier: GPL-2.0-only
"""QEMU itself: the distribution's source package, built once for all clones of this user.

Contract: whatever version the distribution serves when the cache is first filled; a folder is finished
when its stamp is there, so an interrupted download or build goes on where it stopped. The device is not
in this build: qemu_device.py adds it per clone.
"""
import json
import os
import re
import shutil
from pathlib import Path

from . import apt, lock, paths, proc, ui

OPTIONS = ["--target-list=x86_64-softmmu", "--without-default-features", "--enable-tcg", "--enable-kvm",
           "--enable-fdt=system", "--enable-virtfs", "--enable-attr", "--enable-cap-ng",
           "--enable-trace-backends=log", "--disable-debug-info", "--disable-werror"]

# The emulator, and the test library with one program that shows how to link against it.
TARGETS = ["qemu-system-x86_64", "tests/qtest/qos-test"]


def home():
    return paths.cache() / "qemu"


def _pointer():
    return home() / "current.json"


def resolve(update=False):
    """The version that this cache stands on; asks the distribution only when it has none yet."""
    if _pointer().is_file() and not update:
        return json.loads(_pointer().read_text())["version"]
    apt.refresh()
    version = apt.source_version("qemu")
    paths.write_atomically(_pointer(), json.dumps({"version": version}) + "\n")
    return version


def source(version):
    """The unpacked source tree of a version."""
    plain = version.split(":", 1)[-1]
    tree = home() / f"source-{plain}"
    if (tree / ".labyrinth-unpacked").is_file():
        return tree
    with lock.in_cache("qemu-source", "QEMU's source"):
        if (tree / ".labyrinth-unpacked").is_file():
            return tree
        apt.refresh()
        with ui.step(f"downloading QEMU's source {version}, about 24 MB"):
            dsc = apt.download_source("qemu", version, home() / "download")
        with ui.step("unpacking QEMU's source"):
            shutil.rmtree(tree, ignore_errors=True)
            # apt has verified the signatures of the whole chain; dpkg-source would ask for developers' keys.
            proc.run(["dpkg-source", "--no-check", "--no-copy", "-x", dsc, tree], what="unpack-qemu")
        (tree / ".labyrinth-unpacked").touch()
    return tree


def compiler():
    return proc.output(["gcc", "-dumpfullversion"]).strip() + proc.output(["gcc", "-dumpmachine"]).strip()


def build_dir(version):
    return home() / f"build-{paths.digest(version, *OPTIONS, compiler())}"


def _configure(tree, build):
    if (build / "build.ninja").is_file() and (build / "config-host.mak").is_file():
        return
    shutil.rmtree(build, ignore_errors=True)
    paths.make_dir(build)
    with ui.step("configuring QEMU"):
        # The distribution's Python comes first, for that is the one that finds the distribution's meson.
        env = {**os.environ, "PATH": f"/usr/bin:/bin:{os.environ.get('PATH', '')}"}
        proc.run([tree / "configure"] + OPTIONS, cwd=build, env=env, what="configure-qemu")


def ninja(build):
    """The ninja that this build folder was configured with."""
    mak = (build / "config-host.mak").read_text()
    found = re.search(r"^NINJA=(\S+)", mak, re.M)
    return found[1] if found else "ninja"


def _compile(build):
    progress = ui.Progress("step")

    def look(line):
        found = re.match(r"\[(\d+)/(\d+)\]", line)
        if found:
            progress.at(int(found[1]), int(found[2]))

    jobs = os.environ.get("LAB_JOBS") or str(os.cpu_count() or 2)
    with ui.step("building QEMU without the device (about 1,500 steps, 4 to 8 minutes on 2 cores, once)"):
        try:
            proc.run([ninja(build), "-j", jobs] + TARGETS, cwd=build, what="build-qemu", on_line=look)
        finally:
            progress.end()


class Base:
    """A finished base build."""

    def __init__(self, version, tree, build):
        self.version = version
        self.tree = Path(tree)
        self.build = Path(build)

    @staticmethod
    def firmware_dirs():
        """Where the blobs are, which Debian's source does not have: packages seabios, qemu-system-data."""
        return [place for place in (Path("/usr/share/seabios"), Path("/usr/share/qemu")) if place.is_dir()]


def ready(update=False):
    """Build whatever is not there yet; returns the Base."""
    version = resolve(update)
    build = build_dir(version)
    stamp = build / ".labyrinth-built"
    tree = home() / f"source-{version.split(':', 1)[-1]}"
    if not stamp.is_file():
        with lock.in_cache("qemu-build", "building QEMU"):
            if not stamp.is_file():
                tree = source(version)
                _configure(tree, build)
                _compile(build)
                stamp.write_text(version + "\n")
    return Base(version, tree, build)
