"""How much an alert matters."""

from __future__ import annotations

from typing import Literal

Level = Literal["info", "warning", "critical"]
LEVELS: tuple[Level, ...] = ("info", "warning", "critical")


def is_at_least(level: str, least: str) -> bool:
    """True if a level matters as much as another, or more."""
    return LEVELS.index(level) >= LEVELS.index(least)
