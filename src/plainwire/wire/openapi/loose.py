"""Reads a peer's document whatever is in it: a value of the wrong type counts as absent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_EXAMPLES = frozenset({"example", "x-example", "default", "examples", "enum"})


def mapping(value: Any) -> dict[Any, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> Iterator[tuple[str, Any]]:
    """The members with a text for a key (YAML has numbers and dates there too)."""
    for key, each in mapping(value).items():
        if isinstance(key, str):
            yield key, each


def sequence(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """A text or a number as text, bounded; an empty text for all else."""
    if isinstance(value, str):
        return value[:2048]
    return scalar(value) or "" if isinstance(value, (int, float)) else ""


def scalar(value: Any) -> str | None:
    """A scalar as a URL would have it. Returns None for all else, and for an empty text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) < 2**63:
        return str(value)
    if isinstance(value, str) and value:
        return value[:256]
    # YAML reads dates as such; JSON writes them as strings.
    return str(value) if hasattr(value, "isoformat") or isinstance(value, float) else None


def example(*holders: dict[Any, Any]) -> str | None:
    """The first value that the document gives: example, examples, default, enum."""
    for holder in holders:
        if _EXAMPLES.isdisjoint(holder):
            continue
        for key in ("example", "x-example", "default"):
            if (found := scalar(holder.get(key))) is not None:
                return found
        for key in ("examples", "enum"):
            values = holder.get(key)
            for each in list(values.values()) if isinstance(values, dict) else sequence(values):
                value = each.get("value") if isinstance(each, dict) else each
                if (found := scalar(value)) is not None:
                    return found
    return None
