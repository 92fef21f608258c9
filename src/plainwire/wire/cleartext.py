"""What an answer in clear amounts to: served, redirected, or refused. Pure comparison."""

from __future__ import annotations

import re

from plainwire.model import Exchange, WireError
from plainwire.wire.redirects import resolve

REDIRECTS = (301, 302, 303, 307, 308)
# Statuses by which an application answers an endpoint that exists: reachable in clear.
ANSWERS_OF_AN_APPLICATION = (401, 405, 407)
# Ids (UUIDs too), hashes and times.
_MOMENT = re.compile(
    rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{16,64}|\d{2}:\d{2}:\d{2}(?:\.\d+)?"
)


def is_redirect(exchange: Exchange) -> bool:
    """True for a status that sends the client elsewhere, with a Location (RFC 9110, 15.4)."""
    return exchange.status in REDIRECTS and exchange.header("location") is not None


def redirects_to_https(exchange: Exchange) -> bool:
    """True for a redirect whose first hop is https on the same host.

    A Location that clients read differently (a backslash is a slash to browsers and part of the
    user information to others) does not count.
    """
    location = exchange.header("location") or ""
    if not is_redirect(exchange) or "\\" in location:
        return False
    try:
        place = resolve(location, exchange.url)
    except WireError:
        return False
    return place.scheme == "https" and place.host == exchange.request.origin.host.lower()


def is_same_answer(one: Exchange, other: Exchange) -> bool:
    """True for two answers with the same status, media type and body, their own URLs apart."""
    paths = (one.request.path, other.request.path)
    return (
        one.status == other.status
        and one.content_type == other.content_type
        and _body(one, paths) == _body(other, paths)
    )


def is_constant_refusal(exchange: Exchange, control: Exchange) -> bool:
    """True if an answer in clear refuses whatever is asked.

    ``control`` is the answer to a random path in clear: a refusal is the same there. A status by
    which applications answer (401, 405), a cookie or a challenge is never a refusal.
    """
    if exchange.status < 400 or exchange.status in ANSWERS_OF_AN_APPLICATION:
        return False
    if exchange.header("set-cookie") or exchange.header("www-authenticate"):
        return False
    return is_same_answer(exchange, control)


def _body(exchange: Exchange, paths: tuple[str, str]) -> bytes:
    """The body without what only echoes the question or the moment.

    ``paths`` are those of both questions. The root's cannot be taken out, as every URL has a
    slash: where one is the root the other becomes it (Spring's ``"path": "/"``).
    """
    word = b"/" if "/" in paths else b""
    origin = exchange.request.origin
    own = f"{origin.scheme}://{origin.authority}"
    body = exchange.body.replace(own.encode("latin-1", "replace"), b"")
    for echo in (exchange.request.path, exchange.request.path.split("?")[0]):
        if len(echo) > 1:
            body = body.replace(echo.encode("latin-1", "replace"), word)
    return _MOMENT.sub(b"", body)
