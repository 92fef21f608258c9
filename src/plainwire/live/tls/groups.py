"""Which key exchange groups a server takes, and in which order.

TLS 1.3 says it in a HelloRetryRequest, without public-key work on either side; older versions in
the ServerKeyExchange of a suite with ECDHE.
"""

from __future__ import annotations

from collections.abc import Sequence

from plainwire.live.tls.asker import Asker, Refusal, Unknown
from plainwire.live.tls.choices import Choices, Codes, choices
from plainwire.live.tls.choices import Unknown as NoChoice
from plainwire.live.tls.hellos import Hellos
from plainwire.policy.families import group_families
from plainwire.policy.suites import groups, offered_groups
from plainwire.policy.versions import Version, version_name
from plainwire.wire.flight import Flight
from plainwire.wire.key_exchange import EcdheParameters


def group_of(flight: Flight) -> int | None:
    """The group that a server chose. Returns None if its answer shows none."""
    if flight.hello.selected_group is not None:
        return flight.hello.selected_group
    exchange = flight.key_exchange
    is_curve = exchange is not None and isinstance(exchange.parameters, EcdheParameters)
    return exchange.parameters.group if exchange and is_curve else None  # type: ignore[union-attr]


def group_name(code: int) -> str:
    """The IANA name of a group, or its code point, such as ``0xfafa``."""
    return groups().get(code, f"0x{code:04x}")


async def accepted_groups(
    asker: Asker,
    hellos: Hellos,
    version: Version,
    suites: Sequence[int],
    first: Flight | None = None,
) -> Choices:
    """The groups that a version takes with ``suites``, which the server is known to accept.

    ``first`` is a flight that answered an offer of every group.
    """
    everything = offered_groups(version)

    async def ask(offer: Codes) -> int | NoChoice | None:
        hello = hellos.of(version, suites, groups=offer)
        settled = await asker.settle(hello, f"groups {version}")
        match settled:
            case Refusal():
                return None
            case Unknown(reason):
                return NoChoice(reason)
        if settled.hello.version != version:
            return NoChoice(f"answered with {version_name(settled.hello.version)}")
        group = group_of(settled)
        if group is None:
            return NoChoice("its answer shows no group")
        return group if group in offer else NoChoice(f"chose {group_name(group)}, not offered")

    chosen = group_of(first) if first else None
    known = [] if chosen is None else [(everything, chosen)]
    return await choices(ask, group_families(version), guess=everything, known=known)
