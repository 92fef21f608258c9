"""One POST over HTTP/1.1: an address that was checked before, no redirects, bounded time and size.

A receiver's URL is the user's, what it resolves to is not: an address that is not public is
refused unless it was allowed, and the connection goes to the very address that was looked at.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import h11

from plainwire.live import dial
from plainwire.live.settings import USER_AGENT, Settings
from plainwire.model import TargetError, UsageError
from plainwire.monitor.channels.outcome import SendError

TIMEOUT_S = 20.0  # Standard Webhooks, "Deliverability": 15 to 30 s
CONNECT_S, MOST_ADDRESSES = 5.0, 4  # as long as there is another address
REST_S = 2.0  # for what follows the status
ANSWER_LIMIT = 64 * 1024
MAX_RETRY_AFTER_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where to post to: a URL, whether its address may be a private one, a CA beside the others."""

    url: str
    may_be_private: bool = False
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the receiver said."""

    status: int
    retry_after_s: float | None = None


async def post(place: Place, body: bytes, headers: dict[str, str], now_s: float) -> Reply:
    """The reply to a POST.

    Raises:
        SendError: if there is none in time, the address is refused, or TLS does not verify.
    """
    try:
        parts = urlsplit(place.url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        async with asyncio.timeout(TIMEOUT_S):
            addresses = await _addresses(host, place)
            if parts.scheme != "https" and not all(map(dial.is_loopback, addresses)):
                raise SendError("not sent in clear: the URL must be an https one")
            context = dial.verifying_context(place.ca) if parts.scheme == "https" else None
            if context is not None:
                context.set_alpn_protocols(["http/1.1"])
            reader, writer = await _connected(addresses, port, context, host)
            try:
                return await _exchange(reader, writer, parts, body, headers, now_s)
            finally:
                writer.transport.abort()
    except TimeoutError:
        raise SendError(f"no answer in {TIMEOUT_S:g} s") from None
    except ssl.SSLCertVerificationError as error:
        raise SendError(f"TLS: {error.verify_message}") from None
    except ValueError:
        raise SendError("the URL is none that can be posted to") from None
    except (OSError, ssl.SSLError, h11.ProtocolError, UsageError) as error:
        raise SendError(str(getattr(error, "strerror", None) or error)) from None


async def _addresses(host: str, place: Place) -> tuple[str, ...]:
    """The addresses of the host; all of them are looked at, since any may be taken.

    Raises:
        SendError: if it has none, or one that is not public.
    """
    try:
        found = await dial.addresses(host, Settings())
    except TargetError as error:
        raise SendError(str(error)) from None
    for each in found:
        parsed = ipaddress.ip_address(each.partition("%")[0])
        inner = getattr(parsed, "ipv4_mapped", None) or parsed
        if not place.may_be_private and (not inner.is_global or inner.is_multicast):
            raise SendError(f"{each} is not a public address, and was not allowed")
    return found


async def _connected(
    addresses: Sequence[str], port: int, context: ssl.SSLContext | None, host: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first of the addresses that takes one; others may be dead.

    Raises:
        OSError, TimeoutError: what the last one said.
    """
    *others, last = addresses[:MOST_ADDRESSES]
    name = host if context else None
    for each in others:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CONNECT_S):
                return await asyncio.open_connection(each, port, ssl=context, server_hostname=name)
    return await asyncio.open_connection(last, port, ssl=context, server_hostname=name)


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    split: SplitResult,
    body: bytes,
    headers: dict[str, str],
    now_s: float,
) -> Reply:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=ANSWER_LIMIT)
    path = (split.path or "/") + (f"?{split.query}" if split.query else "")
    lines = {
        "Host": split.netloc,
        "User-Agent": USER_AGENT,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **headers,
    }
    request = h11.Request(method="POST", target=path, headers=list(lines.items()))
    for event in (request, h11.Data(data=body), h11.EndOfMessage()):
        writer.write(connection.send(event) or b"")
    await writer.drain()
    while not isinstance(found := await _event(reader, connection), h11.Response):
        pass
    said = {name.decode("latin-1"): value for name, value in found.headers}
    # The status says it all; whatever becomes of the rest, the message was taken or was not.
    with contextlib.suppress(TimeoutError, OSError, h11.ProtocolError):
        async with asyncio.timeout(REST_S):
            await _read_rest(reader, connection)
    asked = _retry_after(said.get("retry-after", b"").decode("latin-1"), now_s)
    return Reply(found.status_code, asked)


async def _event(reader: asyncio.StreamReader, connection: h11.Connection) -> object:
    while (found := connection.next_event()) is h11.NEED_DATA:
        connection.receive_data(await reader.read(16384))
    return found


async def _read_rest(reader: asyncio.StreamReader, connection: h11.Connection) -> None:
    """Read an answer's body, as much as is polite."""
    got = 0
    while got < ANSWER_LIMIT and isinstance(
        found := await _event(reader, connection), (h11.Data, h11.InformationalResponse)
    ):
        got += len(getattr(found, "data", b""))


def _retry_after(words: str, now_s: float) -> float | None:
    """Seconds of a Retry-After (RFC 9110, section 10.2.3), at most a day; None for none."""
    if words.isascii() and words.isdigit():
        seconds = float(words[:9])
    else:
        try:
            seconds = parsedate_to_datetime(words).timestamp() - now_s
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)


def checked(reply: Reply) -> Reply:
    """The reply, if it says that the message was taken: 2xx and nothing else.

    Raises:
        SendError: else; a redirect is a failure, and 410 says that nothing more is wanted.
    """
    if 200 <= reply.status < 300:
        return reply
    raise SendError(
        f"status {reply.status}", retry_after_s=reply.retry_after_s, is_gone=reply.status == 410
    )
