"""A flaw that is there, with what proves it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Literal

from plainwire.model.answer import Evidence, Exchange, Handshake, Span
from plainwire.model.target import Operation

Letter = Literal["A", "B", "C", "D", "E", "F"]


class Severity(IntEnum):
    """How bad one finding is; the weights are in `grading.py`."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    def __str__(self) -> str:
        return self.name.lower()


class Confidence(StrEnum):
    """How sure a finding is. `TENTATIVE` halves its weight."""

    CERTAIN = "certain"
    FIRM = "firm"
    TENTATIVE = "tentative"


@dataclass(frozen=True, slots=True)
class Location:
    """Where a finding is: a URL, a file's line, or a host and port; unused parts are None."""

    url: str | None = None
    method: str | None = None
    path: str | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    host: str | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a finding does not count, and until when (a date, inclusive)."""

    reason: str
    until: str | None = None


@dataclass(frozen=True, slots=True)
class FixReference:
    """A fix that exists for a finding."""

    level: Literal["safe", "conditional", "unsafe", "advice"]
    id: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A flaw that is there, with what proves it. Made by `Check.finding`."""

    id: str
    category: str
    severity: Severity
    title: str
    message: str
    cwe: tuple[int, ...] = ()
    owasp: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    confidence: Confidence = Confidence.CERTAIN
    operation: Operation | None = None
    locations: tuple[Location, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    remediation: str = ""
    parameter: str | None = None
    cap: Letter | None = None
    kind: str | None = None
    layer: str | None = None
    environment: str | None = None
    fix: FixReference | None = None
    baseline: Literal["new", "known"] | None = None
    suppressed: Suppression | None = None
    ordinal: int = 0

    @property
    def fingerprint(self) -> str:
        """Stable words of a finding, hashed to 32 hex digits.

        Live: id, method, templated path and parameter; scheme, host and port are left out, so that
        a baseline from staging serves production. Static: id, path, the line's text with its
        spaces made one, and the ordinal among equal ones, so that lines may move.
        """
        if self.layer is not None and self.evidence and isinstance(self.evidence[0], Span):
            place = self.evidence[0]
            words = (self.id, place.path, " ".join(place.text.split()), str(self.ordinal))
            return _hashed("\x00".join(words))
        method, path = (self.operation.method, self.operation.path) if self.operation else ("", "")
        return _hashed("\x00".join((self.id, method, path, self.parameter or "")))

    @property
    def counts(self) -> bool:
        """True if the finding counts for the letter: neither suppressed nor in the baseline."""
        return self.suppressed is None and self.baseline != "known"


def _hashed(words: str) -> str:
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def locations_of(evidence: Sequence[Evidence]) -> tuple[Location, ...]:
    """The places that evidence was seen at, each once, in order."""
    places: dict[Location, None] = {}
    for item in evidence:
        match item:
            case Exchange():
                places[Location(url=item.url, method=item.request.method)] = None
            case Handshake():
                places[Location(host=item.host, port=item.port)] = None
            case Span():
                place = Location(
                    path=item.path, line=item.line, column=item.column, end_line=item.end_line
                )
                places[place] = None
    return tuple(places)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings worst first, then by id, place and parameter."""

    def key(f: Finding) -> tuple[int, str, str, str, str]:
        operation = f.operation
        path, method = (operation.path, operation.method) if operation else ("", "")
        return (-f.severity, f.id, path, method, f.parameter or "")

    return tuple(sorted(findings, key=key))
