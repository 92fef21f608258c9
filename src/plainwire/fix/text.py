"""Where a line of text stands, and the edits that put a new line beside it in its manner."""

from __future__ import annotations

from plainwire.model import Edit


def margin_of(text: str, start: int) -> str | None:
    """What stands before a character on its line. Returns None if that is not only white space."""
    before = text[text.rfind("\n", 0, start) + 1 : start]
    return None if before.strip() else before


def line_end(text: str, at: int) -> int:
    """Where the line of a character ends: its line feed, or the end of the text."""
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def line_after(path: str, text: str, start: int, end: int, new: str) -> Edit:
    """The edit that puts a line after the one that ``start`` to ``end`` ends on, indented alike.

    What follows on that line (a comment) stays there.
    """
    margin = margin_of(text, start) or ""
    at = line_end(text, end)
    lines = "".join(f"\n{margin}{line}" for line in new.split("\n"))
    return Edit(path, at, at, lines)


def span_of(text: str, line: int) -> tuple[int, int]:
    """Where a line (from 1) begins and ends, its line feed left out."""
    start = 0
    for _ in range(line - 1):
        start = line_end(text, start) + 1
    return start, line_end(text, start)
