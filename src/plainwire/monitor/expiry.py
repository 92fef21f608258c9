"""When a certificate's end is near: by the fraction of its lifetime that is left.

Fixed days fit no lifetime: the CA/Browser Forum's ballot SC-081v3 (2025-04-11) takes the longest
one from 398 to 47 days by 2029, and certificates of six days are issued today.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from plainwire.monitor.levels import Level
from plainwire.monitor.times import DAY, HOUR

# Fraction of the lifetime left, and the cap for lifetimes above `LONG`, in milliseconds.
INFO, WARNING, CRITICAL = (3, 30 * DAY), (6, 14 * DAY), (12, 7 * DAY)
LONG = 180 * DAY
LEAST_CRITICAL = 24 * HOUR
RENEWALS_TO_LEARN = 2
OVERDUE_AFTER = 0.10


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How much time before the end each level begins, in milliseconds."""

    info: int
    warning: int
    critical: int


def thresholds(lifetime: int) -> Thresholds:
    """When the levels begin for a certificate that is valid for ``lifetime`` milliseconds.

    A third, a sixth, a twelfth of it (critical: at least 24 hours, though never before the
    warning's sixth), and no more than 30, 14 and 7 days where it is valid for over 180 days.
    """
    third, sixth, twelfth = (lifetime // part for part, _ in (INFO, WARNING, CRITICAL))
    critical = min(max(twelfth, LEAST_CRITICAL), sixth)
    if lifetime <= LONG:
        return Thresholds(third, sixth, critical)
    return Thresholds(min(third, INFO[1]), min(sixth, WARNING[1]), min(critical, CRITICAL[1]))


def level(not_before: int, not_after: int, now: int) -> Level | None:
    """The tightest level that a certificate's time has come to; None while there is time."""
    left, at = not_after - now, thresholds(not_after - not_before)
    if left <= at.critical:
        return "critical"
    if left <= at.warning:
        return "warning"
    return "info" if left <= at.info else None


def fraction(not_before: int, not_after: int, now: int) -> float:
    """How much of a lifetime has passed at ``now``: 0.0 to 1.0, more once it is over."""
    return (now - not_before) / max(not_after - not_before, 1)


def habit(fractions: Sequence[float]) -> float | None:
    """At which fraction of the lifetime a target is used to renew. None: not known yet."""
    return median(fractions) if len(fractions) >= RENEWALS_TO_LEARN else None


def is_overdue(passed: float, renewed_at: float | None) -> bool:
    """True if the point of renewal was passed by a tenth of the lifetime."""
    return renewed_at is not None and passed >= renewed_at + OVERDUE_AFTER


_ORGANISATION = re.compile(r"(?:^|,)O=((?:\\.|[^,\\])*)")


def organisation(issuer: str) -> str:
    """Who issued: the organisation of a distinguished name (RFC 4514), the whole without one.

    An authority's intermediates change their common names all the time (R10, R11, E5 …).
    """
    found = _ORGANISATION.search(issuer)
    return found[1] if found else issuer
