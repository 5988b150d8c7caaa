# SPDX-License-Identifier: GPL-2.0-only
"""The kernel inside a bzImage, for a start without the two seconds in which it would unpack itself.

Contract: an ELF file with the PVH entry note, which QEMU starts directly, or nothing when the image is
packed in a way that Python cannot unpack or has no such entry; the bzImage is always good enough.
"""
import lzma
import struct
import zlib

_PVH_NOTE = struct.pack("<III", 4, 4, 18) + b"Xen\0"


def release(image):
    """The release that a bzImage says it is, or None."""
    if image[0x202:0x206] != b"HdrS":
        return None
    start = struct.unpack_from("<H", image, 0x20e)[0] + 0x200
    return image[start:start + 256].split(b" ")[0].split(b"\0")[0].decode(errors="replace")


def _payload(image):
    """The packed kernel, located by the boot protocol's header."""
    sectors = image[0x1f1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (sectors + 1) * 512 + offset
    return image[start:start + length]


def _unpacked(payload):
    try:
        if payload.startswith(b"\xfd7zXZ\0"):
            return lzma.LZMADecompressor().decompress(payload)
        if payload.startswith(b"\x5d\0\0"):
            return lzma.LZMADecompressor().decompress(payload)
        if payload.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(payload)
    except (lzma.LZMAError, zlib.error):
        pass
    return None


def vmlinux(image):
    """The ELF file in the bytes of a bzImage, or None."""
    if image[0x202:0x206] != b"HdrS":
        return None
    found = _unpacked(_payload(image))
    if found is None or not found.startswith(b"\x7fELF"):
        return None
    notes = (_PVH_NOTE, struct.pack("<III", 4, 8, 18) + b"Xen\0")
    return found if any(note in found for note in notes) else None
