"""Who looks at what: leases on duties, in the words of each database.

A claim sets `lease_until` and takes the next `lease_token`. Only who shows the latest token may
record a result, so that a process which slept past its lease writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from plainwire.monitor.times import MINUTE

LONGEST_ASKED = 5 * MINUTE  # until a look that is asked for (`judging.LOOK_AGAIN`)
CLAIM_LOCK = 0x706C6173  # PostgreSQL's advisory lock: one process chooses at a time


@dataclass(frozen=True, slots=True)
class Claim:
    """One duty of one target, leased. ``slot`` is the next to be recorded; times in ms."""

    target_id: int
    tier: str
    slot: int
    due_at: int
    interval_ms: int | None
    token: int
    attempts: int


# Of a host that somebody is looking at, or of which another duty comes first, none is taken; nor
# of a target: two looks at once would be recorded in any order, the older one last. A full look
# that its process did not survive (its lease is over and still there) waits for a light one that is
# due: tried again at once, and again, it would hide the certificate from it.
# The candidates are bounded: a host with thousands of due targets must not be ranked whole.
_CHOSEN = """
SELECT target_id, tier FROM (
  SELECT c.target_id, c.tier, c.next_due_at,
         row_number() OVER (PARTITION BY coalesce(c.host, 'target ' || c.target_id)
                            ORDER BY c.next_due_at) AS turn
  FROM (SELECT d.target_id, d.tier, d.host, d.next_due_at FROM duty d
        WHERE d.next_due_at <= :now AND d.tier IN :tiers
          AND (d.lease_until IS NULL OR d.lease_until <= :now)
          AND (d.host IS NULL OR NOT EXISTS (
                 SELECT 1 FROM duty h WHERE h.host = d.host AND h.lease_until > :now))
          AND NOT EXISTS (
                 SELECT 1 FROM duty t WHERE t.target_id = d.target_id
                   AND (t.lease_until > :now
                        OR (d.lease_until IS NOT NULL AND d.tier LIKE 'full%'
                            AND t.tier LIKE 'light%' AND t.next_due_at <= :now)))
        ORDER BY d.next_due_at LIMIT :candidates) c
) ranked WHERE turn = 1 ORDER BY next_due_at LIMIT :count
"""
# What is chosen is written down before anything changes: SQLite evaluates a subquery of the WHERE
# of an UPDATE anew while rows change.
_LEASE = """
WITH chosen AS MATERIALIZED ({chosen}){further}
UPDATE duty SET lease_until = :until, lease_token = lease_token + 1, lease_owner = :owner,
                attempts = attempts + 1
