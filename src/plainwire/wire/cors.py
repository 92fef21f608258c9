"""Questions of cross-origin reading: an Origin shown to an operation, and what is allowed to it."""

from __future__ import annotations

import hashlib

from plainwire.model import Exchange, Request
from plainwire.wire import probes


def made_up(key: str, number: int) -> str:
    """An origin that nobody has, another for each number (RFC 2606, section 2)."""
    digest = hashlib.sha256(f"{key}{number}".encode()).hexdigest()
    return f"https://{digest[:16]}.example"


def shown(request: Request, key: str, word: str, origin: str | None) -> Request:
    """The request with an Origin, or with none, and a query of its own: no cache is poisoned.

    ``key`` is the scan's random path, ``word`` tells questions apart.
    """
    lines = (("Origin", origin),) if origin is not None else ()
    return probes.apart(request, f"{key.strip('/')}{word}", *lines)


def allows(exchange: Exchange, origin: str) -> bool:
    """True if a browser lets a page of that origin read what the API has, with credentials.

    Both values are compared as they stand: `True` is not `true` (Fetch, CORS check).
    """
    return (
        exchange.status < 300
        and exchange.all("access-control-allow-origin") == (origin,)
        and exchange.header("access-control-allow-credentials") == "true"
    )
