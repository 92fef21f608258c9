"""Ticketbleed (CVE-2016-9244): a session id of 31 bytes that comes back with 32.

With a ticket a client sends a session id of its own, from 1 to 32 bytes, which a server that
takes the ticket sends back (RFC 5077, section 3.4). A vulnerable one always sends 32 bytes, the
rest from its memory: one byte here, the least that can be asked for; it is dropped unread.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from plainwire.live.tls.asker import Asker, Refusal, Unknown
from plainwire.live.tls.attacks.reactions import newest
from plainwire.live.tls.handshakes import settled
from plainwire.live.tls.hellos import Hellos
from plainwire.policy.versions import Version
from plainwire.wire import extensions as ext

if TYPE_CHECKING:
    from plainwire.live.tls.plan import Seen

LENGTH = 31


async def ask(asker: Asker, hellos: Hellos, seen: Seen) -> bool | Unknown | None:
    """Whether it sends more of a session id than it was sent."""
    from plainwire.wire.handshake.ciphers_12 import cipher_12
    from plainwire.wire.handshake.client_12 import Handshake12
    from plainwire.wire.handshake.offer_12 import Offer12

    like = newest(
        seen.flights,
        lambda flight: (
            ext.SESSION_TICKET in flight.hello.extensions
            and cipher_12(flight.hello.suite) is not None
        ),
    )
    if like is None or seen.features.get("client_certificate") == "required":
        return None
    offer = Offer12(
        Version(like.hello.version), (like.hello.suite,), server_name=hellos.server_name
    )
    first = await settled(asker, lambda: Handshake12(offer), "ticketbleed")
    match first:
        case Refusal(reason) | Unknown(reason):
            return Unknown(reason)
    session = first.session
    if session is None or session.ticket is None:
        return None
    sent = secrets.token_bytes(LENGTH)
    again = replace(offer, session=session, session_id=sent)
    result = await settled(asker, lambda: Handshake12(again), "ticketbleed")
    match result:
        case Refusal(reason) | Unknown(reason):
            return Unknown(reason)
    returned = result.hello.session_id if result.hello else b""
    if returned[:LENGTH] == sent:
        return len(returned) > LENGTH
    return Unknown("the ticket was not taken")
