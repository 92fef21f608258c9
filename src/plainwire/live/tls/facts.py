"""What the answers of a TLS listener come to, in the words of the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from plainwire.live.tls.choices import Choices
from plainwire.live.tls.client_certificates import client_certificates
from plainwire.live.tls.seen import Seen
from plainwire.model import DhParameters
from plainwire.policy.diffie_hellman import common_name
from plainwire.policy.suites import groups, signature_schemes, suite_name
from plainwire.policy.versions import Version
from plainwire.wire import extensions as ext
from plainwire.wire.flight import Flight
from plainwire.wire.key_exchange import DheParameters, EcdheParameters

Names = Mapping[str, tuple[str, ...]]


def ciphers(seen: Seen) -> Names:
    """The accepted suites by version, in the server's order where it has one.

    A version that left all open has none.
    """
    found = {
        str(version): found.names
        for version, found in _newest_first(seen.suites)
        if found.choices.accepted or not found.choices.unknown
    }
    return found | ({"SSLv2": seen.sslv2.names} if seen.sslv2 else {})


def cipher_order(seen: Seen) -> Mapping[str, Literal["server", "client"]]:
    """Whose order decides, for each version where the answers say so."""
    return {
        str(version): found.choices.order
        for version, found in _newest_first(seen.suites)
        if found.choices.order
    }


def named(found: Mapping[Version, Choices], names: Mapping[int, str]) -> Names:
    """Accepted codes by version, by their IANA names; none of a version that left all open."""
    return {
        str(version): tuple(names.get(code, f"0x{code:04x}") for code in one.accepted)
        for version, one in _newest_first(found)
        if one.accepted or not one.unknown
    }


def group_names(seen: Seen) -> Names:
    """The accepted groups by version."""
    return named(seen.groups, groups())


def scheme_names(seen: Seen) -> Names:
    """The accepted signature schemes by version."""
    return named(seen.schemes, signature_schemes())


def _newest_first(found: Mapping[Version, Any]) -> Iterable[tuple[Version, Any]]:
    return sorted(found.items(), reverse=True)


def dh(flights: Iterable[Flight]) -> DhParameters | None:
    """The ephemeral Diffie-Hellman group. Returns None if no flight shows one.

    Where a server has several groups it is the smallest prime.
    """
    shown = [one for one in _exchanged(flights) if isinstance(one, DheParameters)]
    if not shown:
        return None
    least = min(shown, key=lambda one: one.p)
    is_reused = _is_reused([(one.p, one.public) for one in shown])
    return DhParameters(least.p.bit_length(), common_name(least.p), is_reused)


def _exchanged(flights: Iterable[Flight]) -> Iterable[object]:
    """The keys that a server made for connections, each of which may be heard more than once."""
    exchanges = {
        id(flight): flight.key_exchange.parameters for flight in flights if flight.key_exchange
    }
    return exchanges.values()


def _is_reused(shown: Sequence[tuple[int, object]]) -> bool | None:
    """Whether one of (group, public key) came twice; None if no group did."""
    if len(set(shown)) < len(shown):
        return True
    return False if len({group for group, _ in shown}) < len(shown) else None


def features(seen: Seen) -> dict[str, Any]:
    """What answers say of themselves, by name; what none of them tells is left out.

    What was asked of by itself counts more.
    """
    found = _of_flights(seen.flights)
    if seen.handshakes:
        is_stapled = any(result.staple is not None for result in seen.handshakes)
        found["ocsp_stapling"] = is_stapled or found.get("ocsp_stapling", False)
    if (is_required := _is_name_required(seen)) is not None:
        found["sni_required"] = is_required
    points = [one for one in _exchanged(seen.flights) if isinstance(one, EcdheParameters)]
    is_reused = _is_reused([(one.group, one.public) for one in points])
    if is_reused is not None:
        found["ec_point_reused"] = is_reused
    for name, code in ASKED_FOR.items():
        if code in seen.unasked and not found.get(name):
            found.pop(name, None)
    return dict(sorted((found | seen.features | client_certificates(seen)).items()))


def _is_name_required(seen: Seen) -> bool | None:
    """True if every version that answered refuses a client that names no server."""
    if not seen.unnamed:
        return None
    return all(seen.unnamed.values())


def _of_flights(flights: Iterable[Flight]) -> dict[str, Any]:
    """What TLS 1.2 and before say of themselves in clear."""
    old = [flight for flight in flights if flight.hello.version < Version.TLS_1_3]
    found: dict[str, Any] = {}
    told = [flight for flight in old if flight.hello.version > Version.SSL_3_0]
    if told:
        for name, code in ECHOED.items():
            found[name] = any(code in flight.hello.extensions for flight in told)
    with_cbc = [flight for flight in told if "_CBC_" in suite_name(flight.hello.suite)]
    if with_cbc:
        found["encrypt_then_mac"] = any(
            ext.ENCRYPT_THEN_MAC in flight.hello.extensions for flight in with_cbc
        )
    whole = [flight for flight in told if flight.is_done and flight.certificates]
    if whole:
        found["ocsp_stapling"] = any(flight.staple is not None for flight in whole)
    return found


# What a server says of itself only where a hello asks for it.
ASKED_FOR = {
    "heartbeat": ext.HEARTBEAT,
    "encrypt_then_mac": ext.ENCRYPT_THEN_MAC,
    "ocsp_stapling": ext.STATUS_REQUEST,
}
ECHOED = {
    "secure_renegotiation": ext.RENEGOTIATION_INFO,
    "extended_master_secret": ext.EXTENDED_MASTER_SECRET,
    "heartbeat": ext.HEARTBEAT,
}
