"""Text in the cells of a terminal: how wide it is, where it breaks, how it is coloured."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from plainwire.model import Letter, Severity, TlsStatus

MIN_WIDTH = 20
RED, GREEN, YELLOW, CYAN, BOLD, DIM = "31", "32", "33", "36", "1", "2"
SEVERITY_STYLE = {
    Severity.CRITICAL: f"{BOLD};{RED}",
    Severity.HIGH: RED,
    Severity.MEDIUM: YELLOW,
    Severity.LOW: CYAN,
    Severity.INFO: DIM,
}
STATUS_STYLE: dict[TlsStatus, str] = {"PASS": GREEN, "FAIL": RED, "UNKNOWN": YELLOW}
LETTER_STYLE: dict[Letter, str] = {
    "A": GREEN,
    "B": GREEN,
    "C": YELLOW,
    "D": RED,
    "E": RED,
    "F": RED,
}


def cells(text: str) -> int:
    """How many terminal cells the text takes (UAX #11: wide and full-width take two)."""
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrapped(text: str, width: int, first: str = "", rest: str | None = None) -> list[str]:
    """The text in lines of at most ``width`` cells, ``first`` and ``rest`` before them.

    ``rest`` defaults to spaces as wide as ``first``. Breaks at spaces; a word wider than a line
    is broken where the line is full.
    """
    rest = " " * cells(first) if rest is None else rest
    lines: list[str] = []
    line, used = first, 0
    for word in text.split(" "):
        room = max(width - cells(first if not lines else rest), 1)
        wide = cells(word)
        if used and used + 1 + wide <= room:
            line, used = f"{line} {word}", used + 1 + wide
            continue
        if used:
            lines.append(line)
            line, used = rest, 0
            room = max(width - cells(rest), 1)
        narrowest = max(width - max(cells(first), cells(rest)), 1)
        pieces = list(_pieces(word, narrowest)) if wide > room else [word]
        for piece in pieces[:-1]:
            lines.append(line + piece)
            line = rest
        line, used = line + pieces[-1], cells(pieces[-1])
    return [*lines, line]


def _pieces(word: str, room: int) -> Iterator[str]:
    piece, used = "", 0
    for character in word:
        wide = _cells(character)
        if piece and used + wide > room:
            yield piece
            piece, used = "", 0
        piece, used = piece + character, used + wide
    yield piece


def styled(text: str, style: str, color: bool) -> str:
    """The text in an SGR style (ECMA-48, 8.3.117), or as it is without colour."""
    return f"\x1b[{style}m{text}\x1b[0m" if color and text else text
