"""What a TLS server revealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from plainwire.model.answer import Handshake


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What one certificate says. Times are aware and in UTC; ``key_bits`` in bits."""

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


@dataclass(frozen=True, slots=True)
class Chain:
    """A served chain with its judgement.

    ``problems`` and ``problems_checked`` are words of the report contract, ``trusted_by`` the
    stores ("mozilla", "system", "ca-file") with a path to a root of theirs, ``paths`` the
    subjects of each such path from leaf to root. A word in neither list was not looked at.
    """

    chain: tuple[CertificateFacts, ...]
    problems: tuple[str, ...]
    problems_checked: tuple[str, ...]
    trusted_by: tuple[str, ...]
    paths: tuple[tuple[str, ...], ...] = ()
    asked_with: Mapping[str, Any] = field(default_factory=lambda: {"sni": True})
    scts: int | None = None


@dataclass(frozen=True, slots=True)
class TlsEndpoint:
    """What a TLS server revealed. None: not looked at or not answered; False and (): not there."""

    host: str
    port: int
    address: str | None = None
    server_name: str | None = None
    speaks_tls: bool | None = None
    protocols: Mapping[str, bool] | None = None
    certificates: tuple[Chain, ...] | None = None
    features: Mapping[str, Any] | None = None
    inconclusive: tuple[tuple[str, str], ...] = ()
    connections: int = 0
    duration_s: float = 0.0

    def chains_with(self, problem: str) -> tuple[Chain, ...]:
        """The served chains that have a problem; empty where none was seen."""
        return tuple(chain for chain in self.certificates or () if problem in chain.problems)

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
