"""Alerts and the messages about them, in the transaction of whatever brought them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from plainwire.monitor import matching, messages, windows
from plainwire.monitor.conditions import Condition
from plainwire.monitor.levels import is_at_least
from plainwire.monitor.store.schema import (
    alert,
    channel,
    maintenance_window,
    outbox,
    serving,
    silence,
    target,
)

Row = Mapping[Any, Any]


def insert(connection: sa.Connection, table: sa.Table) -> Any:
    """An INSERT that can say ON CONFLICT, in the words of the connection's database."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def hold(
    connection: sa.Connection,
    target_id: int | None,
    conditions: Iterable[Condition],
    now: int,
) -> None:
    """Open an alert for each condition that has none, and raise those that are worse now."""
    for each in sorted(conditions, key=lambda one: one.key):
        found = _open_alert(connection, each.key)
        if found is None and not each.is_held:
            found = _opened(connection, target_id, each, now)
            if found is not None:
                tell(connection, "opened", found, now)
                continue
            found = _open_alert(connection, each.key)  # another process was quicker
        if found is not None and found["step"] != each.step:
            _change(connection, found, each, now)


def settle(
    connection: sa.Connection,
    target_id: int,
    held: Collection[str],
    served: Collection[str],
    were_served: Collection[str],
    words: Mapping[str, str],
    now: int,
) -> None:
    """Resolve what no longer holds of a target, and of certificates that nobody serves any more.

    ``held`` are the keys of its conditions, ``served`` and ``were_served`` the fingerprints of
    its certificates now and before, ``words`` what to say by rule.
    """
    fingerprints = sorted({*served, *were_served})
    of_target = sa.and_(alert.c.target_id == target_id, alert.c.fingerprint.is_(None))
    rows = connection.execute(
        sa.select(alert)
        .where(
            alert.c.resolved_at.is_(None),
            sa.or_(of_target, alert.c.fingerprint.in_(fingerprints)),
        )
        .order_by(alert.c.dedup_key)
    )
    for row in list(rows.mappings()):
        is_gone = row["fingerprint"] is not None and row["fingerprint"] not in served
        if row["dedup_key"] in held or (is_gone and _is_served(connection, row["fingerprint"])):
            continue
        resolve(connection, row, words.get(row["rule"], "it is no longer so"), now)


def settle_unserved(connection: sa.Connection, words: str, now: int) -> None:
    """Resolve alerts about certificates that no target serves any more.

    Two processes that each took one of two addresses off an old certificate see each other's
    not yet: this is what tells in the end.
    """
    rows = connection.execute(
        sa.select(alert).where(
            alert.c.resolved_at.is_(None),
            alert.c.fingerprint.is_not(None),
            ~sa.exists().where(serving.c.fingerprint == alert.c.fingerprint),
        )
    )
    for row in list(rows.mappings()):
        resolve(connection, row, words, now)


def resolve(connection: sa.Connection, row: Row, words: str, now: int) -> None:
    """End an alert and tell whoever was told of it."""
    done = connection.execute(
        sa.update(alert)
        .where(alert.c.id == row["id"], alert.c.resolved_at.is_(None))
        .values(resolved_at=now, resolution=words)
    )
    if done.rowcount:
        tell(connection, "resolved", {**row, "resolved_at": now, "resolution": words}, now)


def _open_alert(connection: sa.Connection, key: str) -> Row | None:
    return (
        connection.execute(
            sa.select(alert).where(alert.c.dedup_key == key, alert.c.resolved_at.is_(None))
        )
        .mappings()
        .first()
    )


def _opened(
    connection: sa.Connection, target_id: int | None, each: Condition, now: int
) -> Row | None:
    """The new alert's row; None if there is one already."""
    return (
        connection.execute(
            insert(connection, alert)
            .values(
                dedup_key=each.key,
                rule=each.rule,
                level=each.level,
                step=each.step,
                target_id=target_id,
                fingerprint=each.fingerprint,
                title=_storable(each.title),
                body=_storable(each.body),
                changes=json.dumps([asdict(change) for change in each.changes]),
                opened_at=now,
                changed_at=now,
            )
            .on_conflict_do_nothing(
                index_elements=["dedup_key"], index_where=alert.c.resolved_at.is_(None)
            )
            .returning(alert)
        )
        .mappings()
        .first()
    )


def _storable(text: str) -> str:
    """Text without what no store can hold: lone surrogates, and NUL (PostgreSQL)."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def _change(connection: sa.Connection, found: Row, each: Condition, now: int) -> None:
    """Tell the alert's new step, if it is a higher one; a lower one is only noted."""
    new = {"step": each.step, "level": each.level, "title": _storable(each.title)}
    new["body"] = _storable(each.body)
    done = connection.execute(
        sa.update(alert)
        .where(alert.c.id == found["id"], alert.c.step == found["step"])
        .values(**new, changed_at=now)
    )
    if (
        done.rowcount
        and each.step > found["step"]
        and tell(connection, "raised", {**found, **new}, now)
    ):
        _end_acknowledgement(connection, found["id"])


