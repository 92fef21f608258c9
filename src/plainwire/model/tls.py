"""What a TLS server revealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from plainwire.model.answer import Handshake

# What a TLS server can be asked about, in the order that a report has it.
Part = Literal[
    "versions",
    "ciphers",
    "groups",
    "signature_algorithms",
    "certificates",
    "features",
    "vulnerabilities",
]
# Known attacks that are asked for by themselves; the others follow from what is accepted.
ATTACKS = frozenset(("heartbleed", "ccs_injection", "robot", "ticketbleed"))
MAX_NAMED = 6
StapleStatus = Literal["good", "revoked", "unknown"]


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What one certificate says. Times are aware and in UTC; ``key_bits`` in bits.

    ``key_flaws`` are words for what is wrong with an RSA key beside its size: "roca",
    "small-exponent", "even-modulus", and "shared-prime" once a whole run was compared, for which
    ``rsa_modulus`` is kept; it is no part of a report. Nor is ``key_sha256``, the SHA-256 of the
    SubjectPublicKeyInfo, which tells a key that stayed from a new one.
    """

    subject: str
    issuer: str
    sans: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    key_type: str
    key_bits: int
    signature_hash: str | None
    fingerprint_sha256: str
    must_staple: bool = False
    key_flaws: tuple[str, ...] = ()
    rsa_modulus: int | None = field(default=None, repr=False, metadata={"in_report": False})
    key_sha256: str | None = field(default=None, repr=False, metadata={"in_report": False})


@dataclass(frozen=True, slots=True)
class Staple:
    """An OCSP response that came with a chain (RFC 6960, 4.2.1); times are aware and in UTC.

    ``next_update`` is None where the responder named no time. ``problem`` says why a client that
    follows RFC 6960, section 3.2 does not accept it, None if it would; if nothing vouches for
    what it says, ``status`` is "unknown".
    """

    status: StapleStatus
    this_update: datetime | None
    next_update: datetime | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """A served chain with its judgement.

    ``problems`` and ``problems_checked`` are words of the report contract, ``trusted_by`` the
    stores ("mozilla", "system", "ca-file") with a path to a root of theirs, ``paths`` the
    subjects of each such path from leaf to root. A word in neither list was not looked at.
    ``path_errors`` are rules of RFC 5280 that keep an `untrusted_root` from one; None without it.
    """

    chain: tuple[CertificateFacts, ...]
    problems: tuple[str, ...]
    problems_checked: tuple[str, ...]
    trusted_by: tuple[str, ...]
    paths: tuple[tuple[str, ...], ...] = ()
    asked_with: Mapping[str, Any] = field(default_factory=lambda: {"sni": True})
    staple: Staple | None = None
    scts: int | None = None
    path_errors: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class DhParameters:
    """The group of ephemeral Diffie-Hellman: its prime's size in bits, and its name if known.

    ``reused`` says whether the server sent one public value twice; None if it was asked once.
    """

    bits: int
    common: str | None = None
    reused: bool | None = None


@dataclass(frozen=True, slots=True)
class ProfileVerdict:
    """Whether an endpoint meets a profile; None if something that it asks for is not known.

    ``because`` says exactly what to change, or what is not known.
    """

    meets: bool | None
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PostQuantum:
    """Whether a recording of today withstands a quantum computer of tomorrow, and why."""

    ready: bool
    because: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A question about one part that got no answer: never "not supported".

    One that ``wants_certificate`` is answered only to who shows a client certificate in the
    handshake, which the probe does not.
    """

    part: Part
    question: str
    reason: str
    wants_certificate: bool = False


@dataclass(frozen=True, slots=True)
class TlsEndpoint:
    """What a TLS server revealed. None: not looked at or not answered; False and (): not there.

    Versions, suites, groups and schemes are in the words of report and registry: "TLSv1.2",
    "TLS_AES_128_GCM_SHA256", "x25519"; in the server's order where ``cipher_order`` is "server".
    ``shared_primes`` has the fingerprints of certificates whose RSA key shares a prime with others
    of the run, each with the places ("host:port") of those.
    """

    host: str
    port: int
    address: str | None = None
    server_name: str | None = None
    starttls: str | None = None
    speaks_tls: bool | None = None
    protocols: Mapping[str, bool] | None = None
    ciphers: Mapping[str, tuple[str, ...]] | None = None
    cipher_order: Mapping[str, Literal["server", "client"]] | None = None
    groups: Mapping[str, tuple[str, ...]] | None = None
    signature_algorithms: Mapping[str, tuple[str, ...]] | None = None
    dh: DhParameters | None = None
    certificates: tuple[Chain, ...] | None = None
    features: Mapping[str, Any] | None = None
    vulnerabilities: Mapping[str, bool] | None = None
    profiles: Mapping[str, ProfileVerdict] | None = None
    post_quantum: PostQuantum | None = None
    shared_primes: Mapping[str, tuple[str, ...]] | None = None
    dns: Mapping[str, Any] | None = None
    inconclusive: tuple[Gap, ...] = ()
    connections: int = 0
    duration_s: float = 0.0

    def tells(self, part: Part) -> bool:
        """True if it says anything about a part; what speaks no TLS has told all there is."""
        if part == "vulnerabilities":
            return self.speaks_tls is False or not ATTACKS.isdisjoint(self.vulnerabilities or {})
        name = "protocols" if part == "versions" else part
        return self.speaks_tls is False or getattr(self, name) is not None

    def chosen(self, suites: Mapping[str, tuple[str, ...]]) -> Handshake:
        """Accepted suites as evidence: hellos that offered them, and what was answered."""
        versions = tuple(dict.fromkeys(v for found in suites.values() for v in found))
        named = ", ".join(tuple(suites)[:MAX_NAMED])
        more = len(suites) - MAX_NAMED
        return Handshake(
            self.host,
            self.port,
            f"ClientHellos of {' and '.join(versions)} with {named}"
            + (f" and {more} more" if more > 0 else ""),
            "ServerHellos that choose them",
        )

    @property
    def served(self) -> tuple[Chain, ...]:
        """The chains that clients are served: those for its name, where any was seen for it.

        What only a client is shown that names no server is of another host, or of none.
        """
        every = self.certificates or ()
        return tuple(each for each in every if each.asked_with.get("sni", True)) or every

    def chains_with(self, problem: str) -> tuple[Chain, ...]:
        """The served chains that have a problem; empty where none was seen."""
        return tuple(chain for chain in self.served if problem in chain.problems)

    @property
    def is_trust_known(self) -> bool:
        """False if for a served chain it is not known whether it leads to a root."""
        return all(
            chain.trusted_by or "untrusted_root" in chain.problems_checked
            for chain in self.certificates or ()
        )

    def shown(self, chain: Chain) -> Handshake:
        """A served chain as evidence: subject, issuer, times and fingerprint of its leaf."""
        leaf = chain.chain[0]
        return Handshake(
            self.host,
            self.port,
            f"a TLS handshake for {self.server_name or self.host}",
            f"{leaf.subject}, issued by {leaf.issuer}, valid from {leaf.not_before:%Y-%m-%d} to "
            f"{leaf.not_after:%Y-%m-%d}, SHA-256 {leaf.fingerprint_sha256}",
        )
