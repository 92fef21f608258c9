"""Targets, channels, silences and windows: what the user wrote, as rows."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from plainwire.live.dial import is_loopback
from plainwire.model import UsageError
from plainwire.monitor import matching
from plainwire.monitor import targets as targets_module
from plainwire.monitor.channels.settings import ChannelSettings
from plainwire.monitor.schedule import first_due
from plainwire.monitor.seen import TIERS
from plainwire.monitor.store import alerts, reading
from plainwire.monitor.store.schema import (
    alert,
    channel,
    duty,
    expectation,
    maintenance_window,
    outbox,
    removed_drift,
    silence,
    target,
)
from plainwire.monitor.targets import Watched, interval, interval_words
from plainwire.monitor.windows import Window
from plainwire.wire.starttls import PROTOCOLS


def add(connection: sa.Connection, one: Watched, now: int) -> int:
    """Put a target under watch, or change how it is watched; returns its number.

    The first look is due at once, the later ones on the target's own grid.
    """
    values = {
        "name": one.name,
        "kind": one.kind,
        "host": one.host,
        "tags": json.dumps(one.tags),
        "options": json.dumps(
            {
                **one.options,
                "light": interval_words(one.light_ms),
                "full": interval_words(one.full_ms),
            }
        ),
        "declared_in": one.declared_in,
    }
    words = alerts.insert(connection, target).values(**values, created_at=now)
    words = words.on_conflict_do_update(index_elements=["name"], set_=values)
    number: int = connection.execute(words.returning(target.c.id)).scalar_one()
    _duties(connection, number, one, now)
    return number


def _duties(connection: sa.Connection, number: int, one: Watched, now: int) -> None:
    for tier in TIERS:
        interval = {"light": one.light_ms, "full": one.full_ms}.get(tier)
        known = connection.execute(
            sa.select(duty.c.interval_ms, duty.c.next_due_at).where(
                duty.c.target_id == number, duty.c.tier == tier
            )
        ).first()
        due: int | None = now if interval else None
        if known is not None and interval is not None and known.next_due_at is not None:
            # Another interval has another grid; the same one is left as it is.
            is_same = known.interval_ms == interval
            due = known.next_due_at if is_same else first_due(one.name, tier, interval, now)
        values = {
            "interval_ms": interval,
            "host": None if is_loopback(one.host) or one.host == "localhost" else one.host,
            "next_due_at": due,
        }
        words = alerts.insert(connection, duty).values(target_id=number, tier=tier, **values)
        connection.execute(
            words.on_conflict_do_update(index_elements=["target_id", "tier"], set_=values)
        )


def targets(connection: sa.Connection) -> list[Watched]:
    """Every target, by name."""
    rows = connection.execute(sa.select(target).order_by(target.c.name)).mappings()
    return [of_row(row) for row in rows]


def by_number(connection: sa.Connection, numbers: Collection[int]) -> dict[int, Watched]:
    """Those of the targets that are still there."""
    rows = connection.execute(sa.select(target).where(target.c.id.in_(sorted(numbers))))
    return {row["id"]: of_row(row) for row in rows.mappings()}


def named(connection: sa.Connection, name: str) -> Watched:
    """The target of a name, as it is listed or as it was added.

    Raises:
        UsageError: if there is none.
    """
    for names in ({name}, _listed(name), *(_listed(name, protocol) for protocol in PROTOCOLS)):
        rows = connection.execute(sa.select(target).where(target.c.name.in_(names))).mappings()
        if (row := rows.first()) is not None:
            return of_row(row)
    raise UsageError(f"no target {name!r}; plainwire monitor list shows those there are")


def _listed(name: str, starttls: str | None = None) -> set[str]:
    """What a target is called that was added by this name; nothing if none can be."""
    try:
        return {targets_module.watched(name, starttls=starttls).name}
    except UsageError:
        return set()


def of_row(row: Mapping[Any, Any]) -> Watched:
    """The target of a row."""
    options = json.loads(row["options"])
    return Watched(
        row["name"],
        row["kind"],
        row["host"],
        tuple(json.loads(row["tags"])),
        {key: value for key, value in options.items() if key not in ("light", "full")},
        interval(options["light"]),
        interval(options["full"]),
        row["declared_in"],
        row["id"],
    )


def remove(connection: sa.Connection, one: Watched, now: int) -> None:
    """Watch a target no longer: its history goes with it, its alerts are resolved first."""
    # Locked as by who records a look: what that one confirms is counted here, or never kept.
    connection.execute(sa.select(target.c.id).where(target.c.id == one.id).with_for_update())
    rows = connection.execute(
        sa.select(alert).where(alert.c.target_id == one.id, alert.c.resolved_at.is_(None))
    )
    for row in list(rows.mappings()):
        alerts.resolve(connection, row, "the target is no longer watched", now)
    # Messages stay until they are sent; alerts outlive their target for as long.
    connection.execute(sa.update(alert).where(alert.c.target_id == one.id).values(target_id=None))
    _keep_counts(connection, one.id)
    connection.execute(sa.delete(target).where(target.c.id == one.id))
    alerts.settle_unserved(connection, "no target that is watched serves it", now)


def _keep_counts(connection: sa.Connection, number: int) -> None:
    """Count the changes of a target among those of removed ones."""
    for direction, count in sorted(reading.drifts_of(connection, number).items()):
        words = alerts.insert(connection, removed_drift).values(direction=direction, count=count)
        sum_of = removed_drift.c.count + words.excluded.count
        connection.execute(
            words.on_conflict_do_update(index_elements=["direction"], set_={"count": sum_of})
        )


def look_now(connection: sa.Connection, numbers: Iterable[int], now: int) -> None:
    """Make a light and a full look at targets due at once; one that is due anyhow is enough."""
    plain = duty.alias()
    for number in numbers:
        for tier in ("light", "full"):
            is_due = sa.exists().where(
                plain.c.target_id == number, plain.c.tier == tier, plain.c.next_due_at <= now
            )
            connection.execute(
                sa.update(duty)
                .where(duty.c.target_id == number, duty.c.tier == f"{tier}-again", ~is_due)
                .values(next_due_at=now)
            )


def set_channel(connection: sa.Connection, one: ChannelSettings) -> int:
    """Add a channel or change it; returns its number. One that was disabled works again."""
    values = {
        "name": one.name,
        "kind": one.kind,
        "options": json.dumps(one.options),
        "least_level": one.least_level,
        "only": one.only.as_json(),
        "digest": one.digest,
        "is_enabled": True,
        "disabled_because": None,
        "declared_in": one.declared_in,
    }
    words = alerts.insert(connection, channel).values(**values)
    words = words.on_conflict_do_update(index_elements=["name"], set_=values)
    number: int = connection.execute(words.returning(channel.c.id)).scalar_one()
    return number


def channels(connection: sa.Connection) -> list[ChannelSettings]:
    """Every channel, by name."""
    rows = connection.execute(sa.select(channel).order_by(channel.c.name)).mappings()
    return [
        ChannelSettings(
            row["name"],
            row["kind"],
            json.loads(row["options"]),
            row["least_level"],
            matching.from_json(row["only"]),
            row["digest"],
            row["declared_in"],
            row["id"],
            bool(row["is_enabled"]),
            row["disabled_because"],
        )
        for row in rows
    ]


def remove_channel(connection: sa.Connection, name: str) -> None:
    """Take a channel away, with what was waiting for it."""
    connection.execute(sa.delete(channel).where(channel.c.name == name))


def set_window(
    connection: sa.Connection,
    name: str,
    window: Window,
    only: matching.Only,
    declared_in: str | None,
) -> None:
    """Add a maintenance window or change it."""
    values = {
        "name": name,
        "cron": window.cron,
        "duration_min": window.minutes,
        "zone": window.zone,
        "only": only.as_json(),
        "declared_in": declared_in,
    }
    words = alerts.insert(connection, maintenance_window).values(**values)
    connection.execute(words.on_conflict_do_update(index_elements=["name"], set_=values))


def windows(connection: sa.Connection) -> list[Mapping[str, Any]]:
    """Every maintenance window's row, by name."""
    rows = connection.execute(sa.select(maintenance_window).order_by(maintenance_window.c.name))
    return [dict(row) for row in rows.mappings()]


