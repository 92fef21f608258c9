"""What was seen, recorded: slots, states, drift, alerts and messages in one transaction."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from plainwire.monitor import expiry
from plainwire.monitor import standing as standings_module
from plainwire.monitor.conditions import conditions
from plainwire.monitor.judging import Event, Renewal, Verdict, judge
from plainwire.monitor.schedule import Next, following
from plainwire.monitor.seen import Body, Certificate, Look
from plainwire.monitor.standing import Standing
from plainwire.monitor.store import alerts, claims
from plainwire.monitor.store.claims import Claim
from plainwire.monitor.store.schema import (
    drift_event,
    expectation,
    finding,
    named_snapshot,
    renewal,
    scan,
    serving,
    snapshot,
    standing,
    target,
)
from plainwire.monitor.times import DAY, day, span
from plainwire.report.tls_diff import Change

HABIT_OF = 10  # the last renewals of a target


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
    before = _standings(connection, claim.target_id)
    verdict = judge(
        before,
        _bodies(connection, before),
        looks,
        is_full=claim.tier.startswith("full"),
        is_expected=_expectation(connection, claim.target_id, now) is not None,
        now=now,
        announced=_announced(connection, claim.target_id, now),
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


def _standings(connection: sa.Connection, target_id: int) -> dict[str, Standing]:
    rows = connection.execute(
        sa.select(standing.c.address, standing.c.body).where(standing.c.target_id == target_id)
    )
    return {address: standings_module.from_json(body) for address, body in rows}


def _bodies(connection: sa.Connection, known: Mapping[str, Standing]) -> dict[str, Body]:
    """The snapshots that standings name."""
    wanted = {key for one in known.values() for key in one.compared_with}
    if not wanted:
        return {}
    rows = connection.execute(
        sa.select(snapshot.c.hash, snapshot.c.body).where(snapshot.c.hash.in_(sorted(wanted)))
    )
    return {key: json.loads(zlib.decompress(body)) for key, body in rows}


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


def _announced(connection: sa.Connection, target_id: int, now: int) -> list[str]:
    """What an announced change made of an address of the target, until it is to be over."""
    words = (
        sa.select(drift_event.c.new_hash)
        .join(expectation, expectation.c.target_id == drift_event.c.target_id)
        .where(
            drift_event.c.target_id == target_id,
            drift_event.c.is_expected,
            expectation.c.until > now,
            expectation.c.used_at <= drift_event.c.at,
        )
    )
    return list(connection.execute(words).scalars())


def habit(connection: sa.Connection, target_id: int) -> float | None:
    """At which fraction of a lifetime a target is used to renew; None if that is not known."""
    rows = connection.execute(
        sa.select(renewal.c.fraction)
        .where(renewal.c.target_id == target_id)
        .order_by(renewal.c.id.desc())
        .limit(HABIT_OF)
    )
    return expiry.habit([row[0] for row in rows])


def _keep(
    connection: sa.Connection,
    claim: Claim,
    before: Mapping[str, Standing],
    verdict: Verdict,
    now: int,
) -> None:
    for key, body in sorted(verdict.snapshots.items()):
        _snapshot(connection, key, body, now)
    for event in verdict.events:
        _event(connection, claim, event, verdict, now)
    for each in verdict.renewals:
        _renewal(connection, claim, each, now)
    for address in before.keys() - verdict.standings.keys():
        for table in (standing, serving, named_snapshot):
            connection.execute(
                sa.delete(table).where(
                    table.c.target_id == claim.target_id, table.c.address == address
                )
            )
    for address, one in verdict.standings.items():
        if one != before.get(address):
            _standing(connection, claim.target_id, before.get(address), one)
    if verdict.used_expectation:
        connection.execute(
            sa.update(expectation)
            .where(expectation.c.id == _expectation(connection, claim.target_id, now))
            .values(used_at=now)
        )


def _snapshot(connection: sa.Connection, key: str, body: Body, now: int) -> None:
    # In this order: who deletes it now is waited for by the first, and the second inserts it anew.
    connection.execute(
        sa.update(snapshot)
        .where(snapshot.c.hash == key, snapshot.c.named_at < now - DAY)
        .values(named_at=now)
    )
    words = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    packed = zlib.compress(words.encode("utf-8", "surrogatepass"))
    values = {"hash": key, "body": packed, "named_at": now}
    connection.execute(alerts.insert(connection, snapshot).values(values).on_conflict_do_nothing())


def _standing(
    connection: sa.Connection, target_id: int, before: Standing | None, one: Standing
) -> None:
    first = min(one.served.values(), key=lambda each: each.not_after, default=None)
    values = {
        "target_id": target_id,
        "address": one.address,
        "state": one.state,
        "grade": one.grade,
        "fingerprint": first.fingerprint if first else None,
        "not_before": first.not_before if first else None,
        "not_after": first.not_after if first else None,
        "seen_at": one.seen_at,
        "body": standings_module.as_json(one),
    }
    words = alerts.insert(connection, standing).values(values)
    connection.execute(
        words.on_conflict_do_update(index_elements=["target_id", "address"], set_=values)
    )
    if before is None or before.served.keys() != one.served.keys():
        _serving(connection, target_id, one)
    _named(connection, target_id, before.compared_with if before else set(), one)


def _serving(connection: sa.Connection, target_id: int, one: Standing) -> None:
    connection.execute(
        sa.delete(serving).where(serving.c.target_id == target_id, serving.c.address == one.address)
    )
    for fingerprint in sorted(_fingerprints([one])):
        connection.execute(
            sa.insert(serving).values(
                target_id=target_id, address=one.address, fingerprint=fingerprint
            )
        )


def _named(connection: sa.Connection, target_id: int, before: set[str], one: Standing) -> None:
    place = {"target_id": target_id, "address": one.address}
    gone = sorted(before - one.compared_with)
    if gone:
        connection.execute(
            sa.delete(named_snapshot).filter_by(**place).where(named_snapshot.c.hash.in_(gone))
        )
    for key in sorted(one.compared_with - before):
        connection.execute(sa.insert(named_snapshot).values(**place, hash=key))


def _event(
    connection: sa.Connection, claim: Claim, event: Event, verdict: Verdict, now: int
) -> None:
    _add_event(
        connection,
        claim,
        now,
        address=event.address,
        kind=event.kind,
        direction=event.direction,
        changes=json.dumps([asdict(change) for change in event.changes]),
        old_hash=event.old_hash,
        new_hash=event.new_hash,
        is_expected=event.is_expected,
    )
    found = verdict.snapshots[event.new_hash].get("findings", {})
    _findings(connection, claim.target_id, event.address, found, now)


def _add_event(connection: sa.Connection, claim: Claim, now: int, **values: Any) -> None:
    connection.execute(
        alerts.insert(connection, drift_event)
        .values(target_id=claim.target_id, slot=claim.slot, at=now, **values)
        .on_conflict_do_nothing()
    )


def _renewal(connection: sa.Connection, claim: Claim, each: Renewal, now: int) -> None:
    row = connection.execute(
        alerts.insert(connection, renewal)
        .values(
            target_id=claim.target_id,
            at=now,
            old=each.old.fingerprint,
            new=each.new.fingerprint,
            fraction=each.fraction,
            is_same_key=each.is_same_key,
        )
        .on_conflict_do_nothing()
        .returning(renewal.c.id)
    ).first()
    if row is None:
        return  # seen at another address of the target before
    _add_event(
        connection,
        claim,
        now,
        address=each.address,
        kind="certificate",
        direction="neutral",
        changes=json.dumps([asdict(change) for change in renewal_changes(each)]),
        old_hash=each.old.fingerprint,
        new_hash=each.new.fingerprint,
    )


def renewal_changes(each: Renewal) -> list[Change]:
    """A renewal in words: when the old and the new certificate end, and whether the key stayed."""
    name = each.new.name
    ends = [f"until {day(one.not_after)}" for one in (each.old, each.new)]
    found = [Change(f"certificate of {name}", ends[0], ends[1], "neutral")]
    if each.is_same_key:
        found.append(Change(f"key of {name}", "in use", "reused", "neutral"))
    return found


def _findings(
    connection: sa.Connection,
    target_id: int,
    address: str,
    found: Mapping[str, Mapping[str, str]],
    now: int,
) -> None:
    """Open a row for each new finding, and close those of findings that are gone."""
    where = sa.and_(
        finding.c.target_id == target_id,
        finding.c.address == address,
        finding.c.closed_at.is_(None),
    )
    known = set(connection.execute(sa.select(finding.c.fingerprint).where(where)).scalars())
    for key in sorted(found.keys() - known):
        one = found[key]
        connection.execute(
            sa.insert(finding).values(
                target_id=target_id,
                address=address,
                fingerprint=key,
                check_id=one["id"],
                severity=one["severity"],
                words=one["words"],
                first_seen=now,
            )
        )
    gone = sorted(known - found.keys())
    if gone:
        connection.execute(
            sa.update(finding).where(where, finding.c.fingerprint.in_(gone)).values(closed_at=now)
        )


def _alerts(
    connection: sa.Connection,
    target_id: int,
    name: str,
    before: Mapping[str, Standing],
    after: Mapping[str, Standing],
    now: int,
) -> None:
    held = conditions(target_id, name, after, habit(connection, target_id), now)
    alerts.hold(connection, target_id, held, now)
    alerts.settle(
        connection,
        target_id,
        {each.key for each in held},
        _fingerprints(after.values()),
        _fingerprints(before.values()),
        _resolutions(before, after, now),
        now,
    )


def _fingerprints(every: Iterable[Standing]) -> set[str]:
    return {fingerprint for one in every for fingerprint in one.served}


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
