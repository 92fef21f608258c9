"""TOML as nodes with their lines, in the shape of `yaml_nodes.Yaml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping

_HEAD = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*(\"[^\"]+\"|'[^']+'|[\w.-]+)\s*=")
MAX_CHARACTERS = 1_000_000


class Toml:
    """A node: a table, an array or a scalar, with the line that names it (from 1)."""

    __slots__ = ("_lines", "_path", "_value", "line")

    def __init__(
        self, value: object, lines: Mapping[str, int], path: str = "", line: int = 1
    ) -> None:
        self._value, self._lines, self._path = value, lines, path
        self.line = lines.get(path, line)

    @property
    def text(self) -> str | None:
        """A scalar as text. Returns None for a table or an array."""
        if isinstance(self._value, dict | list):
            return None
        return str(self._value).lower() if isinstance(self._value, bool) else str(self._value)

    def items(self) -> Iterator[tuple[str, int, Toml]]:
        """Keys, their lines and values."""
        for name, value in self._value.items() if isinstance(self._value, dict) else ():
            path = f"{self._path}.{name}" if self._path else name
            node = Toml(value, self._lines, path, self.line)
            yield name, node.line, node

    def get(self, *keys: str) -> Toml | None:
        """The value under keys, one inside the other. Returns None if one is missing."""
        at: Toml | None = self
        for wanted in keys:
            at = next((v for name, _, v in at.items() if name == wanted), None) if at else None
        return at

    def elements(self) -> tuple[Toml, ...]:
        """The elements of an array; empty for anything else."""
        if not isinstance(self._value, list):
            return ()
        return tuple(Toml(v, self._lines, self._path, self.line) for v in self._value[:2000])


def load(text: str) -> Toml:
    """The root table of a file.

    Raises:
        ValueError: if it is no TOML.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"more than {MAX_CHARACTERS} characters")
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f"not TOML: {error}") from None
    lines: dict[str, int] = {}
    prefix = ""
    for number, line in enumerate(text.split("\n"), 1):
        head, key = _HEAD.match(line), _KEY.match(line)
        if head:
            prefix = _plain(head[1])
            parts = prefix.split(".")
            for count in range(1, len(parts) + 1):
                lines.setdefault(".".join(parts[:count]), number)
            lines[prefix] = number
        elif key:
            name = _plain(key[1])
            lines[f"{prefix}.{name}" if prefix else name] = number
    return Toml(table, lines)


def _plain(name: str) -> str:
    return re.sub(r"[\"'\s]", "", name)
