"""Maintenance windows on the clocks of their zone; summer time begins and ends as in the EU."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from plainwire.model import UsageError
from plainwire.monitor.times import milliseconds, moment
from plainwire.monitor.windows import Window, checked, open_until

BERLIN = ZoneInfo("Europe/Berlin")


def at(words: str, zone: str = "UTC") -> int:
    return milliseconds(datetime.fromisoformat(words).replace(tzinfo=ZoneInfo(zone)))


@pytest.mark.parametrize(
    ("cron", "minutes", "zone", "now", "ends"),
    [
        ("0 2 * * *", 60, "UTC", "2026-05-05 01:59", None),
        ("0 2 * * *", 60, "UTC", "2026-05-05 02:00", "2026-05-05 03:00"),
        ("0 2 * * *", 60, "UTC", "2026-05-05 02:59", "2026-05-05 03:00"),
        ("0 2 * * *", 60, "UTC", "2026-05-05 03:00", None),
        ("0 2 * * *", 60, "Europe/Berlin", "2026-05-05 00:30", "2026-05-05 01:00"),
        ("0 2 * * *", 60, "Europe/Berlin", "2026-01-05 01:30", "2026-01-05 02:00"),
        ("30 23 * * 6", 120, "UTC", "2026-05-10 01:00", "2026-05-10 01:30"),  # over midnight
        ("0 0 1 * 1", 60, "UTC", "2026-05-04 00:10", "2026-05-04 01:00"),  # the 1st, or a Monday
        ("0 0 1 * 1", 60, "UTC", "2026-05-05 00:10", None),
        ("*/15 * * * *", 5, "UTC", "2026-05-05 10:31", "2026-05-05 10:35"),
        ("0 9-17/4 * * 1-5", 30, "UTC", "2026-05-05 13:10", "2026-05-05 13:30"),
        ("0 0 * * 7", 60, "UTC", "2026-05-10 00:01", "2026-05-10 01:00"),  # 7 is Sunday too
        # 2026-03-29 in Berlin: 02:00 is followed by 03:00 (01:00 UTC); 02:30 opens an hour later.
        ("30 2 * * *", 60, "Europe/Berlin", "2026-03-29 01:45", "2026-03-29 02:30"),
        # 2026-10-25: 03:00 is followed by 02:00; 02:30 comes first at 00:30 UTC.
        ("30 2 * * *", 60, "Europe/Berlin", "2026-10-25 00:45", "2026-10-25 01:30"),
        ("30 2 * * *", 30, "Europe/Berlin", "2026-10-25 01:45", None),
    ],
)
def test_a_window_is_open_when_its_clocks_say_so(cron, minutes, zone, now, ends):
    found = open_until(Window(cron, minutes, zone), at(now))
    assert (found and f"{moment(found):%Y-%m-%d %H:%M}") == ends


@pytest.mark.parametrize(
    ("cron", "minutes", "zone"),
    [
        ("0 2 * *", 60, "UTC"),
        ("60 2 * * *", 60, "UTC"),
        ("0 2 * * 8", 60, "UTC"),
        ("5-1 2 * * *", 60, "UTC"),
        ("*/0 2 * * *", 60, "UTC"),
        ("@daily", 60, "UTC"),
        ("0 2 * * *", 0, "UTC"),
        ("0 2 * * *", 60, "Mars/Olympus"),
        ("0 2 * * *", 60, "../etc/passwd"),
    ],
)
def test_wrong_words_are_told(cron, minutes, zone):
    with pytest.raises(UsageError):
        checked(cron, minutes, zone)
