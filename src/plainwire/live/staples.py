"""Asks a TLS 1.2 server for an OCSP staple, on a connection of its own."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace

from plainwire.live.hellos import OpenStream
from plainwire.model import TargetError
from plainwire.policy.families import offers
from plainwire.policy.suites import offered_groups, offered_schemes
from plainwire.policy.versions import Version
from plainwire.wire import extensions as ext
from plainwire.wire.flight import FirstFlight, Flight, FlightReader
from plainwire.wire.hello import client_hello


async def is_stapled(
    open_stream: OpenStream, *, server_name: str | None, timeout_s: float
) -> bool | None:
    """True if a staple came along, False if the flight ended without one. Never raises for a peer.

    Returns None if the server did not say: it refused TLS 1.2, or its answer broke off.
    """
    hello = client_hello(
        Version.TLS_1_2,
        random=secrets.token_bytes(32),
        suites=offers(Version.TLS_1_2)[0],
        groups=offered_groups(Version.TLS_1_2),
        schemes=offered_schemes(Version.TLS_1_2),
        server_name=server_name,
    )
    hello = replace(hello, extensions=(ext.status_request(), *(hello.extensions or ())))
    flight = FlightReader()
    try:
        async with open_stream() as (reader, writer), asyncio.timeout(timeout_s):
            writer.write(hello.to_bytes())
            while data := await reader.read(16 * 1024):
                if (found := flight.feed(data)) is not None:
                    return _is_stapled(found)
    except (OSError, TimeoutError, TargetError):
        return None
    return None


def _is_stapled(answer: FirstFlight) -> bool | None:
    if not isinstance(answer, Flight) or answer.hello.version != Version.TLS_1_2:
        return None
    if answer.staple is not None:
        return True
    return False if answer.is_done else None
