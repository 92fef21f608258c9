"""How far a long run is, in one line on standard error."""

from __future__ import annotations

import contextlib
import sys
from time import monotonic

TERMINAL_S, LOG_S = 0.2, 30.0


class Progress:
    """A line that is written over on a terminal, and now and then a new one elsewhere."""

    def __init__(self, total: int, *, is_quiet: bool) -> None:
        self._total, self._done, self._silent = total, 0, 0
        self._begun = self._told_at = monotonic()
        self._is_terminal = sys.stderr.isatty()
        self._is_off = is_quiet or total < 2
        self._is_shown = False

    def step(self, *, was_answered: bool) -> None:
        """Note that one more is done."""
        self._done += 1
        self._silent += not was_answered
        now = monotonic()
        if self._is_off or now - self._told_at < (TERMINAL_S if self._is_terminal else LOG_S):
            return
        self._told_at = now
        rate = self._done / max(now - self._begun, 0.001)
        left = (self._total - self._done) / rate
        line = f"{self._done} of {self._total}, {rate:.1f} a second, {left:.0f} s left"
        if self._silent:
            line += f", {self._silent} without TLS or an answer"
        self._write(f"\r{line}\x1b[K" if self._is_terminal else f"{line}\n")
        self._is_shown = self._is_terminal

    def clear(self) -> None:
        """Take the line away, so that something else can be said."""
        if self._is_shown:
            self._write("\r\x1b[K")
            self._is_shown = False

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.write(text)
            sys.stderr.flush()
