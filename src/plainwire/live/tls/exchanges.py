"""Which key exchange groups and signature schemes a server takes, and in which order.

TLS 1.3 names its group in a HelloRetryRequest, without public-key work on either side; older
versions name group and scheme in the ServerKeyExchange of a suite with ECDHE or DHE.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from plainwire.live.tls.asker import Refusal, Unknown
from plainwire.live.tls.choices import Ask, Choices, choices
from plainwire.live.tls.choices import Unknown as NoChoice
from plainwire.live.tls.together import Settled
from plainwire.policy.families import (
    Codes,
    group_families,
    group_guess,
    scheme_families,
    unlikely_groups,
    unlikely_schemes,
)
from plainwire.policy.suites import offered_groups
from plainwire.policy.versions import Version, version_name
from plainwire.wire import extensions as ext
from plainwire.wire.alerts import Alert
from plainwire.wire.answer import NoAnswer
from plainwire.wire.flight import Flight
from plainwire.wire.key_exchange import EcdheParameters
from plainwire.wire.verdict import is_refusal

# The answer to a hello that offers these groups, or schemes, with suites known to be accepted.
Offer = Callable[[Codes], Awaitable[Settled]]
# Where suffixes of the guess begin that are asked for first.
STARTS = (0, 2, 4, 6, 8, 10)
# The object identifiers of curves that a certificate's key may be on, with the group of each (RFC
# 5480, 2.1.1.1; RFC 8422, 5.1.1; RFC 5639, 4.1; RFC 7027, 2): P-256, P-384, P-521, secp256k1,
# P-224, P-192, brainpoolP256r1, brainpoolP384r1 and brainpoolP512r1.
NAMED_CURVES = {
    bytes.fromhex("06082a8648ce3d030107"): 0x0017,
    bytes.fromhex("06052b81040022"): 0x0018,
    bytes.fromhex("06052b81040023"): 0x0019,
    bytes.fromhex("06052b8104000a"): 0x0016,
    bytes.fromhex("06052b81040021"): 0x0015,
    bytes.fromhex("06082a8648ce3d030101"): 0x0013,
    bytes.fromhex("06092b2403030208010107"): 0x001A,
    bytes.fromhex("06092b240303020801010b"): 0x001B,
    bytes.fromhex("06092b240303020801010d"): 0x001C,
}
# internal_error (RFC 5246, 7.2.2).
INTERNAL_ERROR = 80


def group_of(flight: Flight) -> int | None:
    """The group that a server chose. Returns None if its answer shows none."""
    if flight.hello.selected_group is not None:
        return flight.hello.selected_group
    parameters = flight.key_exchange and flight.key_exchange.parameters
    return parameters.group if isinstance(parameters, EcdheParameters) else None


def scheme_of(flight: Flight) -> int | None:
    """The scheme that a server signed its key with. Returns None if its answer shows none."""
    return flight.key_exchange.scheme if flight.key_exchange else None


def curve_of(certificate: bytes) -> int | None:
    """The group of an ECDSA certificate's key, DER. Returns None if it names no curve known."""
    return next((group for oid, group in NAMED_CURVES.items() if oid in certificate), None)


async def accepted_groups(
    offer_groups: Offer,
    version: Version,
    known: Sequence[tuple[Codes, int]],
    only_curve: Callable[[], int | None] = lambda: None,
) -> Choices:
    """The groups that a version takes.

    ``known`` are offers that were made, with the group chosen. ``only_curve`` is that of
    the only certificate, if it is ECDSA: TLS 1.2 refuses a client that does not offer it, whatever
    else it offers (RFC 8422, 5.1), so what is refused without it is asked for before it.
    """
    asked = _asking(offer_groups, version, "group", group_of)

    async def ask(offer: Codes) -> int | NoChoice | None:
        answer = await asked(offer)
        if answer is not None or (curve := only_curve()) is None or curve in offer:
            return answer
        answer = await asked((*offer, curve))
        return None if answer == curve else answer

    found = await choices(
        ask,
        group_families(version),
        unlikely_groups(version),
        guess=group_guess(version),
        known=known,
        starts=STARTS if version is Version.TLS_1_3 else STARTS[:3],
    )
    if version is Version.TLS_1_3 and not (found.accepted or found.unknown):
        # What is accepted has a group: its answers do not tell which.
        found.unknown = ((offered_groups(version), "none of its answers names a group"),)
    return found


async def accepted_schemes(offer_schemes: Offer, known: Sequence[tuple[Codes, int]]) -> Choices:
    """The signature schemes that TLS 1.2 takes, in no order."""
    version = Version.TLS_1_2
    ask = _asking(offer_schemes, version, "signature scheme", scheme_of)
    families, rest = scheme_families(version), unlikely_schemes(version)
    return await choices(ask, families, rest, known=known, is_ordered=False)


def _is_blank(flight: Flight) -> bool:
    """Whether a retry asks for nothing: wolfSSL's answer to groups of which it has none.

    RFC 8446, 4.1.4 has none such; with a cookie it would be about something else.
    """
    hello = flight.hello
    return hello.is_retry_request and not {ext.KEY_SHARE, ext.COOKIE} & hello.extensions.keys()


def _is_inner_failure(flight: Flight) -> bool:
    """Whether a flight ended with internal_error."""
    end = flight.broken_off
    return isinstance(end, Alert) and end.description == INTERNAL_ERROR


def _asking(
    offer_codes: Offer, version: Version, what: str, chosen: Callable[[Flight], int | None]
) -> Ask:
    """Offers to what is chosen from them, in a version known to be accepted."""

    async def ask(offer: Codes) -> int | NoChoice | None:
        settled = await offer_codes(offer)
        match settled:
            case Refusal():
                return None
            case Unknown(reason):
                return NoChoice(reason)
        if settled.hello.version != version:
            return NoChoice(f"answered with {version_name(settled.hello.version)}")
        code = chosen(settled)
        if code is None and isinstance(settled.broken_off, NoAnswer):
            again = await offer_codes(offer)  # it was cut, perhaps by chance
            settled = again if isinstance(again, Flight) else settled
            code = chosen(settled)
        if code is None and _is_inner_failure(settled):
            # A JDK that forbids what it would sign with says so; it counts if it says so again.
            again = await offer_codes(offer)
            if isinstance(again, Flight) and chosen(again) is None and _is_inner_failure(again):
                return None
            code = chosen(again) if isinstance(again, Flight) else None
        if code is None and (is_refusal(settled.broken_off) or _is_blank(settled)):
            return None  # Go and Java choose the suite, and then find no scheme to sign with
        if code is None:
            return NoChoice(f"its answer shows no {what}")
        if code not in offer and version < Version.TLS_1_3:
            # Had it one of these, it were chosen: OpenSSL 1.0.2 signs with SHA-1 then, and wolfSSL
            # takes P-256.
            return None
        return code if code in offer else NoChoice(f"chose {what} 0x{code:04x}, not offered")

    return ask
