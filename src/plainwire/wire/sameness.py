"""Whether two answers say the same, what only echoes the question or the moment apart."""

from __future__ import annotations

import json
import re
from typing import Any

from plainwire.model import Exchange

# Ids, hashes and times: what differs between two answers of one kind.
_MOMENT = re.compile(
    rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{16,64}"
    rb"|\d{4}-\d\d-\d\d(?:[T ][0-9:.]+(?:Z|[+-]\d\d:?\d\d)?)?|\d{2}:\d{2}:\d{2}(?:\.\d+)?|\d{9,19}"
)
MAX_DEPTH = 8


def is_same(one: Exchange, other: Exchange) -> bool:
    """True for two answers with the same status, media type and body, their own words apart.

    Their own words are the request's path and its last segment, ids, hashes and times.
    """
    return (
        one.status == other.status
        and one.content_type == other.content_type
        and normalised(one) == normalised(other)
    )


def is_alike(one: Exchange, other: Exchange) -> bool:
    """True for two answers of one kind: status class, media type, and the keys of their JSON.

    For a body that is no JSON it is `is_same`.
    """
    if one.status // 100 != other.status // 100 or one.content_type != other.content_type:
        return False
    shapes = shape(one), shape(other)
    return shapes[0] == shapes[1] if None not in shapes else is_same(one, other)


def normalised(exchange: Exchange) -> bytes:
    """The body without what only echoes the question or the moment."""
    body, path = exchange.body, exchange.request.path
    way = path.partition("?")[0]
    for echo in (path, way, way.rpartition("/")[2]):
        if len(echo) > 3:
            body = body.replace(echo.encode("latin-1", "replace"), b"")
    return timeless(body)


def timeless(body: bytes) -> bytes:
    """The body without ids, hashes and times."""
    return _MOMENT.sub(b"", body)


def shape(exchange: Exchange) -> frozenset[str] | None:
    """The paths of the keys in a JSON body. Returns None for a body that is no JSON."""
    try:
        document = json.loads(exchange.body)
    except (ValueError, RecursionError):
        return None
    found: set[str] = set()
    _keys(document, "", found, 0)
    return frozenset(found)


def _keys(value: Any, way: str, found: set[str], depth: int) -> None:
    if depth > MAX_DEPTH or len(found) > 10_000:
        return
    if isinstance(value, dict):
        for key, each in value.items():
            found.add(f"{way}.{key}")
            _keys(each, f"{way}.{key}", found, depth + 1)
    elif isinstance(value, list):
        found.add(f"{way}[]")
        for each in value[:100]:
            _keys(each, f"{way}[]", found, depth + 1)
