"""How long a certificate may live, and how near its end it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

Stage = Literal["expired", "critical", "warning", "ok"]

# CA/Browser Forum Baseline Requirements, section 6.3.2: certificates issued on or after a date,
# and the most days they may live. From 2026 on: ballot SC-081v3 (2025-04-11). 398 days: ballot
# SC31 (2020). 825: ballot 193 (2017). Before, months: 39 (2015) and 60 (2012), the longest in days.
SCHEDULE: tuple[tuple[datetime, int], ...] = (
    (datetime(2029, 3, 15, tzinfo=UTC), 47),
    (datetime(2027, 3, 15, tzinfo=UTC), 100),
    (datetime(2026, 3, 15, tzinfo=UTC), 200),
    (datetime(2020, 9, 1, tzinfo=UTC), 398),
    (datetime(2018, 3, 1, tzinfo=UTC), 825),
    (datetime(2015, 4, 1, tzinfo=UTC), 1188),
    (datetime(2012, 7, 1, tzinfo=UTC), 1827),
)

# Fractions of the lifetime that are left: certbot 4.0 and later renews at a third. A fixed "30
# days" is wrong for a certificate that lives 47. Above 180 days a third would warn for months.
WARNING, CRITICAL = 3, 6
LONG = timedelta(days=180)
WARNING_AT_MOST, CRITICAL_AT_MOST = timedelta(days=30), timedelta(days=14)


def longest_days(issued: datetime) -> int:
    """The most days that a publicly trusted certificate issued then may be valid.

    ``issued`` is aware; notBefore stands for it. Certificates from before the first requirements
    get the first limit. A day is 24 hours, and the second named by notAfter counts as valid.
    Source: CA/Browser Forum Baseline Requirements, section 6.3.2.
    """
    return next((days for start, days in SCHEDULE if issued >= start), SCHEDULE[-1][1])


def expiry_stage(not_before: datetime, not_after: datetime, now: datetime) -> Stage:
    """How near its end a certificate is, by the fraction of its lifetime that is left.

    All three are aware. Below a third "warning", below a sixth "critical"; for lifetimes above
    180 days no earlier than 30 and 14 days before the end. notAfter itself is still valid
    (RFC 5280, section 4.1.2.5).
    """
    if now > not_after:
        return "expired"
    lifetime, left = not_after - not_before, not_after - now
    warning, critical = lifetime / WARNING, lifetime / CRITICAL
    if lifetime > LONG:
        warning, critical = min(warning, WARNING_AT_MOST), min(critical, CRITICAL_AT_MOST)
    if left < critical:
        return "critical"
    return "warning" if left < warning else "ok"
