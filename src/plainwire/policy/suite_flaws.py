"""What is wrong with an accepted suite, each under its worst flaw only: one remedy, one finding."""

from __future__ import annotations

from collections.abc import Mapping

from plainwire.model import TlsEndpoint
from plainwire.model.tls import MAX_NAMED

# Flaws by what an IANA name then has in it, worst first. The two of TLS 1.3 are RFC 9150's.
BROKEN: Mapping[str, tuple[str, ...]] = {
    "no encryption": ("_NULL_", "TLS_SHA256_SHA256", "TLS_SHA384_SHA384"),
    "no authentication": ("_anon_",),
    "short key": ("EXPORT", "_DES_CBC_", "_DES40_", "_RC2_CBC_40_"),
    "RC4": ("_RC4_",),
    "short block": ("_3DES_EDE_CBC_", "_IDEA_CBC_", "_RC2_CBC_"),
}
# Accepted suites with the versions that take them.
Taken = dict[str, tuple[str, ...]]


def flaw_of(suite: str) -> str | None:
    """The worst flaw of a suite. Returns None if it has none of those in `BROKEN`."""
    found = (flaw for flaw, words in BROKEN.items() if any(word in suite for word in words))
    return next(found, None)


def broken(endpoint: TlsEndpoint, flaw: str) -> Taken:
    """The accepted suites whose worst flaw it is, SSLv2's apart."""
    return {name: on for name, on in _taken(endpoint).items() if flaw_of(name) == flaw}


def unbroken(endpoint: TlsEndpoint, *words: str) -> Taken:
    """The accepted suites with one of the words in their name that have no flaw of `BROKEN`."""
    return {
        name: on
        for name, on in _taken(endpoint).items()
        if flaw_of(name) is None and any(word in name for word in words)
    }


def named(suites: Taken) -> str:
    """The suites in words, the first few by name."""
    more = len(suites) - MAX_NAMED
    shown = ", ".join(tuple(suites)[:MAX_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown


def _taken(endpoint: TlsEndpoint) -> Taken:
    found: Taken = {}
    for version, suites in (endpoint.ciphers or {}).items():
        for suite in suites:
            if suite.startswith("TLS_"):
                found[suite] = (*found.get(suite, ()), version)
    return found
