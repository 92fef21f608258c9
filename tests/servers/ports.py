"""Loopback ports that nothing else takes, and who listens where."""

import random
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Below the ports that the kernel gives to clients (32768 on Linux), so that no outgoing connection
# ever sits on one between the choice of a port and the server's bind.
RANGE = range(20000, 32768)

_LISTEN = "0A"


@contextmanager
def reserved_port() -> Iterator[int]:
    """A TCP port of 127.0.0.1 on which nobody listens, ours until the block ends.

    The UDP port of the same number, held for as long, is the reservation: it is atomic between
    processes and users, and goes away with the process.
    """
    while True:
        port = random.choice(RANGE)
        with socket.socket(type=socket.SOCK_DGRAM) as reservation, socket.socket() as probe:
            try:
                reservation.bind(("127.0.0.1", port))
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            probe.close()
            yield port
            return


def listeners(session: int) -> set[tuple[str, int]]:
    """The (address, TCP port) pairs on which processes of a session listen; needs Linux's /proc.

    ``session`` is the pid of the process that was started with a session of its own.
    """
    inodes = {inode for pid in members(session) for inode in _socket_inodes(pid)}
    return {
        place
        for table in ("tcp", "tcp6")
        for place, inode in _listening(Path("/proc/net", table))
        if inode in inodes
    }


def members(session: int) -> list[int]:
    """The pids of the processes of a session that still run (a zombie does not)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # proc(5): pid (comm) state ppid pgrp session; comm may hold spaces and brackets.
            state, _, _, its_session = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:  # it ended meanwhile
            continue
        if int(its_session) == session and state != "Z":
            found.append(int(stat.parent.name))
    return found


def _socket_inodes(pid: int) -> Iterator[str]:
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            kind, _, inode = str(entry.readlink()).partition(":")
            if kind == "socket":
                yield inode.strip("[]")
    except OSError:  # it ended meanwhile
        return


def _listening(table: Path) -> Iterator[tuple[tuple[str, int], str]]:
    if not table.exists():  # no IPv6
        return
    for line in table.read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == _LISTEN:
            address, port = fields[1].split(":")
            yield (_address(address), int(port, 16)), fields[9]


def _address(hexadecimal: str) -> str:
    """An address of /proc/net/tcp: 32-bit words, each in the machine's own byte order."""
    words = [hexadecimal[i : i + 8] for i in range(0, len(hexadecimal), 8)]
    packed = b"".join(int(word, 16).to_bytes(4, sys.byteorder) for word in words)
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, packed)
