"""The gate: what does not count, and the exit code. Functions from reports to values."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
    """The exit code of docs/usage.md, with a sentence for each reason, the deciding one first."""

    exit_code: int
    reasons: tuple[str, ...]


def judged(reports: Sequence[Report], rules: Rules) -> tuple[tuple[Report, ...], tuple[str, ...]]:
    """The reports with suppressions and baseline applied, and notes about waivers.

    A waiver that has expired by a report's own date counts no more, which a note says, as does
    one for a waiver that covers nothing.
    """
    seen = Waived(rules.suppress)
    for report in reports:
        seen.add(report)
    return tuple(judged_one(report, rules) for report in reports), seen.notes()


def judged_one(report: Report, rules: Rules) -> Report:
    """The report with suppressions and baseline applied."""
    found = apply_suppressions(report, rules.suppress)
    return found if rules.baseline is None else apply_baseline(found, rules.baseline)


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


class Waived:
    """What waivers did to reports as they come: which cover something, and which have expired."""

    def __init__(self, waivers: Sequence[Waiver]) -> None:
        self._waivers = waivers
        self._covering: set[int] = set()
        self._expired: set[int] = set()
        self._was_scanned = False

    def add(self, report: Report) -> None:
        """Take one report into account."""
        self._was_scanned |= report.grade is not None
        for number, waiver in enumerate(self._waivers):
            if any(waiver.covers(finding) for finding in report.findings):
                self._covering.add(number)
            if waiver.until and waiver.until < _day(report):
                self._expired.add(number)

    def notes(self) -> tuple[str, ...]:
        """A sentence for each waiver that has expired, or that covers nothing."""
        notes = []
        for number, waiver in enumerate(self._waivers):
            if number in self._expired:
                counts = ": it counts again" if number in self._covering else ""
                notes.append(f"the suppression of {waiver.id} expired on {waiver.until}{counts}")
            elif number not in self._covering and self._was_scanned:
                notes.append(f"the suppression of {waiver.id} covers nothing")
        return tuple(notes)


class Tally:
    """The verdict on reports as they come, without keeping them.

    Where several codes apply: 130, 2, 1, 4, 3. Code 2 is the caller's: a call with wrong words
    has no reports. ``exit_zero`` switches off code 1 alone: what was not seen stays a failure.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._reports = 0
        self._failures = Reasons()
        self._gaps = Reasons()
        self._not_scanned = Reasons()
        self._is_interrupted = False

    def add(self, report: Report) -> None:
        """Take one judged report into account."""
        self._reports += 1
        self._is_interrupted |= report.is_interrupted
        self._failures.extend(_failures(report, self._rules))
        if report.grade is None:
            self._not_scanned.add(f"{report.target}: not scanned: {_why(report)}")
        elif not self._rules.allow_incomplete:
            self._gaps.extend(_gaps(report, self._rules))

    def fail(self, reason: str) -> None:
        """Take a reason to fail into account that no report holds."""
        self._failures.add(reason)

    def leave_open(self, reason: str) -> None:
        """Take something into account that was to be judged and could not be."""
        if not self._rules.allow_incomplete:
            self._gaps.add(reason)

    def verdict(self, *, was_interrupted: bool = False, bad_lines: int = 0) -> Verdict:
        """The exit code and the sentences that say why."""
        reasons = {
            INTERRUPTED: self._interrupted(was_interrupted),
            FAILED: [] if self._rules.exit_zero else self._failures.told(),
            INCOMPLETE: self._incomplete(bad_lines),
            NOT_SCANNED: self._unscanned(),
        }
        applying = {code: why for code, why in reasons.items() if why}
        code = next(iter(applying), CLEAN)
        return Verdict(code, tuple(reason for why in applying.values() for reason in why))

    @property
    def _were_all_silent(self) -> bool:
        return self._not_scanned.count == self._reports

    def _interrupted(self, was_interrupted: bool) -> list[str]:
        is_so = was_interrupted or self._is_interrupted
        return ["interrupted: this is what was known then"] if is_so else []

    def _incomplete(self, bad_lines: int) -> list[str]:
        """What was not seen, of targets that could be scanned; where none could, code 3 says so."""
        plural = "s" if bad_lines > 1 else ""
        reasons = [f"{bad_lines} bad line{plural} among the targets"] if bad_lines else []
        if self._were_all_silent:
            return reasons
        return reasons + self._not_scanned.told() + self._gaps.told()

    def _unscanned(self) -> list[str]:
        if not self._were_all_silent:
            return []
        return self._not_scanned.told() or ["no target"]


class Reasons:
    """Sentences of which the first are kept and the rest counted."""

    MOST = 50

    def __init__(self) -> None:
        self.count = 0
        self._first: list[str] = []

    def add(self, reason: str) -> None:
        """Take one more."""
        self.count += 1
        if len(self._first) < self.MOST:
            self._first.append(reason)

    def extend(self, reasons: Iterable[str]) -> None:
        """Take some more."""
        for reason in reasons:
            self.add(reason)

    def told(self) -> list[str]:
        """The sentences, and how many more there are."""
        more = self.count - len(self._first)
        rest = [f"and {more} more like these"] if more else []
        return self._first + rest


def verdict(
    reports: Sequence[Report], rules: Rules, *, was_interrupted: bool = False, bad_lines: int = 0
) -> Verdict:
    """The exit code of one call and the sentences that say why."""
    tally = Tally(rules)
    for report in reports:
        tally.add(report)
    return tally.verdict(was_interrupted=was_interrupted, bad_lines=bad_lines)


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


def _failures(report: Report, rules: Rules) -> Iterator[str]:
    """Findings at or above ``fail_on`` that count, and a letter below ``fail_below``."""
    if rules.fail_on is not None:
        ids = {f.id for f in report.graded if f.counts and f.severity >= rules.fail_on}
        if ids:
            yield f"{report.target}: {rules.fail_on} or worse: {', '.join(sorted(ids))}"
    if rules.fail_below and report.grade and is_below(report.grade.letter, rules.fail_below):
        yield f"{report.target}: grade {report.grade.letter} < {rules.fail_below}"


def _why(report: Report) -> str:
    """What a report without a grade says of its cause: a question that was sent, before others."""
    sent = [gap for gap in report.unanswered if not gap.reason.startswith("not asked")]
    sent.sort(key=lambda gap: not gap.question.startswith("GET "))
    if sent and sent[0].reason in report.tls_reasons:
        return sent[0].reason
    words = [f"{gap.question}: {gap.reason}" for gap in sent[:1]] or report.tls_reasons
    return next(iter(words), "nothing answered there")


def _gaps(report: Report, rules: Rules) -> Iterator[str]:
    """What was not seen of a target that was scanned."""
    if report.unanswered:
        number = len({gap.question for gap in report.unanswered})
        yield f"{report.target}: {number} unanswered (--allow-incomplete lets it pass)"
    states = {category.id: category.status for category in report.categories}
    unseen = ("not-tested", "unanswered")
    missing = [name for name in rules.require if states.get(name, "not-tested") in unseen]
    if missing:
        yield f"{report.target}: required and not seen: {', '.join(missing)}"
