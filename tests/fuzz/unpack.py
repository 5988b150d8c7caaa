# SPDX-License-Identifier: GPL-2.0-only
"""unpack.py CORPUS FOLDER: each line of hexadecimal digits as a file; what is behind # is for people."""
import pathlib
import sys

corpus, folder = map(pathlib.Path, sys.argv[1:])
for number, line in enumerate(corpus.read_text().splitlines()):
    data = bytes.fromhex(line.partition("#")[0])
    if data:
        (folder / f"{number:03}").write_bytes(data)
