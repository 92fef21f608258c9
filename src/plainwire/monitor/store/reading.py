"""What lists and pages show, as plain dictionaries; nothing here reads a target's history whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from plainwire.monitor import standing as standings_module
from plainwire.monitor.store.schema import (
    alert,
    channel,
    drift_event,
    duty,
    finding,
    outbox,
    removed_drift,
    renewal,
    scan,
    serving,
    standing,
    target,
    worker,
)
from plainwire.monitor.times import DAY, MINUTE

STATES = ("unreachable", "unknown", "ok")  # the worst first
OVERDUE = 5 * MINUTE
Row = dict[str, Any]


def targets(connection: sa.Connection) -> list[Row]:
    """Every target with its state, by name: what ``monitor list`` shows."""
    known: dict[int, list[Any]] = {}
    columns = (
        standing.c.target_id,
        standing.c.state,
        standing.c.grade,
        standing.c.fingerprint,
        standing.c.not_before,
        standing.c.not_after,
        standing.c.seen_at,
    )
    for row in connection.execute(sa.select(*columns)):
        known.setdefault(row.target_id, []).append(row)
    counts = sa.select(alert.c.target_id, sa.func.count()).where(alert.c.resolved_at.is_(None))
    alerts = {row[0]: row[1] for row in connection.execute(counts.group_by(alert.c.target_id))}
    found = connection.execute(sa.select(target).order_by(target.c.name)).mappings()
    return [_listed(row, known.get(row["id"], []), alerts.get(row["id"], 0)) for row in found]


def _listed(row: Mapping[Any, Any], known: list[Any], open_alerts: int) -> Row:
    options = json.loads(row["options"])
    first = min((k for k in known if k.not_after is not None), key=_end, default=None)
    states = {k.state for k in known} or {"unknown"}
    grades = sorted({k.grade for k in known if k.grade})
    return {
        "name": row["name"],
        "kind": row["kind"],
        "tags": json.loads(row["tags"]),
        "light": options["light"],
        "full": options["full"],
        "state": next(s for s in STATES if s in states),
        "is_mixed": len(states) > 1 or len({k.fingerprint for k in known}) > 1,
        "addresses": len(known),
        "grade": grades[-1] if grades else None,
        "not_before": first.not_before if first else None,
        "not_after": first.not_after if first else None,
        "seen_at": max((k.seen_at for k in known if k.seen_at), default=None),
        "open_alerts": open_alerts,
    }


def _end(row: Any) -> int:
    return int(row.not_after)


def not_looked_at(connection: sa.Connection, since: int) -> set[int]:
    """The numbers of targets at which no full look began since then."""
    looked = sa.exists().where(
        scan.c.target_id == target.c.id,
        scan.c.tier.in_(("full", "full-again")),
        scan.c.status != "missed",
        scan.c.started_at >= since,
    )
    return set(connection.execute(sa.select(target.c.id).where(~looked)).scalars())


def shown(connection: sa.Connection, number: int) -> Row:
    """Everything that is known of one target now."""
    row = connection.execute(sa.select(target).where(target.c.id == number)).mappings().one()
    rows = connection.execute(
        sa.select(standing.c.address, standing.c.body)
        .where(standing.c.target_id == number)
        .order_by(standing.c.address)
    )
    addresses = []
    for _, body in rows:
        one = json.loads(body)
        one.pop("alarms", None)
        addresses.append(one)
    open_ones = sa.select(finding).where(
        finding.c.target_id == number, finding.c.closed_at.is_(None)
    )
    looks = sa.select(scan).where(scan.c.target_id == number).order_by(scan.c.id.desc()).limit(10)
    duties = sa.select(duty).where(duty.c.target_id == number).order_by(duty.c.tier)
    renewals = sa.select(renewal).where(renewal.c.target_id == number).order_by(renewal.c.id)
    return {
        "name": row["name"],
        "kind": row["kind"],
        "tags": json.loads(row["tags"]),
        "options": json.loads(row["options"]),
        "addresses": addresses,
        "alerts": alerts(connection, of=number),
        "findings": _rows(connection, open_ones.order_by(finding.c.id)),
        "renewals": _rows(connection, renewals),
        "duties": _rows(connection, duties),
        "looks": _rows(connection, looks),
    }


def alerts(
    connection: sa.Connection, *, of: int | None = None, is_open: bool = True, limit: int = 500
) -> list[Row]:
    """Alerts with the target's name, the latest first; those that are open unless told else.

    Those of one target are also those about certificates that it serves, whoever was first.
    """
    words = sa.select(alert, target.c.name.label("target")).outerjoin(
        target, target.c.id == alert.c.target_id
    )
    if is_open:
        words = words.where(alert.c.resolved_at.is_(None))
    if of is not None:
        served = sa.select(serving.c.fingerprint).where(serving.c.target_id == of)
        words = words.where(sa.or_(alert.c.target_id == of, alert.c.fingerprint.in_(served)))
    rows = _rows(connection, words.order_by(alert.c.id.desc()).limit(limit))
    return [row | {"changes": json.loads(row["changes"])} for row in rows]


def events(connection: sa.Connection, number: int, limit: int) -> list[Row]:
    """The confirmed changes of a target, the latest first."""
    words = sa.select(drift_event).where(
        drift_event.c.target_id == number, drift_event.c.kind != "baseline"
    )
    rows = _rows(connection, words.order_by(drift_event.c.id.desc()).limit(limit))
    return [row | {"changes": json.loads(row["changes"])} for row in rows]


def pending(connection: sa.Connection, number: int) -> list[Row]:
    """The addresses of a target at which a change waits to be confirmed."""
    rows = connection.execute(sa.select(standing.c.body).where(standing.c.target_id == number))
    found = [standings_module.from_json(row[0]) for row in rows]
    return [
        {"address": one.address, "seen": len(one.pending), "since": one.pending_since}
        for one in found
        if one.pending
    ]


def lag(connection: sa.Connection, now: int) -> int:
    """How late the duty that waits longest is, in milliseconds."""
    oldest = connection.execute(
        sa.select(sa.func.min(duty.c.next_due_at)).where(
            sa.or_(duty.c.lease_until.is_(None), duty.c.lease_until <= now)
        )
    ).scalar()
    return max(now - oldest, 0) if oldest is not None else 0


def late(connection: sa.Connection, now: int) -> int:
    """How many duties are late by more than two of their intervals."""
    found: int = connection.execute(
        sa.select(sa.func.count())
        .select_from(duty)
        .where(duty.c.interval_ms.is_not(None), duty.c.next_due_at < now - 2 * duty.c.interval_ms)
    ).scalar_one()
    return found


def status(connection: sa.Connection, now: int) -> Row:
    """The monitor as a whole."""
    by_state = sa.select(standing.c.state, sa.func.count()).group_by(standing.c.state)
    by_level = sa.select(alert.c.level, sa.func.count()).where(alert.c.resolved_at.is_(None))
    return {
        "targets": connection.execute(sa.select(sa.func.count()).select_from(target)).scalar(),
        "addresses": {row[0]: row[1] for row in connection.execute(by_state)},
        "alerts": {row[0]: row[1] for row in connection.execute(by_level.group_by(alert.c.level))},
        "scan_lag_s": lag(connection, now) / 1000,
        "late": late(connection, now),
        "channels": [_delivery(connection, row, now) for row in _channels(connection)],
        "workers": _rows(connection, sa.select(worker).order_by(worker.c.owner)),
    }


def _channels(connection: sa.Connection) -> list[Row]:
    return _rows(connection, sa.select(channel).order_by(channel.c.name))


def _delivery(connection: sa.Connection, row: Row, now: int) -> Row:
    """How a channel does: what waits, what is dead, what went wrong last.

    ``overdue`` should have been tried minutes ago, ``died`` was given up within a day.
    """
    waiting = sa.and_(
        outbox.c.channel_id == row["id"],
        outbox.c.sent_at.is_(None),
        outbox.c.dead_at.is_(None),
        outbox.c.dropped_at.is_(None),
    )
    counts = connection.execute(
        sa.select(sa.func.count(), sa.func.min(outbox.c.created_at)).where(waiting)
    ).one()
    dead, died = connection.execute(
        sa.select(sa.func.count(), sa.func.count(sa.case((outbox.c.dead_at > now - DAY, 1)))).where(
            outbox.c.channel_id == row["id"], outbox.c.dead_at.is_not(None)
        )
    ).one()
    earlier = outbox.alias()
    is_first = ~sa.exists().where(
        earlier.c.alert_id == outbox.c.alert_id,
        earlier.c.channel_id == outbox.c.channel_id,
        earlier.c.id < outbox.c.id,
        earlier.c.sent_at.is_(None),
        earlier.c.dead_at.is_(None),
        earlier.c.dropped_at.is_(None),
    )
    overdue = connection.execute(
        sa.select(sa.func.count()).where(
            waiting,
            outbox.c.group_id.is_(None),
            outbox.c.next_try_at < now - OVERDUE,
            is_first,  # others wait for it as they should
        )
    ).scalar()
    error = connection.execute(
        sa.select(outbox.c.last_error)
        .where(outbox.c.channel_id == row["id"], outbox.c.last_error.is_not(None))
        .order_by(outbox.c.id.desc())
        .limit(1)
    ).scalar()
    return {
        "name": row["name"],
        "kind": row["kind"],
        "is_enabled": bool(row["is_enabled"]),
        "disabled_because": row["disabled_because"],
        "waiting": counts[0],
        "oldest": counts[1],
        "dead": dead,
        "overdue": overdue,
        "died": died,
        "last_error": error,
    }


def _rows(connection: sa.Connection, words: sa.Select[Any]) -> list[Row]:
    return [dict(row) for row in connection.execute(words).mappings()]


def drifts(connection: sa.Connection) -> dict[str, int]:
    """How many changes of configurations were confirmed that nobody announced, by direction.

    Those of targets that were removed since are among them.
    """
    kept = sa.select(removed_drift.c.direction, removed_drift.c.count)
    found = {row[0]: row[1] for row in connection.execute(kept)}
    for direction, count in drifts_of(connection).items():
        found[direction] = found.get(direction, 0) + count
    return found


def drifts_of(connection: sa.Connection, number: int | None = None) -> dict[str, int]:
    """The same of one target that is there, or of all that are."""
    words = sa.select(drift_event.c.direction, sa.func.count()).where(
        drift_event.c.kind == "configuration", ~drift_event.c.is_expected
    )
    if number is not None:
        words = words.where(drift_event.c.target_id == number)
    rows = connection.execute(words.group_by(drift_event.c.direction))
    return {row[0]: row[1] for row in rows}
