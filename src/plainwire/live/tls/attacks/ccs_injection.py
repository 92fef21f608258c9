"""CCS injection (CVE-2014-0224): a ChangeCipherSpec before there are keys to change to.

A vulnerable server takes it, makes keys of an empty secret and tries to decrypt what follows:
its alert is bad_record_mac. Every other one objects to the ChangeCipherSpec itself. Before that
is believed, two more questions: the ChangeCipherSpec alone must not end the connection, and the
record that follows it, alone, must not have the same alert.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from plainwire.live.tls.asker import Asker, Unknown
from plainwire.live.tls.attacks.reactions import (
    has_ended,
    message,
    newest,
    react_surely,
    record,
    why,
)
from plainwire.live.tls.hellos import Hellos
from plainwire.wire.answer import NoAnswer
from plainwire.wire.flight import Flight
from plainwire.wire.handshake.reaction import Reaction
from plainwire.wire.records import ContentType, HandshakeType

if TYPE_CHECKING:
    from plainwire.live.tls.seen import Seen

# bad_record_mac, and what came before it for a padding (RFC 5246, 7.2.2).
UNDECRYPTED = frozenset((20, 21))


async def ask(asker: Asker, hellos: Hellos, seen: Seen) -> bool | Unknown | None:
    """Whether it takes a ChangeCipherSpec too early."""
    like = newest(seen.flights, lambda _: True)
    if like is None:
        return None
    both = await react_surely(
        asker, hellos, like, lambda flight: _change(flight) + _finished(flight)
    )
    if not both.is_finished or not (both.alert or has_ended(both)):
        return Unknown(why(both))
    if both.alert and not _is_undecrypted(both):
        return False
    alone = await react_surely(asker, hellos, like, _change)
    if alone.is_finished and (alone.alert or has_ended(alone)):
        return False
    is_waiting = isinstance(alone.broken_off, NoAnswer) and alone.broken_off.kind == "silent"
    if not alone.is_finished or not is_waiting or not both.alert:
        return Unknown(why(both))
    control = await react_surely(asker, hellos, like, _finished)
    if not control.is_finished or _is_undecrypted(control):
        return Unknown(f"{why(both)}, and {why(control)} without a ChangeCipherSpec")
    return True


def _is_undecrypted(reaction: Reaction) -> bool:
    return reaction.alert is not None and reaction.alert.description in UNDECRYPTED


def _change(flight: Flight) -> bytes:
    return record(flight, ContentType.CHANGE_CIPHER_SPEC, b"\1")


def _finished(flight: Flight) -> bytes:
    """64 bytes: whole blocks to one that decrypts them, a message out of turn to another."""
    return message(flight, HandshakeType.FINISHED, secrets.token_bytes(60))
