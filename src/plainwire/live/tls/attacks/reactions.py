"""How attacks ask: bytes of ours right after a server's first flight, in clear."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from plainwire.live.tls.asker import Asker
from plainwire.live.tls.handshakes import handshake
from plainwire.live.tls.hellos import Hellos
from plainwire.policy.versions import Version
from plainwire.wire.answer import NoAnswer, describe
from plainwire.wire.flight import Flight
from plainwire.wire.handshake.reaction import AfterFlight, Reaction
from plainwire.wire.records import ContentType, Handshake, HandshakeType, Record

CLOSE_NOTIFY = b"\1\0"


def newest(flights: Iterable[Flight], is_wanted: Callable[[Flight], bool]) -> Flight | None:
    """The whole flight of the newest version below TLS 1.3 that is wanted; None if none is."""
    found = [
        flight
        for flight in flights
        if flight.hello.version < Version.TLS_1_3 and flight.is_done and is_wanted(flight)
    ]
    return max(found, key=lambda flight: flight.hello.version, default=None)


async def react(
    asker: Asker,
    hellos: Hellos,
    like: Flight,
    answer: Callable[[Flight], bytes],
    *,
    is_alone: bool = False,
) -> Reaction:
    """What a server says to ``answer``, after a flight of the version and suite of ``like``.

    Asked again alone if the flight did not come.
    """
    make = partial(AfterFlight, _hello(hellos, like), answer)
    reaction = await handshake(asker, make, after=lambda _: b"", is_alone=is_alone)
    if reaction.is_finished or is_alone:
        return reaction
    return await handshake(asker, make, after=lambda _: b"", is_alone=True)


async def react_surely(
    asker: Asker, hellos: Hellos, like: Flight, answer: Callable[[Flight], bytes]
) -> Reaction:
    """`react`, where a reset, which may have been made on the way, has to come three times."""
    reaction = await react(asker, hellos, like, answer)
    if reaction.is_finished and was_reset(reaction):
        again = partial(AfterFlight, _hello(hellos, like), answer)
        return await handshake(
            asker, again, after=lambda _: b"", is_alone=True, is_doubtful=was_reset
        )
    return reaction


def _hello(hellos: Hellos, like: Flight) -> bytes:
    return hellos.of(Version(like.hello.version), [like.hello.suite])


def record(flight: Flight, kind: ContentType, fragment: bytes) -> bytes:
    """A record in the version of a flight."""
    return Record(kind, flight.hello.version, fragment).to_bytes()


def message(flight: Flight, kind: HandshakeType, body: bytes) -> bytes:
    """A handshake message in a record of its own."""
    return record(flight, ContentType.HANDSHAKE, Handshake(kind, body).to_bytes())


def has_ended(reaction: Reaction) -> bool:
    """Whether the server ended it without an alert."""
    end = reaction.broken_off
    return isinstance(end, NoAnswer) and end.kind in ("closed", "reset", "cut off")


def was_reset(reaction: Reaction) -> bool:
    """Whether it ended by a reset."""
    return isinstance(reaction.broken_off, NoAnswer) and reaction.broken_off.kind == "reset"


def reason_of(like: Flight, words: str) -> str:
    """Why no handshake was finished with a server that gave such a flight before."""
    asked = "it asks for a client certificate, and then: " if like.certificate_request else ""
    return asked + words


def why(reaction: Reaction) -> str:
    """What ended it, in readable words."""
    return describe(reaction.broken_off) if reaction.broken_off else "no answer"
