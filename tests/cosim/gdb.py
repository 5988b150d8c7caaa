# SPDX-License-Identifier: GPL-2.0-only
"""What a debugger could do to the firmware while it runs, through QEMU's gdb server.

Contract: each call connects, changes one thing while the machine stands, and lets it run on.
"""
import socket

from wire import proc

FOREVER = bytes.fromhex("fee7")     # b .
UNDEFINED = bytes.fromhex("00de")   # udf #0


def _ask(sock, text):
    """Until it is done; what else the server has to say does not matter."""
    sock.sendall(f"${text}#{sum(text.encode()) & 0xff:02x}".encode())
    data = b""
    while b"$OK#9a" not in data:
        more = sock.recv(4096)
        if not more or b"$E" in data:
            raise AssertionError(f"gdb server, {text}: {data}")
        data += more


def _write(bench, address, data):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(20)
        sock.connect(str(bench.folder / "gdb"))     # the machine stands when somebody comes
        _ask(sock, f"M{address:x},{len(data):x}:{data.hex()}")
        sock.sendall(b"+")
        # It goes on when he goes. Whatever comes after that, an acknowledgement too, would make it stand again.
        _ask(sock, "D")


def _symbol(bench, name):
    for line in proc.output(["arm-none-eabi-nm", bench.board.image]).splitlines():
        address, _, found = line.split()
        if found == name:
            return int(address, 16) & ~1
    raise AssertionError(f"the firmware has no {name}")


def hang(bench, function):
    """From its next call on the function does not return."""
    _write(bench, _symbol(bench, function), FOREVER)


def crash(bench, function):
    """Its next call ends in a fault of the kernel's own."""
    _write(bench, _symbol(bench, function), UNDEFINED)


def reset(bench):
    """The machine starts anew, and nobody else knows."""
    bench.qmp("system_reset", "board-qmp")
