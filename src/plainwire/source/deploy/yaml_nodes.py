"""YAML as nodes with their lines. Aliases are never expanded, so a bomb stays as small as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

_BLOCK = re.compile(
    r"^[ \t]*\{\{[^\n]{0,1000}\}\}[ \t]*$|\{%[^\n]{0,400}?%\}|\{#[^\n]{0,400}?#\}", re.M
)
_VALUE = re.compile(r"\{\{[^{}\n]*\}\}")
MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 500
# Block indentation alone cannot go deep in so many characters; brackets and "- - -" can.
_NESTS_ON_ONE_LINE = re.compile(r"(?:[-?][ \t]+){50}")


class Yaml:
    """A node: a mapping, a list or a scalar, with the line it begins on (from 1)."""

    __slots__ = ("_node",)

    def __init__(self, node: yaml.Node) -> None:
        self._node = node

    @property
    def node(self) -> yaml.Node:
        """The node itself, for who changes it."""
        return self._node

    @property
    def line(self) -> int:
        """The line that it begins on."""
        return int(self._node.start_mark.line) + 1

    @property
    def span(self) -> tuple[int, int]:
        """The characters of the text that it stands in, quotes with them."""
        return int(self._node.start_mark.index), int(self._node.end_mark.index)

    @property
    def text(self) -> str | None:
        """A scalar as it is written. Returns None for a mapping, a list, or null."""
        if not isinstance(self._node, yaml.ScalarNode):
            return None
        return None if self._node.tag == "tag:yaml.org,2002:null" else str(self._node.value)

    @property
    def tag(self) -> str:
        """Its tag, a local one such as ``!reset`` as it is written."""
        return str(self._node.tag)

    @property
    def is_list(self) -> bool:
        """True for a list."""
        return isinstance(self._node, yaml.SequenceNode)

    @property
    def is_mapping(self) -> bool:
        """True for a mapping."""
        return isinstance(self._node, yaml.MappingNode)

    @property
    def scalar(self) -> str | bool | int | None:
        """A scalar as its tag has it: text, yes or no, a whole number, or nothing."""
        text = self.text
        match self._node.tag.rpartition(":")[2] if text is not None else "":
            case "bool":
                return str(text).lower() in ("true", "yes", "on")
            case "int" if re.fullmatch(r"-?\d{1,18}", str(text)):
                return int(str(text))
            case _:
                return text

    @property
    def is_block(self) -> bool:
        """True for a literal or folded scalar, whose text begins on the next line."""
        return isinstance(self._node, yaml.ScalarNode) and self._node.style in ("|", ">")

    def items(self) -> Iterator[tuple[str, int, Yaml]]:
        """Keys, their lines and values, what is merged in (``<<``) last and not twice."""
        seen: set[str] = set()
        waiting, depth = [self._node], 0
        while waiting and depth < 50:
            depth += 1
            node = waiting.pop(0)
            if isinstance(node, yaml.SequenceNode):
                waiting += node.value
                continue
            if not isinstance(node, yaml.MappingNode):
                continue
            for key, value in node.value:
                name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
                if name == "<<":
                    waiting.append(value)
                elif name not in seen:
                    seen.add(name)
                    yield name, int(key.start_mark.line) + 1, Yaml(value)

    def get(self, *keys: str) -> Yaml | None:
        """The value under keys, one inside the other. Returns None if one is missing."""
        at: Yaml | None = self
        for wanted in keys:
            if at is None:
                return None
            at = next((value for name, _, value in at.items() if name == wanted), None)
        return at

    def key_line(self, wanted: str) -> int:
        """The line of a key, or of the mapping if it is not there."""
        return next((line for name, line, _ in self.items() if name == wanted), self.line)

    def elements(self) -> tuple[Yaml, ...]:
        """The elements of a list; empty for anything else."""
        if isinstance(self._node, yaml.SequenceNode):
            return tuple(Yaml(node) for node in self._node.value[:2000])
        return ()

    def words(self) -> tuple[str, ...]:
        """A list of scalars as strings."""
        return tuple(e.text or "" for e in self.elements())


def documents(text: str) -> tuple[Yaml, ...]:
    """The documents in a file; template code (Jinja, Helm) is masked if it cannot be read as is.

    Raises:
        ValueError: if it is no YAML even so; the message says where.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"more than {MAX_CHARACTERS} characters")
    try:
        return _composed(text)
    except ValueError:
        if "{{" not in text and "{%" not in text:
            raise
        masked = _BLOCK.sub(lambda m: " " * len(m[0]), text)
        return _composed(_VALUE.sub(lambda m: "_" * len(m[0]), masked))


def _composed(text: str) -> tuple[Yaml, ...]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        is_deep = _may_be_deep(text) and _is_deep(text, loader)
        nodes = [] if is_deep else list(yaml.compose_all(text, loader))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        at = f" at line {mark.line + 1}" if mark is not None else ""
        raise ValueError(f"not YAML{at}") from None
    if is_deep:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    return tuple(Yaml(node) for node in nodes if node is not None)


def _may_be_deep(text: str) -> bool:
    return (
        text.count("[") + text.count("{") > MAX_DEPTH or _NESTS_ON_ONE_LINE.search(text) is not None
    )


def _is_deep(text: str, loader: type[yaml.SafeLoader]) -> bool:
    """True for what would overflow the C stack, where the fast loader composes by recursion."""
    depth = 0
    for event in yaml.parse(text, loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return False
