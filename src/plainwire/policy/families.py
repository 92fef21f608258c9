"""Which cipher suites are asked for together, and in which order a server is likely to rank them.

A family is a set of suites of which a server takes all or none, mostly, as one key can serve them
and one configuration word switches them. A large one has **parts**: it is asked for as a whole,
and by its parts only where something of it was taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from plainwire.policy.registries import read_table
from plainwire.policy.suites import OFFER_SIZE, Suite, offered_groups, offered_schemes, suites
from plainwire.policy.versions import Version

Codes = tuple[int, ...]
Family = tuple[Codes, ...]

KEY_EXCHANGES = ("ECDHE_ECDSA", "ECDHE_RSA", "DHE_RSA", "RSA")
SOUND = ("AES_", "CHACHA20", "CAMELLIA", "ARIA", "SEED", "IDEA")
# Registered, but OpenSSL and what builds on it has none of them.
RARE = (*(f"ARIA_{bits}_CBC" for bits in (128, 256)), *(f"CAMELLIA_{b}_GCM" for b in (128, 256)))
BROKEN = ("RC4_128", "3DES_EDE", "DES_CBC_SHA", "_NULL_")
# Hybrids with ML-KEM, elliptic curves, the fields of RFC 7919.
# Of the hybrids one is taken by default (OpenSSL 3.5, Go 1.24, browsers).
HYBRID = 0x11EC
HYBRIDS = (HYBRID, 0x11EB, 0x11ED, 0x0201, 0x0202, 0x0200, 0x6399, 0x639A)
CURVES = (0x001D, 0x0017, 0x001E, 0x0019, 0x0018)
FIELDS = (0x0100, 0x0101, 0x0102, 0x0103, 0x0104)
# What a server signs with an RSA key, by PSS and by PKCS #1, and with an ECDSA key.
RSA_SCHEMES = ((0x0804, 0x0805, 0x0806), (0x0401, 0x0501, 0x0601), (0x0301,))
ECDSA_SCHEMES = (0x0403, 0x0503, 0x0603, 0x0303)
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


@cache
def key_of(offer: Codes) -> str | None:
    """The key that ECDHE suites, or schemes, are all signed with: "RSA" or "ECDSA".

    Returns None for anything else.
    """
    kinds = {
        "ECDSA": {*ECDSA_SCHEMES, *_ecdhe("ECDHE_ECDSA")},
        "RSA": {code for part in RSA_SCHEMES for code in part} | _ecdhe("ECDHE_RSA"),
    }
    return next((kind for kind, codes in kinds.items() if codes.issuperset(offer)), None)


@cache
def _ecdhe(exchange: str) -> set[int]:
    return {code for code, suite in suites().items() if key_exchange(suite) == exchange}


def _kind(cipher: str) -> str:
    """What a configuration word switches with a cipher, such as every AEAD of AES and ChaCha20."""
    if "CCM" in cipher or "ARIA" in cipher:
        return "CCM, ARIA"
    if "GCM" in cipher or "CHACHA20" in cipher:
        return "AEAD"
    return "CBC" if "AES_" in cipher else "other"


def authentication(code: int) -> str | None:
    """The kind of key that a suite's certificate has. Returns None where there is none, or PSK."""
    exchange = key_exchange(suites()[code]) if code in suites() else ""
    kind = exchange.rpartition("_")[2]
    return kind if kind in ("RSA", "ECDSA", "DSS") and "PSK" not in exchange else None


def with_one_key(scheme: int) -> Codes:
    """The schemes of TLS 1.3 that a server which signs with ``scheme`` likely takes with it."""
    return next((family for family in ONE_KEY if scheme in family), (scheme,))


def family_of(suite: Suite) -> tuple[str, str] | None:
    """The family of a likely suite and its part in it. Returns None for one that hardly one has."""
    exchange = key_exchange(suite)
    if not exchange:
        return ("usual", "") if 0x1301 <= suite.code <= 0x1303 else None
    if any(word in suite.name for word in (*RARE, *BROKEN, "EXPORT", "SEED", "IDEA")):
        return None
    if exchange not in KEY_EXCHANGES or not any(word in suite.name for word in SOUND):
        return None
    kind = _kind(suite.name)
    if exchange.startswith("ECDHE"):
        if kind == "AEAD":
            return exchange, ""
        # Seldom taken with ECDSA; asked for in one where something is taken of the family at all.
        return "ECDHE", exchange if exchange.endswith("ECDSA") else f"{exchange} {kind}"
    return None if exchange == "DHE_RSA" else (exchange, kind)


def _seldom(suite: Suite) -> str | None:
    """The part of a pack that a suite is in which a server may have if it is told to.

    Returns None for one that hardly a server has.
    """
    exchange = key_exchange(suite)
    if family_of(suite) or "EXPORT" in suite.name or any(word in suite.name for word in RARE):
        return None
    if not exchange:
        return "CCM" if suite.code in (0x1304, 0x1305) else None
    if "anon" not in exchange and exchange not in KEY_EXCHANGES:
        return None
    if "anon" in exchange:
        # By themselves: GnuTLS chooses one without having credentials for it, and fails, though
        # it could do others of the offer.
        return "anonymous"
    if any(word in suite.name for word in BROKEN):
        return "broken"
    known = any(word in suite.name for word in SOUND)
    return f"{exchange} {_kind(suite.name)}" if known else None


@cache
def families(version: Version) -> tuple[Family, ...]:
    """The likely suites of a version, by families in parts."""
    found: dict[str, dict[str, list[int]]] = {}
    for suite in sorted(_fitting(version), key=_rank):
        if name := family_of(suite):
            found.setdefault(name[0], {}).setdefault(name[1], []).append(suite.code)
    return tuple(tuple(tuple(codes) for codes in parts.values()) for parts in found.values())


