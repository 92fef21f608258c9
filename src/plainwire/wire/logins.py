"""The body of a login: the fields that it sends."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

MIN_LENGTH = 3  # of what is told from other words


def values(body: bytes) -> tuple[str, ...]:
    """The texts of a login's fields, in JSON or in a form, the longest first."""
    try:
        found = json.loads(body) if body.startswith(b"{") else dict(parse_qsl(body.decode()))
    except ValueError:
        return ()
    texts = [each for each in found.values() if isinstance(each, str) and len(each) >= MIN_LENGTH]
    return tuple(sorted(texts, key=len, reverse=True))
