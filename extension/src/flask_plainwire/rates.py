"""Bounds on how often something is said, so that a flood of requests is no flood of words."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Rate:
    """Lets something through so many times a minute, and counts the rest.

    For each key apart; keys are a fixed few words.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[float, int, int]] = {}

    def passes(self, key: str) -> tuple[bool, int]:
        """May it happen now, and how many were held back since the last time it might."""
        now = self._clock()
        with self._lock:
            start, passed, held = self._windows.get(key, (now, 0, 0))
            if now - start >= 60.0:
                start, passed = now, 0
            if passed >= self._per_minute:
                self._windows[key] = (start, passed, held + 1)
                return False, held + 1
            self._windows[key] = (start, passed + 1, 0)
            return True, held
