"""One HTTP/1.1 exchange over one connection: h11 for the grammar, our bounds for the rest.

h11 keeps header case, order and duplicates, sends the path byte for byte, and never reads
more of a head than it is told; why h11 and not httptools: docs/architecture.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
import zlib
from collections.abc import Sequence
from typing import Literal

import h11

from plainwire.live import dial
from plainwire.live.connector import NotSentError
from plainwire.live.room import SMALL, Room
from plainwire.live.settings import Settings
from plainwire.model import Exchange, Request, TargetError

READ_SIZE = 64 * 1024
MAX_MEMBERS = 64  # of a body in gzip: each costs a copy of what follows it
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a]")
# SETTINGS, which every HTTP/2 connection begins with (RFC 9113, sections 3.4 and 4.1).
_HTTP2 = re.compile(rb"\x00[\s\S]{2}\x04\x00\x00\x00\x00\x00")
End = Literal["whole", "cut", "broken"]
FRAMING_LIMIT = 64 * 1024  # bytes that chunks of a byte each may cost beside the body


async def exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    request: Request,
    *,
    target: str,
    headers: Sequence[tuple[str, str]],
    settings: Settings,
    address: str,
    body_limit: int,
    room: Room,
) -> tuple[Exchange, bool]:
    """Send ``request`` and read its answer; the flag says whether the connection can be reused.

    ``target`` is the request target (origin-form, or absolute-form to a proxy). An endless body
    is cut at ``body_limit`` bytes, or where ``room`` is full. A head that is interim (1xx) is
    passed over.

    Raises:
        TargetError: on a timeout, a head over ``settings.head_limit``, or an answer that is not
            HTTP/1.x (RFC 9112), or TLS that ends with a fault, or a request that HTTP/1.1 has no
            form for. The message says which.
        ConnectionError: if the peer closed or reset before a byte of the answer.
    """
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=settings.head_limit)
    writer.write(_written(connection, request, target, headers))
    stream = _Events(reader, connection)
    try:
        async with asyncio.timeout(settings.answer_timeout_s):
            await writer.drain()
            response = await stream.response()
        body, end = await _body(stream, settings, body_limit, room)
    except TimeoutError:
        within = f"within {settings.answer_timeout_s:g} s"
        raise TargetError(f"no complete answer {within}: {stream.progress}") from None
    except ssl.SSLError as error:
        # TLS 1.3 refuses a client without a certificate once the handshake is over.
        why = (error.reason or "unknown fault").lower().replace("_", " ")
        raise dial.refusal(why)(f"TLS ended before an answer: {why}") from None
    except h11.RemoteProtocolError as error:
        if error.error_status_hint == 431 or "too long" in str(error):
            raise TargetError(f"answer head over {settings.head_limit} bytes") from None
        # Past the colon h11 quotes the peer, who may throw a credential back.
        why = str(error).partition(":")[0]
        raise TargetError(f"answer is not HTTP/1.x (RFC 9112): {why}") from None
    lines = tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in response.headers.raw_items()
    )
    coding = ", ".join(v for k, v in lines if k.lower() == "content-encoding").strip().lower()
    body, is_cut, unread = _decoded(coding, body, end != "whole", body_limit)
    is_broken = end == "broken" or (end == "whole" and is_cut and len(body) < body_limit)
    if coding and len(body) > SMALL and not room.take(len(body)):
        body, is_cut = body[:SMALL], True
    answer = Exchange(
        request,
        response.status_code,
        lines,
        body if is_cut else room.kept(body),
        is_cut,
        is_broken,
        address=address,
        reason=response.reason.decode("latin-1", "replace"),
        unread=unread,
    )
    return answer, connection.our_state is h11.DONE and connection.their_state is h11.DONE


def _written(
    connection: h11.Connection, request: Request, target: str, headers: Sequence[tuple[str, str]]
) -> bytes:
    """The bytes of a request. Raises NotSentError if it cannot be one."""
    try:
        head = h11.Request(
            method=request.method.encode(),
            target=target.encode("latin-1", "replace"),
            headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        )
        events = (head, *([h11.Data(data=request.body)] if request.body else ()))
        return b"".join(connection.send(each) or b"" for each in (*events, h11.EndOfMessage()))
    except h11.LocalProtocolError as error:
        # Past the colon h11 quotes what may be a credential.
        why = str(error).partition(":")[0]
        raise NotSentError(f"not sent, HTTP/1.1 has no form for it: {why}") from None


class _Events:
    """h11's events of one answer, fed from the stream; ``received`` counts bytes."""

    def __init__(self, reader: asyncio.StreamReader, connection: h11.Connection) -> None:
        self._reader = reader
        self._connection = connection
        self.received = 0

    @property
    def progress(self) -> str:
        """How far the answer came, in words."""
        return f"{self.received} bytes came" if self.received else "nothing came"

    async def response(self) -> h11.Response:
        """The head of the final answer, interim answers passed over."""
        while True:
            event = await self.next()
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise TargetError("closed before an answer")

    async def next(self) -> object:
        """The next event, reading as much as it takes."""
        while (event := self._connection.next_event()) is h11.NEED_DATA:
            data = await self._reader.read(READ_SIZE)
            if not data and not self.received:
                raise ConnectionResetError("closed before an answer")
            if not self.received and _HTTP2.match(data):
                raise TargetError("answered in HTTP/2, which is not spoken here")
            self.received += len(data)
            self._connection.receive_data(data)
        return event


