# SPDX-License-Identifier: GPL-2.0-only
"""Guest kernels: the distribution's own, unpacked beside each other in the cache, and a user's build.

Contract: `stock`, `rt` and `6.12` are resolved through the distribution's metapackages when the cache has none
yet, never by a version written here; nothing is installed on the machine. A Kernel says where its
image, its modules and the tree to build modules against are. A kernel that not every distribution has
is Unavailable when it cannot be had, which is no failure of a test.
"""
import json
import os
import re
import shutil
from pathlib import Path

from . import apt, lock, paths, proc, pvh, ui

FLAVOURS = {"stock": ("linux-image-amd64", "linux-headers-amd64"),
            "rt": ("linux-image-rt-amd64", "linux-headers-rt-amd64"),
            "6.12": ("linux-image-6.12-amd64", "linux-headers-6.12-amd64")}
NEEDED = ("stock", "rt")        # by what `make test` runs; the newer long-term kernel is `make test-full`'s
OWN = ("debug", "kcsan")        # built here, see kernel_build
NAMES = f"{'|'.join((*FLAVOURS, *OWN))}|PATH"
_OURS = re.compile(r"linux-(image|modules|headers|kbuild)-|linux-kbuild$|linux-binary")


class Unavailable(ui.LabError):
    """A kernel that is not needed, and that this machine's distribution does not serve now."""


class Kernel:
    """One bootable kernel."""

    def __init__(self, name, release, image, modules, kdir, package=""):
        self.name = name
        self.release = release
        self.image = Path(image)
        self.modules = Path(modules)        # .../lib/modules/<release>
        self.kdir = Path(kdir)              # for `make -C`
        self.package = package

    def boot_image(self):
        """What QEMU starts: the unpacked kernel when there is one, else the bzImage."""
        plain = self.image.with_name("vmlinux-pvh")
        return plain if plain.is_file() else self.image

    def label(self):
        return f"{self.release} ({self.package})" if self.package else self.release


def home():
    return paths.cache() / "kernels"


def _closure(names):
    """The kernel's packages behind the metapackages; its general dependencies are the host's already."""
    seen, queue = [], list(names)
    while queue:
        name = queue.pop(0)
        if name not in seen:
            seen.append(name)
            queue += [n for n in apt.depends(name) if _OURS.match(n)]
    return [name for name in seen if name not in names]


def _fix_absolute_paths(tree):
    """The headers name their place in an installed system; make that a path from where they are, so that the
    cache can move."""
    beside = "$(dir $(lastword $(MAKEFILE_LIST)))../"
    for makefile in tree.glob("usr/src/linux-headers-*/Makefile"):
        makefile.write_text(re.sub(r"(?<![\w/])/usr/src/(?=linux)", lambda _: beside, makefile.read_text()))
    for folder in list(tree.glob("usr/src/linux-headers-*")) + list(tree.glob("usr/lib/linux-kbuild-*")):
        for link in folder.iterdir():
            if link.is_symlink() and str(link.readlink()).startswith("/usr/"):
                target = str(link.readlink())
                link.unlink()
                link.symlink_to(os.path.relpath(f"{tree}{target}", folder))


def _unpack(names, tree, what):
    debs = paths.make_dir(tree / "debs")
    with ui.step(f"downloading {what}: {' '.join(names)}"):
        apt.download(names, debs)
    with ui.step(f"unpacking {what}"):
        for deb in sorted(debs.glob("*.deb")):
            proc.run(["dpkg-deb", "-x", deb, tree], what="unpack-kernel")
        shutil.rmtree(debs)


def _packages_of(flavour):
    """(image, headers): the metapackages. Where the stock kernel is of that version, there is no other one."""
    if flavour not in NEEDED and apt.show(FLAVOURS["stock"][0])["Version"].startswith(f"{flavour}."):
        return FLAVOURS["stock"]
    return FLAVOURS[flavour]


