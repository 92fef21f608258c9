"""Runs checks over a site, and says how each of the twelve categories ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from plainwire import __version__
from plainwire.live.notes import Notes, asking
from plainwire.live.stopping import until
from plainwire.model import (
    CATEGORIES,
    ApiOperation,
    Category,
    Check,
    Coverage,
    Evidence,
    Exchange,
    Finding,
    LeftOut,
    PlainwireError,
    Report,
    Site,
    Unanswered,
)
from plainwire.wire.masking import Masker


@dataclass
class Outcome:
    """What a run of checks has learnt so far."""

    findings: list[Finding] = field(default_factory=list)
    unanswered: list[Unanswered] = field(default_factory=list)
    finished: set[str] = field(default_factory=set)

    def gaps(self, checks: Sequence[Check], notes: Notes) -> tuple[Unanswered, ...]:
        """Every question without an answer, those of checks that were cut short included."""
        late = (
            Unanswered(check.id, "its questions", "interrupted")
            for check in checks
            if check.id not in self.finished
        )
        unread = self._unread(checks, notes)
        return (*self.unanswered, *notes.unanswered.values(), *unread, *late)

    def _unread(self, checks: Sequence[Check], notes: Notes) -> Iterator[Unanswered]:
        """The bodies that are not known or not looked at whole, for each check that reads such
        and found nothing in what was read of it."""
        reading = {check.id: check for check in checks if check.reads_bodies}
        shown = {
            (finding.id, str(item.request))
            for finding in self.findings
            for item in finding.evidence
            if isinstance(item, Exchange)
        }
        silent = {
            key: answer
            for key, answer in notes.read.items()
            if key[0] in reading and key not in shown and key not in notes.unanswered
        }
        known: dict[tuple[LeftOut, int, str, int], str] = {}
        for (who, question), answer in silent.items():
            reason, left_out = answer.unread, reading[who].left_out
            if not reason and left_out is not None:
                # Equal bodies are one object; what is read of it goes by status and type, too.
                body = (left_out, answer.status, answer.content_type, id(answer.body))
                if body not in known:
                    known[body] = left_out(answer)
                reason = known[body]
            if reason:
                yield Unanswered(who, question, reason)


async def run_checks(
    site: Site, checks: Sequence[Check], outcome: Outcome, stop: asyncio.Event | None = None
) -> bool:
    """Run every check at once; True if ``stop`` was set before they were done."""
    return await until(stop, _run_all(site, checks, outcome)) is None


async def _run_all(site: Site, checks: Sequence[Check], outcome: Outcome) -> bool:
    """Every check at once, then one by one those that others must not suffer from."""
    async with asyncio.TaskGroup() as group:
        for check in checks:
            if not check.is_last:
                group.create_task(_run_check(site, check, outcome))
    for check in checks:
        if check.is_last:
            await asyncio.create_task(_run_check(site, check, outcome))
    return True


async def _run_check(site: Site, check: Check, outcome: Outcome) -> None:
    """One check to its end; one that crashes is unanswered, never a pass."""
    asking.set(check.id)
    try:
        async for finding in check.run(site):
            outcome.findings.append(finding)
    except PlainwireError as error:
        outcome.unanswered.append(Unanswered(check.id, "its questions", str(error)))
    except Exception as error:  # the border to checks, which third parties write, too
        reason = f"the check crashed: {type(error).__name__}: {error}"
        outcome.unanswered.append(Unanswered(check.id, "its questions", reason))
    outcome.finished.add(check.id)


def masked(finding: Finding, masker: Masker) -> Finding:
    """The finding without secrets: evidence masked, bodies left out."""

    def clean(item: Evidence) -> Evidence:
        return masker.exchange(item) if isinstance(item, Exchange) else item

    return replace(
        finding,
        message=masker.text(finding.message),
        evidence=tuple(clean(item) for item in finding.evidence),
        locations=tuple(
            replace(place, url=masker.text(place.url)) if place.url else place
            for place in finding.locations
        ),
    )


def scope(checks: Sequence[Check]) -> tuple[str, ...]:
    """The categories that the checks belong to."""
    have = {check.category for check in checks}
    return tuple(name for name in CATEGORIES if name in have)


def tested(ended: Iterable[Category]) -> tuple[str, ...]:
    """The categories that a letter speaks of: those that were tested, or had nothing to test."""
    return tuple(each.id for each in ended if each.status != "not-tested")


def categories(
    checks: Sequence[Check],
    findings: Sequence[Finding],
    unanswered: Sequence[Unanswered],
    notes: Notes,
    not_tested: str,
    operations: Sequence[ApiOperation] = (),
) -> tuple[Category, ...]:
    """How each of the twelve ended; ``not_tested`` says why those without a check were not.

    ``operations`` are those known, to count which of them the checks asked.
    """
    return tuple(
        _category(name, checks, findings, unanswered, notes, operations)
        or Category(name, "not-tested", 0, not_tested)
        for name in CATEGORIES
    )


def _category(
    name: str,
    checks: Sequence[Check],
    findings: Sequence[Finding],
    unanswered: Sequence[Unanswered],
    notes: Notes,
    operations: Sequence[ApiOperation],
) -> Category | None:
    """How one ended. Returns None if no check is of it."""
    mine = {check.id for check in checks if check.category == name}
    if not mine:
        return None
    ran = frozenset(
        each for each in mine if notes.answered.get(each) and each not in notes.inapplicable
    )
    exercised = _exercised(ran, notes, operations)
    open_questions = [u for u in unanswered if u.check in mine]
    if any(f.category == name for f in findings):
        return Category(name, "findings", len(ran), operations=exercised, ran=ran)
    if open_questions:
        return Category(name, "unanswered", len(ran), open_questions[0].reason, exercised, ran)
    if not ran:
        for check in sorted(mine & set(notes.untested)):
            return Category(name, "not-tested", 0, notes.untested[check])
        for check in sorted(mine & set(notes.inapplicable)):
            return Category(name, "not-applicable", 0, notes.inapplicable[check])
        return Category(name, "not-applicable", 0, "nothing to ask")
    return Category(name, "pass", len(ran), operations=exercised, ran=ran)


def _exercised(checks: Iterable[str], notes: Notes, operations: Sequence[ApiOperation]) -> int:
    """How many of the operations the checks got an answer of."""
    places = {place for check in checks for place in notes.places.get(check, ())}
    return len(
        {
            each.operation
            for each in operations
            if each.request and (each.method, each.request.path.partition("?")[0]) in places
        }
    )


def not_asked(
    kind: Literal["url", "endpoint"],
    value: str,
    question: str,
    checks: Sequence[Check],
    started: datetime,
    reason: str,
    not_tested: str,
) -> Report:
    """The report on a target that nothing could be asked of: ``question`` had no answer."""
    have = scope(checks)
    return Report(
        target_kind=kind,
        target=value,
        started_at=started,
        duration_s=(datetime.now(UTC) - started).total_seconds(),
        requests=0,
        connections=0,
        grade=None,
        tls_status="UNKNOWN",
        tls_reasons=(reason,),
        categories=tuple(
            Category(name, "unanswered", 0, reason)
            if name in have
            else Category(name, "not-tested", 0, not_tested)
            for name in CATEGORIES
        ),
        coverage=Coverage(1, 0),
        findings=(),
        unanswered=(Unanswered("scan", question, reason),),
        tls=(),
        tool_version=__version__,
    )
