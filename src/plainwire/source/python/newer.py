"""Syntax of newer Pythons than the one that runs, written as that one reads it, line for line.

PEP 701 (3.12) lets a replacement field of an f-string hold the quotes around it; PEP 695 (3.12) has
type parameters and `type` statements. A project may be for a newer Python than plainwire's.
"""

from __future__ import annotations

import re

MAX_DEPTH = 10
_STRING = re.compile(r"#[^\n]*|((?:(?<!\w)[A-Za-z]{1,2})?)(\"\"\"|'''|\"|')")
_ESCAPE = re.compile(r"\\(?:N\{[^}\n]*\}|[\\\"'\n])?")  # `\{` escapes nothing
_QUOTE = re.compile(r"([A-Za-z]{0,2})(\"\"\"|'''|\"|')")
_FORMATTED = re.compile(r"[fF][rR]?[\"']")
_PARAMETERS = re.compile(
    r"(?m)^([ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+\w+)(\[[^\]\n]*\])(?=[(:])"
)
_TYPE = re.compile(r"(?m)^([ \t]*)type([ \t]+\w+)(\[[^\]\n]*\])?([ \t]*=)")


def as_older(text: str) -> str:
    """The text with what Python 3.11 cannot parse replaced, every line where it was.

    An expression that cannot be written otherwise becomes a name that nobody knows.
    """
    text = _PARAMETERS.sub(lambda m: m[1] + " " * len(m[2]), text)
    text = _TYPE.sub(lambda m: f"{m[1]}{m[2].strip()}{' ' * len(m[3] or '')}{m[4]}", text)
    pieces: list[str] = []
    at = 0
    while match := _STRING.search(text, at):
        pieces.append(text[at : match.start()])
        if match[2] is None:  # a comment
            at = match.end()
            pieces.append(match[0])
            continue
        end, fields = _string(text, match.end(), match[1], match[2], 0)
        begin = match.start()
        for first, last in fields:
            pieces += [text[begin:first], _field(text[first:last], match[2])]
            begin = last
        pieces.append(text[begin:end])
        at = end
    return "".join((*pieces, text[at:]))


def _field(expression: str, quote: str) -> str:
    """An expression without the quotes of the string around it, as long as it was."""
    other = "'" if quote[0] == '"' else '"'
    has_lines = "\n" in expression and len(quote) == 1
    if "\\" not in expression and not has_lines:
        if quote not in expression:
            return expression
        if other not in expression and not _FORMATTED.search(expression):
            return expression.replace(quote[0], other)
    return re.sub(r"[^\n]", "_", expression)


def _string(
    text: str, at: int, prefix: str, quote: str, depth: int
) -> tuple[int, list[tuple[int, int]]]:
    """Where a string ends whose first quote ends at ``at``, and its replacement fields."""
    is_formatted = "f" in prefix.lower() and depth < MAX_DEPTH
    fields: list[tuple[int, int]] = []
    while at < len(text):
        if text.startswith(quote, at):
            return at + len(quote), fields
        character = text[at]
        if escape := _ESCAPE.match(text, at):
            at = escape.end()
        elif character == "\n" and len(quote) == 1:
            return at, fields  # it is not closed
        elif character == "{" and is_formatted:
            if text.startswith("{{", at):
                at += 2
                continue
            end = _expression(text, at + 1, depth)
            fields.append((at + 1, end))
            at = _specification(text, end)
        else:
            at += 1
    return at, fields


def _expression(text: str, at: int, depth: int) -> int:
    """Where the expression of a replacement field ends, before its ``}``, ``:`` or ``!``."""
    brackets = 0
    while at < len(text):
        character = text[at]
        if character in "([{":
            brackets += 1
        elif character in ")]}":
            if not brackets:
                return at
            brackets -= 1
        elif not brackets and (
            character == ":" or (character == "!" and not text.startswith("!=", at))
        ):
            return at
        elif quoted := _QUOTE.match(text, at):
            at, _ = _string(text, quoted.end(), quoted[1], quoted[2], depth + 1)
            continue
        at += 1
    return at


def _specification(text: str, at: int) -> int:
    """Where a replacement field ends, after its conversion and format."""
    nested = 0
    while at < len(text) and text[at] != "\n":
        nested += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
        if nested < 0:
            break
    return at