def remove_window(connection: sa.Connection, name: str) -> None:
    """Take a maintenance window away."""
    connection.execute(sa.delete(maintenance_window).where(maintenance_window.c.name == name))


def add_silence(
    connection: sa.Connection, only: matching.Only, until: int, note: str, now: int
) -> int:
    """Hold messages about some alerts for a while; returns the silence's number."""
    row = connection.execute(
        sa.insert(silence)
        .values(only=only.as_json(), until=until, note=note, created_at=now)
        .returning(silence.c.id)
    )
    number: int = row.scalar_one()
    return number


def end_silence(connection: sa.Connection, number: int, now: int) -> bool:
    """End a silence now; False if there is none. What it held is sent if it is still so."""
    done = connection.execute(sa.delete(silence).where(silence.c.id == number))
    if done.rowcount:
        connection.execute(
            sa.update(outbox)
            .where(outbox.c.held_until > now, outbox.c.sent_at.is_(None))
            .values(next_try_at=now)
        )
    return bool(done.rowcount)


def silences(connection: sa.Connection, now: int) -> list[Mapping[str, Any]]:
    """The silences that last."""
    rows = connection.execute(
        sa.select(silence).where(silence.c.until > now).order_by(silence.c.until)
    )
    return [dict(row) for row in rows.mappings()]


def expect(connection: sa.Connection, number: int, until: int, note: str, now: int) -> None:
    """Announce that the target's configuration will change before ``until``."""
    connection.execute(
        sa.insert(expectation).values(target_id=number, until=until, note=note, created_at=now)
    )


def acknowledge(
    connection: sa.Connection, number: int, who: str, until: int | None, note: str
) -> bool:
    """Say that somebody knows of an alert; False if none of that number is open."""
    done = connection.execute(
        sa.update(alert)
        .where(alert.c.id == number, alert.c.resolved_at.is_(None))
        .values(acked_by=who, acked_until=until, ack_note=note)
    )
    return bool(done.rowcount)
