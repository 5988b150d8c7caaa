# SPDX-License-Identifier: GPL-2.0-only
"""The guest's first file system: busybox, the modules that reach the host's files, and the init scripts.

Contract: one base image per kernel, cached by the hash of everything in it; what differs between runs is
a second archive appended by vm.py. Modules are stored uncompressed, in the order in which they load.
"""
import lzma
from pathlib import Path

from . import cpio, paths, proc, ui

GUEST = paths.SCRIPTS / "guest"
BUSYBOX = Path("/bin/busybox")
SHARED = ["virtio_pci", "virtio_console", "9p", "9pnet_virtio", "overlay"]
EXACT = ["virtio_pci", "virtio_console"]


def _name(path):
    return path.rsplit("/", 1)[-1].split(".ko")[0].replace("-", "_")


def _dependencies(modules_dir):
    """{module name: (path, [paths it needs])} from depmod's table."""
    table = {}
    for line in (modules_dir / "modules.dep").read_text().splitlines():
        path, _, needs = line.partition(":")
        table[_name(path)] = (path, needs.split())
    return table


def module_files(kernel, names):
    """The files to load for some modules, in order; a built-in module needs none."""
    if not (kernel.modules / "modules.dep").is_file():
        return []
    table = _dependencies(kernel.modules)
    builtin = {_name(line) for line in (kernel.modules / "modules.builtin").read_text().splitlines()}
    order = []
    for name in names:
        if name in builtin:
            continue
        if name not in table:
            raise ui.LabError(f"kernel {kernel.release} has no module {name}, neither built in nor loadable: "
                              "it cannot be this laboratory's guest")
        path, needs = table[name]
        order += [p for p in reversed(needs) if p not in order]
        if path not in order:
            order.append(path)
    return [kernel.modules / path for path in order]


def module_bytes(path):
    data = path.read_bytes()
    if path.suffix == ".xz":
        return lzma.decompress(data)
    if path.suffix == ".zst":
        raise ui.LabError(f"{path.name}: modules compressed with zstd are not supported; use a kernel with "
                          "plain or xz modules")
    return data


def _applets():
    return [name for name in proc.output([BUSYBOX, "--list"]).split() if name != "busybox"]


def base(kernel, exact=False):
    """The path of the base image, made if it is not there yet."""
    modules = module_files(kernel, EXACT if exact else SHARED)
    scripts = sorted(GUEST.iterdir())
    key = paths.digest(kernel.release, exact, BUSYBOX.read_bytes(), Path(__file__).read_bytes(),
                       *[f"{m}{m.stat().st_mtime_ns}{m.stat().st_size}" for m in modules],
                       *[s.read_bytes() for s in scripts])
    image = paths.BUILD / "initramfs" / f"{kernel.release}{'-exact' if exact else ''}-{key}.cpio"
    if image.is_file():
        return image
    archive = cpio.Archive()
    for folder in ("dev", "proc", "sys", "host", "skel", "new", "tmp", "run", "lab/ko"):
        archive.folder(folder)
    archive.device("dev/console", 5, 1)
    archive.device("dev/null", 1, 3, 0o666)
    archive.link("bin", "lab/bin")
    archive.file("lab/bin/busybox", BUSYBOX.read_bytes(), 0o755)
    for applet in _applets():
        archive.link(f"lab/bin/{applet}", "busybox")
    for script in scripts:
        archive.file(f"lab/{script.name}", script.read_bytes(), 0o755)
    archive.link("init", "lab/exact" if exact else "lab/init")
    for module in modules:
        archive.file(f"lab/ko/{_name(module.name)}.ko", module_bytes(module))
    archive.file("lab/ko/order", "".join(f"{_name(m.name)}\n" for m in modules))
    paths.write_atomically(image, archive.done())
    return image
