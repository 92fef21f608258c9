"""Signs of a shared cache in answers (RFC 9111)."""

from __future__ import annotations

import re

from plainwire.model import Exchange

_HIT = re.compile(r"(?i)\bhit\b")
_STATUS_HEADERS = ("x-cache", "cf-cache-status", "x-cache-status", "x-proxy-cache", "cache-status")


def is_from_shared_cache(*exchanges: Exchange) -> bool:
    """True if any answer to a question that nobody asked before came out of a shared cache.

    Such a cache ignores the query. An Age above 0 (RFC 9111, section 5.1) or a word "hit" in a
    cache's status header (RFC 9211) says so.
    """
    return any(_age_s(x) > 0 or _is_hit(x) for x in exchanges)


def _age_s(exchange: Exchange) -> int:
    age = (exchange.header("age") or "").strip()
    return int(age) if age.isdigit() and len(age) < 12 else 0


def _is_hit(exchange: Exchange) -> bool:
    return any(_HIT.search(value) for name in _STATUS_HEADERS for value in exchange.all(name))
