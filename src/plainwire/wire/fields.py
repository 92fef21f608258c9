"""What HTTP field grammars share: tokens, quoted strings, lists (RFC 9110, section 5.6)."""

from __future__ import annotations

import re

# token = 1*tchar (RFC 9110, section 5.6.2)
TCHARS = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
WHITESPACE = " \t"
MAX_FIELD = 16384

_TOKEN = re.compile(TCHARS)
# quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE (RFC 9110, section 5.6.4)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_PAIR = re.compile(r"\\(.)", re.DOTALL)
_MARK = re.compile(r'["\\,;]')


def split(value: str, separator: str) -> tuple[str, ...]:
    """The parts of a field value between commas or semicolons, those in quoted strings kept.

    An unclosed quoted string reaches to the end. Parts are stripped of spaces and tabs; only the
    first `MAX_FIELD` characters are read, in one pass.
    """
    text = value[:MAX_FIELD]
    parts: list[str] = []
    start, is_quoted, escaped = 0, False, -1
    for mark in _MARK.finditer(text):
        at, char = mark.start(), mark[0]
        if at == escaped:
            continue
        if char == '"':
            is_quoted = not is_quoted
        elif char == "\\" and is_quoted:
            escaped = at + 1
        elif char == separator and not is_quoted:
            parts.append(text[start:at].strip(WHITESPACE))
            start = at + 1
    parts.append(text[start:].strip(WHITESPACE))
    return tuple(parts)


def is_token(text: str) -> bool:
    """True for one or more tchar and nothing else."""
    return _TOKEN.fullmatch(text) is not None


def unquote(text: str) -> str | None:
    """The content of a quoted string. Returns None if the text is not exactly one."""
    if _QUOTED.fullmatch(text) is None:
        return None
    return _PAIR.sub(r"\1", text[1:-1])
