"""The tables, one schema for SQLite and PostgreSQL. Times are milliseconds (`monitor/times.py`).

A change here is a migration in `migrations/versions`, and `REVISION` its name.
"""

from __future__ import annotations

import sqlalchemy as sa

REVISION = "0002"
metadata = sa.MetaData()
Key = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite numbers INTEGER keys only


def _table(name: str, *parts: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(name, metadata, *parts)


def _id() -> sa.Column[int]:
    return sa.Column("id", Key, primary_key=True, autoincrement=True)


def _of(table: str, *, is_key: bool = False, is_optional: bool = False) -> sa.Column[int]:
    return sa.Column(
        f"{table}_id",
        Key,
        sa.ForeignKey(f"{table}.id", ondelete="CASCADE"),
        primary_key=is_key,
        autoincrement=False,
        nullable=is_optional,
    )


def _text(name: str, *, is_optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=is_optional)


def _time(name: str, *, is_optional: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=is_optional)


def _count(name: str, default: int = 0) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default=str(default))


target = _table(
    "target",
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    _text("kind"),  # url: scan(); endpoint: probe()
    _text("host"),
    _text("tags"),  # JSON list
    _text("options"),  # JSON object; secrets by reference only
    _time("created_at"),
    _text("declared_in", is_optional=True),  # the name of the file `monitor apply` read
)

# When a target is looked at, and who is at it. `slot` counts: the next one to be recorded.
duty = _table(
    "duty",
    _of("target", is_key=True),
    sa.Column("tier", sa.Text, primary_key=True),
    _time("interval_ms", is_optional=True),  # None: only when asked for
    _time("next_due_at", is_optional=True),
    _count("slot"),
    _text("host", is_optional=True),  # None: no limit (loopback)
    _time("lease_until", is_optional=True),
    _count("lease_token"),
    _text("lease_owner", is_optional=True),
    _count("attempts"),
)
sa.Index("duty_due", duty.c.next_due_at, sqlite_where=duty.c.next_due_at.is_not(None))
sa.Index("duty_host", duty.c.host, sqlite_where=duty.c.lease_until.is_not(None))
sa.Index(
    "duty_leased",
    duty.c.lease_until,
    sqlite_where=duty.c.lease_until.is_not(None),
    postgresql_where=duty.c.lease_until.is_not(None),
)

scan = _table(
    "scan",
    _id(),
    _of("target"),
    _text("tier"),
    _time("slot"),
    _text("address"),
    _text("status"),  # answered, unreachable, unknown, missed
    _count("slots", 1),  # how many slots the row stands for: missed ones share a row
    _time("due_at"),
    _time("started_at"),
    _time("duration_ms"),
    _text("grade", is_optional=True),
    _text("tool_version"),
    _text("error", is_optional=True),
    sa.UniqueConstraint("target_id", "tier", "slot", "address", name="scan_once_a_slot"),
)
sa.Index("scan_age", scan.c.started_at)

scan_day = _table(  # what is left of scans after their retention
    "scan_day",
    _of("target", is_key=True),
    sa.Column("tier", sa.Text, primary_key=True),
    sa.Column("day", sa.Text, primary_key=True),
    _count("answered"),
    _count("unreachable"),
    _count("unknown"),
    _count("missed"),
    _text("worst_grade", is_optional=True),
)

snapshot = _table(
    "snapshot",
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("body", sa.LargeBinary, nullable=False),  # JSON, zlib
    _time("named_at"),  # when it was last found to be named, to a few days
)
sa.Index("snapshot_age", snapshot.c.named_at)

# The current state of an address of a target: the body is all of it, the columns what is read of
# every target at once, without its body.
standing = _table(
    "standing",
    _of("target", is_key=True),
    sa.Column("address", sa.Text, primary_key=True),
    _text("state"),  # ok, unreachable, unknown
    _text("grade", is_optional=True),
    _text("fingerprint", is_optional=True),
    _time("not_before", is_optional=True),
    _time("not_after", is_optional=True),
    _time("seen_at", is_optional=True),
    _text("body"),  # JSON of `monitor.standing.Standing`
)

serving = _table(
    "serving",
    _of("target", is_key=True),
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text, primary_key=True),
)
sa.Index("serving_certificate", serving.c.fingerprint)

# The snapshots that an address is compared with: what is named by none goes.
named_snapshot = _table(
    "named_snapshot",
    _of("target", is_key=True),
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, sa.ForeignKey("snapshot.hash"), primary_key=True),
)
sa.Index("named_snapshot_hash", named_snapshot.c.hash)

finding = _table(
    "finding",
    _id(),
    _of("target"),
    _text("address"),
    _text("fingerprint"),
    _text("check_id"),
    _text("severity"),
    _text("words"),
    _time("first_seen"),
    _time("closed_at", is_optional=True),
)
sa.Index(
    "finding_open",
    finding.c.target_id,
    finding.c.address,
    finding.c.fingerprint,
    unique=True,
    sqlite_where=finding.c.closed_at.is_(None),
    postgresql_where=finding.c.closed_at.is_(None),
)

