"""A file whose content comes from several: each line is still shown where it was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from plainwire.model import SourceFile, Span

# More than any file has lines, so that a number tells the file and the line in it.
LINES: Final = 1 << 21


def line_in(part: int, line: int) -> int:
    """The number that stands for a line of one of the files that were joined."""
    return part * LINES + line


@dataclass(frozen=True, slots=True)
class JoinedFile(SourceFile):
    """A file with what others say in it: a manifest with its patches, a module with its arguments.

    ``parts`` are the files that the lines of it, as `line_in` numbers them, are of.
    """

    parts: Sequence[SourceFile] = field(default=(), compare=False)

    def span(self, line: int, end_line: int | None = None) -> Span:
        """Lines of the file that they were written in."""
        part, own = divmod(line, LINES)
        end = end_line - part * LINES if end_line is not None else None
        return self.parts[part].span(own, end)
