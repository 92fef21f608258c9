"""Sends one ClientHello on a connection of its own and reads the first thing said to it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from plainwire.model import TargetError
from plainwire.wire.answer import Answer, NoAnswer
from plainwire.wire.flight import FirstFlight, Flight, FlightReader

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
OpenStream = Callable[[], AbstractAsyncContextManager[Stream]]


async def ask_hello(open_stream: OpenStream, hello: bytes, *, timeout_s: float) -> Answer:
    """The answer to ``hello``, sent as soon as the stream is open; the connection is aborted after.

    ``timeout_s`` is for the whole answer from the open stream on; how long connecting, or
    waiting for one's turn to, may take is for ``open_stream`` to say. Never raises for a peer.
    """
    answer: Answer | None = None
    try:
        async with open_stream() as (reader, writer):
            try:
                # No drain(): a hello fits the socket's buffer, and drain() would raise for a
                # peer that reset after its alert, before the alert is read.
                writer.write(hello)
                answer = await _read_answer(reader, timeout_s)
            finally:
                writer.transport.abort()
    except (OSError, TargetError) as error:
        # With an answer in hand, it is only the closing that went wrong.
        return answer or NoAnswer("unreachable", why_unreachable(error))
    return answer


def why_unreachable(error: Exception) -> str:
    """Why no connection came about, in words for people."""
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there (connection refused)"
    errno = error.errno if isinstance(error, OSError) else None
    words = os.strerror(errno) if errno else str(error)
    return f"no connection: {words or 'no answer in time'}"


async def _read_answer(reader: asyncio.StreamReader, timeout_s: float) -> Answer:
    flight = FlightReader(stop_after="hello")
    try:
        async with asyncio.timeout(timeout_s):
            while data := await reader.read(4096):
                if (found := flight.feed(data)) is not None:
                    return _first(found)
            return _first(flight.end())
    except TimeoutError:
        return NoAnswer("silent", f"no answer within {timeout_s:g} s")
    except ConnectionError:
        return _first(flight.end(is_reset=True))


def _first(answer: FirstFlight) -> Answer:
    return answer.hello if isinstance(answer, Flight) else answer