async def _body(stream: _Events, settings: Settings, limit: int, room: Room) -> tuple[bytes, End]:
    """The body, cut at the limit, where the room is full or the peer falls silent half-way."""
    body, most = bytearray(), settings.head_limit + READ_SIZE + FRAMING_LIMIT
    end: End = "whole"
    try:
        async with asyncio.timeout(settings.answer_timeout_s):
            while isinstance(event := await stream.next(), h11.Data):
                body += event.data
                if stream.received - len(body) > most:
                    end = "broken"  # it costs its time as one that falls silent does
                    break
                if len(body) > limit or (len(body) > SMALL and not room.take(len(event.data))):
                    end = "cut"
                    break
    except (TimeoutError, OSError, h11.RemoteProtocolError):
        end = "broken"
    return bytes(memoryview(body)[:limit]), end


def _decoded(coding: str, body: bytes, is_cut: bool, limit: int) -> tuple[bytes, bool, str]:
    """The body without its content coding (gzip or deflate), at most ``limit`` bytes of it, whether
    there was more, and why it could not be read where it could not.

    None is asked for but `identity`, so that a coding departs from RFC 9110, section 12.5.3.
    """
    if coding not in ("gzip", "x-gzip", "deflate") or not body:
        return body, is_cut, ""
    # RFC 9110, 8.4.1.2: some servers send "deflate" without its zlib wrapper.
    for window in (47,) if "gzip" in coding else (15, -15):
        with contextlib.suppress(zlib.error):
            plain, is_whole = _inflated(body, window, limit)
            return plain, is_cut or not is_whole, ""
    # Some say gzip of what they have not packed.
    is_plain = not _CONTROL.search(body)
    return body, is_cut, "" if is_plain else f"its body is not the {coding} that it says"


def _inflated(body: bytes, window: int, limit: int) -> tuple[bytes, bool]:
    """The members of a body, unpacked to at most ``limit`` bytes (RFC 1952, section 2.2), and
    whether that is all.

    Raises:
        zlib.error: if the first one is none.
    """
    plain, rest, is_whole = b"", body, True
    for _ in range(MAX_MEMBERS):
        if not rest or not is_whole or len(plain) >= limit:
            break
        inflate = zlib.decompressobj(window)
        try:
            plain += inflate.decompress(rest, limit - len(plain))
        except zlib.error:
            if not plain:
                raise
            break  # what follows the last member is no content
        rest, is_whole = inflate.unused_data, inflate.eof
    else:
        is_whole = not rest
    return plain, is_whole and not (rest and len(plain) >= limit)
