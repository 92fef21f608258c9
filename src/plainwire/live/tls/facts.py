"""What the answers of a TLS listener come to, in the words of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from plainwire.live.tls.choices import Choices
from plainwire.live.tls.plan import Seen
from plainwire.model import DhParameters
from plainwire.policy.diffie_hellman import common_name
from plainwire.policy.suites import groups, signature_schemes, suite_name
from plainwire.policy.versions import Version
from plainwire.wire import extensions as ext
from plainwire.wire.flight import Flight
from plainwire.wire.key_exchange import DheParameters

Names = Mapping[str, tuple[str, ...]]


def ciphers(seen: Seen) -> Names:
    """The accepted suites by version, in the server's order where it has one."""
    return {str(version): found.names for version, found in _newest_first(seen.suites)}


def cipher_order(seen: Seen) -> Mapping[str, Literal["server", "client"]]:
    """Whose order decides, for each version where the answers say so."""
    return {
        str(version): found.choices.order
        for version, found in _newest_first(seen.suites)
        if found.choices.order
    }


def named(found: Mapping[Version, Choices], names: Mapping[int, str]) -> Names:
    """Accepted codes by version, by their IANA names."""
    return {
        str(version): tuple(names.get(code, f"0x{code:04x}") for code in one.accepted)
        for version, one in _newest_first(found)
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
    shown = [
        flight.key_exchange.parameters
        for flight in flights
        if flight.key_exchange and isinstance(flight.key_exchange.parameters, DheParameters)
    ]
    if not shown:
        return None
    least = min(shown, key=lambda one: one.p)
    values = Counter((one.p, one.public) for one in shown)
    is_reused = None if len(shown) < 2 else max(values.values()) > 1
    return DhParameters(least.p.bit_length(), common_name(least.p), is_reused)


def features(flights: Iterable[Flight]) -> dict[str, Any]:
    """What TLS 1.2 and before say of themselves in clear; what no flight tells is left out."""
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


ECHOED = {
    "secure_renegotiation": ext.RENEGOTIATION_INFO,
    "extended_master_secret": ext.EXTENDED_MASTER_SECRET,
    "heartbeat": ext.HEARTBEAT,
}
