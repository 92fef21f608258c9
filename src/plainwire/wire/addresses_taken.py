"""Requests of operations that take a URL, with another URL in the place of theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from plainwire.model import ApiOperation, Request
from plainwire.wire import json_body, probes
from plainwire.wire.openapi import state_change

_WORDS = frozenset({"url", "uri", "callback", "webhook", "feed", "endpoint", "link", "src"})
_WHOLE = frozenset({"dest", "destination", "target", "source", "image", "proxy", "upstream"})
# Where a browser is led.
_OTHER = frozenset({"redirect", "return", "logout", "next", "back"})
MAX_NAMES = 4  # of one operation
MAX_PLACES = 10  # of an API


def places(operations: Iterable[ApiOperation]) -> list[tuple[ApiOperation, str]]:
    """The first operations and parameters of an API that take a URL."""
    every = ((each, name) for each in operations for name in names(each))
    return list(islice(every, MAX_PLACES))


def names(operation: ApiOperation) -> tuple[str, ...]:
    """The parameters of an operation's query that take a URL, by name, format or example."""
    if operation.request is None:
        return ()
    pairs = [each.partition("=") for each in operation.request.path.partition("?")[2].split("&")]
    shown = [name for name, _, value in pairs if name and (_says(name) or _is_url(value))]
    told = [
        each.name
        for each in operation.parameters
        if each.place == "query"
        and (_says(each.name) or (each.schema is not None and each.schema.format in ("uri", "url")))
    ]
    return tuple(dict.fromkeys((*shown, *told)))[:MAX_NAMES]


def with_url(operation: ApiOperation, name: str, url: str) -> Iterator[Request]:
    """The example with a URL in one parameter; none if that would say that it changes something."""
    request = operation.request
    if request is None:
        return
    way, _, query = request.path.partition("?")
    kept = "&".join(p for p in query.split("&") if p and p.partition("=")[0] != name)
    plain = replace(request, path=f"{way}?{kept}" if kept else way)
    found = probes.with_query(plain, name, url)
    if state_change(request.method, found.path) is None:
        yield replace(found, body_limit=probes.BODY_LIMIT)


def _says(name: str) -> bool:
    words = json_body.words(name)
    if _OTHER & set(words):
        return False
    return bool(_WORDS & set(words)) or "".join(words) in _WHOLE


def _is_url(value: str) -> bool:
    return value.lower().startswith(("http:", "https:", "http%3a", "https%3a"))
