"""An answer beside the schema that describes it: each object with its part of the schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from plainwire.model import ApiOperation, Exchange, Schema
from plainwire.wire import members


def objects(operation: ApiOperation, answer: Exchange) -> Iterator[tuple[dict[str, Any], Schema]]:
    """The objects of an answer in the 200s with the schemas of the status that came, top first.

    Members and items that the schema does not name are left out, as are answers without one. The
    bounds are those of `members`, so that its `left_out` says what else is.
    """
    if operation.responses is None or not 200 <= answer.status < 300:
        return
    schema = operation.responses.schema(answer.status)
    if schema is not None:
        yield from _walked(members.load(answer.body), schema)


def _walked(document: Any, top: Schema) -> Iterator[tuple[dict[str, Any], Schema]]:
    waiting: list[tuple[Any, Schema, int]] = [(document, top, 0)]
    for value, schema, depth in waiting:  # which grows meanwhile
        inner: list[tuple[Any, Schema, int]] = []
        if isinstance(value, list) and (item := schema.items) is not None:
            inner = [(each, item, depth) for each in value]
        elif isinstance(value, dict):
            yield value, schema
            if depth < members.MAX_DEPTH:
                known = schema.properties.items()
                inner = [(value[name], part, depth + 1) for name, part in known if name in value]
        deeper = [each for each in inner if isinstance(each[0], dict | list)]
        waiting += deeper[: members.MAX_OBJECTS - len(waiting)]
