# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab bundle` and `unbundle`: the cache in one file, for machines without network.

Contract: a clone with the unpacked bundle, on a machine with the same distribution, runs `make run`
without fetching anything; the packages that it lacks are in the bundle as .deb files.
"""
import fnmatch
import json
import os
import platform
import subprocess
import tarfile

from . import apt, kernels, packages, paths, proc, qemu_base, ui

NAME = "labyrinth-bundle.tar"
# What only this machine needs, and what only the tests do (the kernel's source, our own kernels, the newer one).
LEAVE_OUT = ("locks", "apt", "kvm-*", "*/download", "kernels/source*", "kernels/debug-*", "kernels/kcsan-*",
             "kernels/6.12*")
TOP = "labyrinth"


def add_parser(commands):
    bundle = commands.add_parser(
        "bundle", help="pack the cache for machines without network",
        description="Make sure that everything a `make run` needs is in the cache, add the distribution packages, "
                    f"and pack it all into build/{NAME}.")
    bundle.set_defaults(call=bundle_main)
    unbundle = commands.add_parser("unbundle", help="unpack a bundle into the cache",
                                   description="Unpack a bundle into the cache and install, as root or through sudo, "
                                               "those of its packages that are missing.")
    unbundle.add_argument("file", metavar="FILE")
    unbundle.set_defaults(call=unbundle_main)


def _collect_packages(folder):
    """Our packages and all that they pull in on a bare system, as .deb files."""
    paths.make_dir(folder)
    names = [name for name, _ in packages.wanted()]
    apt.refresh()
    with ui.step("collecting the distribution packages"):
        apt.download(apt.closure(names), folder)


def _system():
    return platform.freedesktop_os_release().get("PRETTY_NAME", "an unknown system")


def bundle_main(_args):
    packages.install()
    base = qemu_base.ready()
    found = [kernels.get(flavour) for flavour in kernels.NEEDED]
    cache = paths.cache()
    _collect_packages(cache / "packages")
    facts = {"system": _system(), "cache": str(cache), "qemu": base.version, "kernels": [k.label() for k in found]}
    paths.write_atomically(cache / "bundle.json", json.dumps(facts, indent=2) + "\n")
    target = paths.make_dir(paths.BUILD) / NAME

    def keep(member):
        inside = member.name.removeprefix(TOP).lstrip("/")
        return None if any(fnmatch.fnmatch(inside, pattern) for pattern in LEAVE_OUT) else member

    with ui.step(f"packing {cache}"):
        partial = target.with_suffix(".partial")
        try:
            with tarfile.open(partial, "w") as tar:
                tar.add(cache, arcname=TOP, filter=keep)
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)
    print(f"{target}: {target.stat().st_size >> 20} MiB, for {facts['system']}\n"
          f"On a machine without network, in a clone of this repository:\n"
          f"  make unbundle FILE=/where/it/is/{NAME} && make run")
    return 0


def _members(tar):
    for member in tar:
        parts = member.name.split("/")
        if parts[0] != TOP or ".." in parts or member.name.startswith("/"):
            raise ui.LabError(f"{tar.name} is no bundle of `make bundle`: it has {member.name}", ui.EXIT_USAGE)
        member.name = "/".join(parts[1:]) or "."
        yield member


def _relocate(cache, old):
    """QEMU's build names its place in full in these files; the kernel headers do not."""
    if old == str(cache):
        return
    for build in (cache / "qemu").glob("build-*"):
        for name in ("build.ninja", "config-host.mak"):
            path = build / name
            if path.is_file():
                paths.write_atomically(path, path.read_text().replace(f"{old}/", f"{cache}/"))


def unbundle_main(args):
    cache = paths.make_dir(paths.cache())
    try:
        with tarfile.open(args.file) as tar, ui.step(f"unpacking {args.file} into {cache}"):
            tar.extractall(cache, members=_members(tar))
    except (OSError, tarfile.TarError) as problem:
        raise ui.LabError(f"cannot unpack {args.file}: {problem}; name the file that `make bundle` made",
                          ui.EXIT_USAGE) from None
    facts = json.loads((cache / "bundle.json").read_text())
    _relocate(cache, facts["cache"])
    if facts["system"] != _system():
        ui.note(f"the bundle was made on {facts['system']}, this is {_system()}: its packages may not fit")
    _install_packages(cache / "packages")
    print("the cache is filled: `make run` needs no network now")
    return 0


def _install_packages(folder):
    if not packages.missing():
        return
    have = packages.installed()
    debs = [str(path) for path in sorted(folder.glob("*.deb")) if path.name.split("_")[0] not in have]
    with ui.step(f"installing {' '.join(packages.missing())} from the bundle"):
        prefix = packages.as_root() + ["env", "DEBIAN_FRONTEND=noninteractive"]
        done = subprocess.run(prefix + ["apt-get", "-q", "-y", "--no-install-recommends", "--no-download", "install"]
                              + debs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise ui.LabError("the packages of the bundle do not fit this machine:\n"
                              + proc.tail(done.stdout.decode(errors="replace")))