def _fetch(flavour):
    apt.refresh()
    image_meta, headers_meta = _packages_of(flavour)
    version = apt.show(image_meta)["Version"]
    names = _closure([image_meta, headers_meta])
    tree = home() / f"{flavour}-{version}"
    if not (tree / "kernel.json").is_file():
        shutil.rmtree(tree, ignore_errors=True)
        _unpack(names, paths.make_dir(tree), f"the {flavour} kernel and its headers, about 80 MB")
        if (tree / "usr/lib/modules").is_dir() and not (tree / "lib/modules").is_dir():
            paths.make_dir(tree / "lib")
            (tree / "lib/modules").symlink_to("../usr/lib/modules")
        image = next(tree.glob("boot/vmlinuz-*"))
        release = image.name[len("vmlinuz-"):]
        _fix_absolute_paths(tree)
        proc.run(["depmod", "-b", tree, release], what="depmod")
        kdir = tree / "usr/src" / f"linux-headers-{release}"
        if not (kdir / "Makefile").is_file():
            raise ui.LabError(f"the distribution's {headers_meta} does not fit its {image_meta} "
                              f"({release}) at the moment; try `scripts/lab setup --update` later")
        plain = pvh.vmlinux(image.read_bytes())
        if plain:
            paths.write_atomically(image.with_name("vmlinux-pvh"), plain)
        facts = {"release": release, "image": f"boot/{image.name}", "package": version}
        paths.write_atomically(tree / "kernel.json", json.dumps(facts) + "\n")
    paths.write_atomically(home() / f"{flavour}.json", json.dumps({"folder": tree.name}) + "\n")
    return tree


def _distribution(flavour, update):
    pointer = home() / f"{flavour}.json"
    if not pointer.is_file() or update:
        with lock.in_cache(f"kernel-{flavour}", f"fetching the {flavour} kernel"):
            if not pointer.is_file() or update:
                try:
                    _fetch(flavour)
                except ui.LabError as problem:
                    if flavour in NEEDED:
                        raise
                    raise Unavailable(f"the kernel {flavour} cannot be had here: {problem}") from None
    tree = home() / json.loads(pointer.read_text())["folder"]
    facts = json.loads((tree / "kernel.json").read_text())
    release = facts["release"]
    return Kernel(flavour, release, tree / facts["image"], tree / "lib/modules" / release,
                  tree / "usr/src" / f"linux-headers-{release}", facts["package"])


def _own(path):
    """A kernel build tree, or a bzImage whose modules are in lib/modules/<release> beside it, above it or in /."""
    path = Path(path).absolute()
    if path.is_dir():
        image = path / "arch/x86/boot/bzImage"
        stated = path / "include/config/kernel.release"
        if not image.is_file() or not stated.is_file():
            raise ui.LabError(f"{path} is no built kernel tree: arch/x86/boot/bzImage is missing; build it "
                              "first", ui.EXIT_USAGE)
        release = stated.read_text().strip()
        staged = path / "labyrinth-modules"
        if (path / "modules.order").is_file() and not (staged / "lib/modules" / release).is_dir():
            with ui.step(f"collecting the modules of {release}"):
                proc.run(["make", "-C", path, f"INSTALL_MOD_PATH={staged}", "modules_install"],
                         what="modules-install")
        return Kernel(str(path), release, image, staged / "lib/modules" / release, path)
    if not path.is_file():
        raise ui.LabError(f"no kernel {path}: give {', '.join((*FLAVOURS, *OWN))}, a built kernel tree or a "
                          "bzImage",
                          ui.EXIT_USAGE)
    release = pvh.release(path.read_bytes())
    if not release:
        raise ui.LabError(f"{path} is no bzImage", ui.EXIT_USAGE)
    places = [folder / "lib/modules" / release for folder in (path.parent, path.parent.parent, Path("/"))]
    modules = next((place for place in places if (place / "modules.dep").is_file()), None)
    if modules is None:
        raise ui.LabError(f"the modules of {release} are not there: put them into {places[0]} (modules.dep and all)",
                          ui.EXIT_USAGE)
    return Kernel(str(path), release, path, modules, (modules / "build").resolve())


def get(name, update=False):
    if name in FLAVOURS:
        return _distribution(name, update)
    if name in OWN:
        from . import kernel_build
        return kernel_build.ready(name)
    return _own(name)
