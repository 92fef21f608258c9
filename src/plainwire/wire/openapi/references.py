"""`$ref` within a document and to its companions: JSON pointers, guarded against circles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from plainwire.wire.openapi.loose import mapping
from plainwire.wire.openapi.skipped import Skipped

MAX_STEPS = 240
MAX_FILES = 50
MAX_WALKED = 200_000  # schemas looked at in all walks over one document

_ELSEWHERE = re.compile(rb"""["']?\$ref["']?\s*:\s*["']?([^#"'\s][^"'\s]{0,1000})""")


@dataclass(frozen=True, slots=True)
class Found:
    """What a value is or refers to, and the URL of the file that it stands in."""

    value: dict[Any, Any]
    file: str


class References:
    """Where the references of a document lead; ``files`` are its companions by URL."""

    def __init__(
        self,
        document: Mapping[str, Any],
        skipped: Skipped,
        files: Mapping[str, Mapping[str, Any]] | None = None,
        url: str = "",
    ) -> None:
        self.url = url
        self.left = MAX_WALKED
        # What was found below a schema, by the identity of its mapping, which is kept with it.
        self.walks: dict[int, tuple[object, tuple[Any, ...]]] = {}
        self._files = {**(files or {}), url: document}
        self._skipped = skipped

    def follow(self, value: Any, file: str | None = None, seen: set[str] | None = None) -> Found:
        """The mapping that a value is or refers to (RFC 6901, section 6); an empty one if none.

        ``file`` is where the value stands: the document itself by default. ``seen`` collects the
        references that were followed; one that is in it is not followed.
        """
        file = self.url if file is None else file
        seen = set() if seen is None else seen
        while isinstance(value, dict) and isinstance(value.get("$ref"), str):
            reference = value["$ref"]
            place = f"{file} {reference}"
            if place in seen or len(seen) > MAX_STEPS:
                return Found({}, file)
            seen.add(place)
            if not reference.startswith("#"):
                url = _joined(file, reference)
                if url not in self._files:
                    self._skipped.note(f"{reference}: outside the document")
                    return Found({}, file)
                file = url
            value = self._at(file, reference.partition("#")[2].removeprefix("/"))
        return Found(mapping(value), file)

    def resolved(self, value: Any) -> dict[Any, Any]:
        """The mapping alone, of a value that stands in the document itself."""
        return self.follow(value).value

    def _at(self, file: str, pointer: str) -> Any:
        value: Any = self._files[file]
        for part in unquote(pointer[:1024]).split("/") if pointer else ():
            if not isinstance(value, Mapping):
                return None
            value = value.get(part.replace("~1", "/").replace("~0", "~"))
        return dict(value) if isinstance(value, Mapping) and not isinstance(value, dict) else value


def companions(text: bytes, url: str) -> tuple[str, ...]:
    """The URLs of the other files of the same origin that a document's text refers to.

    ``url`` is the document's own (``file:///name`` for a local one). At most `MAX_FILES`.
    """
    found: dict[str, None] = {}
    for match in _ELSEWHERE.finditer(text):
        other = _joined(url, match[1].decode("utf-8", "replace"))
        if other and other != url and urlsplit(other)[:2] == urlsplit(url)[:2]:
            found[other] = None
        if len(found) == MAX_FILES:
            break
    return tuple(found)


def _joined(url: str, reference: str) -> str:
    try:
        return urldefrag(urljoin(url, reference)).url
    except ValueError:
        return ""
