"""The judgement of a capture, top to bottom: every check over what was recorded, nothing sent."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from plainwire import __version__, catalog
from plainwire.grading import grade
from plainwire.judging import Outcome, categories, masked, run_checks, tested
from plainwire.live import descriptions
from plainwire.live.placing import placed
from plainwire.live.recorded import NOT_RECORDED, RecordedSite
from plainwire.model import Check, Origin, Report, Target, UsageError, WireError, in_order
from plainwire.tls_status import tls_status
from plainwire.wire import har
from plainwire.wire.har import Capture
from plainwire.wire.masking import Masker
from plainwire.wire.target import parse_target

SHOWN = 5


def read(path: str) -> Capture:
    """The capture in a file.

    Raises:
        UsageError: if it cannot be read, or is no HAR with an answer in it.
    """
    try:
        with Path(path).open("rb") as file:
            capture = har.read(file.read(har.MAX_BYTES + 1))
    except OSError as error:
        raise UsageError(f"--har: cannot read {path}: {error.strerror}") from None
    except WireError as error:
        raise UsageError(f"--har: {path}: {error}") from None
    if not capture.exchanges:
        raise UsageError(f"--har: {path}: no answered http request is in it")
    return capture


def target_of(capture: Capture) -> Target:
    """The host that was asked most, over the schemes and ports that it was asked at."""
    host = capture.origins[0].host
    mine = [each for each in capture.origins if each.host == host]
    target, _ = parse_target(mine[0].url())
    return _at(target, mine)


def _at(target: Target, origins: Sequence[Origin]) -> Target:
    https = tuple(each for each in origins if each.scheme == "https")
    http = tuple(each for each in origins if each.scheme == "http")
    return replace(target, https=https or target.https, http=http or target.http)


async def judge_async(
    capture: Capture,
    target: Target | None = None,
    *,
    specs: Sequence[str] = (),
    checks: Sequence[Check] | None = None,
    mask_key: bytes | None = None,
) -> Report:
    """The report on one target of a capture: the named one, else the host asked most.

    ``specs`` are files of API descriptions.

    Raises:
        UsageError: if a file is no API description, or the capture has nothing of the target.
    """
    started, at = datetime.now(UTC), monotonic()
    if target is None:
        target = target_of(capture)
    origins = {*target.https, *target.http}
    others = {each.host for each in capture.origins} - {target.host}
    if not origins & set(capture.origins):
        raise UsageError(f"--har: nothing of {target.value} is in the capture")
    named = [descriptions.from_file(spec) for spec in specs]
    checks = catalog.load() if checks is None else checks
    site = RecordedSite(capture, target, started, named)
    masker = Masker(mask_key or secrets.token_bytes(16), capture.secrets)
    outcome = Outcome()
    await run_checks(site, checks, outcome)
    status, reasons = await tls_status(site)
    findings = placed(in_order(masked(f, masker) for f in outcome.findings), site.found)
    unanswered = outcome.gaps(checks, site.notes)
    operations = await site.operations()
    ended = categories(checks, findings, unanswered, site.notes, NOT_RECORDED, operations)
    notes = [f"judged from a capture of {len(capture.exchanges)} answers; nothing was sent"]
    if others:
        shown = ", ".join(sorted(others)[:SHOWN])
        notes.append(f"{len(others)} other hosts of the capture were left out: {shown}")
    notes += capture.skipped
    return Report(
        target_kind="url",
        target=masker.text(target.value),
        started_at=started,
        duration_s=monotonic() - at,
        requests=0,
        connections=0,
        grade=grade(findings, is_upper_bound=bool(unanswered), scope=tested(ended)),
        tls_status=status if status == "FAIL" else "UNKNOWN",
        tls_reasons=reasons if status == "FAIL" else ("A capture holds no handshake",),
        categories=ended,
        coverage=site.found.coverage,
        findings=findings,
        unanswered=unanswered,
        tls=(),
        tool_version=__version__,
        notes=tuple(masker.text(note) for note in notes),
    )
