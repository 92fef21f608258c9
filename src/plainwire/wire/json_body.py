"""The JSON in a body, walked within bounds: any bytes give values, never an error."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from plainwire.model import Exchange

MAX_DEPTH = 16
MAX_STEPS = 50_000
KEPT_BYTES = 128 * 1024  # what is parsed once for all that look at it

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

Way = tuple[str, ...]


def parsed(body: bytes) -> Any:
    """The document in a body. Returns None for a body that is no JSON (and for null)."""
    return _kept(body) if len(body) <= KEPT_BYTES else _read(body)


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


_kept = lru_cache(maxsize=64)(_read)


def values(document: Any) -> Iterator[tuple[Way, str]]:
    """Every text and number with the keys that lead to it (lists add none), within bounds."""
    waiting: list[tuple[Way, Any]] = [((), document)]
    steps = 0
    while waiting and steps < MAX_STEPS:
        way, value = waiting.pop()
        steps += 1
        if isinstance(value, str):
            yield way, value
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield way, str(value) if abs(value) < 10**30 else ""
        elif len(way) < MAX_DEPTH and isinstance(value, dict):
            waiting += [((*way, str(key)[:128]), each) for key, each in value.items()]
        elif len(way) < MAX_DEPTH and isinstance(value, list):
            # A list counts as a level, so that lists in lists end.
            room = MAX_STEPS - steps
            waiting += [(way, each) for each in value[:room] if not isinstance(each, list)]
            waiting += [((*way, ""), each) for each in value[:room] if isinstance(each, list)]


def left_out(exchange: Exchange) -> str:
    """Why `values` may leave some of a body out. Returns an empty string if it does not."""
    body = exchange.body
    containers = body.count(b"{") + body.count(b"[")
    if containers <= MAX_DEPTH and body.count(b",") < MAX_STEPS - containers:
        return ""
    document = parsed(body)
    if not isinstance(document, dict | list):
        return ""
    if containers + body.count(b",") >= MAX_STEPS:
        return f"its JSON has more than {MAX_STEPS:,} values"
    return f"its JSON is nested deeper than {MAX_DEPTH} members" if _is_deep(document) else ""


def _is_deep(document: Any) -> bool:
    """True if something is deeper than `values` looks."""
    waiting = [(0, document)]
    while waiting:
        depth, value = waiting.pop()
        if not value or not isinstance(value, dict | list):
            continue
        if depth >= MAX_DEPTH:
            return True
        if isinstance(value, dict):
            waiting += [(depth + 1, each) for each in value.values()]
        else:
            waiting += [(depth + isinstance(each, list), each) for each in value]
    return False


def listed(document: Any) -> tuple[list[Any], bool] | None:
    """The longest list of objects that a document is, or holds near its top; None if it has none.

    The flag says that the document is the list itself.
    """
    if isinstance(document, list):
        return document, True
    if not isinstance(document, dict):
        return None
    near = [
        *document.values(),
        *(v for d in document.values() if isinstance(d, dict) for v in d.values()),
    ]
    lists = [each for each in near if isinstance(each, list) and each]
    objects = [each for each in lists if isinstance(each[0], dict)]
    return (max(objects, key=len), False) if objects else None


def words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case, however they are put together: ``userId``, ``user_id``."""
    return tuple(word.lower() for word in _WORD.findall(name[:256]))
