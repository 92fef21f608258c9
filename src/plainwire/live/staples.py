"""Asks a TLS 1.2 server for an OCSP staple, on a connection of its own."""

from __future__ import annotations

import asyncio
import secrets

from plainwire.live.hellos import OpenStream
from plainwire.model import TargetError, WireError
from plainwire.policy.suites import offered_groups, offered_schemes, offers
from plainwire.policy.versions import Version
from plainwire.wire.staple import FlightReader, staple_hello


async def is_stapled(
    open_stream: OpenStream, *, server_name: str | None, timeout_s: float
) -> bool | None:
    """True if a staple came along, False if the flight ended without one. Never raises for a peer.

    Returns None if the server did not say: it refused TLS 1.2, or its answer broke off.
    """
    hello = staple_hello(
        secrets.token_bytes(32),
        offers(Version.TLS_1_2)[0],
        offered_groups(Version.TLS_1_2),
        offered_schemes(Version.TLS_1_2),
        server_name,
    )
    flight = FlightReader()
    try:
        async with open_stream() as (reader, writer), asyncio.timeout(timeout_s):
            writer.write(hello)
            while data := await reader.read(16 * 1024):
                if (found := flight.feed(data)) is not None:
                    return found
    except (OSError, TimeoutError, TargetError, WireError):
        return None
    return None
