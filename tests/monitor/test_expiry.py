"""When a certificate's end is near: the policy's own numbers, in days before the end."""

from datetime import UTC, datetime, timedelta

import pytest

from plainwire.monitor import expiry
from plainwire.monitor.conditions import EXPIRED, ending
from plainwire.monitor.seen import Certificate
from plainwire.monitor.times import DAY, HOUR, milliseconds

# From the policy (docs/monitoring.md): 90 days: 30, 15, 7.5; 47 days: 15.7, 7.8, 3.9; 6 days: 2, 1,
# 1; above 180 days no more than 30, 14, 7. Of 24 hours: a third and a sixth, never "at least 24 h".
TABLE = {
    90: (30.0, 15.0, 7.5),
    47: (15.67, 7.83, 3.92),
    6: (2.0, 1.0, 1.0),
    1: (1 / 3, 1 / 6, 1 / 6),
    180: (60.0, 30.0, 15.0),
    181: (30.0, 14.0, 7.0),
    200: (30.0, 14.0, 7.0),
    398: (30.0, 14.0, 7.0),
}


@pytest.mark.parametrize("lifetime", TABLE)
def test_the_levels_begin_where_the_policy_says(lifetime):
    at = expiry.thresholds(lifetime * DAY)
    found = at.info / DAY, at.warning / DAY, at.critical / DAY
    assert found == pytest.approx(TABLE[lifetime], abs=0.01)


BORN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date", "level"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), None),
        (datetime(2026, 3, 1, 23, 59, tzinfo=UTC), None),
        (datetime(2026, 3, 2, tzinfo=UTC), "info"),  # 90 days: ends 2026-04-01; 30 before
        (datetime(2026, 3, 16, 23, 59, tzinfo=UTC), "info"),
        (datetime(2026, 3, 17, tzinfo=UTC), "warning"),  # 15 before
        (datetime(2026, 3, 24, 11, 59, tzinfo=UTC), "warning"),
        (datetime(2026, 3, 24, 12, tzinfo=UTC), "critical"),  # 7.5 before
        (datetime(2026, 4, 2, tzinfo=UTC), "critical"),
    ],
)
def test_a_certificate_of_90_days_from_the_first_of_january(date, level):
    ends = milliseconds(BORN + timedelta(days=90))
    assert expiry.level(milliseconds(BORN), ends, milliseconds(date)) == level


def certificate(days: float, **changes) -> Certificate:
    values = {
        "fingerprint": "aa",
        "subject": "CN=a",
        "issuer": "CN=Issuing,O=Authority",
        "sans": ("a.test",),
        "not_before": 0,
        "not_after": round(days * DAY),
        "key_type": "ECDSA",
    }
    return Certificate(**{**values, **changes})


def test_after_its_end_there_is_one_more_step():
    before, after = (ending(certificate(90), None, 90 * DAY + at) for at in (-1, 0))
    assert before and after
    assert (before.step, after.step) == (3, EXPIRED)
    assert after.title == "the certificate of a.test expired on 1970-04-01"


def test_overdue_is_told_by_the_targets_own_habit():
    # It renewed at two thirds of the lifetime: at 76 % it is late, at 77 % (66.7 + 10) overdue.
    assert expiry.habit([0.667]) is None
    habit = expiry.habit([0.60, 0.667, 0.70])
    assert habit == 0.667
    late, overdue = (ending(certificate(90), habit, round(at * 90 * DAY)) for at in (0.766, 0.768))
    assert late and late.level == "info"
    assert overdue and (overdue.level, overdue.step) == ("warning", 2)
    assert "not renewed at 67% of its lifetime" in overdue.title
    # What the sixth brings is the same step: nobody is told twice.
    sixth = ending(certificate(90), habit, 76 * DAY)
    assert sixth and sixth.step == 2


def test_a_day_long_certificate_is_not_alarming_from_its_first_hour():
    assert ending(certificate(1), None, 1 * HOUR) is None


@pytest.mark.parametrize(
    ("issuer", "name"),
    [
        ("CN=R10,O=Let's Encrypt,C=US", "Let's Encrypt"),
        ("CN=E5,O=Let's Encrypt,C=US", "Let's Encrypt"),
        ("CN=X,O=A\\, B,C=US", "A\\, B"),
        ("CN=NO=thing", "CN=NO=thing"),
        ("CN=Test Root", "CN=Test Root"),
    ],
)
def test_the_issuer_is_its_organisation(issuer, name):
    assert expiry.organisation(issuer) == name
