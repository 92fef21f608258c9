"""Edits of Python source that keep everything around them: the only module that imports LibCST.

LibCST says where each part stands, commas and indentation included; what is changed is the
stretch of text itself, so that nothing else can change. An expression that is no literal is never
replaced: the functions return None, and the caller proposes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from plainwire.model import Edit, SourceFile


class Python:
    """A Python file to be edited. Lines count from 1.

    Raises:
        ValueError: if it cannot be parsed.
    """

    def __init__(self, file: SourceFile) -> None:
        self.path, self.text = file.path, file.text
        try:
            self._wrapper = MetadataWrapper(cst.parse_module(file.text), unsafe_skip_copy=True)
            self._at = self._wrapper.resolve(PositionProvider)
        except (cst.ParserSyntaxError, cst.CSTValidationError, RecursionError) as error:
            raise ValueError(f"{file.path} is no Python: {type(error).__name__}") from None
        self._starts = [0]
        self._starts += [match.end() for match in re.finditer("\n", file.text)]

    # Where things stand ----------------------------------------------------------------------

    def _span(self, node: cst.CSTNode) -> tuple[int, int]:
        where = self._at[node]
        assert isinstance(where, CodeRange)  # PositionProvider has no other values
        start, end = where.start, where.end
        return self._starts[start.line - 1] + start.column, self._starts[end.line - 1] + end.column

    def _line(self, node: cst.CSTNode) -> int:
        return int(self._at[node].start.line)

    def _nodes(self) -> Iterator[tuple[cst.CSTNode, tuple[cst.CSTNode, ...]]]:
        """Every node with those around it, outermost first."""
        waiting: list[tuple[cst.CSTNode, tuple[cst.CSTNode, ...]]] = [(self._wrapper.module, ())]
        while waiting:
            node, around = waiting.pop()
            yield node, around
            waiting += [(child, (*around, node)) for child in reversed(node.children)]

    def calls(self, line: int, *names: str) -> tuple[cst.Call, ...]:
        """The calls that begin on a line, of callees whose last name is one of ``names``."""
        return tuple(
            node
            for node, _ in self._nodes()
            if isinstance(node, cst.Call) and self._line(node) == line and _last(node) in names
        )

    # Edits ------------------------------------------------------------------------------------

    def with_argument(self, call: cst.Call, name: str, value: str) -> Edit | None:
        """The edit that passes ``name=value`` in a call.

        Returns None if the argument is there as anything but a literal, or may come by ``**``.
        """
        for argument in call.args:
            if argument.star == "**":
                return None
            if argument.keyword is not None and argument.keyword.value == name:
                return self.with_literal(argument.value, value)
        new = f"{name}={value}"
        end = self._span(call)[1] - 1
        if not call.args:
            return Edit(self.path, end, end, new)
        last = call.args[-1]
        start, stop = self._span(last)
        margin = self._margin(start) if len(call.args) > 1 or self._margin(start) else None
        if isinstance(last.comma, cst.Comma):
            after = self.text.index(",", stop) + 1
            gap = f"\n{margin}{new}," if margin is not None else f" {new}"
            return Edit(self.path, after, after, gap)
        gap = f",\n{margin}{new}" if margin is not None else f", {new}"
        return Edit(self.path, stop, stop, gap)

    def with_literal(self, node: cst.BaseExpression, value: str) -> Edit | None:
        """The edit that replaces a literal. Returns None if the expression is none."""
        if not _is_literal(node):
            return None
        return Edit(self.path, *self._span(node), value)

    def _margin(self, start: int) -> str | None:
        """What stands before a character on its line. None if that is more than white space."""
        line = self.text.rfind("\n", 0, start) + 1
        before = self.text[line:start]
        return before if not before.strip() and line else None


def _last(call: cst.Call) -> str:
    match call.func:
        case cst.Attribute(attr=cst.Name(value=name)) | cst.Name(value=name):
            return name
    return ""


def _is_literal(node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.Name):
        return node.value in ("True", "False", "None")
    return isinstance(node, cst.SimpleString | cst.Integer | cst.Float)


@lru_cache(maxsize=8)
def python(file: SourceFile) -> Python:
    """A file ready to be edited; parsed once for all the findings in it.

    Raises:
        ValueError: if it cannot be parsed.
    """
    return Python(file)


def kept(*edits: Edit | None) -> Sequence[Edit] | None:
    """The edits if all of them could be made. Returns None if one could not."""
    return None if None in edits else [edit for edit in edits if edit is not None]
