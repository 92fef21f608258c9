"""What one look at one address of a target brought: values for `judging`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from plainwire.model import CertificateFacts
from plainwire.monitor.times import milliseconds

Tier = Literal["light", "full", "light-again", "full-again"]
TIERS: tuple[Tier, ...] = ("light", "full", "light-again", "full-again")
Status = Literal["answered", "unreachable", "unknown", "missed"]
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A served leaf; times in milliseconds. ``key_sha256`` is of its SubjectPublicKeyInfo."""

    fingerprint: str
    subject: str
    issuer: str
    sans: tuple[str, ...]
    not_before: int
    not_after: int
    key_type: str
    key_sha256: str | None = None

    @classmethod
    def of(cls, facts: CertificateFacts) -> Certificate:
        """The same of a probe's words."""
        return cls(
            facts.fingerprint_sha256,
            facts.subject,
            facts.issuer,
            facts.sans,
            milliseconds(facts.not_before),
            milliseconds(facts.not_after),
            facts.key_type,
            facts.key_sha256,
        )

    @property
    def name(self) -> str:
        """What a person calls it: its first name, else its subject."""
        return next(iter(self.sans), self.subject)


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one address. ``body`` is a snapshot's (`snapshot.py`), None if there is none.

    ``certificates`` are the leaves seen, by the key that they were asked with, the latest of each;
    ``beside`` are further ones for such a key, as while one is rolled out behind a load balancer.
    ``is_partial``: a question for certificates got no answer, so there may be others. ``revoked``
    and ``good`` are the fingerprints of which a verified staple says so. ``is_mute``: connections
    were taken, and no TLS hello was answered.
    """

    address: str
    status: Status
    started_at: int
    duration_ms: int = 0
    error: str | None = None
    grade: str | None = None
    body: Body | None = None
    certificates: Mapping[str, Certificate] = field(default_factory=dict)
    beside: tuple[Certificate, ...] = ()
    is_partial: bool = False
    revoked: frozenset[str] = frozenset()
    good: frozenset[str] = frozenset()
    tool_version: str = ""
    is_mute: bool = False
