"""What is done from time to time: heartbeats, reminders, digests, retention, clocks set right."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from plainwire.grading import LETTERS
from plainwire.monitor import digests, messages
from plainwire.monitor.store import alerts, claims, reading
from plainwire.monitor.store.schema import (
    alert,
    channel,
    drift_event,
    named_snapshot,
    outbox,
    scan,
    scan_day,
    snapshot,
    target,
    worker,
)
from plainwire.monitor.times import DAY, HOUR, day

KEPT = 90 * DAY  # looks; what is older is a line a day
KEPT_MESSAGES = 90 * DAY  # that are done, and alerts that are over
CHECKED = 7 * DAY  # snapshots: whether anything is still compared with them
CHUNK = 5000  # rows in one transaction: a writer holds the others up no longer
REMIND = 24 * HOUR  # of critical alerts that nobody has acknowledged
FORGET_WORKER = 1 * DAY


def beat(connection: sa.Connection, owner: str, now: int) -> None:
    """Say that a process is alive."""
    values = {"owner": owner, "started_at": now, "beat_at": now}
    words = alerts.insert(connection, worker).values(values)
    connection.execute(words.on_conflict_do_update(index_elements=["owner"], set_={"beat_at": now}))
    connection.execute(sa.delete(worker).where(worker.c.beat_at < now - FORGET_WORKER))


def leave(connection: sa.Connection, owner: str) -> None:
    """Say that a process has ended as it should."""
    connection.execute(sa.delete(worker).where(worker.c.owner == owner))


def keep_up(connection: sa.Connection, now: int, lease_ms: int) -> None:
    """Everything that is done from time to time; any process may, and twice does no harm."""
    claims.pull_back(connection, now, lease_ms)
    alerts.settle_unserved(connection, "no target that is watched serves it any more", now)
    _remind(connection, now)
    _digest(connection, now)
    _roll_up(connection, now)
    _forget(connection, now)
    _forget_snapshots(connection, now)


def _remind(connection: sa.Connection, now: int) -> None:
    """Tell critical alerts again, a day after they were told last, unless somebody knows."""
    rows = connection.execute(
        sa.select(alert).where(
            alert.c.resolved_at.is_(None),
            alert.c.level == "critical",
            alert.c.changed_at <= now - REMIND,
            sa.or_(
                alert.c.acked_by.is_(None),
                sa.and_(alert.c.acked_until.is_not(None), alert.c.acked_until <= now),
            ),
        )
    )
    for row in list(rows.mappings()):
        if alerts.held_until(connection, row, now) is not None:
            continue  # one at the end of a silence is enough, not one for each of its days
        # Days since it was last told of: a new step begins to count anew, under other names.
        seq = f"{row['changed_at']}+{(now - row['changed_at']) // REMIND}"
        alerts.tell(connection, "reminder", row, now, seq=seq)


def _digest(connection: sa.Connection, now: int) -> None:
    """Write the digests that are due: what changed and alarmed nobody, and what is open.

    A channel has one id for each day's digest, so that no two processes write two of them.
    """
    wanting = sa.select(channel).where(channel.c.is_enabled, channel.c.digest.is_not(None))
    for row in connection.execute(wanting).mappings().all():
        due = digests.last_due(row["digest"], now)
        since = row["digested_until"]
        if since is not None and due <= since <= now:
            continue
        if since is not None and since > now:
            since = due - DAY  # a clock ran ahead; a digest that was written has its id
        connection.execute(
            sa.update(channel).where(channel.c.id == row["id"]).values(digested_until=due)
        )
        if since is None:
            continue  # from now on
        payload = messages.digest(_quiet(connection, since, due), _open(connection), now)
        name = f"digest_{row['id']}_{due}"
        alerts.write(connection, row["id"], "digest", "info", payload, now, message_id=name)


def _quiet(connection: sa.Connection, since: int, until: int) -> list[dict[str, str]]:
    """The changes of a time that alarmed nobody."""
    words = (
        sa.select(drift_event, target.c.name)
        .join(target, target.c.id == drift_event.c.target_id)
        .where(
            drift_event.c.at > since,
            drift_event.c.at <= until,
            drift_event.c.kind != "baseline",
            sa.or_(drift_event.c.direction != "worse", drift_event.c.is_expected),
        )
        .order_by(drift_event.c.id)
        .limit(messages.MAX_MEMBERS)
    )
    return [
        {
            "target": row["name"],
            "direction": row["direction"],
            "words": f"{row['name']}: {digests.words(row['changes'])}",
        }
        for row in connection.execute(words).mappings()
    ]


def _open(connection: sa.Connection) -> list[dict[str, object]]:
    return [
        {key: row[key] for key in ("id", "rule", "level", "title", "target")}
        for row in reading.alerts(connection, limit=messages.MAX_MEMBERS)
    ]


def _roll_up(connection: sa.Connection, now: int) -> None:
    """Turn looks older than `KEPT` into a line a day, a chunk at a time."""
    old = (
        sa.select(scan)
        .where(scan.c.started_at < now - KEPT)
        .order_by(scan.c.started_at)
        .limit(CHUNK)
    )
    if connection.dialect.name == "postgresql":
        old = old.with_for_update(skip_locked=True)
    rows = connection.execute(old).mappings().all()
    days: dict[tuple[int, str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["target_id"], row["tier"], day(row["started_at"]))
        counts = days.setdefault(
            key, {"answered": 0, "unreachable": 0, "unknown": 0, "missed": 0, "worst_grade": None}
        )
        counts[row["status"]] = counts[row["status"]] + row["slots"]
        counts["worst_grade"] = _worse(counts["worst_grade"], row["grade"])
    for (number, tier, date), counts in sorted(days.items()):
        _add_day(connection, {"target_id": number, "tier": tier, "day": date}, counts)
    connection.execute(sa.delete(scan).where(scan.c.id.in_([row["id"] for row in rows])))


def _add_day(connection: sa.Connection, key: dict[str, Any], counts: dict[str, Any]) -> None:
    where = sa.and_(*(scan_day.c[name] == value for name, value in key.items()))
    known = connection.execute(sa.select(scan_day).where(where)).mappings().first()
    if known is None:
        connection.execute(sa.insert(scan_day).values(**key, **counts))
        return
    worst = _worse(known["worst_grade"], counts["worst_grade"])
    sums = {name: known[name] + value for name, value in counts.items() if name != "worst_grade"}
    connection.execute(sa.update(scan_day).where(where).values(**sums, worst_grade=worst))


def _worse(one: str | None, other: str | None) -> str | None:
    known = [letter for letter in (one, other) if letter]
    return max(known, key=LETTERS.index, default=None)


def _forget(connection: sa.Connection, now: int) -> None:
    """Delete alerts long over with their messages, and other messages that are long done.

    While an alert is open its messages tell who is to hear of its end.
    """
    old = now - KEPT_MESSAGES
    done_at = sa.func.coalesce(outbox.c.sent_at, outbox.c.dropped_at, outbox.c.dead_at)
    over = sa.select(alert.c.id).where(alert.c.resolved_at < old)
    is_over = sa.or_(outbox.c.alert_id.is_(None), outbox.c.alert_id.in_(over))
    _delete_some(connection, outbox, sa.and_(done_at < old, is_over))
    told = sa.exists().where(outbox.c.alert_id == alert.c.id)
    _delete_some(connection, alert, sa.and_(alert.c.resolved_at < old, ~told))


def _delete_some(connection: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool]) -> None:
    """Delete a chunk of the rows; the next time comes soon."""
    some = sa.select(table.c.id).where(where).limit(CHUNK)
    connection.execute(sa.delete(table).where(table.c.id.in_(some)))


def _forget_snapshots(connection: sa.Connection, now: int) -> None:
    """Delete snapshots that no address is compared with, a chunk at a time, each seen once a week.

    Changes keep their own words (`drift_event.changes`), and need them no longer.
    """
    old = (
        sa.select(snapshot.c.hash)
        .where(snapshot.c.named_at < now - CHECKED)
        .order_by(snapshot.c.named_at)
        .limit(CHUNK)
    )
    if connection.dialect.name == "postgresql":
        # Who names one now holds it, and it is passed over; who names one later waits for us.
        old = old.with_for_update(skip_locked=True)
    found = set(connection.execute(old).scalars())
    if not found:
        return
    words = sa.select(named_snapshot.c.hash).where(named_snapshot.c.hash.in_(sorted(found)))
    named = set(connection.execute(words.distinct()).scalars())
    still = snapshot.c.hash.in_(sorted(named))
    connection.execute(sa.update(snapshot).where(still).values(named_at=now))
    connection.execute(sa.delete(snapshot).where(snapshot.c.hash.in_(sorted(found - named))))
