"""Ticketbleed (CVE-2016-9244): a session id of 31 bytes that comes back with 32.

With a ticket a client sends a session id of its own, from 1 to 32 bytes, which a server that
takes the ticket sends back (RFC 5077, section 3.4). A vulnerable one always sends 32 bytes, the
rest from its memory: one byte here, the least that can be asked for; it is dropped unread. One
that was seen to take none of its own tickets has nothing to send back, and is not vulnerable.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from plainwire.live.tls.asker import Asker, Refusal, Unknown, describe_answer
from plainwire.live.tls.attacks.reactions import newest, reason_of
from plainwire.live.tls.client_12 import client_12, completable
from plainwire.live.tls.handshakes import handshake, settled
from plainwire.live.tls.hellos import Hellos
from plainwire.wire import extensions as ext
from plainwire.wire.flight import Flight
from plainwire.wire.hello import ServerHello

if TYPE_CHECKING:
    from plainwire.live.tls.seen import Seen

LENGTH = 31


async def ask(asker: Asker, hellos: Hellos, seen: Seen) -> bool | Unknown | None:
    """Whether it sends more of a session id than it was sent."""
    like = newest(seen.flights, _promises_ticket)
    if like is None or seen.features.get("client_certificate") == "required":
        return None
    if seen.features.get("ticket_resumption") is False:
        return False
    name, version, suites = hellos.server_name, like.hello.version, [like.hello.suite]
    first = await settled(asker, client_12(name, version, suites), "ticketbleed")
    match first:
        case Refusal(reason) | Unknown(reason):
            return Unknown(reason_of(like, reason))
    session = first.session
    if session is None or session.ticket is None:
        return None
    sent = secrets.token_bytes(LENGTH)
    again = client_12(name, version, suites, session=session, session_id=sent)
    result = await handshake(asker, again)
    if result.hello is None:
        result = await handshake(asker, again, is_alone=True)
    if result.hello is None:
        return Unknown(describe_answer(result.broken_off) if result.broken_off else "no answer")
    found = verdict(result.hello, sent)
    return Unknown("the ticket was not taken") if found is None else found


def verdict(hello: ServerHello, sent: bytes) -> bool | None:
    """Whether more came back than the id that was sent; None if another did."""
    return len(hello.session_id) > LENGTH if hello.session_id[:LENGTH] == sent else None


def _promises_ticket(flight: Flight) -> bool:
    return ext.SESSION_TICKET in flight.hello.extensions and bool(completable([flight.hello.suite]))
