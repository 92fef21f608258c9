"""Servers of TLS 1.2 that are open to known attacks, and their sound twins, written by hand.

They speak from the RFCs' grammar by themselves. Each gives its flight (RSA key exchange, in
clear) and then behaves as a coroutine `behave(peer)` says.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass

from bounded import tcp_server
from certificates import Issued

CHANGE, ALERT, HANDSHAKE, HEARTBEAT = 20, 21, 22, 24
RSA_AES_128_CBC = 0x002F
HEARTBEAT_EXTENSION = b"\0\x0f\0\1\1"
TLS12 = b"\3\3"


def vector(size, data):
    return len(data).to_bytes(size, "big") + data


def message(kind, body):
    return bytes([kind]) + vector(3, body)


@dataclass
class Peer:
    """One connection after the flight; ``number`` counts them. ``key`` is the RSA private key."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    key: object

    async def record(self):
        """The next record: type and fragment. Raises EOFError at the end."""
        head = await self.reader.readexactly(5)
        return head[0], await self.reader.readexactly(int.from_bytes(head[3:5], "big"))

    def send(self, kind, fragment):
        self.writer.write(bytes([kind]) + TLS12 + vector(2, fragment))

    def alert(self, description, level=2):
        self.send(ALERT, bytes([level, description]))

    def reset(self):
        """End by RST instead of FIN."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async def premaster_block(self):
        """What the client encrypted, from a ClientKeyExchange in a record of its own."""
        kind, fragment = await self.record()
        if (kind, fragment[0]) != (HANDSHAKE, 16):
            self.alert(10)
            raise EOFError("a message out of turn")
        sealed, numbers = fragment[6:], self.key.private_numbers()
        size = (self.key.key_size + 7) // 8
        assert len(sealed) == size == int.from_bytes(fragment[4:6], "big")
        n = numbers.public_numbers.n
        assert int.from_bytes(sealed, "big") < n
        return pow(int.from_bytes(sealed, "big"), numbers.d, n).to_bytes(size, "big")


def flight(
    issued: Issued,
    extensions=b"",
    asks_certificate=False,
    *,
    suite=RSA_AES_128_CBC,
    version=TLS12,
    compression=b"\0",
    exchange=b"",
):
    """ServerHello to ServerHelloDone; ``exchange`` is a ServerKeyExchange."""
    hello = version + b"\x5a" * 32 + b"\0" + suite.to_bytes(2, "big") + compression
    hello += vector(2, extensions) if extensions else b""
    certificate = vector(3, vector(3, issued.der))
    request = message(13, b"\1\1" + vector(2, b"\4\1") + b"\0\0") if asks_certificate else b""
    return message(2, hello) + message(11, certificate) + exchange + request + message(14, b"")


def wants(hello, suite=RSA_AES_128_CBC):
    """Whether a ClientHello without its record offers TLS 1.2 (at most) and the suite."""
    if hello[4:6] != TLS12 or b"\0\x2b\0\3\2\3\4" in hello:
        return False
    at = 4 + 2 + 32
    at += 1 + hello[at]
    size = int.from_bytes(hello[at : at + 2], "big")
    offered = hello[at + 2 : at + 2 + size]
    return suite.to_bytes(2, "big") in [offered[i : i + 2] for i in range(0, size, 2)]


@contextlib.asynccontextmanager
async def flawed(behave, issued: Issued, *, extensions=b"", asks_certificate=False):
    """A listener of TLS 1.2 with one suite; gives its port."""
    numbers = iter(range(10**6))

    async def serve(reader, writer):
        peer = Peer(reader, writer, -1, issued.key)
        try:
            kind, hello = await peer.record()
            if kind != HANDSHAKE or not wants(hello):
                peer.alert(40)
            else:
                sent = flight(issued, extensions, asks_certificate)
                peer.send(HANDSHAKE, sent)
                if reader.at_eof():
                    return
                peer.number = next(numbers)
                with contextlib.suppress(EOFError):
                    await behave(peer)
            writer.close()
            await writer.wait_closed()
        except (ConnectionError, EOFError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async with tcp_server(serve) as port:
        yield port
