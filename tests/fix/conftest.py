"""What the tests of remedies share."""

import pytest


@pytest.fixture(autouse=True)
def _day_of_the_pages(monkeypatch):
    """Patches of 2026-11-26, the day that the pages are written for."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795651200")
