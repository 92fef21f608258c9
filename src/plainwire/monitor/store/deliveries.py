"""The outbox: messages leased, sent and marked, in this order, so that none is ever lost.

A process that dies between sending and marking has its message sent again, with the same id: a
receiver can tell. Of one alert a channel hears in order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from plainwire.monitor import messages
from plainwire.monitor.levels import LEVELS
from plainwire.monitor.store import alerts
from plainwire.monitor.store.schema import alert, channel, outbox
from plainwire.monitor.times import MINUTE

GROUP_ABOVE = 20  # alerts of a rule
GROUP_WITHIN = 5 * MINUTE
GROUP_EVERY = 1 * MINUTE  # while the storm lasts


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message that is to be sent; ``attempts`` are the failed ones so far."""

    id: int
    message_id: str
    channel_id: int
    kind: str
    payload: Mapping[str, Any]
    attempts: int
    token: int


_CLAIM = """
WITH chosen AS MATERIALIZED (
  SELECT o.id FROM outbox o
  WHERE o.channel_id = :channel AND o.next_try_at <= :now
    AND o.sent_at IS NULL AND o.dead_at IS NULL AND o.dropped_at IS NULL AND o.group_id IS NULL
    AND (o.lease_until IS NULL OR o.lease_until <= :now)
    AND NOT EXISTS (
      SELECT 1 FROM outbox e WHERE e.alert_id = o.alert_id AND e.channel_id = o.channel_id
        AND e.id < o.id AND e.sent_at IS NULL AND e.dead_at IS NULL AND e.dropped_at IS NULL)
  ORDER BY o.next_try_at, o.id LIMIT :count {locked})
UPDATE outbox SET lease_until = :until, lease_token = lease_token + 1
FROM chosen WHERE outbox.id = chosen.id
RETURNING outbox.id, message_id, channel_id, kind, payload, attempts, lease_token
"""


def claim(
    connection: sa.Connection, channel_id: int, count: int, now: int, until: int
) -> list[Delivery]:
    """Lease messages of a channel that are due, in the order of their alerts."""
    is_postgresql = connection.dialect.name == "postgresql"
    if is_postgresql:
        # One at a time for a channel, as SQLite has it anyway: else a message is leased by one
        # worker while another puts it into a group, and arrives under two ids.
        mine = sa.select(channel.c.id).where(channel.c.id == channel_id)
        connection.execute(mine.with_for_update(key_share=True))
    _drop_what_is_over(connection, channel_id, now)
    _hold_on(connection, channel_id, now)
    _group(connection, channel_id, now)
    words = _CLAIM.format(locked="FOR UPDATE SKIP LOCKED" if is_postgresql else "")
    rows = connection.execute(
        sa.text(words), {"channel": channel_id, "now": now, "until": until, "count": count}
    )
    found = [Delivery(r[0], r[1], r[2], r[3], json.loads(r[4]), r[5], r[6]) for r in rows]
    return sorted(found, key=lambda one: one.id)


def sent(connection: sa.Connection, one: Delivery, now: int) -> None:
    """Mark a message as sent, and those that it said together."""
    connection.execute(
        sa.update(outbox)
        .where(sa.or_(outbox.c.id == one.id, outbox.c.group_id == one.id))
        .values(sent_at=now, lease_until=None, last_error=None)
    )


def pull_back(connection: sa.Connection, now: int, lease_ms: int) -> None:
    """Undo what a clock that ran ahead left: tries and leases that lie too far in the future."""
    waiting = sa.and_(outbox.c.sent_at.is_(None), outbox.c.dead_at.is_(None))
    too_far = sa.and_(outbox.c.held_until.is_(None), outbox.c.next_try_at > now + outbox.c.wait_ms)
    connection.execute(
        sa.update(outbox).where(waiting, too_far).values(next_try_at=now + outbox.c.wait_ms)
    )
    # Until when these are held was reckoned from a moment that has not come: it is, anew.
    ahead = sa.and_(outbox.c.held_until.is_not(None), outbox.c.created_at > now)
    connection.execute(
        sa.update(outbox).where(waiting, ahead).values(next_try_at=now, created_at=now)
    )
    connection.execute(
        sa.update(outbox)
        .where(waiting, outbox.c.lease_until > now + 2 * lease_ms)
        .values(lease_until=now)
    )


