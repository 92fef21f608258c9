"""When a digest is due, and a change in one line. Pure."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from plainwire.model import UsageError
from plainwire.monitor.times import milliseconds, moment

_DIGEST = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?: (\S+))?")


def last_due(digest: str, now: int) -> int:
    """The latest moment up to ``now`` at which a digest (``HH:MM ZONE``) was due, in ms.

    Raises:
        UsageError: if the words are no time of day with a time zone.
    """
    match = _DIGEST.fullmatch(digest)
    try:
        zone = ZoneInfo((match and match[3]) or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        match = None
    if match is None:
        raise UsageError(f"not a digest's time such as 08:00 Europe/Berlin: {digest!r}")
    today = moment(now).astimezone(zone).date()
    for back in (0, 1, 2):
        date = today - timedelta(days=back)
        at = datetime(date.year, date.month, date.day, int(match[1]), int(match[2]), tzinfo=zone)
        if milliseconds(at.astimezone(UTC)) <= now:
            return milliseconds(at.astimezone(UTC))
    raise AssertionError("a day has a morning")


def words(changes: str) -> str:
    """The changes of an event's row in one line."""
    told = [f"{one['what']}: {one['was']} -> {one['now']}" for one in json.loads(changes)]
    more = f" and {len(told) - 3} more" if len(told) > 3 else ""
    return "; ".join(told[:3]) + more
