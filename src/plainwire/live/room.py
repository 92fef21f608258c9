"""What the bodies of a scan may take of memory together: every answer is kept to its end."""

from __future__ import annotations

import hashlib

SMALL = 64 * 1024  # bytes that every body may have, however full it is
BODIES = 6  # of the largest size find room


class Room:
    """Bytes for bodies. A whole one that comes again, as most do, is kept once."""

    def __init__(self, body_limit: int) -> None:
        self._left = BODIES * body_limit
        self._known: dict[bytes, bytes] = {}

    def take(self, number: int) -> bool:
        """True if there is room for so many bytes more, which are taken then."""
        if number > self._left:
            return False
        self._left -= number
        return True

    def kept(self, body: bytes) -> bytes:
        """The body, or the equal one that came before: then what this one took is given back."""
        if len(body) <= SMALL:
            return body
        known = self._known.setdefault(hashlib.sha256(body).digest(), body)
        if known is not body:
            self._left += len(body) - SMALL
        return known
