"""Text of a hostile target made harmless for each output.

Nothing that came from outside may forge a terminal sequence, a workflow command, a table cell, a
link, a tag or an XML break. What cannot be seen is written out (``\\x1b``, ``\\u202e``), so that
the reader sees that it was there.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

# Controls, invisible and bidirectional format characters, lone surrogates, private use,
# unassigned, line and paragraph separators, and every space but the plain one.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
# Letters and marks that show nothing: combining grapheme joiner, Hangul fillers, Mongolian and
# other variation selectors, the empty Braille cell (Unicode 16, Default_Ignorable_Code_Point).
_BLANK = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x2800, 0x3164, 0xFFA0}
    | set(range(0xFE00, 0xFE10))
    | set(range(0xE0100, 0xE01F0))
)
_COMMAND = re.compile(r"##((?:vso)?\[)")
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def is_hidden(character: str) -> bool:
    """True if a character shows nothing, or moves or hides what is beside it."""
    if character == " ":
        return False
    return unicodedata.category(character) in _HIDDEN or ord(character) in _BLANK


class _Escapes(dict[int, str]):
    """A table for `str.translate` that is filled as characters are met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        text = _escape(character) if is_hidden(character) else character
        if len(self) < 4096:  # a target that sends all of Unicode does not fill the memory
            self[code] = text
        return text


def _escape(character: str) -> str:
    code = ord(character)
    if character in _NAMED:
        return _NAMED[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_ESCAPES = _Escapes()


def visible(text: str, limit: int = 2000) -> str:
    """The text as one line of visible characters, at most ``limit`` of them before escaping.

    Also fit for XML 1.0: every character that it forbids (section 2.2) is a hidden one. The
    openings of CI commands that are obeyed anywhere in a line (GitHub's older form, Azure's) are
    broken too.
    """
    left_out = len(text) - limit
    if left_out > 0:
        text = text[:limit]
    text = _COMMAND.sub(r"#\\x23\1", text.translate(_ESCAPES))
    return f"{text}… ({left_out} more characters)" if left_out > 0 else text


def log_line(line: str) -> str:
    """A line of visible text that GitHub's runner does not take for a command.

    It obeys a line whose first characters after spaces are ``::``.
    """
    words = line.lstrip()
    return line[: len(line) - len(words)] + "\\x3a" + words[1:] if words[:2] == "::" else line


def command_text(text: str) -> str:
    """Text as the message of a GitHub workflow command."""
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def command_property(text: str) -> str:
    """Text as a property's value in a GitHub workflow command."""
    return command_text(text).replace(":", "%3A").replace(",", "%2C")


_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_ZERO_WIDTH = "&#8203;"  # ours: it keeps GitHub from linking what stands around it
_LINKED = re.compile(r"@|://|(?i:www)(?=\.)|#(?=\d)|(?i:gh)(?=-\d)")


def markdown(text: str, limit: int = 600) -> str:
    """Text as prose of a GitHub Markdown document: no markup, link, mention or tag of its own.

    Every ASCII punctuation character is escaped (CommonMark 0.31, section 2.4), and what GitHub
    links by itself (addresses, @names, #numbers) is broken by a zero-width space of ours.
    """
    pieces = []
    at = 0
    shown = visible(text, limit)
    for match in _LINKED.finditer(shown):
        pieces += [_escape_markdown(shown[at : match.end()]), _ZERO_WIDTH]
        at = match.end()
    return "".join((*pieces, _escape_markdown(shown[at:])))


def _escape_markdown(text: str) -> str:
    return _PUNCTUATION.sub(lambda m: _ENTITIES.get(m[0], "\\" + m[0]), text)


def code(text: str, limit: int = 300) -> str:
    """Text as a Markdown code span, also inside a table, where no pipe may stand."""
    shown = visible(text, limit).replace("`", "\\x60").replace("|", "\\x7c")
    return f"`{log_line(shown)}`" if shown.strip() else "` `"


def sarif(text: str, limit: int = 2000) -> str:
    """Text as a SARIF message: no embedded link (SARIF 2.1.0, section 3.11.6)."""
    return re.sub(r"([\\\[\]])", r"\\\1", visible(text, limit))


def json_text(value: Any, indent: int | None = 2) -> str:
    """JSON in UTF-8 where hidden characters and ``##[`` stand as escapes; reads back the same."""
    if indent is None:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    else:
        text = _indented(value, "\n", " " * indent)
    text = _COMMAND.sub(r"#\\u0023\1", text)
    return _NOT_ASCII.sub(lambda m: _json_escape(m[0]) if is_hidden(m[0]) else m[0], text)


_NOT_ASCII = re.compile(r"[^\x00-\x7e]")
_encoded = json.JSONEncoder(ensure_ascii=False).encode
_quoted = json.encoder.encode_basestring  # what that does with a string, in C


def _indented(value: Any, margin: str, step: str) -> str:
    """What `json.dumps` gives, which is in C only where nothing is indented: a sixth of the time.

    ``margin`` is a line feed and the spaces before what closes ``value``.
    """
    inner = margin + step
    if isinstance(value, dict) and value:
        lines = [
            f"{_quoted(key if isinstance(key, str) else _encoded(key))}: {_part(part, inner, step)}"
            for key, part in value.items()
        ]
        return f"{{{inner}{f',{inner}'.join(lines)}{margin}}}"
    if isinstance(value, list | tuple) and value:
        lines = [_part(part, inner, step) for part in value]
        return f"[{inner}{f',{inner}'.join(lines)}{margin}]"
    return _encoded(value)


def _part(value: Any, margin: str, step: str) -> str:
    return _quoted(value) if value.__class__ is str else _indented(value, margin, step)


def _json_escape(character: str) -> str:
    return json.dumps(character)[1:-1] if character != "\x7f" else "\\u007f"
