"""`$ref` within a document: JSON pointers, with a guard against circles (RFC 6901)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from plainwire.wire.openapi.loose import mapping
from plainwire.wire.openapi.skipped import Skipped

MAX_STEPS = 240


class References:
    """Where a document's references lead."""

    def __init__(self, document: Mapping[str, Any], skipped: Skipped) -> None:
        self._document = document
        self._skipped = skipped

    def resolved(self, value: Any, seen: set[str] | None = None) -> dict[Any, Any]:
        """The mapping that a value is or refers to (RFC 6901, section 6); an empty one if none.

        ``seen`` collects the references that were followed; one that is in it is not followed.
        """
        seen = set() if seen is None else seen
        while isinstance(value, dict) and isinstance(value.get("$ref"), str):
            reference = value["$ref"]
            if reference in seen or len(seen) > MAX_STEPS:
                return {}
            seen.add(reference)
            if not reference.startswith("#/"):
                self._skipped.note(f"{reference}: outside the document")
                return {}
            value = self._at(reference[2:])
        return mapping(value)

    def _at(self, pointer: str) -> Any:
        value: Any = self._document
        for part in unquote(pointer[:1024]).split("/"):
            if not isinstance(value, Mapping):
                return None
            value = value.get(part.replace("~1", "/").replace("~0", "~"))
        return value