def failed(
    connection: sa.Connection, one: Delivery, error: str, wait_ms: int | None, now: int
) -> None:
    """Note a failure; without a wait for a next try it is dead, and other channels hear of it."""
    ours = sa.and_(outbox.c.id == one.id, outbox.c.lease_token == one.token)
    values: dict[str, Any] = {"attempts": one.attempts + 1, "last_error": error[:500]}
    values |= {"lease_until": None}
    if wait_ms is None:
        values |= {"dead_at": now}
    else:
        # What was held is told now or not at all; from here on it only waits for its receiver.
        values |= {"next_try_at": now + wait_ms, "wait_ms": wait_ms, "held_until": None}
    done = connection.execute(sa.update(outbox).where(ours).values(**values))
    if wait_ms is not None or not done.rowcount:
        return
    connection.execute(
        sa.update(outbox)
        .where(outbox.c.group_id == one.id)
        .values(dead_at=now, last_error=error[:500])
    )
    if one.kind != "dead-letter":
        _tell_others(connection, one, error, now)


def put_off(connection: sa.Connection, channel_id: int, wait_ms: int, now: int) -> None:
    """Send a channel nothing for a while: its receiver asked for it, and means all messages.

    What is held comes when it is let go.
    """
    connection.execute(
        sa.update(outbox)
        .where(
            outbox.c.channel_id == channel_id,
            outbox.c.held_until.is_(None),
            outbox.c.next_try_at < now + wait_ms,
            outbox.c.sent_at.is_(None),
            outbox.c.dead_at.is_(None),
            outbox.c.dropped_at.is_(None),
        )
        .values(next_try_at=now + wait_ms, wait_ms=wait_ms)
    )


def give_back(connection: sa.Connection, every: Iterable[Delivery]) -> None:
    """End the leases of messages that were not sent after all."""
    for one in every:
        ours = sa.and_(outbox.c.id == one.id, outbox.c.lease_token == one.token)
        connection.execute(sa.update(outbox).where(ours).values(lease_until=None))


def disable(connection: sa.Connection, channel_id: int, because: str) -> None:
    """Send nothing more to a channel; what waits for it goes on waiting, visibly."""
    connection.execute(
        sa.update(channel)
        .where(channel.c.id == channel_id)
        .values(is_enabled=False, disabled_because=because)
    )


def _tell_others(connection: sa.Connection, one: Delivery, error: str, now: int) -> None:
    """Tell every other channel that a message could not be delivered."""
    name = connection.execute(
        sa.select(channel.c.name).where(channel.c.id == one.channel_id)
    ).scalar()
    title = f"a message for {name} could not be delivered: {messages.title(one.payload)}"
    body = f"{one.attempts + 1} attempts; the last: {error}\n\n{messages.text(one.payload)}"
    level = messages.level(one.payload)
    payload = messages.notice("dead-letter", title, body, level, now)
    others = sa.select(channel.c.id).where(channel.c.is_enabled, channel.c.id != one.channel_id)
    for other in list(connection.execute(others).scalars()):
        alerts.write(
            connection,
            other,
            "dead-letter",
            level,
            payload,
            now,
            message_id=f"dead_{one.message_id}_{other}",
        )


def _drop_what_is_over(connection: sa.Connection, channel_id: int, now: int) -> None:
    """Of what was held: an alert that is over before anybody was told needs no telling."""
    told = (
        "SELECT 1 FROM outbox t WHERE t.alert_id = outbox.alert_id"
        " AND t.channel_id = outbox.channel_id AND t.kind IN ('opened', 'raised', 'reminder')"
    )
    waiting = (
        "channel_id = :channel AND next_try_at <= :now"
        " AND sent_at IS NULL AND dead_at IS NULL AND dropped_at IS NULL"
    )
    values = {"channel": channel_id, "now": now}
    connection.execute(
        sa.text(
            f"UPDATE outbox SET dropped_at = :now WHERE {waiting} AND held_until IS NOT NULL"  # noqa: S608 (our words)
            # What was leased or grouped may have been received: then its end is told, too.
            " AND attempts = 0 AND lease_token = 0 AND group_id IS NULL"
            " AND kind IN ('opened', 'raised', 'reminder')"
            " AND EXISTS (SELECT 1 FROM alert a WHERE a.id = outbox.alert_id"
            "             AND a.resolved_at IS NOT NULL)"
            f" AND NOT EXISTS ({told} AND (t.sent_at IS NOT NULL OR t.attempts > 0"
            "                              OR t.lease_token > 0 OR t.group_id IS NOT NULL))"
        ),
        values,
    )
    connection.execute(
        sa.text(
            f"UPDATE outbox SET dropped_at = :now WHERE {waiting} AND kind = 'resolved'"  # noqa: S608 (our words)
            f" AND NOT EXISTS ({told} AND t.dropped_at IS NULL)"
        ),
        values,
    )


