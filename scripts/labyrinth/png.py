# SPDX-License-Identifier: GPL-2.0-only
"""A smaller PNG of a page's picture: 256 colours instead of three bytes a point.

Contract: smaller() takes what Chromium gives (8 bits a channel, RGB or RGBA, not interlaced) and gives the same picture
with its 256 most frequent colours; each other one, which is at the edge of a letter, becomes the nearest of them.
Anything else is a ValueError.
"""
import collections
import struct
import zlib

HEAD = b"\x89PNG\r\n\x1a\n"
CHANNELS = {2: 3, 6: 4}     # of the colour types RGB and RGBA


def _chunks(data):
    at = len(HEAD)
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8:at + 8 + length]
        at += 12 + length


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _paeth(left, up, corner):
    """The one of the three that is nearest to left + up - corner."""
    a, b, c = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    return left if a <= b and a <= c else up if b <= c else corner


# What a filter adds to a byte, from its neighbours on the left, above and above on the left
FILTERS = (lambda left, up, corner: 0, lambda left, up, corner: left, lambda left, up, corner: up,
           lambda left, up, corner: (left + up) >> 1, _paeth)


def _lines(raw, width, step):
    """The picture's lines, with their filters undone."""
    size, above = width * step, bytes(width * step)
    for start in range(0, len(raw), size + 1):
        line, add = bytearray(raw[start + 1:start + 1 + size]), FILTERS[raw[start]]
        for x in range(size if raw[start] else 0):
            left, corner = (line[x - step], above[x - step]) if x >= step else (0, 0)
            line[x] = (line[x] + add(left, above[x], corner)) & 255
        yield line
        above = line


def smaller(data):
    parts = list(_chunks(data)) if data.startswith(HEAD) else []
    if not parts or parts[0][0] != b"IHDR":
        raise ValueError("no PNG")
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", parts[0][1])
    if depth != 8 or colour not in CHANNELS or any(rest):
        raise ValueError("a PNG of another form than Chromium's")
    step = CHANNELS[colour]
    raw = zlib.decompress(b"".join(content for kind, content in parts if kind == b"IDAT"))
    lines = [[bytes(line[x:x + 3]) for x in range(0, len(line), step)] for line in _lines(raw, width, step)]
    seen = collections.Counter(point for line in lines for point in line)
    palette = [point for point, _ in seen.most_common(256)]
    index = {point: min(range(len(palette)), key=lambda i: sum((a - b) ** 2 for a, b in zip(palette[i], point)))
             for point in seen}
    packed = b"".join(b"\0" + bytes(index[point] for point in line) for line in lines)
    return HEAD + b"".join((_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
                            _chunk(b"PLTE", b"".join(palette)), _chunk(b"IDAT", zlib.compress(packed, 9)),
                            _chunk(b"IEND", b"")))
