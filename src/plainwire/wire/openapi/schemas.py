"""Schemas read lazily: a reference is followed when somebody looks, and walks are bounded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from plainwire.model import Schema
from plainwire.wire.openapi.loose import example, items, scalar, sequence, text
from plainwire.wire.openapi.references import References

MAX_DEPTH = 24
MAX_PARTS = 64  # schemas that one is composed of
MAX_PROPERTIES = 1000
MAX_STEPS = 4000  # schemas looked at in one walk

_COMPOSED = ("allOf", "oneOf", "anyOf")


class DocumentSchema:
    """A schema that stands in a document. It obeys `model.Schema`."""

    def __init__(
        self, raw: Any, references: References, file: str | None = None, depth: int = 0
    ) -> None:
        self._raw = raw
        self._references = references
        self._file = file
        self._depth = depth

    @cached_property
    def _parts(self) -> tuple[tuple[dict[Any, Any], str], ...]:
        """The schema and those it is composed of, each with its file."""
        found: list[tuple[dict[Any, Any], str]] = []
        seen: set[str] = set()
        waiting: list[tuple[Any, str | None]] = [(self._raw, self._file)]
        while waiting and len(found) < MAX_PARTS and self._depth <= MAX_DEPTH:
            raw, file = waiting.pop(0)
            part = self._references.follow(raw, file, seen)
            found.append((part.value, part.file))
            for key in _COMPOSED:
                waiting += [(each, part.file) for each in sequence(part.value.get(key))[:MAX_PARTS]]
        return tuple(found)

    def _child(self, raw: Any, file: str) -> DocumentSchema:
        return DocumentSchema(raw, self._references, file, self._depth + 1)

    @cached_property
    def identity(self) -> int:
        """Tells apart what schemas stand for: two references to one are the same."""
        return id(self._parts[0][0]) if self._parts else 0

    @property
    def types(self) -> frozenset[str]:
        """The types it names; 3.1 has lists of them."""
        named = (part.get("type") for part, _ in self._parts)
        lists = (each if isinstance(each, list) else [each] for each in named)
        return frozenset(name for each in lists for name in each if isinstance(name, str))

    @property
    def format(self) -> str:
        """Its format, or an empty text."""
        return self.says("format") or ""

    @cached_property
    def properties(self) -> Mapping[str, Schema]:
        """Its properties and those of its parts."""
        found: dict[str, Schema] = {}
        for part, file in self._parts:
            for name, raw in items(part.get("properties")):
                if len(found) < MAX_PROPERTIES:
                    found.setdefault(name, self._child(raw, file))
        return found

    @property
    def required(self) -> frozenset[str]:
        """The properties that must be there."""
        lists = (sequence(part.get("required")) for part, _ in self._parts)
        return frozenset(name for each in lists for name in each if isinstance(name, str))

    @cached_property
    def items(self) -> Schema | None:
        """The schema of an array's items."""
        for part, file in self._parts:
            if isinstance(part.get("items"), dict):
                return self._child(part["items"], file)
        return None

    @property
    def is_closed(self) -> bool:
        """True for ``additionalProperties: false``, or unevaluatedProperties of 3.1."""
        return any(
            part.get(key) is False
            for part, _ in self._parts
            for key in ("additionalProperties", "unevaluatedProperties")
        )

    @property
    def is_open(self) -> bool:
        """True for ``additionalProperties: true`` or a schema of theirs, and patterns of names."""
        return any(
            isinstance(part.get(key), dict) or part.get(key) is True
            for part, _ in self._parts
            for key in ("additionalProperties", "unevaluatedProperties", "patternProperties")
        )

    def says(self, keyword: str) -> str | None:
        """A scalar keyword as text."""
        values = (scalar(part.get(keyword)) for part, _ in self._parts)
        return next((value for value in values if value is not None), None)

    @property
    def example(self) -> str | None:
        """The first scalar that it gives."""
        return example(*(part for part, _ in self._parts))

    def walk(self) -> Iterator[tuple[tuple[str, ...], Schema]]:
        """Every property below, breadth first, each schema once, at most `MAX_STEPS`."""
        if not self._parts or not self._parts[0][0]:
            return
        walks = self._references.walks
        if self.identity not in walks:
            walks[self.identity] = (self._parts[0][0], tuple(self._walked()))
        yield from walks[self.identity][1]

    def _walked(self) -> Iterator[tuple[tuple[str, ...], Schema]]:
        seen = {self.identity}
        waiting: list[tuple[tuple[str, ...], DocumentSchema]] = [((), self)]
        steps = 0
        while waiting:
            names, schema = waiting.pop(0)
            below = [(*names, name[:128]) for name in schema.properties]
            children = list(zip(below, schema.properties.values(), strict=True))
            if (item := schema.items) is not None:
                waiting += self._once(names, item, seen)
            for place, child in children:
                steps, self._references.left = steps + 1, self._references.left - 1
                if steps > MAX_STEPS or self._references.left < 0:
                    return
                yield place, child
                waiting += self._once(place, child, seen)

    @staticmethod
    def _once(
        names: tuple[str, ...], schema: Schema, seen: set[int]
    ) -> list[tuple[tuple[str, ...], DocumentSchema]]:
        if not isinstance(schema, DocumentSchema) or schema.identity in seen:
            return []
        seen.add(schema.identity)
        return [(names, schema)]


class DocumentResponses:
    """The responses of an operation. It obeys `model.Responses`."""

    def __init__(self, raw: Any, references: References, file: str) -> None:
        self._raw = raw
        self._references = references
        self._file = file

    def documents(self, status: int) -> bool:
        """True if it names the status itself, as a text or a number."""
        return isinstance(self._raw, dict) and (str(status) in self._raw or status in self._raw)

    def schema(self, status: int) -> Schema | None:
        """The body's schema for a status, its class ("2XX") or the default."""
        for key in (str(status), status, f"{status // 100}XX", "default"):
            if isinstance(self._raw, dict) and isinstance(self._raw.get(key), dict):
                response = self._references.follow(self._raw[key], self._file)
                return body(response.value, self._references, response.file)
        return None


def body(holder: dict[Any, Any], references: References, file: str) -> Schema | None:
    """The schema of a request body or a response: JSON's, else the first. None if it has none."""
    if isinstance(holder.get("schema"), dict):  # Swagger 2.0
        return DocumentSchema(holder["schema"], references, file)
    media = [(name, each) for name, each in items(holder.get("content")) if isinstance(each, dict)]
    media.sort(key=lambda pair: "json" not in text(pair[0]).lower())
    for _, each in media:
        if isinstance(each.get("schema"), dict):
            return DocumentSchema(each["schema"], references, file)
    return None
