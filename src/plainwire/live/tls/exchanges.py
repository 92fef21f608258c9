"""Which key exchange groups and signature schemes a server takes, and in which order.

TLS 1.3 names its group in a HelloRetryRequest, without public-key work on either side; older
versions name group and scheme in the ServerKeyExchange of a suite with ECDHE or DHE.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from plainwire.live.tls.asker import Asker, Refusal, Unknown
from plainwire.live.tls.choices import Ask, Choices, Codes, choices
from plainwire.live.tls.choices import Unknown as NoChoice
from plainwire.live.tls.hellos import Hellos
from plainwire.policy.families import (
    group_families,
    group_guess,
    scheme_families,
    unlikely_groups,
)
from plainwire.policy.suites import offered_groups
from plainwire.policy.versions import Version, version_name
from plainwire.wire.flight import Flight
from plainwire.wire.key_exchange import EcdheParameters

Hear = Callable[[Flight], None]


def group_of(flight: Flight) -> int | None:
    """The group that a server chose. Returns None if its answer shows none."""
    if flight.hello.selected_group is not None:
        return flight.hello.selected_group
    parameters = flight.key_exchange and flight.key_exchange.parameters
    return parameters.group if isinstance(parameters, EcdheParameters) else None


def scheme_of(flight: Flight) -> int | None:
    """The scheme that a server signed its key with. Returns None if its answer shows none."""
    return flight.key_exchange.scheme if flight.key_exchange else None


async def accepted_groups(
    asker: Asker,
    hellos: Hellos,
    version: Version,
    suites: Sequence[int],
    heard: Sequence[Flight],
    hear: Hear,
) -> Choices:
    """The groups that a version takes with ``suites``, which the server is known to accept.

    ``heard`` are flights that answered an offer of every group; ``hear`` is told the others.
    """

    def hello(offer: Codes) -> bytes:
        return hellos.of(version, suites, groups=offer)

    everything = offered_groups(version)
    known = [(everything, group) for flight in heard if (group := group_of(flight)) is not None]
    ask = _asking(asker, version, "group", hello, group_of, hear)
    return await choices(
        ask,
        group_families(version),
        unlikely_groups(version),
        guess=group_guess(version),
        known=known[:1],
    )


async def accepted_schemes(
    asker: Asker, hellos: Hellos, suites: Sequence[int], heard: Sequence[Flight], hear: Hear
) -> Choices:
    """The signature schemes that TLS 1.2 takes with ``suites``, in no order."""
    version = Version.TLS_1_2

    def hello(offer: Codes) -> bytes:
        return hellos.of(version, suites, schemes=offer)

    everything = tuple(code for family in scheme_families(version) for code in family)
    known = [(everything, scheme) for flight in heard if (scheme := scheme_of(flight)) is not None]
    ask = _asking(asker, version, "signature scheme", hello, scheme_of, hear)
    return await choices(ask, scheme_families(version), known=known, is_ordered=False)


def _asking(
    asker: Asker,
    version: Version,
    what: str,
    hello: Callable[[Codes], bytes],
    chosen: Callable[[Flight], int | None],
    hear: Hear,
) -> Ask:
    """Offers to what is chosen from them, in a version known to be accepted."""

    async def ask(offer: Codes) -> int | NoChoice | None:
        settled = await asker.settle(hello(offer), f"{what}s {version}")
        match settled:
            case Refusal():
                return None
            case Unknown(reason):
                return NoChoice(reason)
        if settled.hello.version != version:
            return NoChoice(f"answered with {version_name(settled.hello.version)}")
        hear(settled)
        code = chosen(settled)
        if code is None:
            return NoChoice(f"its answer shows no {what}")
        return code if code in offer else NoChoice(f"chose {what} 0x{code:04x}, not offered")

    return ask
