"""A dialogue that ends where TLS begins.

A protocol's script is a generator: it yields what to say and how a whole reply is known, is sent
that reply, and returns what to say last. What the peer sent beyond the last reply came in clear,
before TLS: it is kept apart in ``rest`` and must never be read as if it had come through TLS
(the injections of CVE-2011-0411, CVE-2021-23222 and their like).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

from plainwire.model import WireError

MAX_REPLY = 16 * 1024
MAX_BYTES = 64 * 1024

# How long the first whole reply in a buffer is. None: not whole yet.
Whole = Callable[[bytes], int | None]
Script = Generator[tuple[bytes, Whole], bytes, bytes]


class RefusedError(WireError):
    """The server will not have TLS there: an answer."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol by its name, with its port and its script for a host's name.

    ``script`` is None where TLS is spoken from the first byte.
    """

    name: str
    port: int
    script: Callable[[str], Script] | None


class Dialogue:
    """One connection's words before TLS, without I/O."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._buffer = b""
        self._received = 0
        self._whole: Whole = lambda buffer: None
        self.is_done = False
        self.rest = b""

    def begin(self) -> bytes:
        """What to say first; empty where the server speaks first."""
        return self._go_on(None)

    def feed(self, data: bytes) -> bytes:
        """What to say to these bytes; empty while a reply is not whole.

        Raises:
            RefusedError: if the server says that it will not have TLS.
            WireError: if it breaks its protocol or says too much.
        """
        if self.is_done:
            self.rest += data[: MAX_BYTES - len(self.rest)]
            return b""
        self._received += len(data)
        if self._received > MAX_BYTES:
            raise WireError(f"more than {MAX_BYTES} bytes before TLS")
        self._buffer += data
        said = b""
        while not self.is_done and (length := self._whole(self._buffer)) is not None:
            reply, self._buffer = self._buffer[:length], self._buffer[length:]
            said += self._go_on(reply)
        if not self.is_done and len(self._buffer) > MAX_REPLY:
            raise WireError(f"a reply of more than {MAX_REPLY} bytes")
        return said

    def _go_on(self, reply: bytes | None) -> bytes:
        try:
            said, self._whole = next(self._script) if reply is None else self._script.send(reply)
        except StopIteration as end:
            self.is_done, self.rest, self._buffer = True, self._buffer, b""
            last: bytes = end.value
            return last
        return said
