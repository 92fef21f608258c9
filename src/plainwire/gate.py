"""The gate: what does not count, and the exit code. Functions from reports to values."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date
from fnmatch import fnmatchcase
from typing import Any

from plainwire.grading import grade, is_below
from plainwire.model import (
    Finding,
    Letter,
    PlainwireError,
    Report,
    Severity,
    Suppression,
    canonical_json,
)

BASELINE = "plainwire-baseline/1"
INTERRUPTED, USAGE, FAILED, INCOMPLETE, NOT_SCANNED, CLEAN = 130, 2, 1, 4, 3, 0


class BaselineError(PlainwireError):
    """A baseline file is not one."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """A suppression as it is configured: which findings, why, and until when (inclusive).

    ``id`` is a flaw's id; ``fingerprint`` and ``path`` narrow it. ``path`` is a glob over the
    templated path (``/users/*``), over method and path (``GET /users/*``), or over a file's path.
    """

    id: str
    reason: str
    until: date | None = None
    path: str | None = None
    fingerprint: str | None = None

    def covers(self, finding: Finding) -> bool:
        """True if this waiver names the finding, whatever the date."""
        if self.id != finding.id or self.fingerprint not in (None, finding.fingerprint):
            return False
        if self.path is None:
            return True
        operation = finding.operation
        if operation is None:
            files = (place.path for place in finding.locations if place.path is not None)
            return any(fnmatchcase(file, self.path) for file in files)
        words = (operation.path, f"{operation.method} {operation.path}")
        return any(fnmatchcase(word, self.path) for word in words)


@dataclass(frozen=True, slots=True)
class Rules:
    """What passes. ``baseline`` holds the fingerprints that are known; None: there is none."""

    fail_on: Severity | None = Severity.HIGH
    fail_below: Letter | None = None
    require: tuple[str, ...] = ()
    allow_incomplete: bool = False
    exit_zero: bool = False
    suppress: tuple[Waiver, ...] = ()
    baseline: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The exit code of docs/report.md, with a sentence for each reason, the deciding one first."""

    exit_code: int
    reasons: tuple[str, ...]


# What does not count -----------------------------------------------------------------------


def judged(reports: Sequence[Report], rules: Rules) -> tuple[tuple[Report, ...], tuple[str, ...]]:
    """The reports with suppressions and baseline applied, and notes about waivers.

    A waiver that has expired by a report's own date counts no more, which a note says, as does
    one for a waiver that covers nothing.
    """
    found = tuple(apply_suppressions(report, rules.suppress) for report in reports)
    if rules.baseline is not None:
        found = tuple(apply_baseline(report, rules.baseline) for report in found)
    return found, _notes(reports, rules.suppress)


def apply_suppressions(report: Report, waivers: Sequence[Waiver]) -> Report:
    """The report with the findings suppressed that a waiver in force covers, graded anew."""
    today = _day(report)
    in_force = [waiver for waiver in waivers if waiver.until is None or today <= waiver.until]

    def judge(finding: Finding) -> Finding:
        for waiver in in_force:
            if waiver.covers(finding):
                until = waiver.until.isoformat() if waiver.until else None
                return replace(finding, suppressed=Suppression(waiver.reason, until))
        return finding  # one that its own file suppresses stays so

    return _regraded(report, tuple(judge(finding) for finding in report.findings))


def apply_baseline(report: Report, fingerprints: Collection[str]) -> Report:
    """The report with each finding marked known or new, graded anew; the known do not count."""
    return _regraded(
        report,
        tuple(
            replace(finding, baseline="known" if finding.fingerprint in fingerprints else "new")
            for finding in report.findings
        ),
    )


def make_baseline(reports: Iterable[Report]) -> str:
    """The text of a baseline file with every finding of the reports that is not suppressed.

    Sorted, and without times and hosts, so that it changes only when the findings do.
    """
    known = {
        (f.fingerprint, f.id): f.title
        for report in reports
        for f in report.findings
        if f.suppressed is None
    }
    entries = [
        {"fingerprint": mark, "id": name, "title": known[mark, name]}
        for mark, name in sorted(known, key=lambda key: (key[1], key[0]))
    ]
    return canonical_json({"schema": BASELINE, "findings": entries}) + "\n"


def read_baseline(text: str) -> frozenset[str]:
    """The fingerprints in the text of a baseline file.

    Raises:
        BaselineError: if it is not JSON of schema ``plainwire-baseline/1``.
    """
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BaselineError(f"not JSON: {error}") from None
    if not isinstance(value, Mapping) or value.get("schema") != BASELINE:
        raise BaselineError(f"not of schema {BASELINE}")
    entries = value.get("findings")
    if not isinstance(entries, list):
        raise BaselineError("no list of findings")
    marks = [entry.get("fingerprint") if isinstance(entry, Mapping) else None for entry in entries]
    known = frozenset(mark for mark in marks if isinstance(mark, str))
    if not all(isinstance(mark, str) for mark in marks):
        raise BaselineError("a finding without a fingerprint")
    return known


def _regraded(report: Report, findings: tuple[Finding, ...]) -> Report:
    old = report.grade
    new = replace(report, findings=findings)
    if old is None:
        return new
    again = grade(new.graded, is_upper_bound=old.is_upper_bound, scope=old.scope)
    return replace(new, grade=again)


def _day(report: Report) -> date:
    return report.started_at.astimezone(UTC).date()


def _notes(reports: Sequence[Report], waivers: Sequence[Waiver]) -> tuple[str, ...]:
    notes = []
    for waiver in waivers:
        covers = any(waiver.covers(f) for report in reports for f in report.findings)
        until = waiver.until
        if until and any(until < _day(report) for report in reports):
            counts = ": it counts again" if covers else ""
            notes.append(f"the suppression of {waiver.id} expired on {until}{counts}")
        elif not covers and any(report.grade for report in reports):
            notes.append(f"the suppression of {waiver.id} covers nothing")
    return tuple(notes)


# The exit code -----------------------------------------------------------------------------


def verdict(
    reports: Sequence[Report], rules: Rules, *, was_interrupted: bool = False, bad_lines: int = 0
) -> Verdict:
    """The exit code of one call and the sentences that say why.

    Where several codes apply: 130, 2, 1, 4, 3. Code 2 is the caller's: a call with wrong words
    has no reports. ``exit_zero`` switches off code 1 alone: what was not seen stays a failure.
    """
    reasons = {
        INTERRUPTED: _interrupted(reports, was_interrupted),
        FAILED: [] if rules.exit_zero else _failures(reports, rules),
        INCOMPLETE: _gaps(reports, rules, bad_lines),
        NOT_SCANNED: _not_scanned(reports),
    }
    applying = {code: why for code, why in reasons.items() if why}
    code = next(iter(applying), CLEAN)
    return Verdict(code, tuple(reason for why in applying.values() for reason in why))


def exit_code(
    reports: Sequence[Report],
    *,
    fail_on: Severity | None = Severity.HIGH,
    fail_below: Letter | None = None,
    require: Iterable[str] = (),
    allow_incomplete: bool = False,
    exit_zero: bool = False,
    interrupted: bool = False,
    bad_lines: int = 0,
) -> int:
    """The exit code alone, by rules given as words; for callers without a `Rules`."""
    rules = Rules(fail_on, fail_below, tuple(require), allow_incomplete, exit_zero)
    return verdict(reports, rules, was_interrupted=interrupted, bad_lines=bad_lines).exit_code


def _interrupted(reports: Sequence[Report], was_interrupted: bool) -> list[str]:
    is_so = was_interrupted or any(report.is_interrupted for report in reports)
    return ["interrupted: this is what was known then"] if is_so else []


def _failures(reports: Sequence[Report], rules: Rules) -> list[str]:
    """Findings at or above ``fail_on`` that count, and letters below ``fail_below``."""
    reasons = []
    for report in reports:
        if rules.fail_on is not None:
            ids = {f.id for f in report.graded if f.counts and f.severity >= rules.fail_on}
            if ids:
                names = ", ".join(sorted(ids))
                reasons.append(f"{report.target}: {rules.fail_on} or worse: {names}")
        if rules.fail_below and report.grade and is_below(report.grade.letter, rules.fail_below):
            reasons.append(f"{report.target}: grade {report.grade.letter} < {rules.fail_below}")
    return reasons


def _gaps(reports: Sequence[Report], rules: Rules, bad_lines: int) -> list[str]:
    """What was not seen, of targets that could be scanned; where none could, code 3 says so."""
    reasons = [f"{bad_lines} bad lines among the targets"] if bad_lines else []
    if rules.allow_incomplete or not any(report.grade for report in reports):
        return reasons
    for report in reports:
        if report.grade is None:
            reasons.append(f"{report.target}: not scanned")
            continue
        if report.unanswered:
            number = len(report.unanswered)
            reasons.append(
                f"{report.target}: {number} unanswered (--allow-incomplete lets it pass)"
            )
        states = {category.id: category.status for category in report.categories}
        unseen = ("not-tested", "unanswered")
        missing = [name for name in rules.require if states.get(name, "not-tested") in unseen]
        if missing:
            reasons.append(f"{report.target}: required and not seen: {', '.join(missing)}")
    return reasons


def _not_scanned(reports: Sequence[Report]) -> list[str]:
    if any(report.grade for report in reports):
        return []
    return [f"{report.target}: nothing answered there" for report in reports] or ["no target"]
