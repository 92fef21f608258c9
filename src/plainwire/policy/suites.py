"""Cipher suites, groups and signature schemes as IANA numbers and names them.

The tables in `data/` say where they come from and of when they are. What a hello offers is
chosen here too, so that a newly registered code point is one line of a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from plainwire.policy.registries import read_table
from plainwire.policy.versions import WORDS, Version

FALLBACK_SCSV = 0x5600
RENEGOTIATION_SCSV = 0x00FF
NULL_WITH_NULL_NULL = 0x0000
NOT_FOR_OFFERS = {FALLBACK_SCSV, RENEGOTIATION_SCSV, NULL_WITH_NULL_NULL}

# Schemes of TLS 1.2 that are no longer known as such in TLS 1.3 (RFC 8446, 4.2.3): MD5, SHA-224.
OBSOLETE = frozenset((0x0101, 0x0103, 0x0301, 0x0302, 0x0303))
# Below the 128 suites that some servers refuse to go beyond, with a signalling value and GREASE.
OFFER_SIZE = 124


@dataclass(frozen=True, slots=True)
class Suite:
    """A cipher suite; ``since`` is the oldest version that can use it."""

    code: int
    name: str
    since: Version
    reference: str

    def fits(self, version: Version) -> bool:
        """True if the suite can be negotiated in a version.

        TLS 1.3 has suites of its own (RFC 8446, B.4); others need TLS 1.2 for their AEAD or
        their PRF (RFC 5246, 7.4.9; RFC 5288, section 4).
        """
        if self.code in NOT_FOR_OFFERS:
            return False
        if Version.TLS_1_3 in (version, self.since):
            return version == self.since
        return self.since <= version


@cache
def suites() -> Mapping[int, Suite]:
    """Every registered suite by code point, signalling values included."""
    by_word = {word: version for version, word in WORDS.items()}
    table = (
        Suite(int(row["code"], 16), row["name"], by_word[row["since"]], row["reference"])
        for row in read_table("tls_cipher_suites.csv")
    )
    return {suite.code: suite for suite in table}


@cache
def groups() -> Mapping[int, str]:
    """Every registered key exchange group's name by code point (RFC 8446, 4.2.7)."""
    return {int(row["code"], 16): row["name"] for row in read_table("tls_groups.csv")}


@cache
def signature_schemes() -> Mapping[int, str]:
    """Every registered signature scheme's name by code point (RFC 8446, 4.2.3)."""
    return {int(row["code"], 16): row["name"] for row in read_table("tls_signature_schemes.csv")}


def suite_name(code: int) -> str:
    """The IANA name of a suite, or its hexadecimal code point, such as ``0xfafa``."""
    suite = suites().get(code)
    return suite.name if suite else f"0x{code:04x}"


def _is_obsolete(group: int) -> bool:
    """``obsolete_RESERVED`` of NamedGroup."""
    return group <= 0x0016 or 0x001A <= group <= 0x001C or group in (0xFF01, 0xFF02)


@cache
def offered_groups(version: Version) -> tuple[int, ...]:
    """The groups that a hello of one version offers, the usual ones first.

    TLS 1.3 leaves out what RFC 8446, 4.2.7 calls obsolete, over which tlslite-ng would not speak
    on; older versions leave out what only TLS 1.3 knows (ML-KEM and its hybrids).
    """
    usual = (0x11EC, 0x001D, 0x0017, 0x001E, 0x0019, 0x0018, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104)
    hybrids = (0x11EB, 0x11ED, 0x0201, 0x0202, 0x0200, 0x6399, 0x639A)
    known = tuple(dict.fromkeys((*usual, *hybrids, *groups())))
    if version >= Version.TLS_1_3:
        return tuple(code for code in known if not _is_obsolete(code))
    return tuple(code for code in known if code < 0x0200)


@cache
def offered_schemes(version: Version) -> tuple[int, ...]:
    """The signature schemes that a hello of one version offers; none before TLS 1.2."""
    known = tuple(signature_schemes()) if version >= Version.TLS_1_2 else ()
    return tuple(code for code in known if version < Version.TLS_1_3 or code not in OBSOLETE)
