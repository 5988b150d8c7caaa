# SPDX-License-Identifier: GPL-2.0-only
"""Kernels of our own: the distribution's kernel source with the configuration fragments in scripts/kernel.

Contract: built once per (source version, fragments, compiler) and kept in the cache; an interrupted build
goes on. Every option of a fragment is in the final configuration, or the build stops and names it.
"""
import json
import os
import re
import shutil

from . import apt, kernels, lock, paths, proc, qemu_base, ui

FRAGMENTS = paths.SCRIPTS / "kernel"
KINDS = {"debug": ("guest.config", "debug.config"), "kcsan": ("guest.config", "kcsan.config")}


def _home():
    return kernels.home()


def source(update=False):
    """(version, unpacked tree) of the distribution's kernel source; checkpatch lives there too."""
    pointer = _home() / "source.json"
    if not pointer.is_file() or update:
        with lock.in_cache("kernel-source", "fetching the kernel's source"):
            if not pointer.is_file() or update:
                _fetch_source(pointer)
    facts = json.loads(pointer.read_text())
    return facts["version"], _home() / facts["folder"]


def _fetch_source(pointer):
    apt.refresh()
    package = next(n for n in apt.depends("linux-source") if re.match(r"linux-source-\d", n))
    version = apt.show(package)["Version"]
    tree = _home() / f"source-{version}"
    if not (tree / "Makefile").is_file():
        download = paths.make_dir(_home() / "download")
        with ui.step(f"downloading the kernel's source {version}, about 140 MB"):
            apt.download([package], download)
        with ui.step("unpacking the kernel's source"):
            shutil.rmtree(download / "tree", ignore_errors=True)
            proc.run(["dpkg-deb", "-x", next(download.glob(f"{package}_*.deb")), download / "tree"],
                     what="unpack-kernel-source")
            tarball = next((download / "tree/usr/src").glob("linux-source-*.tar.xz"))
            unpacked = paths.make_dir(download / "unpacked")
            proc.run(["tar", "-C", unpacked, "--strip-components=1", "-xf", tarball], what="unpack-kernel-source")
            shutil.rmtree(tree, ignore_errors=True)
            unpacked.rename(tree)
        shutil.rmtree(download)
    paths.write_atomically(pointer, json.dumps({"version": version, "folder": tree.name}) + "\n")


def _wishes(fragments):
    """{option: value} of all fragments."""
    found = {}
    for name in fragments:
        found.update(re.findall(r"^(CONFIG_\w+)=(.*)$", (FRAGMENTS / name).read_text(), re.M))
    return found


def _configure(tree, out, fragments):
    # The distribution's tree names its certificates and hardening in its own config only; tinyconfig has none.
    proc.run(["make", "-C", tree, f"O={out}", "tinyconfig"], what="configure-kernel")
    with open(out / ".config", "a", encoding="ascii") as config:
        for name in fragments:
            config.write((FRAGMENTS / name).read_text())
    proc.run(["make", "-C", tree, f"O={out}", "olddefconfig"], what="configure-kernel")
    final = (out / ".config").read_text()
    lost = [f"{name}={value}" for name, value in _wishes(fragments).items()
            if f"\n{name}={value}\n" not in final]
    if lost:
        raise ui.LabError(f"the kernel's configuration does not take {' '.join(lost)}: mend scripts/kernel")


def _compile(tree, out):
    jobs = os.environ.get("LAB_JOBS") or str(os.cpu_count() or 2)
    count = ui.Progress("file")
    done = 0

    def look(line):
        nonlocal done
        if re.match(r"\s+(CC|AS|AR|LD)\s", line):
            done += 1
            if done % 100 == 0:
                ui.note(f"  {done} files") if not count.tty else count.at(done, "about 2500")
    try:
        proc.run(["make", "-C", tree, f"O={out}", f"-j{jobs}", "bzImage", "modules"], what="build-kernel", on_line=look)
    finally:
        count.end()
    proc.run(["make", "-C", tree, f"O={out}", f"INSTALL_MOD_PATH={out / 'labyrinth-modules'}", "modules_install"],
             what="modules-install")


def ready(kind="debug"):
    """The Kernel of a kind, built if it is not there yet."""
    version, tree = source()
    fragments = KINDS[kind]
    key = paths.digest(version, *[(FRAGMENTS / f).read_bytes() for f in fragments], qemu_base.compiler())
    out = _home() / f"{kind}-{key}"
    stamp = out / ".labyrinth-built"
    if not stamp.is_file():
        with lock.in_cache(f"kernel-{kind}", f"building the {kind} kernel"):
            if not stamp.is_file():
                with ui.step(f"building the {kind} kernel from {version} (about 10 minutes on 2 cores, once)"):
                    paths.make_dir(out)
                    _configure(tree, out, fragments)
                    _compile(tree, out)
                    stamp.touch()
    release = (out / "include/config/kernel.release").read_text().strip()
    return kernels.Kernel(kind, release, out / "arch/x86/boot/bzImage",
                          out / "labyrinth-modules/lib/modules" / release, out, version)
