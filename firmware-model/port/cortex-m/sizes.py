#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Prints the sizes of the images and of the pool's code, and fails if they have outgrown their bounds.

    sizes.py TOOL-PREFIX DIRECTORY-OF-A-CORE...
"""
import pathlib
import subprocess
import sys

POOL_CODE_MOST = 512
POOL_V8M_CODE_MOST = 1024      # locked in C, as the MPU's regions are; mpu_bar() comes on top
FLASH_MOST = 16 * 1024
POOL_OBJECTS = ("pool.o", "pool_fast.o", "pool_v8m.o", "pool_scrub.o")


def sections(prefix, file):
    """{section: bytes}, those of one name added up."""
    text = subprocess.run([prefix + "size", "-A", file], stdout=subprocess.PIPE, check=True).stdout.decode()
    found = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and words[0].startswith(".") and words[1].isdigit():
            found[words[0]] = found.get(words[0], 0) + int(words[1])
    return found


def code(prefix, files):
    return sum(size for file in files for name, size in sections(prefix, file).items()
               if name.startswith((".text", ".rodata")))


def main():
    prefix, folders = sys.argv[1], [pathlib.Path(name) for name in sys.argv[2:]]
    over = []
    print(f"{'image':<12} {'flash':>7} {'data':>7} {'stack':>7} {'tasks':>7} {'pool code':>10}   (bytes; the pool's "
          "32 KiB apart)")
    for folder in folders:
        image = sections(prefix, folder / "labyrinth.elf")
        flash = image[".text"] + image.get(".data", 0)
        data = image.get(".data", 0) + image[".bss"]
        pool = code(prefix, [folder / name for name in POOL_OBJECTS if (folder / name).exists()])
        print(f"{folder.name:<12} {flash:>7} {data:>7} {image['.stack']:>7} {image['.tasks']:>7} {pool:>10}")
        if flash > FLASH_MOST:
            over.append(f"{folder.name}: {flash} bytes of flash, more than {FLASH_MOST}")
        most = POOL_V8M_CODE_MOST if folder.name.startswith("cortex-m33") else POOL_CODE_MOST
        if pool > most:
            over.append(f"{folder.name}: {pool} bytes of pool code, more than {most}")
    for line in over:
        print(line, file=sys.stderr)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
