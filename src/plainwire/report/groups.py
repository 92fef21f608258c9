"""Findings of one flaw taken together, worst first: what the renderers for people show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from plainwire.model import (
    Category,
    Evidence,
    Exchange,
    Finding,
    Grade,
    Handshake,
    Location,
    Report,
    Severity,
)


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one id, in the report's order; never empty."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The worst finding, which speaks for the others."""
        return max(self.findings, key=lambda finding: finding.severity)

    @property
    def severity(self) -> Severity:
        """The worst severity."""
        return self.first.severity

    @property
    def messages(self) -> tuple[str, ...]:
        """What the findings say, each once, the worst one's first."""
        said = (self.first.message, *(finding.message for finding in self.findings))
        return tuple(dict.fromkeys(said))

    @property
    def places(self) -> tuple[str, ...]:
        """Where the flaw is, each place once."""
        places = (place(spot) for finding in self.findings for spot in finding.locations)
        return tuple(dict.fromkeys(places))


def grouped(findings: Iterable[Finding]) -> tuple[Group, ...]:
    """The findings by id, the worst group first, equals in the order met."""
    by_id: dict[str, list[Finding]] = {}
    for finding in findings:
        by_id.setdefault(finding.id, []).append(finding)
    groups = [Group(tuple(found)) for found in by_id.values()]
    return tuple(sorted(groups, key=lambda group: -group.severity))


def place(spot: Location) -> str:
    """A location in words: ``GET https://…``, ``app.py:12:5`` or ``host:443``."""
    if spot.url is not None:
        return f"{spot.method} {spot.url}" if spot.method else spot.url
    if spot.path is not None:
        numbers = (str(n) for n in (spot.line, spot.column) if n is not None)
        return ":".join((spot.path, *numbers))
    host = spot.host or "?"
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{spot.port}" if spot.port is not None else host


def proof(item: Evidence) -> str:
    """One piece of evidence as a line."""
    match item:
        case Exchange():
            at = f" from {item.address}" if item.address else ""
            return f"{item.request} answered {item.status}{at}"
        case Handshake():
            return f"{item.host}:{item.port} offered {item.offered}: {item.answer}"
        case _:
            return f"{item.path}:{item.line}: {item.text.strip()}"


def category_words(category: Category, report: Report) -> str:
    """How a category ended, in words."""
    checks = counted(category.checks_run, "check")
    if category.operations:
        checks += f", {counted(category.operations, 'operation')}"
    match category.status:
        case "pass":
            return f"pass ({checks})"
        case "findings":
            mine = [f for f in report.findings if f.category == category.id]
            flaws = {f.id for f in mine if f.counts}
            aside = {f.id for f in mine} - flaws
            more = f", {len(aside)} not counted" if aside else ""
            return f"{counted(len(flaws), 'flaw')}{more} ({checks})"
        case status:
            words = status.replace("-", " ")
            return f"{words}: {category.reason}" if category.reason else words


def scope_words(grade: Grade, report: Report) -> str:
    """What the letter speaks of: ``encryption; 11 not tested``."""
    untested = sum(category.status == "not-tested" for category in report.categories)
    scope = ", ".join(grade.scope) or "nothing"
    return f"{scope}; {untested} not tested" if untested else scope


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 flaw``, ``3 flaws``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
