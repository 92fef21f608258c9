"""What was seen, recorded: slots, states, drift, alerts and messages in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from plainwire.monitor.conditions import conditions
from plainwire.monitor.judging import Verdict, judge
from plainwire.monitor.schedule import Next, following
from plainwire.monitor.seen import Certificate, Look
from plainwire.monitor.standing import Standing
from plainwire.monitor.store import alerts, claims, drifts, standings
from plainwire.monitor.store.claims import Claim
from plainwire.monitor.store.schema import expectation, scan, target
from plainwire.monitor.times import day, span


def record(
    connection: sa.Connection, claim: Claim, looks: Sequence[Look], begun_at: int, now: int
) -> bool:
    """Record the looks of one claim, with everything that follows. False if it was not ours.

    ``begun_at`` is when the looks began: the slots between the due time and it were missed.
    """
    # The target first, then its duty: another tier's result must not wait the other way round.
    name = _locked(connection, claim.target_id)
    step = _next(claim, begun_at)
    slots = 1 + (step.missed if step else 0)
    if not claims.finish(connection, claim, step.due_at if step else None, slots):
        return False
    if name is None:
        return False
    _scans(connection, claim, looks, begun_at, slots)
    before = standings.known(connection, claim.target_id)
    verdict = judge(
        before,
        standings.bodies(connection, before),
        looks,
        is_full=claim.tier.startswith("full"),
        is_expected=_expectation(connection, claim.target_id, now) is not None,
        now=now,
        announced=drifts.announced(connection, claim.target_id, now),
    )
    _keep(connection, claim, before, verdict, now)
    _alerts(connection, claim.target_id, name, before, verdict.standings, now)
    for tier, delay in verdict.again.items():
        claims.ask(connection, claim.target_id, tier, now + delay)
    return True


def _next(claim: Claim, begun_at: int) -> Next | None:
    """What follows a claim; None for a duty that is due only when asked for."""
    if claim.interval_ms is None:
        return None
    return following(claim.due_at, claim.interval_ms, begun_at)


def _locked(connection: sa.Connection, target_id: int) -> str | None:
    found: str | None = connection.execute(
        sa.select(target.c.name).where(target.c.id == target_id).with_for_update()
    ).scalar()
    return found


def _scans(
    connection: sa.Connection, claim: Claim, looks: Sequence[Look], begun_at: int, slots: int
) -> None:
    common = {"target_id": claim.target_id, "tier": claim.tier, "due_at": claim.due_at}
    rows: list[dict[str, Any]] = []
    if slots > 1:
        late = f"{slots - 1} slots passed: nobody looked for {span(begun_at - claim.due_at)}"
        rows.append(
            common
            | _row(Look("", "missed", begun_at, error=late))
            | {"slot": claim.slot, "slots": slots - 1}
        )
    rows += [common | _row(look) | {"slot": claim.slot + slots - 1, "slots": 1} for look in looks]
    connection.execute(sa.insert(scan), rows)


def _row(look: Look) -> dict[str, Any]:
    return {
        "address": look.address,
        "status": look.status,
        "started_at": look.started_at,
        "duration_ms": look.duration_ms,
        "grade": look.grade,
        "tool_version": look.tool_version,
        "error": look.error,
    }


def _expectation(connection: sa.Connection, target_id: int, now: int) -> int | None:
    found: int | None = connection.execute(
        sa.select(expectation.c.id)
        .where(
            expectation.c.target_id == target_id,
            expectation.c.until > now,
            expectation.c.used_at.is_(None),
        )
        .order_by(expectation.c.until)
        .limit(1)
    ).scalar()
    return found


def _keep(
    connection: sa.Connection,
    claim: Claim,
    before: Mapping[str, Standing],
    verdict: Verdict,
    now: int,
) -> None:
    for key, body in sorted(verdict.snapshots.items()):
        standings.keep_snapshot(connection, key, body, now)
    for event in verdict.events:
        drifts.add(connection, claim, event, verdict, now)
    for each in verdict.renewals:
        drifts.add_renewal(connection, claim, each, now)
    standings.keep(connection, claim.target_id, before, verdict.standings)
    if verdict.used_expectation:
        connection.execute(
            sa.update(expectation)
            .where(expectation.c.id == _expectation(connection, claim.target_id, now))
            .values(used_at=now)
        )


def _alerts(
    connection: sa.Connection,
    target_id: int,
    name: str,
    before: Mapping[str, Standing],
    after: Mapping[str, Standing],
    now: int,
) -> None:
    held = conditions(target_id, name, after, drifts.habit(connection, target_id), now)
    alerts.hold(connection, target_id, held, now)
    alerts.settle(
        connection,
        target_id,
        {each.key for each in held},
        standings.fingerprints(after.values()),
        standings.fingerprints(before.values()),
        _resolutions(before, after, now),
        now,
    )


def _resolutions(
    before: Mapping[str, Standing], after: Mapping[str, Standing], now: int
) -> dict[str, str]:
    """What to say of an alert that is over, by its rule."""
    since = min((o.failed_since for o in before.values() if o.failed_since), default=now)
    new: Certificate | None = min(
        (each for one in after.values() for each in one.certificates.values()),
        key=lambda each: each.not_after,
        default=None,
    )
    renewed = "renewed on every address"
    if new is not None:
        renewed += f": the certificate served now ends on {day(new.not_after)}"
    return {
        "unreachable": f"it answers again, after {span(now - since)}",
        "certificate-ends": renewed,
        "certificate-revoked": renewed,
        "configuration-worse": "it is as it was before, or better",
        "unknown": "it was looked at whole again",
        "flapping": "nothing changed for six hours",
    }
