"""An answer beside the schema that describes it: each object with its part of the schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from plainwire.model import ApiOperation, Exchange, Schema
from plainwire.wire import members

MAX_DEPTH = 6
MAX_ITEMS = 50  # of one list


def objects(operation: ApiOperation, answer: Exchange) -> Iterator[tuple[dict[str, Any], Schema]]:
    """The objects of an answer in the 200s with the schemas of the status that came, top first.

    Members and items that the schema does not name are left out, as are answers without one.
    """
    if operation.responses is None or not 200 <= answer.status < 300:
        return
    schema = operation.responses.schema(answer.status)
    if schema is not None:
        yield from _walked(members.load(answer.body), schema, 0)


def _walked(value: Any, schema: Schema, depth: int) -> Iterator[tuple[dict[str, Any], Schema]]:
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list) and (item := schema.items) is not None:
        for each in value[:MAX_ITEMS]:
            yield from _walked(each, item, depth + 1)
    elif isinstance(value, dict):
        yield value, schema
        for name, part in schema.properties.items():
            if isinstance(value.get(name), dict | list):
                yield from _walked(value[name], part, depth + 1)
