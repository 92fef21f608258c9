"""Bounds on how often something is said, so that a flood of requests is no flood of words."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Recent:
    """What was said within the last minute; forgets everything once it is too much."""

    def __init__(self, most: int = 4096, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._since = clock()
        self._words: set[str] = set()

    def __contains__(self, word: str) -> bool:
        with self._lock:
            return self._clock() - self._since < 60.0 and word in self._words

    def add(self, word: str) -> None:
        """Remember this."""
        now = self._clock()
        with self._lock:
            if now - self._since >= 60.0 or len(self._words) >= self._most:
                self._words.clear()
                self._since = now
            self._words.add(word)


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
