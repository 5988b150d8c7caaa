# SPDX-License-Identifier: GPL-2.0-only
"""Writing an initramfs (the cpio format "newc"), without root and the same to the byte every time."""
import stat


class Archive:
    """Files for the guest's first file system; parent folders are made as needed."""

    def __init__(self):
        self._parts = []
        self._known = set()
        self._inode = 0

    def _entry(self, name, mode, data=b"", device=(0, 0)):
        self._inode += 1
        encoded = name.encode("utf-8", "surrogateescape") + b"\0"
        fields = (self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, device[0], device[1], len(encoded), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + encoded
        self._parts += [head, bytes(-len(head) % 4), data, bytes(-len(data) % 4)]

    def folder(self, name, mode=0o755):
        name = name.strip("/")
        if name and name not in self._known:
            self._known.add(name)
            if "/" in name:
                self.folder(name.rsplit("/", 1)[0])
            self._entry(name, stat.S_IFDIR | mode)

    def _parent(self, name):
        if "/" in name.strip("/"):
            self.folder(name.strip("/").rsplit("/", 1)[0])

    def file(self, name, data, mode=0o644):
        self._parent(name)
        self._entry(name.strip("/"), stat.S_IFREG | mode, data if isinstance(data, bytes) else data.encode())

    def link(self, name, target):
        self._parent(name)
        self._entry(name.strip("/"), stat.S_IFLNK | 0o777, target.encode())

    def device(self, name, major, minor, mode=0o600):
        self._parent(name)
        self._entry(name.strip("/"), stat.S_IFCHR | mode, device=(major, minor))

    def done(self):
        self._entry("TRAILER!!!", 0)
        data = b"".join(self._parts)
        return data + bytes(-len(data) % 512)
