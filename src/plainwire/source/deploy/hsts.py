"""Directives of proxies that send Strict-Transport-Security, and those that take it away."""

from __future__ import annotations

from collections.abc import Iterable

NAME = "strict-transport-security"
_REMOVES = frozenset({"unset", "del-header"})  # Apache, mod_headers; HAProxy, http-response


def is_sent(words: Iterable[str]) -> bool:
    """True for the words of a directive that gives the header a value.

    Caddy takes a header away by ``-`` before its name, and ``?``, ``+`` and ``>`` set it.
    """
    plain = [word.strip("\"'?+>:\\").lower() for word in words]
    return NAME in plain[:-1] and not _REMOVES & set(plain)
