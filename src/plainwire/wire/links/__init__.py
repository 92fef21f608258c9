"""The links that a body holds, told apart by what a browser does with them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from plainwire.model import Exchange
from plainwire.wire.links import css, html, json_values, script
from plainwire.wire.links.html import Form, forms
from plainwire.wire.links.link import MAX_LINKS, Kind, Link

__all__ = ["MAX_BODY", "MAX_LINKS", "Form", "Kind", "Link", "forms", "left_out", "links"]

MAX_BODY = 8 * 1024 * 1024  # characters

_MARKUP = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml"})


def links(body: str, content_type: str) -> tuple[Link, ...]:
    """The links in ``body``, each as it is written, at most `MAX_LINKS`, in the order found.

    ``content_type`` is a Content-Type value, with or without parameters; for a type that holds
    no links the result is empty. HTML and CSS give relative links too; JavaScript gives
    absolute ones, JSON those and paths from the root where a member's name says link. Reads at
    most `MAX_BODY` characters, in time linear in their number.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    return tuple(islice(_found(body[:MAX_BODY], media_type), MAX_LINKS))


def left_out(exchange: Exchange) -> str:
    """Why `links` leaves some of a body out. Returns an empty string if it does not."""
    if len(exchange.body) < MAX_LINKS * len("href=/a"):
        return ""
    text = exchange.text
    if len(text) > MAX_BODY:
        return f"only the first {MAX_BODY >> 20} Mi characters of its body are looked at"
    every = _found(text, exchange.content_type)
    if next(islice(every, MAX_LINKS, None), None) is not None:
        return f"only its first {MAX_LINKS:,} links are looked at"
    if _is_like_json(text) and json_values.may_leave_out(text):
        return f"its JSON has more than {json_values.MAX_VALUES:,} values"
    return ""


def _found(body: str, media_type: str) -> Iterator[Link]:
    if media_type in _MARKUP:
        # Flask sends what json.dumps() gives as text/html, and clients read it as JSON.
        return chain(html.links(body), json_values.links(body) if _is_like_json(body) else ())
    if media_type == "text/css":
        return css.links(body)
    if media_type in script.MEDIA_TYPES:
        return script.links(body)
    if media_type in ("application/json", "text/json") or media_type.endswith("+json"):
        return json_values.links(body)
    if media_type in ("text/plain", "application/octet-stream") and _is_like_json(body):
        return json_values.links(body)
    return iter(())


def _is_like_json(body: str) -> bool:
    return body[:64].lstrip()[:1] + body[-64:].rstrip()[-1:] in ("{}", "[]")
