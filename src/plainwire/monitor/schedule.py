"""When a target is looked at: a grid of its own, so that not all begin at once. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


def offset(name: str, tier: str, interval_ms: int) -> int:
    """Where in its interval a target's looks lie: the same after every restart."""
    digest = hashlib.sha256(f"{tier}\x00{name}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8]) % interval_ms


def first_due(name: str, tier: str, interval_ms: int, now: int) -> int:
    """The first moment of the target's grid from ``now`` on."""
    at = offset(name, tier, interval_ms)
    return now + (at - now) % interval_ms


@dataclass(frozen=True, slots=True)
class Next:
    """What follows a look: ``missed`` slots that passed without one, and when the next is due."""

    missed: int
    due_at: int


def following(due_at: int, interval_ms: int, now: int) -> Next:
    """The next slot of the grid after one that was due at ``due_at`` and begun at ``now``.

    Slots that have passed meanwhile are missed: they are told, not caught up on.
    """
    passed = max(now - due_at, 0) // interval_ms
    return Next(passed, due_at + (passed + 1) * interval_ms)
