"""The body of a login: the fields that it sends, in JSON or in a form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

MIN_LENGTH = 3  # of what is told from other words


def fields(body: bytes) -> dict[str, Any]:
    """The fields of a login by name; none of a body that is neither."""
    try:
        return json.loads(body) if _is_json(body) else dict(parse_qsl(body.decode()))
    except ValueError:
        return {}


def with_fields(body: bytes, changed: Mapping[str, str]) -> bytes:
    """The body with other values for some of its fields."""
    told = {**fields(body), **changed}
    return (json.dumps(told) if _is_json(body) else urlencode(told)).encode()


def values(body: bytes) -> tuple[str, ...]:
    """The texts of a login's fields, the longest first."""
    found = fields(body).values()
    texts = [each for each in found if isinstance(each, str) and len(each) >= MIN_LENGTH]
    return tuple(sorted(texts, key=len, reverse=True))


def _is_json(body: bytes) -> bool:
    return body.startswith(b"{")
