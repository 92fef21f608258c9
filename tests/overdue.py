"""A test that is overdue is told so again and again, and so is what cleans up after it.

pytest-timeout raises once, in whatever runs then: a task of asyncio may keep that for itself, and
whoever waits for the task goes on waiting. Where a test has failed it stops its clock altogether,
for the sake of debuggers, and a fixture that hangs then would hold the run up without end.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

AGAIN_S = 30.0
_SETTINGS = pytest.StashKey[Any]()


@pytest.hookimpl(wrapper=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> Iterator[None]:
    """Let the alarm ring on after the first time."""
    item.stash[_SETTINGS] = settings
    done = yield
    left_s, _ = signal.getitimer(signal.ITIMER_REAL)
    if left_s:
        signal.setitimer(signal.ITIMER_REAL, left_s, AGAIN_S)
    return done


@pytest.hookimpl(trylast=True)
def pytest_exception_interact(node: pytest.Item | pytest.Collector) -> None:
    """Set the alarm anew for the teardown of a test that has failed."""
    if isinstance(node, pytest.Item) and _SETTINGS in node.stash:
        node.ihook.pytest_timeout_set_timer(item=node, settings=node.stash[_SETTINGS])