def _hold_on(connection: sa.Connection, channel_id: int, now: int) -> None:
    """Hold on what was held where another silence or window holds it now."""
    rows = connection.execute(
        sa.select(outbox.c.id, alert)
        .join(alert, alert.c.id == outbox.c.alert_id)
        .where(
            outbox.c.channel_id == channel_id,
            outbox.c.held_until.is_not(None),
            outbox.c.next_try_at <= now,
            outbox.c.sent_at.is_(None),
            outbox.c.dead_at.is_(None),
            outbox.c.dropped_at.is_(None),
            outbox.c.group_id.is_(None),
            outbox.c.lease_token == 0,
        )
    )
    for row in rows.mappings().all():
        if (until := alerts.held_until(connection, row, now)) is not None:
            connection.execute(
                sa.update(outbox)
                .where(outbox.c.id == row[outbox.c.id])
                .values(held_until=until, next_try_at=until)
            )


def _group(connection: sa.Connection, channel_id: int, now: int) -> None:
    """Say together what waits about one rule, if it had much to say lately: a page of a storm.

    The group is a message of its own with an id that lasts, before it is sent.
    """
    rows = connection.execute(
        sa.select(outbox.c.id, outbox.c.payload, alert.c.rule, outbox.c.level)
        .join(alert, alert.c.id == outbox.c.alert_id)
        .where(
            outbox.c.channel_id == channel_id,
            outbox.c.kind == "opened",
            outbox.c.next_try_at <= now,
            _is_lately(now),
            outbox.c.sent_at.is_(None),
            outbox.c.dead_at.is_(None),
            outbox.c.dropped_at.is_(None),
            outbox.c.group_id.is_(None),
            outbox.c.attempts == 0,
            outbox.c.lease_token == 0,  # one that was leased may have been received
        )
        .order_by(outbox.c.id)
        .limit(messages.MAX_MEMBERS)
    ).all()
    by_rule: dict[str, list[Any]] = {}
    for row in rows:
        by_rule.setdefault(row.rule, []).append(row)
    for rule, waiting in by_rule.items():
        opened, said_at = _storm(connection, channel_id, rule, now)
        if opened <= GROUP_ABOVE:
            continue
        if said_at is not None and said_at <= now < said_at + GROUP_EVERY:
            wait = said_at + GROUP_EVERY - now
            _put_off(connection, [row.id for row in waiting], wait, now)
        else:  # even of one alone: what follows within the minute comes with the next
            _say_together(connection, channel_id, rule, waiting, now)


def _is_lately(now: int) -> sa.ColumnElement[bool]:
    """Written a short while ago, or held until then."""
    begin = now - GROUP_WITHIN
    return sa.or_(outbox.c.created_at > begin, outbox.c.held_until > begin)


def _storm(
    connection: sa.Connection, channel_id: int, rule: str, now: int
) -> tuple[int, int | None]:
    """How many alerts of a rule a channel had to hear of lately, and its last group's time."""
    lately = sa.and_(outbox.c.channel_id == channel_id, _is_lately(now))
    opened = sa.select(sa.func.count()).select_from(outbox.join(alert))
    opened = opened.where(lately, outbox.c.kind == "opened", alert.c.rule == rule)
    said_at = sa.select(sa.func.max(outbox.c.created_at)).where(
        lately, outbox.c.kind == "group", outbox.c.seq.startswith(f"{rule} ", autoescape=True)
    )
    return connection.execute(opened).scalar_one(), connection.execute(said_at).scalar()


def _put_off(connection: sa.Connection, numbers: list[int], wait_ms: int, now: int) -> None:
    connection.execute(
        sa.update(outbox)
        .where(outbox.c.id.in_(numbers))
        .values(next_try_at=now + wait_ms, wait_ms=wait_ms)
    )


def _say_together(
    connection: sa.Connection, channel_id: int, rule: str, waiting: list[Any], now: int
) -> None:
    level = max((row.level for row in waiting), key=LEVELS.index)
    payload = messages.group(rule, level, [json.loads(row.payload) for row in waiting], now)
    # The first member's number: unique among the groups of a channel.
    seq = f"{rule} {waiting[0].id}"
    made = alerts.write(connection, channel_id, "group", level, payload, now, seq=seq)
    members = [row.id for row in waiting]
    connection.execute(sa.update(outbox).where(outbox.c.id.in_(members)).values(group_id=made))
