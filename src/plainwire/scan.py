"""The scan, top to bottom: open the site, run every check over shared questions, grade, report."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic

from plainwire import __version__, catalog
from plainwire.grading import grade
from plainwire.judging import Outcome, categories, masked, not_asked, run_checks, tested
from plainwire.live import logins
from plainwire.live import specs as named_specs
from plainwire.live.apart import run_apart
from plainwire.live.credentials import Credentials
from plainwire.live.hops import next_hop
from plainwire.live.logins import Recipe
from plainwire.live.placing import placed
from plainwire.live.settings import Settings
from plainwire.live.site import LiveSite, Look
from plainwire.live.trace import Trace
from plainwire.live.transport import Send
from plainwire.model import (
    ApiOperation,
    Category,
    Check,
    Coverage,
    NoListener,
    Report,
    Request,
    Target,
    TargetError,
    in_order,
)
from plainwire.tls_status import tls_status
from plainwire.wire.cleartext import is_redirect
from plainwire.wire.masking import Masker, shortened
from plainwire.wire.target import parse_target

NOT_BUILT = "not built yet"
MAX_STATUSES = 4
MAX_UNREAD = 20


async def scan_async(
    target: Target | str,
    *,
    settings: Settings | None = None,
    credentials: Credentials | None = None,
    identities: Mapping[str, Credentials | Recipe] | None = None,
    paths: tuple[str, ...] = (),
    specs: tuple[str, ...] = (),
    source: tuple[ApiOperation, ...] = (),
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

    ``identities`` are further ones by name; one that is a login recipe logs in first. ``specs`` are
    files and URLs of API descriptions; ``source`` are operations from its source
    code (`plainwire.correlate`). ``stop``, once set, ends the scan with what
    is known. ``mask_key`` keys the hashes of masked secrets (random for each scan by
    default). ``send`` and ``look`` replace the network, and ``stores`` the trust stores (by name,
    DER), for tests and rehearsals.

    Raises:
        UsageError: if ``target`` is a string that names no target, or a file of ``specs`` is no
            API description.
    """
    if isinstance(target, str):
        target, _ = parse_target(target)
    settings = settings or Settings()
    described, missing = await named_specs.named(specs, target, settings)
    checks = catalog.load() if checks is None else checks
    started, at = datetime.now(UTC), monotonic()
    outcome = Outcome()
    recipes = {who: each for who, each in (identities or {}).items() if isinstance(each, Recipe)}
    async with LiveSite(
        target,
        settings,
        credentials=credentials,
        identities=_ready(identities or {}),
        named_paths=paths,
        specs=described,
        source=source,
        trace=trace,
        clock=clock,
        send=send,
        look=look,
        stores=stores,
    ) as site:
        masker = Masker(
            mask_key or secrets.token_bytes(16),
            (
                *site.identities_known.secrets,
                *(secret for each in recipes.values() for secret in each.secrets),
            ),
            {site.random_path.strip("/"): "RANDOM"},
        )
        try:
            await site.resolve()
        except TargetError as error:
            named = masker.text(target.value)
            question = f"the address of {target.host}"
            return not_asked("url", named, question, checks, started, str(error), NOT_BUILT)
        logged_in = await logins.log_in(site, recipes)
        site.recipes = recipes
        masker.learn(site.identities_known.secrets)
        for gap in missing:
            site.notes.take(gap)
        site.begin()
        is_interrupted = await run_checks(site, checks, outcome, stop)
        status, reasons = await tls_status(site) if not is_interrupted else ("UNKNOWN", ())
        coverage = await site.coverage() if not is_interrupted else Coverage(0, 0)
        tls = await site.tls() if not is_interrupted else ()
        was_answered = bool(site.notes.answered) and site.has_answered
        unanswered = tuple(
            replace(gap, question=masker.text(gap.question), reason=masker.text(gap.reason))
            for gap in outcome.gaps(checks, site.notes)
        )
        if not was_answered and not unanswered:
            status, reasons = "UNKNOWN", (await _nobody(site),)
        findings = in_order(masked(f, masker) for f in outcome.findings)
        if not is_interrupted:
            findings = placed(findings, await site.discovered())
        known = await site.operations() if not is_interrupted else ()
        ended = categories(checks, findings, unanswered, site.notes, NOT_BUILT, known)
        return Report(
            target_kind="url",
            target=masker.text(target.value),
            started_at=started,
            duration_s=monotonic() - at,
            requests=site.requests,
            connections=site.connections,
            grade=grade(findings, is_upper_bound=bool(unanswered), scope=tested(ended))
            if was_answered
            else None,
            tls_status=status,
            tls_reasons=tuple(masker.text(reason) for reason in reasons),
            categories=ended if was_answered else _without_pass(ended, reasons),
            coverage=coverage,
            findings=findings,
            unanswered=tuple(sorted(unanswered, key=lambda u: (u.check, u.question))),
            tls=tuple(t for t in tls if t.speaks_tls is not False),
            tool_version=__version__,
            is_interrupted=is_interrupted,
            notes=(
                *(masker.text(line) for line in logged_in),
                *(await _notes(site, masker) if not is_interrupted else ()),
                *site.spared(),
            ),
        )