@cache
def guess(version: Version) -> Codes:
    """What a server may have, in the order in which one of its own order is likely to rank it."""
    fitting = [suite for suite in _fitting(version) if family_of(suite) or _seldom(suite)]
    return tuple(suite.code for suite in sorted(fitting, key=_rank))


@cache
def unlikely(version: Version) -> tuple[Family, ...]:
    """All other suites of a version, in packs of at most `OFFER_SIZE`, each in parts."""
    parts: dict[str, list[int]] = {}
    for suite in sorted(_fitting(version), key=_rank):
        if not family_of(suite):
            parts.setdefault(_seldom(suite) or "", []).append(suite.code)
    rare = parts.pop("", [])
    return packed([tuple(codes) for codes in parts.values()], rare)


def packed(parts: Sequence[Codes], rare: Sequence[int]) -> tuple[Family, ...]:
    """As few packs as hold everything: the parts whole, ``rare`` filling what is left."""
    packs: list[list[Codes]] = [[]]
    for part in parts:
        if sum(map(len, packs[-1])) + len(part) > OFFER_SIZE:
            packs.append([])
        packs[-1].append(part)
    left = list(rare)
    while left:
        room = OFFER_SIZE - sum(map(len, packs[-1]))
        if room <= 0:
            packs.append([])
            continue
        packs[-1].append(tuple(left[:room]))
        left = left[room:]
    return tuple(tuple(pack) for pack in packs if pack)


@cache
def offers(version: Version) -> tuple[Codes, ...]:
    """Every suite of a version in offers of at most `OFFER_SIZE`, the first begins as guessed."""
    every = (code for pack in unlikely(version) for part in pack for code in part)
    codes = tuple(dict.fromkeys((*guess(version), *every)))
    return tuple(codes[at : at + OFFER_SIZE] for at in range(0, len(codes), OFFER_SIZE))


@cache
def reversed_offer(version: Version) -> Codes:
    """The first of `offers` with what is guessed backwards, and no ChaCha20 at its head."""
    first = offers(version)[0]
    likely = guess(version)[: len(first)]
    turned = headed(likely[::-1], chacha())
    return (*turned, *first[len(likely) :])


@cache
def chacha() -> frozenset[int]:
    """The suites with ChaCha20: a client that puts one first has no AES hardware."""
    return frozenset(code for code, suite in suites().items() if "CHACHA20" in suite.name)


GCM = ("AES_128_GCM_SHA256", "AES_256_GCM_SHA384")


@cache
def aes_gcm() -> frozenset[int]:
    """The suites with ECDHE and AES-GCM: a client that puts one first has AES hardware.

    Go ranks its suites in one of two ways by the first that it knows of the client's; those with
    RSA alone do not count (crypto/tls, ``aesgcmPreferred``).
    """
    exchanges = ("TLS_ECDHE_ECDSA_WITH_", "TLS_ECDHE_RSA_WITH_", "TLS_")
    names = {f"{exchange}{bits}" for exchange in exchanges for bits in GCM}
    return frozenset(code for code, suite in suites().items() if suite.name in names)


def headed(codes: Codes, never_first: frozenset[int]) -> Codes:
    """The codes with one at their head that may be there, if they have one.

    Where some may not (ChaCha20), it is one with AES-GCM if there is any: so that a server of
    two orders, for clients with AES hardware and without, always goes by the same.
    """
    good = (at for at, code in enumerate(codes) if never_first and code in aes_gcm())
    at = next(good, -1)
    if at < 0:
        at = next((at for at, code in enumerate(codes) if code not in never_first), 0)
    return (codes[at], *codes[:at], *codes[at + 1 :])


@cache
def group_families(version: Version) -> tuple[Family, ...]:
    """The likely groups of a version, by families."""
    if version < Version.TLS_1_3:
        return ((CURVES,),)
    return (((HYBRID,),), (CURVES,), (FIELDS,))


@cache
def group_guess(version: Version) -> Codes:
    """The likely groups of a version as OpenSSL 3.5 ranks them by default."""
    likely = {code for family in group_families(version) for part in family for code in part}
    return tuple(code for code in offered_groups(version) if code in likely)


@cache
def reversed_groups(version: Version) -> Codes:
    """Every group of a version, those that are guessed backwards."""
    turned = group_guess(version)[::-1]
    return (*turned, *(code for code in offered_groups(version) if code not in turned))


@cache
def unlikely_groups(version: Version) -> tuple[Family, ...]:
    """All other groups of a version, in one offer."""
    rest = tuple(code for code in offered_groups(version) if code not in group_guess(version))
    hybrids = tuple(code for code in rest if code in HYBRIDS)
    others = tuple(code for code in rest if code not in HYBRIDS)
    parts = tuple(part for part in (hybrids, others) if part)
    return (parts,) if parts else ()


@cache
def scheme_families(version: Version) -> tuple[Family, ...]:
    """The likely signature schemes of a version, by families, as an RSA key signs."""
    known = offered_schemes(version)
    found = RSA_SCHEMES
    return tuple((tuple(code for code in part if code in known),) for part in found)


@cache
def unlikely_schemes(version: Version) -> tuple[Family, ...]:
    """All other signature schemes of a version, in one offer: those of ECDSA, and the rest."""
    likely = {code for part in (*RSA_SCHEMES, ECDSA_SCHEMES) for code in part}
    rest = tuple(code for code in offered_schemes(version) if code not in likely)
    return ((ECDSA_SCHEMES, rest),) if rest else ()


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
