"""What is done from time to time: heartbeats, reminders, digests, retention, clocks set right."""

from __future__ import annotations

import sqlalchemy as sa

from plainwire.monitor.store import alerts, claims
from plainwire.monitor.store.schema import alert, worker
from plainwire.monitor.times import DAY, HOUR

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
        alerts.tell(connection, "reminder", row, now, seq=str((now - row["changed_at"]) // REMIND))
