# SPDX-License-Identifier: GPL-2.0-only
"""KVM or TCG.

Contract: /dev/kvm may open, create a virtual machine and yet run an ordinary kernel thousands of times
too slowly. KVM is used only where the processor says vmx or svm and a probe boot has run to its end
within a few seconds; the answer is remembered until the machine restarts. LAB_ACCEL=tcg|kvm overrides.
"""
import os
import re
import subprocess
from pathlib import Path

from . import cpio, initramfs, paths, proc, ui

PROBE_SECONDS = 15

_PROBE_INIT = b"#!/bin/busybox sh\n/bin/busybox poweroff -f\n"


def _processor_can():
    flags = Path("/proc/cpuinfo").read_text(errors="replace")
    return bool(re.search(r"^flags\s*:.*\b(vmx|svm)\b", flags, re.M)) and os.access("/dev/kvm", os.R_OK | os.W_OK)


def _probe(qemu, firmware, kernel):
    """Whether a kernel gets through its own start and a first program within the time."""
    archive = cpio.Archive()
    for folder in ("bin", "dev", "proc"):
        archive.folder(folder)
    archive.device("dev/console", 5, 1)
    archive.file("bin/busybox", initramfs.BUSYBOX.read_bytes(), 0o755)
    archive.file("init", _PROBE_INIT, 0o755)
    image = paths.BUILD / "initramfs" / "probe.cpio"
    paths.write_atomically(image, archive.done())
    argv = [qemu, "-M", "q35", "-accel", "kvm", "-cpu", "host", "-m", "512", "-nodefaults", "-display", "none",
            "-no-user-config", "-no-reboot", "-kernel", kernel.image, "-initrd", image,
            "-append", "panic=-1 quiet"]
    for folder in firmware:
        argv += ["-L", folder]
    child = proc.popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       start_new_session=True)
    try:
        return child.wait(timeout=PROBE_SECONDS) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        child.kill()
        child.wait()


def choose(qemu, firmware, kernel):
    """"kvm" or "tcg"."""
    asked = os.environ.get("LAB_ACCEL")
    if asked:
        if asked not in ("kvm", "tcg"):
            raise ui.LabError(f"LAB_ACCEL={asked}: say kvm or tcg", ui.EXIT_USAGE)
        return asked
    if not _processor_can():
        return "tcg"
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    memory = paths.cache() / f"kvm-{boot}"
    if not memory.is_file():
        with ui.step("probing whether KVM runs a kernel at full speed"):
            paths.write_atomically(memory, "kvm" if _probe(qemu, firmware, kernel) else "tcg")
    return memory.read_text()
