"""The scan, top to bottom: open the site, run every check over shared questions, grade, report."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from time import monotonic

from plainwire import __version__, catalog
from plainwire.grading import grade
from plainwire.judging import Outcome, categories, in_order, masked, not_asked, run_checks, scope
from plainwire.live.credentials import Credentials
from plainwire.live.discover import next_hop
from plainwire.live.settings import Settings
from plainwire.live.site import LiveSite, Look
from plainwire.live.trace import Trace
from plainwire.live.transport import Send
from plainwire.model import (
    Check,
    Coverage,
    Report,
    Target,
    TargetError,
)
from plainwire.tls_status import tls_status
from plainwire.wire.cleartext import is_redirect
from plainwire.wire.masking import Masker
from plainwire.wire.target import parse_target

NOT_BUILT = "not built yet"


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
    outcome = Outcome()
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
            return not_asked(
                "url", target.value, target.host, checks, started, str(error), NOT_BUILT
            )
        site.begin()
        is_interrupted = await run_checks(site, checks, outcome, stop)
        status, reasons = await tls_status(site) if not is_interrupted else ("UNKNOWN", ())
        coverage = await site.coverage() if not is_interrupted else Coverage(0, 0)
        tls = await site.tls() if not is_interrupted else ()
        unanswered = outcome.gaps(checks, site.notes)
        findings = in_order(masked(f, masker) for f in outcome.findings)
        was_answered = bool(site.notes.answered) and site.has_answered
        return Report(
            target_kind="url",
            target=target.value,
            started_at=started,
            duration_s=monotonic() - at,
            requests=site.requests,
            connections=site.connections,
            grade=grade(findings, is_upper_bound=bool(unanswered), scope=scope(checks))
            if was_answered
            else None,
            tls_status=status,
            tls_reasons=reasons,
            categories=categories(checks, findings, unanswered, site.notes, NOT_BUILT),
            coverage=coverage,
            findings=findings,
            unanswered=tuple(sorted(unanswered, key=lambda u: (u.check, u.question))),
            tls=tuple(t for t in tls if t.speaks_tls is not False),
            tool_version=__version__,
            is_interrupted=is_interrupted,
            notes=await _notes(site, masker) if not is_interrupted else (),
        )


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
