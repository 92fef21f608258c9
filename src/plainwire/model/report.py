"""Everything that one run learned about one target."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from plainwire.model.answer import Unanswered
from plainwire.model.deployment import Deployment, Environment, Path
from plainwire.model.finding import Finding, Letter
from plainwire.model.source import Skip
from plainwire.model.target import Operation

if TYPE_CHECKING:  # no audit has one
    from plainwire.model.tls import TlsEndpoint

CATEGORIES = (
    "authentication",
    "bola",
    "bfla",
    "property-authorization",
    "input-validation",
    "rate-limiting",
    "data-exposure",
    "encryption",
    "ssrf",
    "inventory",
    "unsafe-consumption",
    "llm",
)
TlsStatus = Literal["PASS", "FAIL", "UNKNOWN"]
CategoryStatus = Literal["pass", "findings", "unanswered", "not-tested", "not-applicable"]


@dataclass(frozen=True, slots=True)
class Cap:
    """A finding that keeps the letter from being better than ``letter``."""

    finding: str
    letter: Letter
    why: str


@dataclass(frozen=True, slots=True)
class Grade:
    """A letter and the score it comes from (0-100), with what caps it and what would lift it."""

    letter: Letter
    score: int
    is_upper_bound: bool
    scope: tuple[str, ...]
    caps: tuple[Cap, ...]
    to_reach_a: tuple[str, ...]
    unsuppressed_letter: Letter


@dataclass(frozen=True, slots=True)
class Category:
    """One of the twelve, with how it ended.

    ``checks_run`` are its checks that got an answer, ``operations`` the known operations that
    they asked. ``ran`` are the ids of the checks whose question applied and was answered; None:
    not known.
    """

    id: str
    status: CategoryStatus
    checks_run: int = 0
    reason: str | None = None
    operations: int = 0
    ran: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """An operation that is known and was not asked, and why."""

    operation: Operation
    reason: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the API was asked: operations known, exercised, left out."""

    known: int
    exercised: int
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that one run learned about one target: schema ``plainwire-report/1``.

    ``notes`` are sentences about the run itself that are neither findings nor gaps. An audit's
    grade is of one ``environment``; ``deployments``, ``paths`` and ``skipped`` are an audit's too.
    """

    target_kind: Literal["url", "endpoint", "source"]
    target: str
    started_at: datetime
    duration_s: float
    requests: int
    connections: int
    grade: Grade | None
    tls_status: TlsStatus
    tls_reasons: tuple[str, ...]
    categories: tuple[Category, ...]
    coverage: Coverage
    findings: tuple[Finding, ...]
    unanswered: tuple[Unanswered, ...]
    tls: tuple[TlsEndpoint, ...]
    tool_version: str
    is_interrupted: bool = False
    notes: tuple[str, ...] = ()
    environment: Environment | None = None
    deployments: tuple[Deployment, ...] = ()
    paths: tuple[Path, ...] = ()
    skipped: tuple[Skip, ...] = ()

    @property
    def graded(self) -> tuple[Finding, ...]:
        """The findings that the grade is of: all, or those of the environment that was chosen."""
        if self.environment is None:
            return self.findings
        return tuple(f for f in self.findings if f.environment in (None, self.environment))


def canonical_json(value: Any) -> str:
    """JSON with two-space indent and keys in the order given: one form, so reports compare."""
    return json.dumps(value, ensure_ascii=False, indent=2)
