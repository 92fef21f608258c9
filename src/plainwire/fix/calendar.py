"""The day that a patch is made on, for what begins on a date."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime


def today() -> date:
    """The day in UTC; that of SOURCE_DATE_EPOCH where it is set, so that a patch can be repeated.

    Source: Reproducible Builds, SOURCE_DATE_EPOCH specification 1.1 (2017-09-22).
    """
    seconds = os.environ.get("SOURCE_DATE_EPOCH", "")
    if seconds.isdecimal() and len(seconds) < 12:
        return datetime.fromtimestamp(int(seconds), UTC).date()
    return datetime.now(UTC).date()
