"""Lifetimes. The truth is section 6.3.2 of the Baseline Requirements, and arithmetic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from plainwire.policy.lifetimes import SCHEDULE, expiry_stage, longest_days

START = datetime(2026, 6, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("day", "before", "after"),
    [
        ("2015-04-01", 1827, 1188),
        ("2018-03-01", 1188, 825),
        ("2020-09-01", 825, 398),
        ("2026-03-15", 398, 200),
        ("2027-03-15", 200, 100),
        ("2029-03-15", 100, 47),
    ],
)
def test_the_limit_changes_at_the_first_second_of_the_day(
    day: str, before: int, after: int
) -> None:
    change = datetime.fromisoformat(day).replace(tzinfo=UTC)
    assert (longest_days(change - SECOND), longest_days(change)) == (before, after)


def test_before_the_first_requirements_the_first_limit_holds() -> None:
    assert longest_days(datetime(1999, 1, 1, tzinfo=UTC)) == 1827


def test_the_day_begins_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    assert longest_days(datetime(2026, 3, 15, 1, tzinfo=east)) == 398


def test_the_schedule_runs_from_the_newest_to_the_oldest_and_only_tightens() -> None:
    assert list(SCHEDULE) == sorted(SCHEDULE, reverse=True)
    assert [days for _, days in SCHEDULE] == sorted(days for _, days in SCHEDULE)


@pytest.mark.parametrize(
    ("lifetime", "warning", "critical"),
    [
        (timedelta(days=6), timedelta(days=2), timedelta(days=1)),
        (timedelta(days=90), timedelta(days=30), timedelta(days=15)),
        (timedelta(days=180), timedelta(days=60), timedelta(days=30)),
        (timedelta(days=181), timedelta(days=30), timedelta(days=14)),
        (timedelta(days=398), timedelta(days=30), timedelta(days=14)),
        (timedelta(days=3650), timedelta(days=30), timedelta(days=14)),
    ],
)
def test_a_stage_begins_below_a_third_and_a_sixth_capped_for_long_lives(
    lifetime: timedelta, warning: timedelta, critical: timedelta
) -> None:
    end = START + lifetime
    lefts = [lifetime, warning, warning - SECOND, critical, critical - SECOND, 0 * SECOND, -SECOND]
    assert [expiry_stage(START, end, end - left) for left in lefts] == [
        "ok",
        "ok",
        "warning",
        "warning",
        "critical",
        "critical",
        "expired",
    ]


def test_a_certificate_that_is_not_valid_yet_is_not_near_its_end() -> None:
    assert expiry_stage(START, START + timedelta(days=90), START - timedelta(days=5)) == "ok"


def test_a_certificate_that_ends_before_it_begins_is_expired() -> None:
    assert expiry_stage(START, START - timedelta(days=1), START) == "expired"
