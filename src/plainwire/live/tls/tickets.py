"""What the tickets of TLS 1.3 are good for: resumption, and early data (RFC 8446, 4.6.1, 4.2.10).

Early data itself is never sent; a server says in its ticket how much it takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from plainwire.live.tls.asker import Refusal, Unknown
from plainwire.live.tls.client_13 import Client13
from plainwire.live.tls.handshakes import LISTEN_S

if TYPE_CHECKING:
    from plainwire.wire.handshake.offer_13 import Ticket13
    from plainwire.wire.handshake.result_13 import Result13

QUESTION = "does it resume sessions of TLSv1.3?"
KIND = "tickets TLSv1.3"


async def tickets(
    client: Client13, early: Result13, whole: Awaitable[Result13 | Refusal | Unknown]
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The features that the tickets of a handshake show, and (question, reason) for what is open.

    ``early`` is how far it had come when the first of them came, ``whole`` all of it. Without a
    ticket, and without an orderly end, nobody knows whether one was to come.
    """
    resumed = asyncio.ensure_future(_resumed(client, early)) if early.tickets else None
    first = await whole
    assert not isinstance(first, Refusal | Unknown), "it was finished"
    if resumed is None and first.broken_off is not None:
        # Perhaps over our close_notify: who closes without having read it resets (RFC 2525, 2.17).
        again = await client.ask(KIND, lingers=True, listens_s=LISTEN_S)
        if not isinstance(again, Refusal | Unknown):
            first = early = again
        if first.tickets:
            resumed = asyncio.ensure_future(_resumed(client, first))
    if resumed is None:
        if first.broken_off is not None:
            return {}, [(QUESTION, f"no ticket, and then: {_ending(first)}")]
        return {"tls13_tickets": 0, "tls13_resumption": False, "early_data": False}, []
    best = _best(first)
    takes_early_data = bool(best.max_early_data_size)
    features: dict[str, Any] = {
        "tls13_ticket_lifetime_s": max(ticket.lifetime_s for ticket in first.tickets),
        "early_data": takes_early_data,
    }
    if first.broken_off is None:  # else more may have been to come
        features["tls13_tickets"] = len(first.tickets)
    if takes_early_data:
        features["early_data_max_bytes"] = best.max_early_data_size
    found = await resumed
    if takes_early_data and not _best(early).max_early_data_size:
        found = await _resumed(client, first)
    if isinstance(found, Refusal):
        return features, [(QUESTION, f"refused a ticket: {found.words}")]
    if isinstance(found, Unknown):
        return features, [(QUESTION, found.reason)]
    features["tls13_resumption"] = found.is_resumed
    if takes_early_data and found.is_resumed:
        features["early_data_accepted"] = bool(found.is_early_data_accepted)
    return features, []


def _best(result: Result13) -> Ticket13:
    return max(result.tickets, key=lambda ticket: ticket.max_early_data_size or 0)


async def _resumed(client: Client13, first: Result13) -> Result13 | Refusal | Unknown:
    """What comes of the best ticket of a handshake."""
    assert first.suite is not None
    best = _best(first)
    takes_early_data = bool(best.max_early_data_size)
    # Early data is taken only with the protocol of before (RFC 8446, 4.2.10).
    asking = client.ask if takes_early_data else client.carry
    return await asking(
        "resumption TLSv1.3",
        # RFC 8446, 4.2.11: a ticket is good for suites of its own hash alone.
        suites=(first.suite,),
        ticket=best,
        offers_early_data=takes_early_data,
    )


def _ending(result: Result13) -> str:
    from plainwire.wire.answer import describe

    return describe(result.broken_off) if result.broken_off else "closed"
