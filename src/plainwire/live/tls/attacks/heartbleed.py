"""Heartbleed (CVE-2014-0160): a heartbeat that says it is longer than it is.

The request has 16 bytes, says 17, and has no padding: a vulnerable server answers with one byte
that is not ours, the least that can be asked for; it is dropped unread. RFC 6520, section 4, has
every other one discard it in silence. So a close_notify follows, to which a server ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from plainwire.live.tls.asker import Asker, Unknown
from plainwire.live.tls.attacks.reactions import (
    CLOSE_NOTIFY,
    has_ended,
    newest,
    react_surely,
    record,
    why,
)
from plainwire.live.tls.hellos import Hellos
from plainwire.wire import extensions as ext
from plainwire.wire.flight import Flight
from plainwire.wire.records import ContentType

if TYPE_CHECKING:
    from plainwire.live.tls.seen import Seen

PAYLOAD = bytes(16)
SAID = len(PAYLOAD) + 1
# heartbeat_request(1), the length that it says it has, and less.
REQUEST = b"\1" + SAID.to_bytes(2, "big") + PAYLOAD
# Type, length, what was asked for, and the padding of at least 16 bytes that an answer has.
LEAST = 1 + 2 + SAID + 16


async def ask(asker: Asker, hellos: Hellos, seen: Seen) -> bool | Unknown | None:
    """Whether it answers with more than it was sent."""
    like = newest(seen.flights, lambda flight: ext.HEARTBEAT in flight.hello.extensions)
    if like is None:
        return None
    reaction = await react_surely(asker, hellos, like, _request)
    if any(size >= LEAST for size in reaction.heartbeats):
        return True
    if reaction.is_finished and (reaction.alert or has_ended(reaction)):
        return False
    return Unknown(why(reaction))


def _request(flight: Flight) -> bytes:
    heartbeat = record(flight, ContentType.HEARTBEAT, REQUEST)
    return heartbeat + record(flight, ContentType.ALERT, CLOSE_NOTIFY)
