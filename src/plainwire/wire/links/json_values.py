"""Links in JSON: string values that are absolute URLs, or paths where links stand (RFC 8259)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from plainwire.wire.links.link import MAX_URL, Link, is_absolute, is_name

MAX_VALUES = 500_000

_PATH = re.compile(r"/(?!/)[^\s\"'<>`\\^{}|]{0,4096}")
# What link objects and HAL call where they lead (RFC 8288, RFC 8631 and common use).
_LINKING_KEYS = frozenset(
    {"self", "next", "prev", "previous", "first", "last", "location", "related", "collection"}
    | {"documentation", "docs"}
)
# Members whose members are links, whatever they are called: the index of an API.
_LINKS_BELOW = frozenset({"links", "urls", "endpoints", "resources", "routes"})

# Members whose URL names something: JSON Schema, JSON-LD, link relations, XML turned to JSON.
_NAMING_KEYS = frozenset(
    {
        "$schema",
        "$id",
        "$ref",
        "$vocabulary",
        "@context",
        "@type",
        "@vocab",
        "@id",
        "@base",
        "@xmlns",
        "xmlns",
    }
    | {"namespace", "targetnamespace", "profile", "rel", "conformsto"}
)


def links(body: str, *, where: str = "") -> Iterator[Link]:
    """The string values that are absolute http, https, ws or wss URLs, with their pointers.

    A path from the root is one too in a member whose name says so ("href", "next", "avatar_url"),
    below one that holds links, and where its name is in the path ("orders": "/v1/orders").

    What does not parse, or is nested deeper than Python reads, has no links. Identifiers of
    schemas, vocabularies and namespaces are not links.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return
    for pointer, text in _strings(document):
        if len(text) > MAX_URL:
            continue
        if _is_path_link(pointer, text) or (is_absolute(text) and not is_name(text)):
            yield Link(text, "data", f"{where} {pointer}".strip())


def may_leave_out(body: str) -> bool:
    """True if a document may have more values than `links` looks at."""
    return sum(body.count(mark) for mark in ",[{") >= MAX_VALUES


def _strings(document: Any) -> Iterator[tuple[str, str]]:
    """Every string value with its JSON pointer (RFC 6901), naming members left out, in order."""
    levels: list[Iterator[tuple[str, Any]]] = [iter([("", document)])]
    for _ in range(MAX_VALUES):
        while (found := next(levels[-1], None)) is None:
            levels.pop()
            if not levels:
                return
        pointer, value = found
        if isinstance(value, str):
            yield pointer, value
        elif isinstance(value, (list, dict)):
            levels.append(_below(pointer, value))


def _below(pointer: str, value: list[Any] | dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The values of a list or of an object's members, each made when it is come to."""
    if isinstance(value, list):
        return ((f"{pointer}/{n}", each) for n, each in enumerate(value))
    return (
        (f"{pointer}/{_escaped(key)}", each)
        for key, each in value.items()
        if not _is_naming(key) or _is_own_profile(key, each)
    )


def _is_path_link(pointer: str, text: str) -> bool:
    if not _PATH.fullmatch(text) or "/:" in text:
        return False
    *above, name = (each.lower().lstrip("@_") for each in pointer.split("/"))
    if name in _LINKING_KEYS or name.endswith(("url", "uri", "href", "link")):
        return True
    is_told = not name.isdigit() and name in text.partition("?")[0].lower().split("/")
    return is_told or not _LINKS_BELOW.isdisjoint(above)


def _is_naming(key: str) -> bool:
    lower = key.lower()
    return lower in _NAMING_KEYS or lower.startswith(("xmlns:", "@xmlns:"))


def _is_own_profile(key: str, value: Any) -> bool:
    """True for somebody's page at a path; a profile of RFC 6906 is named by a URL."""
    return key.lower() == "profile" and isinstance(value, str) and value.startswith("/")


def _escaped(key: str) -> str:
    return key[:200].replace("~", "~0").replace("/", "~1")
