# SPDX-License-Identifier: GPL-2.0-only
"""QEMU itself: the distribution's source package, built once for all clones of this user.

Contract: whatever version the distribution serves when the cache is first filled; a folder is finished
when its stamp is there, so an interrupted download or build goes on where it stopped. The device is not
in this build: qemu_device.py adds it per clone. A flavour is one way of building it; each has its folder.
"""
import dataclasses
import json
import os
import re
import shutil
from pathlib import Path

from . import apt, lock, paths, proc, ui

OPTIONS = ["--target-list=x86_64-softmmu", "--without-default-features", "--enable-tcg", "--enable-kvm",
           "--enable-fdt=system", "--enable-virtfs", "--enable-attr", "--enable-cap-ng",
           "--enable-trace-backends=log", "--disable-debug-info", "--disable-werror"]

# For `scripts/lab fuzz`: nothing is translated there, so an accelerator is needed only to satisfy configure.
FUZZ_OPTIONS = ["--target-list=x86_64-softmmu", "--without-default-features", "--enable-kvm", "--disable-tcg",
                "--enable-fdt=system", "--enable-trace-backends=log", "--disable-werror", "--enable-fuzzing",
                "--cc=clang", "--cxx=clang++"]


@dataclasses.dataclass(frozen=True)
class Flavour:
    """One way of building QEMU."""
    name: str
    options: tuple
    cc: str
    targets: tuple
    told: str           # what somebody who waits for it is told

    def compiler(self):
        return (proc.output([self.cc, "-dumpversion" if "clang" in self.cc else "-dumpfullversion"]).strip()
                + proc.output([self.cc, "-dumpmachine"]).strip())


# The emulator, and the test library with one program that shows how to link against it.
PLAIN = Flavour("qemu", tuple(OPTIONS), "gcc", ("qemu-system-x86_64", "tests/qtest/qos-test"),
                "building QEMU without the device (about 1,500 steps, 4 to 8 minutes on 2 cores, once)")
FUZZ = Flavour("qemu-fuzz", tuple(FUZZ_OPTIONS), "clang",
               ("qemu-system-x86_64", "qemu-fuzz-x86_64", "tests/qtest/qos-test"),
               "building QEMU with sanitizers and its fuzzer (about 1,500 steps, 8 to 15 minutes on 2 cores, once)")


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
    return PLAIN.compiler()


def build_dir(version, flavour=PLAIN):
    return home() / f"build-{paths.digest(version, *flavour.options, flavour.compiler())}"


def _options(tree, flavour):
    """The blobs are not in Debian's source, and QEMU 10 is not configured without them unless it is told so. The
    sanitizers' option has another name since QEMU 9.1."""
    options = [*flavour.options, "--disable-install-blobs"]
    if flavour is PLAIN:
        return options
    newer = "--enable-asan" in (tree / "scripts/meson-buildoptions.sh").read_text()
    return options + (["--enable-asan", "--enable-ubsan"] if newer else ["--enable-sanitizers"])


def _configure(tree, build, flavour):
    if (build / "build.ninja").is_file() and (build / "config-host.mak").is_file():
        return
    shutil.rmtree(build, ignore_errors=True)
    paths.make_dir(build)
    with ui.step(f"configuring {flavour.name}"):
        # The distribution's Python comes first, for that is the one that finds the distribution's meson.
        env = {**os.environ, "PATH": f"/usr/bin:/bin:{os.environ.get('PATH', '')}"}
        proc.run([tree / "configure"] + _options(tree, flavour), cwd=build, env=env, what=f"configure-{flavour.name}")


def ninja(build):
    """The ninja that this build folder was configured with."""
    mak = (build / "config-host.mak").read_text()
    found = re.search(r"^NINJA=(\S+)", mak, re.M)
    return found[1] if found else "ninja"


def _compile(build, flavour):
    progress = ui.Progress("step")

    def look(line):
        found = re.match(r"\[(\d+)/(\d+)\]", line)
        if found:
            progress.at(int(found[1]), int(found[2]))

    jobs = os.environ.get("LAB_JOBS") or str(os.cpu_count() or 2)
    with ui.step(flavour.told):
        try:
            proc.run([ninja(build), "-j", jobs, *flavour.targets], cwd=build, what=f"build-{flavour.name}",
                     on_line=look)
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


def ready(update=False, flavour=PLAIN):
    """Build whatever is not there yet; returns the Base."""
    version = resolve(update)
    build = build_dir(version, flavour)
    stamp = build / ".labyrinth-built"
    tree = home() / f"source-{version.split(':', 1)[-1]}"
    if not stamp.is_file():
        with lock.in_cache(f"{flavour.name}-build", f"building {flavour.name}"):
            if not stamp.is_file():
                tree = source(version)
                _configure(tree, build, flavour)
                _compile(build, flavour)
                stamp.write_text(version + "\n")
    return Base(version, tree, build)
