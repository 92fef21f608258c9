"""What is known now of each address, and the snapshots that it is compared with."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from plainwire.monitor import standing as values_of
from plainwire.monitor.seen import Body
from plainwire.monitor.standing import Standing
from plainwire.monitor.store import alerts
from plainwire.monitor.store.schema import named_snapshot, serving, snapshot, standing
from plainwire.monitor.times import DAY


def known(connection: sa.Connection, target_id: int) -> dict[str, Standing]:
    """The standing of each address of a target."""
    rows = connection.execute(
        sa.select(standing.c.address, standing.c.body).where(standing.c.target_id == target_id)
    )
    return {address: values_of.from_json(body) for address, body in rows}


def bodies(connection: sa.Connection, every: Mapping[str, Standing]) -> dict[str, Body]:
    """The snapshots that standings name."""
    wanted = {key for one in every.values() for key in one.compared_with}
    if not wanted:
        return {}
    rows = connection.execute(
        sa.select(snapshot.c.hash, snapshot.c.body).where(snapshot.c.hash.in_(sorted(wanted)))
    )
    return {key: json.loads(zlib.decompress(body)) for key, body in rows}


def keep_snapshot(connection: sa.Connection, key: str, body: Body, now: int) -> None:
    """Store a snapshot under its hash, or note that it is named again."""
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


def keep(
    connection: sa.Connection,
    target_id: int,
    before: Mapping[str, Standing],
    after: Mapping[str, Standing],
) -> None:
    """Replace what was known of a target's addresses; what did not change is not written."""
    for address in before.keys() - after.keys():
        for table in (standing, serving, named_snapshot):
            connection.execute(
                sa.delete(table).where(table.c.target_id == target_id, table.c.address == address)
            )
    for address, one in after.items():
        if one != before.get(address):
            _standing(connection, target_id, before.get(address), one)


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
        "body": values_of.as_json(one),
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
    for fingerprint in sorted(fingerprints([one])):
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


def fingerprints(every: Iterable[Standing]) -> set[str]:
    """Those of all certificates that are served."""
    return {fingerprint for one in every for fingerprint in one.served}
