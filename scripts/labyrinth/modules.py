# SPDX-License-Identifier: GPL-2.0-only
"""Building kernel modules: ours, and any out-of-tree module of a user, against a guest kernel.

Contract: sources are copied into build/, so that no object file lies beside a source and two kernels do
not disturb each other; a copy is touched only where its source changed, so Kbuild rebuilds no more than
it must.
"""
import os
import shutil
from pathlib import Path

from . import lock, paths, proc, ui

OURS = ("labyrinth_pool", "labyrinth")
SOURCES = ("driver", "qemu-device/labyrinth_hw.h")
LEAVE_OUT = (".git", "build")


def _copy(source, target):
    """Bring one file up to date; the time stamp moves only with the content."""
    if not target.is_file() or target.read_bytes() != source.read_bytes():
        paths.make_dir(target.parent)
        shutil.copyfile(source, target)


def mirror(source, target):
    """Make `target` hold the files of `source`; products of Kbuild in it stay."""
    if source.is_file():
        _copy(source, target)
        return
    wanted = set()
    for folder, names, files in os.walk(source):
        names[:] = [n for n in names if n not in LEAVE_OUT]
        for name in files:
            inside = Path(folder, name).relative_to(source)
            wanted.add(str(inside))
            _copy(source / inside, target / inside)
    listing = target / ".mirrored"
    for gone in set(listing.read_text().splitlines() if listing.is_file() else []) - wanted:
        (target / gone).unlink(missing_ok=True)
    listing.write_text("\n".join(sorted(wanted)) + "\n")


def home(kernel):
    return paths.BUILD / "modules" / kernel.release


def kbuild(kernel, folder, what, extra=(), on_line=None):
    """Run Kbuild on a folder. BTF needs pahole, and without it that step would delete the module."""
    if not (kernel.kdir / "Makefile").is_file():
        raise ui.LabError(f"kernel {kernel.release} has no build tree at {kernel.kdir} to build modules with")
    proc.run(["make", "-C", kernel.kdir, f"M={folder}", f"-j{os.cpu_count() or 2}", "CONFIG_DEBUG_INFO_BTF_MODULES="]
             + list(extra) + ["modules"], what=what, on_line=on_line)


def _state(folder, kernel):
    """What the build of a copied folder depends on, in short."""
    sources = sorted(p for p in folder.rglob("*") if p.suffix in (".c", ".h", ".S")
                     and not p.name.endswith(".mod.c") or p.name in ("Kbuild", "Makefile"))
    return paths.digest(kernel.image.stat().st_mtime_ns, *[f"{p} {p.stat().st_mtime_ns}" for p in sources])


def ready(kernel):
    """Our modules for a kernel, up to date: {name: path}."""
    made = {name: home(kernel) / f"{name}.ko" for name in OURS}
    if not (paths.ROOT / "driver" / "Kbuild").is_file():
        raise ui.LabError("driver/Kbuild is not there: this clone is not whole")
    with lock.in_build(f"modules-{kernel.release}", "building the modules"):
        src = home(kernel) / "src"
        for name in SOURCES:
            mirror(paths.ROOT / name, src / name)
        stamp = home(kernel) / ".built"
        state = _state(src, kernel)
        if not stamp.is_file() or stamp.read_text() != state or not all(p.is_file() for p in made.values()):
            with ui.step(f"building the kernel modules for {kernel.release}"):
                kbuild(kernel, src / "driver", "build-modules", extra=["W=1"])
            for name, path in made.items():
                built = [p for p in (src / "driver").rglob(f"{name}.ko")]
                if not built:
                    raise ui.LabError(f"the build of driver/ made no {name}.ko; see build/log/build-modules.log")
                paths.write_atomically(path, built[0].read_bytes())
            stamp.write_text(state)
    return made


def symvers(kernel):
    """Where the symbols that labyrinth_pool exports are listed, for modules that use it."""
    return home(kernel) / "src" / "driver" / "Module.symvers"


def _with_ours(kernel):
    """What a module needs that calls into labyrinth_pool."""
    include = home(kernel) / "src/driver/include"
    return [f"KBUILD_EXTRA_SYMBOLS={symvers(kernel)}", f"KCFLAGS=-I{include} -I{include / 'uapi'}"]


def foreign(kernel, folder, with_ours):
    """Build the modules of a user's folder in a copy: [paths of .ko]."""
    folder = Path(folder).absolute()
    if not folder.is_dir():
        raise ui.LabError(f"{folder} is no folder: give the one with the module's Kbuild or Makefile", ui.EXIT_USAGE)
    if not any((folder / name).is_file() for name in ("Kbuild", "Makefile")):
        raise ui.LabError(f"{folder} has neither Kbuild nor Makefile; a one-file module needs only a Kbuild "
                          "with `obj-m += NAME.o`", ui.EXIT_USAGE)
    copy = paths.BUILD / "foreign" / f"{folder.name}-{paths.digest(folder)}-{kernel.release}"
    with lock.in_build(f"foreign-{copy.name}", f"building {folder}"):
        mirror(folder, copy)
        stamp, state = copy / ".built", _state(copy, kernel) + _state(home(kernel) / "src", kernel)
        if not stamp.is_file() or stamp.read_text() != state:
            # Kbuild itself does not see that the versions of our symbols changed.
            (copy / "Module.symvers").unlink(missing_ok=True)
            with ui.step(f"building the module in {folder} for {kernel.release}"):
                kbuild(kernel, copy, f"build-{folder.name}", _with_ours(kernel) if with_ours else [])
            stamp.write_text(state)
    # modules.order has the order in which one directory's modules depend on each other at best.
    order = [line.strip() for line in (copy / "modules.order").read_text().splitlines()]
    made = [Path(line[:-2] + ".ko" if line.endswith(".o") else line) for line in order if line]
    made = [path if path.is_absolute() else copy / path for path in made]
    if not made:
        raise ui.LabError(f"{folder} built no module: its Kbuild needs `obj-m += NAME.o`", ui.EXIT_USAGE)
    return made


def kselftest(kernel):
    """The modules of the kernel self-tests, beside ours: [paths]."""
    ready(kernel)
    made = []
    for kbuild_file in sorted((paths.ROOT / "tests/kselftest").glob("*/Kbuild")):
        for module in foreign(kernel, kbuild_file.parent, True):
            made.append(home(kernel) / module.name)
            paths.write_atomically(made[-1], module.read_bytes())
    return made