renewal = _table(
    "renewal",
    _id(),
    _of("target"),
    _time("at"),
    _text("old"),
    _text("new"),
    sa.Column("fraction", sa.Float, nullable=False),  # of the old one's lifetime that had passed
    sa.Column("is_same_key", sa.Boolean, nullable=True),
    sa.UniqueConstraint("target_id", "old", "new", name="renewal_once"),
)

drift_event = _table(
    "drift_event",
    _id(),
    _of("target"),
    _text("address"),
    _time("slot"),
    _text("kind"),  # configuration, certificate, baseline
    _text("direction"),  # worse, better, neutral
    _text("changes"),  # JSON list
    _text("old_hash"),
    _text("new_hash"),
    _time("at"),
    sa.Column("is_expected", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint(
        "target_id", "address", "kind", "old_hash", "new_hash", "slot", name="drift_once"
    ),
)
sa.Index("drift_event_age", drift_event.c.at)

# What `drift_event` held of targets that are removed, where it is counted: counters never fall.
removed_drift = _table(
    "removed_drift", sa.Column("direction", sa.Text, primary_key=True), _count("count")
)

alert = _table(
    "alert",
    _id(),
    _text("dedup_key"),
    _text("rule"),
    _text("level"),
    _count("step"),  # what was told last (`monitor.conditions.Condition`)
    _of("target", is_optional=True),
    sa.Column("fingerprint", sa.Text, nullable=True),  # of the certificate that it is about
    _text("title"),
    _text("body"),
    _text("changes"),  # JSON list
    _time("opened_at"),
    _time("changed_at"),
    _time("resolved_at", is_optional=True),
    _text("resolution", is_optional=True),
    _text("acked_by", is_optional=True),
    _time("acked_until", is_optional=True),
    _text("ack_note", is_optional=True),
)
sa.Index(
    "alert_open",
    alert.c.dedup_key,
    unique=True,
    sqlite_where=alert.c.resolved_at.is_(None),
    postgresql_where=alert.c.resolved_at.is_(None),
)
sa.Index("alert_age", alert.c.opened_at)
sa.Index("alert_target", alert.c.target_id, alert.c.resolved_at)
sa.Index("alert_certificate", alert.c.fingerprint, alert.c.resolved_at)

channel = _table(
    "channel",
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    _text("kind"),
    _text("options"),  # JSON object; secrets by reference only
    _text("least_level"),
    _text("only"),  # JSON object: which alerts (`monitor.matching`)
    _text("digest", is_optional=True),  # HH:MM ZONE
    sa.Column("is_enabled", sa.Boolean, nullable=False, server_default=sa.true()),
    _text("disabled_because", is_optional=True),
    _time("digested_until", is_optional=True),
    _text("declared_in", is_optional=True),
)

outbox = _table(
    "outbox",
    _id(),
    sa.Column("message_id", sa.Text, nullable=False, unique=True),
    sa.Column("alert_id", Key, sa.ForeignKey("alert.id", ondelete="CASCADE"), nullable=True),
    _of("channel"),
    _text("kind"),  # opened, raised, resolved, reminder, digest, group, test, dead-letter
    _text("level"),
    _text("seq"),  # tells reminders, digests and tests of one kind apart
    _text("payload"),  # JSON: what is said, fixed when it is written
    _time("created_at"),
    _time("next_try_at"),
    _count("wait_ms"),  # of the last attempt, until the next
    _time("held_until", is_optional=True),
    _time("lease_until", is_optional=True),
    _count("lease_token"),
    _count("attempts"),
    _time("sent_at", is_optional=True),
    _time("dead_at", is_optional=True),
    _time("dropped_at", is_optional=True),  # held, and over before anybody was told
    sa.Column("group_id", Key, nullable=True),  # the outbox row that says it together with others
    _text("last_error", is_optional=True),
    sa.UniqueConstraint(
        "alert_id", "channel_id", "kind", "level", "seq", name="outbox_once_a_message"
    ),
)
_waiting = sa.and_(
    outbox.c.sent_at.is_(None), outbox.c.dead_at.is_(None), outbox.c.dropped_at.is_(None)
)
sa.Index(
    "outbox_waiting",
    outbox.c.channel_id,
    outbox.c.next_try_at,
    sqlite_where=_waiting,
    postgresql_where=_waiting,
)
sa.Index("outbox_alert", outbox.c.alert_id, outbox.c.channel_id)

expectation = _table(
    "expectation",
    _id(),
    _of("target"),
    _time("until"),
    _text("note"),
    _time("created_at"),
    _time("used_at", is_optional=True),
)

silence = _table(
    "silence",
    _id(),
    _text("only"),
    _time("until"),
    _text("note"),
    _time("created_at"),
)

maintenance_window = _table(
    "maintenance_window",
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    _text("cron"),
    _count("duration_min"),
    _text("zone"),
    _text("only"),
    _text("declared_in", is_optional=True),
)

worker = _table(
    "worker",
    sa.Column("owner", sa.Text, primary_key=True),
    _time("started_at"),
    _time("beat_at"),
)