def _end_acknowledgement(connection: sa.Connection, alert_id: int) -> None:
    """Who knew of a lower step does not know of this one, unless it was told before."""
    connection.execute(
        sa.update(alert)
        .where(alert.c.id == alert_id)
        .values(acked_by=None, acked_until=None, ack_note=None)
    )


def _is_served(connection: sa.Connection, fingerprint: str) -> bool:
    found = connection.execute(
        sa.select(serving.c.target_id).where(serving.c.fingerprint == fingerprint).limit(1)
    )
    return found.first() is not None


def tell_of_open(connection: sa.Connection, channel_id: int, now: int) -> None:
    """Tell a channel that is new, or chooses more now, of open alerts that it knows nothing of."""
    rows = connection.execute(
        sa.select(alert).where(alert.c.resolved_at.is_(None)).order_by(alert.c.id)
    )
    for row in rows.mappings().all():
        tell(connection, "opened", row, now, only=channel_id)


def tell(
    connection: sa.Connection,
    kind: str,
    row: Row,
    now: int,
    seq: str = "",
    only: int | None = None,
) -> bool:
    """Write a message about an alert for every channel that is to hear of it.

    Of an alert's end hears who was told of the alert; of the rest, whose level and choice it is.
    ``only`` names a single channel, which hears of it if it was told nothing as yet.
    False if there is nobody who did not have the message before.
    """
    about = _target(connection, row["target_id"])
    changes = json.loads(row["changes"])
    name, tags = (about["name"], about["tags"]) if about else (None, ())
    held_until = _held_until(connection, name, tags, row["rule"], now)
    told = _told(connection, row["id"])
    listeners = told if kind == "resolved" else _listeners(connection, row, name, tags)
    if only is not None:
        listeners = [one for one in listeners if one == only and one not in told]
    written = []
    for each in listeners:
        # Whom only the higher level concerns hears of the alert for the first time.
        word = "opened" if kind == "raised" and each not in told else kind
        payload = messages.about_alert(word, {**row, "changes": changes}, about, now)
        number = write(
            connection,
            each,
            word,
            row["level"],
            payload,
            now,
            alert_id=row["id"],
            seq=seq if word != "raised" else str(row["step"]),
            held_until=held_until,
        )
        written.append(number)
    return any(number is not None for number in written)


def write(
    connection: sa.Connection,
    channel_id: int,
    kind: str,
    level: str,
    payload: Mapping[str, Any],
    now: int,
    *,
    alert_id: int | None = None,
    seq: str = "",
    held_until: int | None = None,
    message_id: str | None = None,
) -> int | None:
    """Put one message into the outbox; its id never changes. None if it is there already."""
    row = connection.execute(
        insert(connection, outbox)
        .values(
            message_id=message_id or f"msg_{uuid4().hex}",
            alert_id=alert_id,
            channel_id=channel_id,
            kind=kind,
            level=level,
            seq=seq,
            payload=json.dumps(payload),  # ASCII: whatever a target said, every store takes it
            created_at=now,
            next_try_at=max(now, held_until or 0),
            held_until=held_until,
        )
        .on_conflict_do_nothing()
        .returning(outbox.c.id)
    ).first()
    return row[0] if row else None


def _target(connection: sa.Connection, target_id: int | None) -> dict[str, Any] | None:
    if target_id is None:
        return None
    row = connection.execute(
        sa.select(target.c.name, target.c.tags).where(target.c.id == target_id)
    ).first()
    return {"name": row[0], "tags": json.loads(row[1])} if row else None


def _told(connection: sa.Connection, alert_id: int) -> list[int]:
    """The channels that there are messages for about an alert."""
    told = sa.select(outbox.c.channel_id).where(outbox.c.alert_id == alert_id).distinct()
    return sorted(connection.execute(told).scalars())


def _listeners(
    connection: sa.Connection, row: Row, name: str | None, tags: Sequence[str]
) -> list[int]:
    """The channels whose level and choice an alert is."""
    enabled = connection.execute(sa.select(channel).where(channel.c.is_enabled)).mappings()
    return [
        each["id"]
        for each in enabled
        if is_at_least(row["level"], each["least_level"])
        and matching.from_json(each["only"]).fits(name, tags, row["rule"])
    ]


def held_until(connection: sa.Connection, row: Row, now: int) -> int | None:
    """Until when messages about an alert are held, in ms; None: they are not."""
    about = _target(connection, row["target_id"])
    name, tags = (about["name"], about["tags"]) if about else (None, ())
    return _held_until(connection, name, tags, row["rule"], now)


def _held_until(
    connection: sa.Connection, name: str | None, tags: Sequence[str], rule: str, now: int
) -> int | None:
    """Until when silences and maintenance windows hold messages about something; None: not."""
    ends = [
        row["until"]
        for row in connection.execute(sa.select(silence).where(silence.c.until > now)).mappings()
        if matching.from_json(row["only"]).fits(name, tags, rule)
    ]
    for row in connection.execute(sa.select(maintenance_window)).mappings():
        if matching.from_json(row["only"]).fits(name, tags, rule):
            window = windows.Window(row["cron"], row["duration_min"], row["zone"])
            ends += [end for end in [windows.open_until(window, now)] if end is not None]
    return max(ends, default=None)
