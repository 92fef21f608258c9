"""Renegotiation at a client's wish: work for the server that costs the client next to nothing.

One is asked for on a finished connection, and carried through if the server takes part: some
begin it and close in the middle, which is a refusal, too. The answer is a feature, not a flaw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from plainwire.live.tls.asker import Asker, Refusal, Unknown, describe_answer
from plainwire.live.tls.attacks.reactions import newest, reason_of
from plainwire.live.tls.client_12 import client_12, completable
from plainwire.live.tls.handshakes import handshake, settled
from plainwire.live.tls.hellos import Hellos
from plainwire.wire.answer import NoAnswer

if TYPE_CHECKING:
    from plainwire.live.tls.seen import Seen
    from plainwire.wire.handshake.connection import Connection
    from plainwire.wire.handshake.result_12 import Result12


async def ask(asker: Asker, hellos: Hellos, seen: Seen) -> Unknown | None:
    """Note as a feature whether it renegotiates."""
    like = newest(seen.flights, lambda flight: bool(completable([flight.hello.suite])))
    if like is None:
        return None
    make = client_12(hellos.server_name, like.hello.version, [like.hello.suite])
    result = await settled(asker, make, "renegotiation", after=renegotiate)
    match result:
        case Refusal(reason) | Unknown(reason):
            return Unknown(reason_of(like, reason))
    if isinstance(result.broken_off, NoAnswer):
        # An end without a word refuses it only if it comes again.
        result = await handshake(asker, make, after=renegotiate, is_alone=True)
    if result.is_renegotiated is None:
        end = result.broken_off
        return Unknown(describe_answer(end) if end else "it closed when the handshake was done")
    seen.features["client_renegotiation"] = result.is_renegotiated
    return None


def renegotiate(connection: Connection[Result12]) -> bytes | None:
    """What to send on a finished connection: the second hello once, then nothing, then the end."""
    from plainwire.wire.handshake.client_12 import Handshake12

    assert isinstance(connection, Handshake12)
    if connection.result.is_renegotiated is not None:
        return None
    return b"" if connection.is_renegotiating else connection.renegotiate()
