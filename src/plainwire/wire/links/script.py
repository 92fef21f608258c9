"""Links in JavaScript: string literals that are absolute URLs (ECMA-262, section 12)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.wire.links.link import MAX_URL, Kind, Link, is_name

MEDIA_TYPES = frozenset(
    {
        "text/javascript",
        "application/javascript",
        "application/x-javascript",
        "text/ecmascript",
        "application/ecmascript",
        "text/jscript",
    }
)

_MARK = re.compile(r"//|/\*|[\"'`{}/]")
_STRING = {
    '"': re.compile(r'(?:[^"\\\n]|\\.)*+', re.DOTALL),
    "'": re.compile(r"(?:[^'\\\n]|\\.)*+", re.DOTALL),
}
_TEMPLATE = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*+", re.DOTALL)
_REGEX = re.compile(r"(?:[^/\\\n\[]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*+\]?)*+")
# A slash begins a regular expression where an operand may stand, else it divides.
_BEFORE_OPERAND = re.compile(r"(?:^|[(,=:\[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of))\s*$")
_URL = re.compile(r"(?:https?|wss?)://[^\s\"'<>`\\^{}|]*", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))", re.DOTALL)

_CALLS: tuple[tuple[str, Kind, str], ...] = (
    ("new WebSocket", "active", r"\bWebSocket\s*\(\s*$"),
    ("new EventSource", "active", r"\bEventSource\s*\(\s*$"),
    ("new Worker", "active", r"Worker\s*\(\s*$"),
    ("importScripts", "active", r"\bimportScripts\s*\(\s*$"),
    ("serviceWorker.register", "active", r"\.register\s*\(\s*$"),
    ("import", "active", r"\b(?:import|from)\s*\(?\s*$"),
    ("fetch", "active", r"\bfetch\s*\(\s*(?:new\s+(?:Request|URL)\s*\(\s*)?$"),
    ("XMLHttpRequest.open", "active", r"\.open\s*\(\s*[\"'][A-Za-z]+[\"']\s*,\s*$"),
    ("sendBeacon", "active", r"\bsendBeacon\s*\(\s*$"),
    ("axios", "active", r"\baxios(?:\.\w+)?\s*\(\s*(?:\{\s*(?:url|baseURL)\s*:\s*)?$"),
    ("$.ajax", "active", r"(?:\$|\bjQuery)\.\w+\s*\(\s*(?:\{\s*url\s*:\s*)?$"),
    ("window.open", "navigation", r"\bwindow\.open\s*\(\s*$"),
    ("location", "navigation", r"\blocation(?:\.href)?\s*=\s*$"),
    ("location", "navigation", r"\blocation\.(?:assign|replace)\s*\(\s*$"),
)
CALL_NAMES = tuple(dict.fromkeys(name for name, _, _ in _CALLS))
_PATTERNS = [(name, kind, re.compile(pattern)) for name, kind, pattern in _CALLS]
_LOOK_BACK = 80


def links(source: str, *, position: int = 0, where: str = "") -> Iterator[Link]:
    """The absolute http, https, ws and wss URLs in string and template literals.

    Active where the call before it fetches or connects, or the URL is ws or wss; else data.
    Comments are passed over. ``position`` and ``where`` as in `css.links`.
    """
    for at, text in _literals(source):
        match = _URL.match(_ESCAPE.sub(_unescaped, text[: 2 * MAX_URL]).strip())
        if match is None or is_name(match[0]):
            continue
        name, kind = _use(source[max(0, at - _LOOK_BACK) : at], match[0])
        # A lone scheme counts where it is used at once, as in new WebSocket("ws://" + host); as a
        # choice by the page's own scheme, or to compare with, it says nothing.
        if match[0].endswith("//") and name == "string":
            continue
        yield Link(match[0][:MAX_URL], kind, f"{where} {name}".strip(), position + at)


def _use(before: str, url: str) -> tuple[str, Kind]:
    for name, kind, pattern in _PATTERNS:
        if pattern.search(before):
            return name, kind
    # A ws URL is good for nothing but opening a connection.
    return "string", "active" if url[:2].lower() == "ws" else "data"


def _literals(source: str) -> Iterator[tuple[int, str]]:
    """Where each literal's quote stands and its raw text; every character is passed once."""
    at = 0
    braces: list[int] = []  # for each template that is open: braces open within its ${ }
    while (mark := _MARK.search(source, at)) is not None:
        start, at, word = mark.start(), mark.end(), mark[0]
        if word == "//":
            at = _end(source, "\n", at)
        elif word == "/*":
            at = _end(source, "*/", at)
        elif word == "/":
            if _BEFORE_OPERAND.search(source[max(0, start - 16) : start]):
                at = _match_end(_REGEX, source, at) + 1
        elif word == "{":
            if braces:
                braces[-1] += 1
        elif word == "}" and (not braces or braces[-1] > 0):
            if braces:
                braces[-1] -= 1
        elif word in _STRING:
            end = _match_end(_STRING[word], source, at)
            yield start, source[at:end]
            at = end + 1
        else:  # a backtick, or the brace that ends a ${ } and goes on with its template
            end = _match_end(_TEMPLATE, source, at)
            if word == "`":
                yield start, source[at:end]
                braces.append(0)
            is_nested = source.startswith("${", end)
            at = end + (2 if is_nested else 1)
            if not is_nested:
                braces.pop()


def _match_end(pattern: re.Pattern[str], source: str, at: int) -> int:
    match = pattern.match(source, at)
    return at if match is None else match.end()


def _end(source: str, mark: str, at: int) -> int:
    found = source.find(mark, at)
    return len(source) if found < 0 else found + len(mark)


def _unescaped(match: re.Match[str]) -> str:
    if match[3] is not None:
        return match[3]
    return chr(int(match[1] or match[2], 16))
