"""Connections to one TLS listener: a new one for each hello or conversation, aborted after.

Nothing here judges an answer or asks again; that is the asker's. A peer's fault is a value.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from math import inf
from time import monotonic

from plainwire.live.hellos import OpenStream, why_unreachable
from plainwire.live.tls.gate import Gate
from plainwire.model import TargetError
from plainwire.wire.answer import NoAnswer
from plainwire.wire.flight import FirstFlight, Flight, FlightReader

READ_SIZE = 16 * 1024

# Talks on a connection that is open, and returns what went wrong. Never raises for a peer.
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[NoAnswer | None]]


@dataclass
class Connections:
    """The way to one listener, with the time that there is for all of it.

    ``open_stream`` yields a new connection that is ready for a hello. ``timeout_s`` is for one
    answer, ``limit_s`` for everything from now on; ``opened`` counts.
    """

    open_stream: OpenStream
    gate: Gate
    timeout_s: float
    limit_s: float = inf
    opened: int = 0
    _begun_s: float = field(default_factory=monotonic)
    _closing: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def is_out_of_time(self) -> bool:
        """Whether the time for the whole endpoint is up."""
        return self._left_s <= 0

    @property
    def time_is_up(self) -> NoAnswer:
        """What a question comes to for which there is no time left."""
        return NoAnswer("not asked", f"not asked: the time limit of {self.limit_s:g} s was reached")

    @property
    def _left_s(self) -> float:
        return self._begun_s + self.limit_s - monotonic()

    async def exchange(self, hello: bytes) -> FirstFlight:
        """What a hello on a new connection is answered."""
        try:
            async with self._within_limit():
                return await self._exchanged(hello)
        except TimeoutError:
            return self.time_is_up

    async def _exchanged(self, hello: bytes) -> FirstFlight:
        answer: FirstFlight | None = None
        begun_s = monotonic()
        async with AsyncExitStack() as stack:
            try:
                stream, writer = await stack.enter_async_context(self.open_stream())
                self.opened += 1
                # No drain(): a hello fits the socket's buffer, and drain() would raise for a
                # peer that reset after its alert, before the alert is read.
                writer.write(hello)
                answer = await self._read(stream)
                if isinstance(answer, Flight) and self._is_kept(
                    stream, writer, stack, monotonic() - begun_s
                ):
                    return answer
                writer.transport.abort()
            except (OSError, TargetError) as error:
                # With an answer in hand, it is only the closing that went wrong.
                return answer or NoAnswer("unreachable", why_unreachable(error))
        return answer

    def _is_kept(
        self,
        stream: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        stack: AsyncExitStack,
        took_s: float,
    ) -> bool:
        """Let the gate hold the connection, to see whether two are served at once."""
        rest: list[AsyncExitStack] = []

        def close() -> None:
            writer.transport.abort()
            task = asyncio.get_running_loop().create_task(rest.pop().aclose())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

        def is_open() -> bool:
            return not writer.is_closing() and not _has_ended(stream)

        if not self.gate.keep(close, is_open, took_s):
            return False
        rest.append(stack.pop_all())
        return True

    async def _read(self, stream: asyncio.StreamReader) -> FirstFlight:
        reader = FlightReader()
        try:
            async with asyncio.timeout(self.timeout_s):
                while data := await stream.read(READ_SIZE):
                    self.gate.heard()
                    if (found := reader.feed(data)) is not None:
                        return found
                return reader.end()
        except TimeoutError:
            return reader.broken_off(NoAnswer("silent", f"no answer within {self.timeout_s:g} s"))
        except ConnectionError:
            return reader.end(is_reset=True)

    async def hold(self, talk: Talk) -> NoAnswer | None:
        """Hold a conversation on a new connection; what went wrong, None if nothing did."""
        try:
            async with self._within_limit():
                return await self._held(talk)
        except TimeoutError:
            return self.time_is_up

    def _within_limit(self) -> asyncio.Timeout:
        return asyncio.timeout(self._left_s if self.limit_s < inf else None)

    async def _held(self, talk: Talk) -> NoAnswer | None:
        fault: NoAnswer | None = None
        is_over = False
        try:
            async with self.open_stream() as (reader, writer):
                self.opened += 1
                try:
                    fault = await talk(reader, writer)
                    is_over = True
                finally:
                    writer.transport.abort()
        except (OSError, TargetError) as error:
            # Once it is over, it is only the closing that went wrong.
            return fault if is_over else NoAnswer("unreachable", why_unreachable(error))
        return fault


def _has_ended(stream: asyncio.StreamReader) -> bool:
    """True if the peer has closed, whether what it sent before was read or not."""
    return bool(getattr(stream, "has_ended", False)) or stream.at_eof()
