"""What has changed, for good: events, renewals, and the findings that are there meanwhile."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from plainwire.monitor import expiry
from plainwire.monitor.judging import Event, Renewal, Verdict
from plainwire.monitor.store import alerts
from plainwire.monitor.store.claims import Claim
from plainwire.monitor.store.schema import drift_event, expectation, finding, renewal
from plainwire.monitor.times import day
from plainwire.report.tls_diff import Change

HABIT_OF = 10  # the last renewals of a target


def announced(connection: sa.Connection, target_id: int, now: int) -> list[str]:
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


def add(connection: sa.Connection, claim: Claim, event: Event, verdict: Verdict, now: int) -> None:
    """Record a confirmed change, with the findings that it brought and took away."""
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


def add_renewal(connection: sa.Connection, claim: Claim, each: Renewal, now: int) -> None:
    """Record that a certificate was renewed, once for all addresses of the target."""
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
        changes=json.dumps([asdict(change) for change in _renewal_changes(each)]),
        old_hash=each.old.fingerprint,
        new_hash=each.new.fingerprint,
    )


def _renewal_changes(each: Renewal) -> list[Change]:
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
