"""Known attacks whose precondition follows from what a server accepts, at no further question.

Each function is a definition with its source. They say True where the precondition was seen,
False where everything that could show it was asked and answered, and None else. A precondition
is not an exploit: where client or server can close the hole unseen, the docstring says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from plainwire.model import TlsEndpoint

SSL_AND_TLS = ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2")
# Below this many bits academics computed discrete logarithms (Adrian et al. 2015, section 3.2);
# for one 1024-bit prime that many servers share, a state could (section 4).
DH_WITHIN_REACH = 1024


def derived(endpoint: TlsEndpoint) -> dict[str, bool]:
    """Each attack of the report contract that follows from the rest of an endpoint, by its word."""
    if not endpoint.speaks_tls:
        return {}
    found = {name: judge(endpoint) for name, judge in ATTACKS.items()}
    return {name: is_open for name, is_open in found.items() if is_open is not None}


def accepts(
    endpoint: TlsEndpoint, *words: str, versions: Sequence[str] = SSL_AND_TLS
) -> bool | None:
    """Whether a suite with one of the words in its name is accepted in one of the versions.

    Returns None if none was seen and not every suite of every such version was asked about.
    """
    on, ciphers = endpoint.protocols or {}, endpoint.ciphers or {}
    taken = [suite for version in versions for suite in ciphers.get(version, ())]
    if any(word in suite for suite in taken for word in words):
        return True
    open_ = [gap.question for gap in endpoint.inconclusive if gap.part == "ciphers"]
    is_known = all(
        on.get(version) is False
        or (version in ciphers and not any(version in question for question in open_))
        for version in versions
    )
    return False if is_known else None


def drown(endpoint: TlsEndpoint) -> bool | None:
    """DROWN, CVE-2016-0800: SSLv2 is accepted (Aviram et al. 2016, section 3).

    False says it of this port only: another service with the same key and SSLv2 opens it as well.
    """
    return (endpoint.protocols or {}).get("SSLv2")


def logjam(endpoint: TlsEndpoint) -> bool | None:
    """Logjam, CVE-2015-4000: Diffie-Hellman that is, or can be brought, within reach.

    That is DHE_EXPORT accepted, a prime of less than 1024 bits, or of 1024 and shared by many
    (Adrian et al. 2015, sections 3.2 and 4).
    """
    if export := accepts(endpoint, "_DHE_RSA_EXPORT", "_DHE_DSS_EXPORT", "_DH_anon_EXPORT"):
        return True
    is_asked = accepts(endpoint, "_DHE_")
    if is_asked is False:
        return export
    if endpoint.dh is None:
        return None
    bits, common = endpoint.dh.bits, endpoint.dh.common
    if bits < DH_WITHIN_REACH or (bits == DH_WITHIN_REACH and common is not None):
        return True
    return export if is_asked else None


def freak(endpoint: TlsEndpoint) -> bool | None:
    """FREAK, CVE-2015-0204: RSA_EXPORT is accepted (Beurdouche et al. 2015, section V.D)."""
    return accepts(endpoint, "TLS_RSA_EXPORT")


def poodle(endpoint: TlsEndpoint) -> bool | None:
    """POODLE, CVE-2014-3566: SSLv3 with a CBC suite, whose padding SSLv3 leaves unchecked."""
    return accepts(endpoint, "_CBC_", versions=("SSLv3",))


def sweet32(endpoint: TlsEndpoint) -> bool | None:
    """SWEET32, CVE-2016-2183: CBC with blocks of 64 bits (Bhargavan and Leurent 2016).

    It takes some 785 GB in one connection; how much a server lets through one is not asked.
    """
    return accepts(endpoint, "_3DES_EDE_CBC_", "_DES_CBC_", "_DES40_", "_IDEA_CBC_", "_RC2_CBC_")


def rc4(endpoint: TlsEndpoint) -> bool | None:
    """RC4, CVE-2013-2566 and CVE-2015-2808: any suite with RC4 (prohibited by RFC 7465)."""
    return accepts(endpoint, "_RC4_")


def beast(endpoint: TlsEndpoint) -> bool | None:
    """BEAST, CVE-2011-3389: CBC in TLS 1.0 or SSLv3, where a record's IV is known beforehand.

    Clients close it by splitting records since 2011 and 2012, which a server does not show.
    """
    return accepts(endpoint, "_CBC_", versions=("SSLv3", "TLSv1.0"))


def lucky13(endpoint: TlsEndpoint) -> bool | None:
    """Lucky Thirteen, CVE-2013-0169: CBC accepted and no encrypt_then_mac (RFC 7366).

    A precondition and no more: stacks check the MAC in constant time since 2013, which nobody can
    see from outside, nor measure well. RFC 9325, section 4.2 advises against such suites.
    """
    has_cbc = accepts(endpoint, "_CBC_")
    if not has_cbc:
        return has_cbc
    protects = (endpoint.features or {}).get("encrypt_then_mac")
    return None if protects is None else not protects


def crime(endpoint: TlsEndpoint) -> bool | None:
    """CRIME, CVE-2012-4929: TLS compression is accepted (RFC 7457, section 2.6).

    TLS 1.3 has none (RFC 8446, section 4.1.2).
    """
    if all((endpoint.protocols or {}).get(version) is False for version in SSL_AND_TLS):
        return False
    found = (endpoint.features or {}).get("compression")
    return found if isinstance(found, bool) else None


def raccoon(endpoint: TlsEndpoint) -> bool | None:
    """Raccoon, CVE-2020-1968: one Diffie-Hellman value for several connections up to TLS 1.2.

    That is a static DH suite, or DHE whose public value was sent twice (Merget et al. 2021,
    section 3). The attack needs precise timing besides, and a stack that strips leading zeros.
    """
    if accepts(endpoint, "TLS_DH_RSA_", "TLS_DH_DSS_"):
        return True
    has_dhe = accepts(endpoint, "_DHE_", "TLS_DH_")
    if has_dhe is False:
        return False
    reused = endpoint.dh.reused if endpoint.dh else None
    return True if reused else (reused if has_dhe else None)


ATTACKS: Mapping[str, Callable[[TlsEndpoint], bool | None]] = {
    "drown": drown,
    "logjam": logjam,
    "freak": freak,
    "poodle": poodle,
    "sweet32": sweet32,
    "rc4": rc4,
    "beast": beast,
    "lucky13": lucky13,
    "crime": crime,
    "raccoon": raccoon,
}
