"""The values that a listing shows for a variable of a path: ``/users`` for ``/users/{id}``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from plainwire.model import ApiOperation, Request
from plainwire.wire import json_body
from plainwire.wire.openapi.verbs import state_change

MAX_ITEMS = 20
MAX_LENGTH = 128
MAX_DEPTH = 4

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# Keys that name an item by themselves: ``{book_title}`` may be the "title" of a book.
_NAMING = frozenset({"id", "uuid", "guid", "slug", "name", "username", "title", "key", "code"})


def values(variable: str, body: bytes) -> tuple[str, ...]:
    """What a JSON listing's items have for the variable: the key so called, else its last word.

    Each once, in order, at most `MAX_ITEMS`; nothing that is no plain text or number, and
    nothing of a body that is no JSON.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    found: dict[str, None] = {}
    for item in _items(document):
        value = _plain(_value(variable, item) if isinstance(item, dict) else item)
        if value is not None:
            found[value] = None
        if len(found) == MAX_ITEMS:
            break
    return tuple(found)


def of_one(variable: str, body: bytes) -> tuple[str, ...]:
    """What the one JSON object in a body has for the variable; empty if it has nothing."""
    document = json_body.parsed(body)
    value = value_of(variable, document) if isinstance(document, dict) else None
    return () if value is None else (value,)


def _items(document: Any, depth: int = 0) -> Iterator[Any]:
    """The items of the first list of a document, in itself or below the keys of objects."""
    if isinstance(document, list):
        yield from document[:MAX_ITEMS]
    elif isinstance(document, dict) and depth < MAX_DEPTH:
        for each in document.values():
            if isinstance(each, list) and each:
                yield from _items(each, depth + 1)
                return
        for each in document.values():
            if isinstance(each, dict):
                yield from _items(each, depth + 1)


def _value(variable: str, item: dict[Any, Any]) -> Any:
    words = _words(variable)
    by_name = {_words(key): value for key, value in item.items() if isinstance(key, str)}
    if words in by_name:
        return by_name[words]
    last = words[-1:]
    return by_name.get(last) if last and last[0] in _NAMING else None


def _words(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(name[:256]))


def _plain(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    if isinstance(value, int):
        return str(value) if abs(value) < 2**63 else None
    is_plain = 0 < len(value) <= MAX_LENGTH and value.isprintable() and value not in (".", "..")
    return value if is_plain else None


@dataclass(frozen=True, slots=True)
class Collection:
    """An operation that lists objects and the one that gives one of them: ``/users``,
    ``/users/{id}``."""

    listing: ApiOperation
    item: ApiOperation
    variable: str

    def item_request(self, value: str) -> Request | None:
        """The request for one object. Returns None if it needs more than its id, or if the id
        says that something changes."""
        path = self.item.filled({self.variable: value})
        if path is None or self.listing.request is None or state_change("GET", path) is not None:
            return None
        return Request(self.listing.request.origin, "GET", path)


def collections(operations: Sequence[ApiOperation]) -> tuple[Collection, ...]:
    """The collections among the operations: the item's path ends with its one variable."""
    listed = {e.path.rstrip("/"): e for e in operations if e.method == "GET" and e.request}
    found = []
    for each in operations:
        if each.method != "GET" or len(each.variables) != 1:
            continue
        if not may_be_filled(each):
            continue
        variable = each.variables[0]
        before, _, after = each.path.partition("{" + variable + "}")
        listing = listed.get(before.rstrip("/"))
        if not after.strip("/") and listing is not None:
            found.append(Collection(listing, each, variable))
    return tuple(found)


def may_be_filled(operation: ApiOperation) -> bool:
    """False for an operation that is never asked, for more than that no value was known for it."""
    return operation.request is not None or (operation.skipped or "").startswith("no value")


def rows(body: bytes) -> tuple[dict[str, Any], ...]:
    """The objects of a JSON listing, at most `MAX_ITEMS`."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    return tuple(each for each in _items(document) if isinstance(each, dict))


def value_of(variable: str, row: dict[str, Any]) -> str | None:
    """What an object has for a variable of a path. Returns None if it has nothing."""
    return _plain(_value(variable, row))
