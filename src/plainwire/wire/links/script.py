"""Links in JavaScript: string literals that are absolute URLs (ECMA-262, section 12)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.wire.links.calls import JQUERY, METHODS
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

_GIVEN_SRC = r"(?:\.src\s*=\s*|\.setAttribute\s*\(\s*[\"']src[\"']\s*,\s*)$"
_CALLS: tuple[tuple[str, Kind, str], ...] = (
    ("new WebSocket", "active", r"\bWebSocket\s*\(\s*$"),
    ("new EventSource", "active", r"\bEventSource\s*\(\s*$"),
    ("new Worker", "active", r"Worker\s*\(\s*$"),
    ("importScripts", "active", r"\bimportScripts\s*\(\s*$"),
    ("serviceWorker.register", "active", r"\bserviceWorker\??\.register\s*\(\s*$"),
    ("import", "active", r"(?<![.\w$])(?:import\s*\(?|from)\s*$"),
    ("fetch", "active", r"\bfetch\s*\(\s*(?:new\s+(?:Request|URL)\s*\(\s*)?$"),
    ("XMLHttpRequest.open", "active", rf"\.open\s*\(\s*[\"'](?i:{METHODS})[\"']\s*,\s*$"),
    ("sendBeacon", "active", r"\bsendBeacon\s*\(\s*$"),
    ("axios", "active", r"\baxios(?:\.\w+)?\s*\(\s*(?:\{\s*(?:url|baseURL)\s*:\s*)?$"),
    ("$.ajax", "active", rf"{JQUERY}\s*\(\s*(?:\{{\s*url\s*:\s*)?$"),
    ("window.open", "navigation", r"\bwindow\.open\s*\(\s*$"),
    ("location", "navigation", r"\blocation(?:\.href)?\s*=\s*$"),
    ("location", "navigation", r"\blocation\.(?:assign|replace)\s*\(\s*$"),
    # What is given to an element is loaded as the element is: a script as it is named, a page in a
    # frame. One that is not named is an image at least.
    (".src", "active", rf"(?i:script|frame|embed|worker|\bjs)\w*{_GIVEN_SRC}"),
    (".src", "passive", _GIVEN_SRC),
    (".href", "active", r"(?i:style|css|sheet)\w*\.href\s*=\s*$"),
    (".action", "form", r"\.(?:action|formAction)\s*=\s*$"),
    (".href", "navigation", r"\.href\s*=\s*$"),
)
CALL_NAMES = (*dict.fromkeys(name for name, _, _ in _CALLS), "markup")
# Elements that a script writes, in a string or a template.
_WRITTEN = re.compile(
    r"<(?P<tag>script|iframe|frame|embed|link|img|image|audio|video|source|form|object)\b"
    r"(?P<before>[^<>]{0,400}?)\s(?P<name>src|href|action|data)\s*=\s*[\"']?\s*"
    r"(?P<url>http://[^\s\"'<>`\\^{}|]*)",
    re.IGNORECASE,
)
_WRITTEN_KINDS: dict[str, tuple[str, Kind]] = {
    **dict.fromkeys(("script", "iframe", "frame", "embed"), ("src", "active")),
    **dict.fromkeys(("img", "image", "audio", "video", "source"), ("src", "passive")),
    "link": ("href", "active"),
    "object": ("data", "active"),
    "form": ("action", "form"),
}
MAX_WRITTEN = 4096  # characters of a literal that are looked through for elements
_PATTERNS = [(name, kind, re.compile(pattern)) for name, kind, pattern in _CALLS]
_LOOK_BACK = 80


def links(source: str, *, position: int = 0, where: str = "") -> Iterator[Link]:
    """The absolute http, https, ws and wss URLs in string and template literals.

    Active where the call before it fetches or connects, or the URL is ws or wss; else data. What a
    string writes as an element, or gives to one, is what the element makes of it.
    Comments are passed over. ``position`` and ``where`` as in `css.links`.
    """
    for at, text, is_begin in _literals(source):
        plain = _ESCAPE.sub(_unescaped, text[: 2 * MAX_URL]).strip()
        match = _URL.match(plain) if is_begin else None
        if match is None or is_name(match[0]):
            if "<" in plain:
                for url, kind in _written(plain[:MAX_WRITTEN]):
                    yield Link(url, kind, f"{where} markup".strip(), position + at)
            continue
        name, kind = _use(source[max(0, at - _LOOK_BACK) : at], match[0])
        # A lone scheme counts where it is used at once, as in new WebSocket("ws://" + host); as a
        # choice by the page's own scheme, or to compare with, it says nothing.
        if match[0].endswith("//") and name == "string":
            continue
        yield Link(match[0][:MAX_URL], kind, f"{where} {name}".strip(), position + at)


def _written(markup: str) -> Iterator[tuple[str, Kind]]:
    """The URLs in clear that the elements of a string load, and what a browser does with each."""
    for match in _WRITTEN.finditer(markup):
        attribute, kind = _WRITTEN_KINDS[match["tag"].lower()]
        is_sheet = match["tag"].lower() != "link" or "stylesheet" in match[0].lower()
        if match["name"].lower() == attribute and is_sheet:
            yield match["url"][:MAX_URL], kind


def _use(before: str, url: str) -> tuple[str, Kind]:
    for name, kind, pattern in _PATTERNS:
        if pattern.search(before):
            return name, kind
    # A ws URL is good for nothing but opening a connection.
    return "string", "active" if url[:2].lower() == "ws" else "data"


def _literals(source: str) -> Iterator[tuple[int, str, bool]]:
    """Where each literal's quote stands, its raw text, and whether it begins there or goes on after
    a ${ } of its template; every character is passed once."""
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
            yield start, source[at:end], True
            at = end + 1
        else:  # a backtick, or the brace that ends a ${ } and goes on with its template
            end = _match_end(_TEMPLATE, source, at)
            yield start, source[at:end], word == "`"
            if word == "`":
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
