"""Which cipher suites are asked for together, and in which order a server is likely to rank them.

A family is a set of suites that one configuration word of a server switches on or off, and that
one key can serve: a server takes all of a family or none, mostly.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from plainwire.policy.registries import read_table
from plainwire.policy.suites import OFFER_SIZE, Suite, offered_groups, offered_schemes, suites
from plainwire.policy.versions import Version

Codes = tuple[int, ...]

KEY_EXCHANGES = ("ECDHE_ECDSA", "ECDHE_RSA", "DHE_RSA", "RSA")
USUAL = ("AES_128_GCM", "AES_256_GCM", "CHACHA20", "AES_128_CBC", "AES_256_CBC")
SOUND = (*USUAL, "CCM", "CAMELLIA", "ARIA", "SEED", "IDEA")
# Registered, but OpenSSL and what builds on it has none of them.
RARE = (*(f"ARIA_{bits}_CBC" for bits in (128, 256)), *(f"CAMELLIA_{b}_GCM" for b in (128, 256)))
BROKEN = ("RC4_128", "3DES_EDE", "DES_CBC_SHA", "_NULL_")
# Better first.
TLS_1_3 = {0x1301: "usual", 0x1302: "usual", 0x1303: "usual", 0x1304: "CCM", 0x1305: "CCM"}
# Hybrids with ML-KEM, elliptic curves, the fields of RFC 7919.
LIKELY_GROUPS = (
    (0x11EC, 0x11EB, 0x11ED, 0x0201, 0x0202, 0x0200, 0x6399, 0x639A),
    (0x001D, 0x0017, 0x001E, 0x0019, 0x0018),
    (0x0100, 0x0101, 0x0102, 0x0103, 0x0104),
)
# What a server with an RSA key signs with by PSS and by PKCS #1; all else is one more family.
SCHEMES = ((0x0804, 0x0805, 0x0806), (0x0401, 0x0501, 0x0601))
# The schemes of TLS 1.3 that one key can serve; any other has a kind of key to itself.
ONE_KEY = ((0x0804, 0x0805, 0x0806), (0x0809, 0x080A, 0x080B))
CIPHERS = (
    "AES_256_GCM",
    "CHACHA20",
    "AES_128_GCM",
    "AES_256_CCM",
    "AES_128_CCM",
    "ARIA_256",
    "ARIA_128",
    "AES_256_CBC",
    "CAMELLIA_256",
    "AES_128_CBC",
    "CAMELLIA_128",
    "SEED",
    "IDEA",
    "RC4_128",
    "3DES",
    "DES_CBC",
    "NULL",
)


def key_exchange(suite: Suite) -> str:
    """The key exchange and authentication in a suite's name; "" in TLS 1.3, which has none."""
    head, mark, _ = suite.name.partition("_WITH_")
    return head.removeprefix("TLS_") if mark else ""


def authentication(code: int) -> str | None:
    """The kind of key that a suite's certificate has. Returns None where there is none, or PSK."""
    exchange = key_exchange(suites()[code]) if code in suites() else ""
    kind = exchange.rpartition("_")[2]
    return kind if kind in ("RSA", "ECDSA", "DSS") and "PSK" not in exchange else None


def with_one_key(scheme: int) -> Codes:
    """The schemes of TLS 1.3 that a server which signs with ``scheme`` likely takes with it."""
    return next((family for family in ONE_KEY if scheme in family), (scheme,))


def family_of(suite: Suite) -> str | None:
    """The family of a likely suite. Returns None for one that hardly a server has."""
    exchange = key_exchange(suite)
    if not exchange:
        return TLS_1_3.get(suite.code, "other")
    if any(word in suite.name for word in RARE):
        return None
    if "EXPORT" in suite.name or ("anon" not in exchange and exchange not in KEY_EXCHANGES):
        return None
    if "anon" in exchange or any(word in suite.name for word in BROKEN):
        return "weak"
    if not any(word in suite.name for word in SOUND):
        return None
    is_usual = any(word in suite.name for word in USUAL)
    return f"{exchange} {'usual' if is_usual and exchange == 'ECDHE_RSA' else ''}"


@cache
def families(version: Version) -> tuple[Codes, ...]:
    """The likely suites of a version, by families."""
    found: dict[str, list[int]] = {}
    for suite in sorted(_fitting(version), key=_rank):
        if name := family_of(suite):
            found.setdefault(name, []).append(suite.code)
    return tuple(tuple(codes) for codes in found.values())


@cache
def guess(version: Version) -> Codes:
    """The likely suites of a version as a server of its own order is likely to rank them."""
    fitting = [suite for suite in _fitting(version) if family_of(suite)]
    return tuple(suite.code for suite in sorted(fitting, key=_rank))


@cache
def unlikely(version: Version) -> tuple[Codes, ...]:
    """All other suites of a version, in offers of at most `OFFER_SIZE`."""
    codes = [suite.code for suite in _fitting(version) if not family_of(suite)]
    return tuple(tuple(codes[at : at + OFFER_SIZE]) for at in range(0, len(codes), OFFER_SIZE))


@cache
def offers(version: Version) -> tuple[Codes, ...]:
    """Every suite of a version in offers of at most `OFFER_SIZE`, the first begins as guessed."""
    codes = (*guess(version), *(code for part in unlikely(version) for code in part))
    return tuple(codes[at : at + OFFER_SIZE] for at in range(0, len(codes), OFFER_SIZE))


@cache
def group_families(version: Version) -> tuple[Codes, ...]:
    """The likely groups of a version, by families."""
    known = offered_groups(version)
    found = (tuple(code for code in family if code in known) for family in LIKELY_GROUPS)
    return tuple(family for family in found if family)


@cache
def group_guess(version: Version) -> Codes:
    """The likely groups of a version as OpenSSL 3.5 ranks them by default."""
    likely = {code for family in LIKELY_GROUPS for code in family}
    return tuple(code for code in offered_groups(version) if code in likely)


@cache
def unlikely_groups(version: Version) -> tuple[Codes, ...]:
    """All other groups of a version, in one offer."""
    rest = tuple(code for code in offered_groups(version) if code not in group_guess(version))
    return (rest,) if rest else ()


@cache
def scheme_families(version: Version) -> tuple[Codes, ...]:
    """Every signature scheme that a version knows, by families."""
    known = offered_schemes(version)
    named = {code for family in SCHEMES for code in family}
    every = (*SCHEMES, tuple(code for code in known if code not in named))
    found = (tuple(code for code in family if code in known) for family in every)
    return tuple(family for family in found if family)


def _fitting(version: Version) -> list[Suite]:
    return [suite for suite in suites().values() if suite.fits(version)]


@cache
def _preference() -> Mapping[str, int]:
    """Where a suite stands by default with OpenSSL, by name."""
    return {row["name"]: at for at, row in enumerate(read_table("openssl_preference.csv"))}


def _rank(suite: Suite) -> tuple[int, int]:
    """Where a suite stands in a likely order: what OpenSSL does not have, by strength behind."""
    cipher = next((at for at, word in enumerate(CIPHERS) if word in suite.name), len(CIPHERS))
    return (_preference().get(suite.name, len(_preference())), cipher)