def _ready(identities: Mapping[str, Credentials | Recipe]) -> dict[str, Credentials]:
    """Those that need no login."""
    return {who: each for who, each in identities.items() if isinstance(each, Credentials)}


async def _nobody(site: LiveSite) -> str:
    """That nobody listens at either scheme, and how that showed."""
    target = site.target
    asked = [Request(origin, "GET", target.path) for origin in (*target.http, *target.https)]
    answers = [await site.ask(request) for request in asked]
    why = dict.fromkeys(answer.reason for answer in answers if isinstance(answer, NoListener))
    ports = " or ".join(str(port) for port in dict.fromkeys(r.origin.port for r in asked))
    return f"Nobody listens on port {ports}: {'; '.join(why) or 'no answer'}"


def _without_pass(found: tuple[Category, ...], reasons: Sequence[str]) -> tuple[Category, ...]:
    """How the categories ended on a target that was not scanned: none has passed."""
    why = next(iter(reasons), "nothing answered there")
    return tuple(
        replace(one, status="unanswered", reason=why) if one.status == "pass" else one
        for one in found
    )


async def _notes(site: LiveSite, masker: Masker) -> tuple[str, ...]:
    """What a reader should know of the run: the address asked, redirects that were not followed."""
    target = site.target
    found = [f"asked at {target.address}"] if target.address else []
    if masker.text(target.path) != target.path:
        found.append("what looks like a secret in the target's URL was sent over plain HTTP too")
    for reason in (await site.discovered()).unread[:MAX_UNREAD]:
        found.append(f"not read of the API: {masker.text(reason)}")
    for _, page in await site.pages("https"):
        if not is_redirect(page) or next_hop(page, target) is not None:
            continue
        where = shortened(masker.text(page.header("location") or ""))
        found.append(f"{masker.text(page.url)} redirects to {where}, which was not followed")
    return tuple(dict.fromkeys((*found, *await _unseen(site))))


async def _unseen(site: LiveSite) -> list[str]:
    """That nothing of the API was seen, since it refused whatever was asked; else nothing."""
    statuses = {answer.status for _, answer in await site.answers()}
    if not statuses or any(status < 400 for status in statuses):
        return []
    told = " and ".join(str(status) for status in sorted(statuses)[:MAX_STATUSES])
    shows = {(each.features or {}).get("client_certificate") for each in await site.tls()}
    if statuses <= {404, 405, 410}:
        wanted = "--spec SOURCE or --paths FILE tells what there is"
    elif {"required", "optional"} & shows:
        wanted = "it wants a client certificate: --client-cert FILE"
    else:
        wanted = "--bearer, --as NAME and the like give a credential"
    return [f"every operation that was asked answered {told}, so nothing of it was seen; {wanted}"]


def scan(target: Target | str, **options: object) -> Report:
    """Scan one target and return its report, from any thread and inside any event loop.

    Takes the options of `scan_async`.

    Raises:
        UsageError: if ``target`` is a string that names no target.
    """
    # Which options there are says `scan_async` alone.
    return run_apart(lambda: scan_async(target, **options))  # type: ignore[arg-type]
