"""Maintenance windows: a cron expression, a length and a time zone. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from plainwire.model import UsageError
from plainwire.monitor.times import milliseconds, moment

MAX_MINUTES = 7 * 24 * 60
# minute, hour, day of the month, month, day of the week (0 and 7 are Sunday): POSIX crontab.
FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_PART = re.compile(r"(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?")
_SLACK = timedelta(hours=3)  # more than any zone's clock is ever changed by


@dataclass(frozen=True, slots=True)
class Window:
    """It opens when ``cron`` says so on the clocks of ``zone``, for ``minutes``."""

    cron: str
    minutes: int
    zone: str = "UTC"


def checked(cron: str, minutes: int, zone: str) -> Window:
    """The window that these words mean.

    Raises:
        UsageError: if one of them is wrong.
    """
    _fields(cron)
    _zone(zone)
    if not 0 < minutes <= MAX_MINUTES:
        raise UsageError(f"a window lasts up to {MAX_MINUTES} minutes, not {minutes}")
    return Window(cron, minutes, zone)


@lru_cache(maxsize=64)  # a storm asks for each alert at one moment
def open_until(window: Window, now: int) -> int | None:
    """When the window that is open at ``now`` ends, in ms; None if none is.

    A time that the clocks skip in spring opens it as much later as they were set forward, one
    that they show twice in autumn opens it the first time.
    """
    at, zone, fields = moment(now), _zone(window.zone), _fields(window.cron)
    length = timedelta(minutes=window.minutes)
    start = (at - length - _SLACK).astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)
    last = (at + _SLACK).astimezone(zone).replace(tzinfo=None)
    ends = []
    while start <= last:
        if _opens(fields, start):
            opened = start.replace(tzinfo=zone).astimezone(UTC)
            if opened <= at < opened + length:
                ends.append(milliseconds(opened + length))
        start += timedelta(minutes=1)
    return max(ends, default=None)


def _opens(fields: tuple[frozenset[int] | None, ...], at: datetime) -> bool:
    minute, hour, day, month, weekday = fields
    if any(
        allowed is not None and value not in allowed
        for allowed, value in ((minute, at.minute), (hour, at.hour), (month, at.month))
    ):
        return False
    days = [
        value in allowed
        for allowed, value in ((day, at.day), (weekday, at.isoweekday() % 7))
        if allowed is not None
    ]
    return any(days) if days else True  # crontab: where both are restricted, either will do


@lru_cache(maxsize=64)
def _fields(cron: str) -> tuple[frozenset[int] | None, ...]:
    words = cron.split()
    if len(words) != len(FIELDS):
        raise UsageError(f"not the five fields of a cron expression: {cron!r}")
    found = [_values(word, *bounds) for word, bounds in zip(words, FIELDS, strict=True)]
    weekday = found[-1]
    found[-1] = weekday and frozenset(value % 7 for value in weekday)
    return tuple(found)


def _values(word: str, low: int, high: int) -> frozenset[int] | None:
    """The values that a field allows; None if it restricts nothing."""
    if word == "*":
        return None
    values: set[int] = set()
    for part in word.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise UsageError(f"not a field of a cron expression: {word!r}")
        first = low if match[1] else int(match[2])
        last = high if match[1] or (match[4] and not match[3]) else int(match[3] or first)
        step = int(match[4] or 1)
        if not low <= first <= last <= high or not step:
            raise UsageError(f"{part!r} is not between {low} and {high}")
        values.update(range(first, last + 1, step))
    return frozenset(values)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"no time zone {name!r}; one is such as Europe/Berlin") from None
