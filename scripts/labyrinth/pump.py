# SPDX-License-Identifier: GPL-2.0-only
"""Moving bytes between file descriptors from one event loop.

Contract: nothing is lost and nothing is reordered; a receiver that does not take holds the sender back,
at most one chunk waits in here.
"""
import os
import selectors
import socket

CHUNK = 64 * 1024


class Inward:
    """From a file of the host into a socket that the guest reads; at its end the socket is shut for
    writing and stays open, for QEMU drops unread data when the peer is gone."""

    def __init__(self, loop, source, sink):
        self._loop = loop
        self._source = source
        self._sink = sink
        self._waiting = b""
        sink.setblocking(False)
        try:
            loop.register(source, selectors.EVENT_READ, self._fill)
            self._always = False
        except PermissionError:         # a regular file is always ready
            self._always = True
            loop.register(sink, selectors.EVENT_WRITE, self._drain)

    def _fill(self):
        self._waiting = os.read(self._source, CHUNK)
        self._loop.unregister(self._source)
        if self._waiting:
            self._loop.register(self._sink, selectors.EVENT_WRITE, self._drain)
        else:
            self._end()

    def _drain(self):
        if self._always and not self._waiting:
            self._waiting = os.read(self._source, CHUNK)
            if not self._waiting:
                self._loop.unregister(self._sink)
                self._end()
                return
        try:
            self._waiting = self._waiting[self._sink.send(self._waiting):]
        except BlockingIOError:
            return
        except (BrokenPipeError, ConnectionResetError):
            self._loop.unregister(self._sink)
            return
        if not self._waiting and not self._always:
            self._loop.unregister(self._sink)
            self._loop.register(self._source, selectors.EVENT_READ, self._fill)

    def _end(self):
        try:
            self._sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass                        # QEMU has ended before its input did


class Outward:
    """From a socket of the guest to a function that takes bytes."""

    def __init__(self, loop, source, take):
        self._loop = loop
        self._source = source
        self._take = take
        self.open = True
        source.setblocking(False)
        loop.register(source, selectors.EVENT_READ, self.pull)

    def pull(self):
        """Take what there is; returns whether there was anything."""
        if not self.open:
            return False
        try:
            data = self._source.recv(CHUNK)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            data = b""
        if not data:
            self._loop.unregister(self._source)
            self.open = False
            return False
        self._take(data)
        return True


def writer(handle):
    """A function that writes all bytes to a file descriptor."""
    def write(data):
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view):]
    return write
