"""What the tickets of TLS 1.3 are good for: resumption, and early data (RFC 8446, 4.6.1, 4.2.10).

Early data itself is never sent; a server says in its ticket how much it takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plainwire.live.tls.asker import Refusal, Unknown
from plainwire.live.tls.client_13 import Client13

if TYPE_CHECKING:
    from plainwire.wire.handshake.result_13 import Result13

QUESTION = "does it resume sessions of TLSv1.3?"


async def tickets(
    client: Client13, first: Result13
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The features that the tickets of a handshake show, and (question, reason) for what is open.

    Without a ticket, and without an orderly end, nobody knows whether one was to come.
    """
    if not first.tickets:
        if first.broken_off is not None:
            return {}, [(QUESTION, f"no ticket, and then: {_ending(first)}")]
        return {"tls13_tickets": 0, "tls13_resumption": False, "early_data": False}, []
    best = max(first.tickets, key=lambda ticket: ticket.max_early_data_size or 0)
    takes_early_data = bool(best.max_early_data_size)
    features: dict[str, Any] = {
        "tls13_ticket_lifetime_s": max(ticket.lifetime_s for ticket in first.tickets),
        "early_data": takes_early_data,
    }
    if first.broken_off is None:  # else more may have been to come
        features["tls13_tickets"] = len(first.tickets)
    if takes_early_data:
        features["early_data_max_bytes"] = best.max_early_data_size
    assert first.suite is not None
    again = await client.ask(
        "resumption TLSv1.3",
        # RFC 8446, 4.2.11: a ticket is good for suites of its own hash alone.
        suites=(first.suite,),
        ticket=best,
        offers_early_data=takes_early_data,
    )
    if isinstance(again, Refusal):
        return features, [(QUESTION, f"refused a ticket: {again.words}")]
    if isinstance(again, Unknown):
        return features, [(QUESTION, again.reason)]
    features["tls13_resumption"] = again.is_resumed
    if takes_early_data and again.is_resumed:
        features["early_data_accepted"] = bool(again.is_early_data_accepted)
    return features, []


def _ending(result: Result13) -> str:
    from plainwire.wire.answer import describe

    return describe(result.broken_off) if result.broken_off else "closed"