FROM {source} WHERE duty.target_id = {source}.target_id AND duty.tier = {source}.tier
RETURNING duty.target_id, duty.tier, slot, next_due_at, interval_ms, lease_token, attempts
"""
_SQLITE = _LEASE.format(chosen=_CHOSEN, further="", source="chosen")
# PostgreSQL passes over what somebody else holds at this moment.
_POSTGRESQL = _LEASE.format(
    chosen=_CHOSEN,
    further=""", held AS (
  SELECT l.target_id, l.tier FROM duty l JOIN chosen
    ON l.target_id = chosen.target_id AND l.tier = chosen.tier FOR UPDATE OF l SKIP LOCKED)""",
    source="held",
)


def claim(
    connection: sa.Connection,
    owner: str,
    tiers: Sequence[str],
    count: int,
    now: int,
    until: int,
) -> list[Claim]:
    """Lease what is due, the longest due first, one duty a host; at most ``count``."""
    is_postgresql = connection.dialect.name == "postgresql"
    if is_postgresql:
        # Two that choose at once could each take another duty of one host.
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({CLAIM_LOCK})")
    words = sa.text(_POSTGRESQL if is_postgresql else _SQLITE)
    words = words.bindparams(sa.bindparam("tiers", expanding=True))
    rows = connection.execute(
        words,
        {
            "now": now,
            "until": until,
            "owner": owner,
            "tiers": list(tiers),
            "count": count,
            "candidates": 8 * count,
        },
    )
    found = [Claim(row[0], row[1], row[2], row[3], row[4], row[5], row[6]) for row in rows]
    _end_leases(connection, {one.target_id for one in found}, now)
    return sorted(found, key=lambda one: one.due_at)


def _end_leases(connection: sa.Connection, targets: Iterable[int], now: int) -> None:
    """End the leases that are over of targets that are claimed now: their looks come too late."""
    words = sa.text(
        "UPDATE duty SET lease_until = NULL, lease_owner = NULL"
        " WHERE target_id IN :targets AND lease_until <= :now"
    ).bindparams(sa.bindparam("targets", expanding=True))
    if numbers := sorted(targets):
        connection.execute(words, {"targets": numbers, "now": now})


def renew(connection: sa.Connection, owner: str, claims: Iterable[Claim], until: int) -> int:
    """Lease for longer what is still under way; how many of them still are ours."""
    words = sa.text(
        "UPDATE duty SET lease_until = :until WHERE target_id = :target AND tier = :tier"
        " AND lease_token = :token AND lease_owner = :owner AND lease_until IS NOT NULL"
    )
    held = 0
    for one in sorted(claims, key=lambda one: (one.target_id, one.tier)):
        held += connection.execute(
            words,
            {
                "until": until,
                "target": one.target_id,
                "tier": one.tier,
                "token": one.token,
                "owner": owner,
            },
        ).rowcount
    return held


def release(connection: sa.Connection, claims: Iterable[Claim]) -> None:
    """Give back what was not looked at; it is due as before."""
    for one in sorted(claims, key=lambda one: (one.target_id, one.tier)):
        connection.execute(
            sa.text(
                "UPDATE duty SET lease_until = NULL, lease_owner = NULL, attempts = attempts - 1"
                " WHERE target_id = :target AND tier = :tier AND lease_token = :token"
            ),
            {"target": one.target_id, "tier": one.tier, "token": one.token},
        )


def finish(connection: sa.Connection, one: Claim, next_due_at: int | None, slots: int) -> bool:
    """End a claim: the lease is over, the slot counted. False if it is no longer ours."""
    done = connection.execute(
        sa.text(
            "UPDATE duty SET lease_until = NULL, lease_owner = NULL, attempts = 0,"
            " slot = slot + :slots, next_due_at = :next"
            " WHERE target_id = :target AND tier = :tier AND lease_token = :token"
            " AND lease_until IS NOT NULL"
        ),
        {
            "slots": slots,
            "next": next_due_at,
            "target": one.target_id,
            "tier": one.tier,
            "token": one.token,
        },
    )
    return done.rowcount == 1


def ask(connection: sa.Connection, target_id: int, tier: str, due_at: int) -> None:
    """Make a duty due by then, if it is not sooner."""
    connection.execute(
        sa.text(
            "UPDATE duty SET next_due_at = :due WHERE target_id = :target AND tier = :tier"
            " AND (next_due_at IS NULL OR next_due_at > :due)"
        ),
        {"due": due_at, "target": target_id, "tier": tier},
    )


def pull_back(connection: sa.Connection, now: int, lease_ms: int) -> None:
    """Undo what a clock that ran ahead left: duties and leases that lie too far in the future."""
    connection.execute(
        sa.text(
            "UPDATE duty SET next_due_at = :now"
            " WHERE interval_ms IS NOT NULL AND next_due_at > :now + 2 * interval_ms"
        ),
        {"now": now},
    )
    connection.execute(
        sa.text(
            "UPDATE duty SET next_due_at = :now WHERE interval_ms IS NULL AND next_due_at > :latest"
        ),
        {"now": now, "latest": now + 2 * LONGEST_ASKED},
    )
    connection.execute(
        sa.text("UPDATE duty SET lease_until = :now WHERE lease_until > :latest"),
        {"now": now, "latest": now + 2 * lease_ms},
    )
