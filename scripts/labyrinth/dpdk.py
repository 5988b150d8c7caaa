# SPDX-License-Identifier: GPL-2.0-only
"""Building against the distribution's DPDK: the application of tests/bench/dpdk and its mempool driver.

Contract: DPDK is the one that pkg-config finds; that there is none, or one that is too old, has an exit status of
its own. The headers for drivers, which the distribution's packages leave out, come from the source package of the
same version and stay in the cache.
"""
import functools
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from . import apt, initramfs, lock, paths, proc, ui

EXIT_MISSING = 80
EXIT_TOO_OLD = 81
# Those of the application itself, tests/bench/dpdk/app.h.
EXIT_NO_HUGEPAGES, EXIT_NO_IOMMU, EXIT_NOT_VFIO, EXIT_NO_DEVICE, EXIT_EAL, EXIT_STUCK = range(82, 88)
WHY = {EXIT_MISSING: "DPDK is missing", EXIT_TOO_OLD: "DPDK is too old", EXIT_NO_HUGEPAGES: "no huge pages",
       EXIT_NO_IOMMU: "no IOMMU", EXIT_NOT_VFIO: "the device is not bound to vfio-pci",
       EXIT_NO_DEVICE: "no accelerator", EXIT_EAL: "DPDK's environment does not start",
       EXIT_STUCK: "the device stood still"}

OLDEST = (22, 11)
SOURCE = paths.ROOT / "tests" / "bench" / "dpdk"
OUT = paths.BUILD / "dpdk"
APP = OUT / "labyrinth-dpdk"
GUEST = SOURCE / "guest.sh"
MODULES = ["vfio_pci", "vfio_iommu_type1"]
HEADERS = ("drivers/bus/pci/bus_pci_driver.h", "lib/eal/include/bus_driver.h", "lib/eal/include/dev_driver.h")


def _pkg_config(*words):
    tool = os.environ.get("PKG_CONFIG", "pkg-config")
    try:
        done = subprocess.run([tool, *words, "libdpdk"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        raise ui.LabError(f"{tool} is not there: run `scripts/lab setup`", EXIT_MISSING) from None
    return done.stdout.decode().strip() if done.returncode == 0 else None


def version():
    """DPDK's version, which is new enough."""
    found = _pkg_config("--modversion")
    if found is None:
        raise ui.LabError("DPDK is missing: pkg-config finds no libdpdk; install the package libdpdk-dev "
                          "(scripts/lab setup does), or set PKG_CONFIG_PATH", EXIT_MISSING)
    numbers = tuple(int(number) for number in re.findall(r"\d+", found)[:2])
    if numbers < OLDEST:
        raise ui.LabError(f"DPDK {found} is too old: {'.'.join(map(str, OLDEST))} or newer is needed; install "
                          "libdpdk-dev of Debian 12 or newer, or set PKG_CONFIG_PATH", EXIT_TOO_OLD)
    return found


def _package_version():
    """The version of the source package that DPDK's package was built from."""
    done = subprocess.run(["dpkg-query", "-W", "-f", "${source:Version}", "libdpdk-dev"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise ui.LabError("the DPDK that pkg-config finds has no headers for drivers, and is no package whose source "
                          "has them: build it with -Denable_driver_sdk=true, or install libdpdk-dev", EXIT_MISSING)
    return done.stdout.decode().strip()


def _take_headers(archive, folder):
    """The headers out of an original source archive."""
    with tarfile.open(archive) as tar:
        for member in tar:
            name = member.name.partition("/")[2]
            if name in HEADERS:
                paths.write_atomically(folder / Path(name).name, tar.extractfile(member).read())


def headers():
    """The folder with the headers for drivers."""
    include = Path(_pkg_config("--variable=includedir") or "/usr/include")
    for folder in (include, include / "dpdk"):
        if (folder / "bus_pci_driver.h").is_file():
            return folder
    package = _package_version()
    home = paths.cache() / "dpdk"
    folder = home / f"headers-{package.split(':', 1)[-1]}"
    names = {Path(name).name for name in HEADERS}
    with lock.in_cache("dpdk", "DPDK's headers"):
        if not all((folder / name).is_file() for name in names):
            apt.refresh()
            with ui.step(f"downloading DPDK's source {package} for its headers for drivers, about 16 MB"):
                dsc = apt.download_source("dpdk", package, home / "download")
                for archive in dsc.parent.glob("dpdk_*.orig.tar.*"):
                    _take_headers(archive, folder)
                shutil.rmtree(home / "download")
        absent = [name for name in sorted(names) if not (folder / name).is_file()]
    if absent:
        raise ui.LabError(f"DPDK's source {package} has no {' '.join(absent)}: this version is not known here")
    return folder


def make(target="all"):
    """Run the Makefile of tests/bench/dpdk."""
    version()
    command = ["make", "-C", SOURCE, f"O={paths.BUILD}", f"DPDK_DRIVER_HEADERS={headers()}",
               f"-j{os.cpu_count() or 2}", target]
    with lock.in_build("dpdk", "building the DPDK application"):
        proc.run(command, what="build-dpdk")


def ready():
    """The application, up to date."""
    make()
    return APP


def kernel_modules(kernel):
    """The files of vfio-pci and what it needs, in the order in which they are loaded."""
    return initramfs.module_files(kernel, MODULES)


@functools.lru_cache
def _libraries(program):
    """What the program is linked with, the loader too: files of this machine by the path at which it asks for them."""
    text = proc.output(["ldd", program])
    return [found for found in re.findall(r"(?:=> )?(/\S+) \(0x", text)]


def initramfs_files():
    """{path in the guest: bytes} of all that the application needs where there are no files of the host."""
    program = ready()
    files = {str(path).lstrip("/"): Path(path).read_bytes() for path in _libraries(program)}
    files["lab/bin/labyrinth-dpdk"] = program.read_bytes()
    files["lab/bin/dpdk-guest"] = GUEST.read_bytes()
    return files


def add_to_exact(options, kernel):
    """Make the options of an exact run (exact.prepare) ones in which `dpdk-guest labyrinth-dpdk ...` works."""
    options.files.update(initramfs_files())
    for path in kernel_modules(kernel):
        name = path.name.split(".ko")[0] + ".ko"
        options.files[f"lab/ko/{name}"] = initramfs.module_bytes(path)
        options.modules.append((f"/lab/ko/{name}", []))
    add_iommu(options)


def add_iommu(options):
    """The IOMMU, without which vfio-pci takes no device; it has to be wide enough for DPDK's addresses."""
    options.qemu_args = ["-device", "intel-iommu,intremap=on,aw-bits=48"] + options.qemu_args
    options.append = ["intel_iommu=on"] + options.append
