"""The scan, top to bottom: open the site, run every check over shared questions, grade, report."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import monotonic

from plainwire import __version__, catalog
from plainwire.grading import grade
from plainwire.live.credentials import Credentials
from plainwire.live.discover import next_hop
from plainwire.live.settings import Settings
from plainwire.live.site import LiveSite, Look, Send, asking
from plainwire.live.trace import Trace
from plainwire.model import (
    CATEGORIES,
    Category,
    Check,
    Coverage,
    Evidence,
    Exchange,
    Finding,
    PlainwireError,
    Report,
    Target,
    TargetError,
    Unanswered,
)
from plainwire.tls_status import tls_status
from plainwire.wire.cleartext import is_redirect
from plainwire.wire.masking import Masker
from plainwire.wire.target import parse_target


@dataclass
class _Run:
    """What one scan has learnt so far."""

    findings: list[Finding] = field(default_factory=list)
    unanswered: list[Unanswered] = field(default_factory=list)
    finished: set[str] = field(default_factory=set)


async def scan_async(
    target: Target | str,
    *,
    settings: Settings | None = None,
    credentials: Credentials | None = None,
    paths: tuple[str, ...] = (),
    checks: Sequence[Check] | None = None,
    trace: Trace | None = None,
    stop: asyncio.Event | None = None,
    clock: Callable[[], datetime] | None = None,
    mask_key: bytes | None = None,
    send: Send | None = None,
    look: Look | None = None,
    stores: Mapping[str, tuple[bytes, ...]] | None = None,
) -> Report:
    """Scan one target and return its report; ``report.grade`` is None if nothing answered there.

    ``stop``, once set, ends the scan with what is known. ``mask_key`` keys the hashes of masked
    secrets (random for each scan by default). ``send`` and ``look`` replace the network, and
    ``stores`` the trust stores (by name, DER), for tests and rehearsals.

    Raises:
        UsageError: if ``target`` is a string that names no target.
    """
    if isinstance(target, str):
        target, _ = parse_target(target)
    checks = catalog.load() if checks is None else checks
    started, at = datetime.now(UTC), monotonic()
    run = _Run()
    async with LiveSite(
        target,
        settings or Settings(),
        credentials=credentials,
        named_paths=paths,
        trace=trace,
        clock=clock,
        send=send,
        look=look,
        stores=stores,
    ) as site:
        masker = Masker(
            mask_key or secrets.token_bytes(16),
            credentials.secrets if credentials else (),
            {site.random_path.strip("/"): "RANDOM"},
        )
        try:
            await site.resolve()
        except TargetError as error:
            return _not_asked(target, checks, started, str(error))
        site.begin()
        work = asyncio.create_task(_run_checks(site, checks, run))
        is_interrupted = await _finish_or_stop(work, stop)
        status, reasons = await tls_status(site) if not is_interrupted else ("UNKNOWN", ())
        coverage = await site.coverage() if not is_interrupted else Coverage(0, 0)
        tls = await site.tls() if not is_interrupted else ()
        late = tuple(
            Unanswered(c.id, "its questions", "interrupted")
            for c in checks
            if c.id not in run.finished
        )
        unanswered = (*run.unanswered, *site.unanswered.values(), *late)
        findings = _in_order(_masked(f, masker) for f in run.findings)
        was_answered = bool(site.answered) and site.has_answered
        return Report(
            target_kind="url",
            target=target.value,
            started_at=started,
            duration_s=monotonic() - at,
            requests=site.requests,
            connections=site.connections,
            grade=grade(findings, is_upper_bound=bool(unanswered), scope=_scope(checks))
            if was_answered
            else None,
            tls_status=status,
            tls_reasons=reasons,
            categories=_categories(checks, findings, unanswered, site),
            coverage=coverage,
            findings=findings,
            unanswered=tuple(sorted(unanswered, key=lambda u: (u.check, u.question))),
            tls=tuple(t for t in tls if t.speaks_tls is not False),
            tool_version=__version__,
            is_interrupted=is_interrupted,
            notes=await _notes(site, masker) if not is_interrupted else (),
        )


def _not_asked(target: Target, checks: Sequence[Check], started: datetime, reason: str) -> Report:
    """The report on a target that nothing could be asked of."""
    have = _scope(checks)
    return Report(
        target_kind="url",
        target=target.value,
        started_at=started,
        duration_s=(datetime.now(UTC) - started).total_seconds(),
        requests=0,
        connections=0,
        grade=None,
        tls_status="UNKNOWN",
        tls_reasons=(reason,),
        categories=tuple(
            Category(name, "unanswered", 0, reason) if name in have else _not_built(name)
            for name in CATEGORIES
        ),
        coverage=Coverage(1, 0),
        findings=(),
        unanswered=(Unanswered("scan", f"the address of {target.host}", reason),),
        tls=(),
        tool_version=__version__,
    )


def _not_built(name: str) -> Category:
    return Category(name, "not-tested", 0, "not built yet")


async def _run_checks(site: LiveSite, checks: Sequence[Check], run: _Run) -> None:
    async with asyncio.TaskGroup() as group:
        for check in checks:
            group.create_task(_run_check(site, check, run))


async def _run_check(site: LiveSite, check: Check, run: _Run) -> None:
    """One check to its end; one that crashes is unanswered, never a pass."""
    asking.set(check.id)
    try:
        async for finding in check.run(site):
            run.findings.append(finding)
    except PlainwireError as error:
        run.unanswered.append(Unanswered(check.id, "its questions", str(error)))
    except Exception as error:
        reason = f"the check crashed: {type(error).__name__}: {error}"
        run.unanswered.append(Unanswered(check.id, "its questions", reason))
    run.finished.add(check.id)


async def _finish_or_stop(work: asyncio.Task[None], stop: asyncio.Event | None) -> bool:
    """Wait for the work to end, or cancel it when ``stop`` is set; True if it was stopped."""
    if stop is None:
        await work
        return False
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if work.done():
        await work
        return False
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    return True


async def _notes(site: LiveSite, masker: Masker) -> tuple[str, ...]:
    """What a reader should know of the run: the address asked, redirects that were not followed."""
    target = site.target
    found = [f"asked at {target.address}"] if target.address else []
    for _, page in await site.pages("https"):
        if not is_redirect(page) or next_hop(page, target) is not None:
            continue
        where = masker.text(page.header("location") or "")[:200]
        found.append(f"{masker.text(page.url)} redirects to {where}, which was not followed")
    return tuple(dict.fromkeys(found))


def _masked(finding: Finding, masker: Masker) -> Finding:
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


def _in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    def key(f: Finding) -> tuple[int, str, str, str, str]:
        operation = f.operation
        path, method = (operation.path, operation.method) if operation else ("", "")
        return (-f.severity, f.id, path, method, f.parameter or "")

    return tuple(sorted(findings, key=key))


def _scope(checks: Sequence[Check]) -> tuple[str, ...]:
    have = {check.category for check in checks}
    return tuple(name for name in CATEGORIES if name in have)


def _categories(
    checks: Sequence[Check],
    findings: Sequence[Finding],
    unanswered: Sequence[Unanswered],
    site: LiveSite,
) -> tuple[Category, ...]:
    """How each of the twelve ended."""
    return tuple(_category(name, checks, findings, unanswered, site) for name in CATEGORIES)


def _category(
    name: str,
    checks: Sequence[Check],
    findings: Sequence[Finding],
    unanswered: Sequence[Unanswered],
    site: LiveSite,
) -> Category:
    mine = {check.id for check in checks if check.category == name}
    if not mine:
        return _not_built(name)
    ran = sum(1 for check in mine if site.answered.get(check))
    open_questions = [u for u in unanswered if u.check in mine]
    if any(f.category == name for f in findings):
        return Category(name, "findings", ran)
    if open_questions:
        return Category(name, "unanswered", ran, open_questions[0].reason)
    if not ran:
        return Category(name, "not-applicable", 0, "nothing to ask")
    return Category(name, "pass", ran)


def scan(target: Target | str, **options: object) -> Report:
    """Scan one target and return its report, from any thread and inside any event loop.

    Takes the options of `scan_async`. The scan runs its own loop in its own thread, so that it
    works in notebooks and inside running loops.

    Raises:
        UsageError: if ``target`` is a string that names no target.
    """
    done: list[Report] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            done.append(asyncio.run(scan_async(target, **options)))  # type: ignore[arg-type]
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work, name="plainwire-scan", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]
