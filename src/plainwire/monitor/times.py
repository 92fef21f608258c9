"""Moments of the monitor: whole milliseconds since 1970-01-01 UTC, exact in every store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from time import time_ns

Clock = Callable[[], int]
SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def system_clock() -> int:
    """Now, by the system's clock."""
    return time_ns() // 1_000_000


def moment(at_ms: int) -> datetime:
    """The aware time in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def milliseconds(at: datetime) -> int:
    """The milliseconds of an aware time."""
    return round(at.timestamp() * 1000)


def day(at_ms: int) -> str:
    """The date in UTC: 2027-01-31."""
    return f"{moment(at_ms):%Y-%m-%d}"


def shown(at_ms: int) -> str:
    """The time in UTC to the minute: 2027-01-31 08:30 UTC."""
    return f"{moment(at_ms):%Y-%m-%d %H:%M} UTC"


def span(length_ms: int) -> str:
    """A length of time in its two biggest units: 12 d 6 h, 3 h 20 min, 45 s."""
    left = abs(length_ms) // SECOND
    words: list[str] = []
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (name == "s" and not words):
            words.append(f"{count} {name}")
        elif words:
            break
    return " ".join(words[:2])
