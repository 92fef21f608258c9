"""What GraphQL's introspection tells of objects: the queries that list them, and that give one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from plainwire.wire import members
from plainwire.wire.openapi.verbs import state_change

MAX_FIELDS = 2_000
MAX_SELECTED = 12  # members of an object that are asked for
MAX_WRAPPERS = 4  # [Order!]! is a list of what is not null, not null itself
_KEYS = (("id",), ("uuid",), ("slug",), ("username",))


@dataclass(frozen=True, slots=True)
class Listing:
    """A query that lists objects, and one that gives one of them by what names it.

    ``key`` is the member that names an object, ``argument`` what the query for one calls it.
    ``on`` is the type that is meant where that query gives any (Relay's ``node``).
    """

    name: str
    item: str
    argument: str
    key: str
    selection: tuple[str, ...]
    is_number: bool = False
    on: str = ""

    @property
    def query(self) -> str:
        """The query for all."""
        return f"{{{self.name}{{{' '.join(self.selection)}}}}}"

    def item_query(self, value: str) -> str:
        """The query for one."""
        told = value if self.is_number and value.isdigit() else json.dumps(value)
        wanted = " ".join(self.selection)
        inner = f"... on {self.on}{{{wanted}}}" if self.on else wanted
        return f"{{{self.item}({self.argument}:{told}){{{inner}}}}}"


def listings(schema: Mapping[str, Any]) -> Iterator[Listing]:
    """The listings of a schema (``__schema``) with a query for one of what they list.

    Whatever says that it changes something is left out, as "readAndBurn" does.
    """
    types = {str(t.get("name")): t for t in _dicts(schema.get("types"))}
    root = types.get(str((schema.get("queryType") or {}).get("name")), {})
    fields = [each for each in _dicts(root.get("fields")) if _is_safe(str(each.get("name")))]
    for listing in fields:
        is_list, name = _kind(listing.get("type"))
        if not is_list or any(_is_required(a) for a in _dicts(listing.get("args"))):
            continue
        selection = tuple(_scalars(types.get(name, {}), types))[:MAX_SELECTED]
        for item in fields:
            found = _item(item, name, selection)
            if found is not None:
                argument, key, is_number, on = found
                first = (key, *(each for each in selection if each != key))
                yield Listing(
                    str(listing["name"]), str(item["name"]), argument, key, first, is_number, on
                )


def _item(
    field: Mapping[str, Any], name: str, selection: tuple[str, ...]
) -> tuple[str, str, bool, str] | None:
    """How a field gives one object of a type: argument, key, whether it is a number, fragment."""
    is_list, given = _kind(field.get("type"))
    arguments = _dicts(field.get("args"))
    needed = [each for each in arguments if _is_required(each)] or arguments
    is_node = field.get("name") == "node" and given == "Node"
    if is_list or len(needed) != 1 or not (given == name or is_node):
        return None
    argument = str(needed[0].get("name"))
    words = members.words(argument)
    for key in selection:
        named = members.words(key)
        if named in _KEYS and words[-len(named) :] == named:
            is_number = _kind(needed[0].get("type"))[1] == "Int"
            return argument, key, is_number, name if is_node else ""
    return None


def _scalars(kind: Mapping[str, Any], types: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The members of a type that are plain values and need no argument."""
    for each in _dicts(kind.get("fields")):
        is_list, name = _kind(each.get("type"))
        is_plain = not is_list and types.get(name, {}).get("kind") in ("SCALAR", "ENUM")
        if is_plain and not _dicts(each.get("args")) and _is_safe(str(each.get("name"))):
            yield str(each.get("name"))


def _is_safe(name: str) -> bool:
    return name.isidentifier() and name.isascii() and state_change("GET", f"/{name}") is None


def _is_required(argument: Mapping[str, Any]) -> bool:
    return (argument.get("type") or {}).get("kind") == "NON_NULL"


def _kind(kind: Any) -> tuple[bool, str]:
    """Whether a type is a list, and the name of what is in it."""
    is_list = False
    for _ in range(MAX_WRAPPERS):
        if not isinstance(kind, dict):
            return is_list, ""
        is_list = is_list or kind.get("kind") == "LIST"
        if kind.get("kind") not in ("LIST", "NON_NULL"):
            return is_list, str(kind.get("name"))
        kind = kind.get("ofType")
    return is_list, str(kind.get("name")) if isinstance(kind, dict) else ""


def _dicts(value: Any) -> list[dict[str, Any]]:
    whole = value if isinstance(value, list) else []
    return [each for each in whole[:MAX_FIELDS] if isinstance(each, dict)]
