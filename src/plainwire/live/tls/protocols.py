"""Which application protocols a server takes by ALPN (RFC 7301), complete for HTTP over TCP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from plainwire.live.tls.asker import Asker, Refusal, Unknown
from plainwire.live.tls.choices import Choices, choices
from plainwire.live.tls.choices import Unknown as NoChoice
from plainwire.live.tls.client_13 import Client13
from plainwire.live.tls.hellos import PROTOCOLS, Hellos
from plainwire.model import Gap, WireError
from plainwire.policy.families import Codes
from plainwire.policy.versions import Version
from plainwire.wire.alerts import NO_APPLICATION_PROTOCOL
from plainwire.wire.flight import Flight

if TYPE_CHECKING:
    from plainwire.live.tls.seen import Seen

KIND = "protocols"
ALSO = frozenset((NO_APPLICATION_PROTOCOL,))
# Offers some protocols; gives the one chosen, None if none was.
Offer = Callable[[tuple[str, ...]], Awaitable[str | Refusal | Unknown | None]]


async def _protocols(
    offer: Offer, chosen: str | Refusal | Unknown | None
) -> tuple[tuple[str, ...], Sequence[tuple[Codes, str]]]:
    """The protocols taken, and the offers without an answer.

    A server without ALPN, and one that goes on without what it does not know, choose none, or
    what was not offered; then it takes none of them.
    """
    match chosen:
        case None | Refusal():
            return (), ()
        case Unknown(reason):
            return (), [((), reason)]

    async def ask(codes: Codes) -> int | NoChoice | None:
        names = tuple(PROTOCOLS[code] for code in codes)
        answer = await offer(names)
        match answer:
            case None | Refusal():
                return None
            case Unknown(reason):
                return NoChoice(reason)
        # Apache chooses its default where it has none of those offered.
        return PROTOCOLS.index(answer) if answer in names else None

    every = tuple(range(len(PROTOCOLS)))
    known = [(every, PROTOCOLS.index(chosen))] if chosen in PROTOCOLS else []
    found: Choices = await choices(ask, ((every,),), is_ordered=False, known=known)
    return tuple(PROTOCOLS[code] for code in found.accepted), found.unknown


async def note(seen: Seen, offer: Offer, chosen: str | Refusal | Unknown | None) -> None:
    """Put the protocols into what is seen, or what is open; ``chosen`` is what came of all.

    A list that is not known to be complete would say of the others that they are not taken.
    """
    taken, unknown = await _protocols(offer, chosen)
    for _, reason in unknown:
        seen.gaps.append(Gap("features", "which protocols does it take by ALPN?", reason))
    if not unknown:
        seen.features["alpn"] = taken


def by_handshake(client: Client13, chosen: str | None) -> Offer:
    """Offers in a handshake of TLS 1.3, where the choice is encrypted.

    ``chosen`` is what came of all. What it was preferred to is likely refused, and with it all
    that rides along; so it does not.
    """
    passed = set(PROTOCOLS[: PROTOCOLS.index(chosen)] if chosen in PROTOCOLS else ())

    async def offer(names: tuple[str, ...]) -> str | Refusal | Unknown | None:
        kind = f"{KIND} TLSv1.3"
        if passed & set(names):
            found = await client.ask(kind, protocols=names, also=ALSO)
        else:
            found = await client.ride(kind, names, ALSO)
        return found if isinstance(found, Refusal | Unknown) else found.alpn

    return offer


def by_hello(asker: Asker, hellos: Hellos, version: Version, suites: Sequence[int]) -> Offer:
    """Offers in a hello of an older version, which is known to take ``suites``."""

    async def offer(names: tuple[str, ...]) -> str | Refusal | Unknown | None:
        hello = hellos.of(version, suites, protocols=names)
        found = await asker.settle(hello, f"{KIND} {version}", also=ALSO)
        if not isinstance(found, Flight):
            return found
        from plainwire.wire.handshake.messages_13 import chosen_protocol

        try:
            return chosen_protocol(found.hello.extensions)
        except WireError as error:
            return Unknown(str(error))

    return offer
