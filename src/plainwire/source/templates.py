"""Addresses in pages, style sheets and scripts, template code and comments masked, offsets kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import SourceFile, Text

MAX_CHARACTERS = 600_000
_MASKED = re.compile(r"<!--.*?-->|\{#.*?#\}|/\*.*?\*/", re.S)
_JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.S)
_LINE_COMMENT = re.compile(r"(?m)^\s*//[^\n]*|(?<=[;\s])//\s[^\n]*")
_TAG = re.compile(
    r"<(\w[\w-]*)((?:\s+|/)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>?",
)
_ATTRIBUTE = re.compile(
    r"(src|href|action|formaction|data|poster|srcset|manifest)\s*=\s*"
    r"(\"\s*(?:http|ws)://[^\"]*\"|'\s*(?:http|ws)://[^']*'|(?:http|ws)://[^\s>\"']+)",
    re.IGNORECASE,
)
_CSS = re.compile(r"(@import\s+(?:url\()?|url\()\s*[\"']?(http://[^\s\"')]+)", re.IGNORECASE)
_QUOTED = re.compile(r"[\"'`]((?:http|ws)://[^\s\"'`<>]+)")
_ACTIVE = frozenset({"script", "iframe", "object", "embed", "frame", "applet"})
_PASSIVE = frozenset({"img", "audio", "video", "source", "track", "input"})


def texts(file: SourceFile) -> tuple[Text, ...]:
    """The http and ws addresses in a file; ``use`` is what the browser does with each.

    ``active`` and ``passive`` content, ``form``, ``link``, ``script`` (a string in JavaScript),
    ``style`` (a style sheet that is imported) and ``image`` (``url(…)`` in one).
    """
    source = file.text[:MAX_CHARACTERS]
    if "://" not in source:
        return ()
    is_page = file.format == "template"
    source = _MASKED.sub(_blank, source)
    source = _JINJA.sub(_blank_inside, source)
    if not is_page:
        source = _LINE_COMMENT.sub(_blank, source)
    starts = [0]
    for match in re.finditer("\n", source):
        starts.append(match.end())
    found = []
    for offset, value, use in _found(source, is_page, file.name):
        found.append(Text(value, _line(starts, offset), "", use))
    return tuple(found)


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def _blank_inside(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", "_", match[0])


def _line(starts: list[int], offset: int) -> int:
    from bisect import bisect_right

    return bisect_right(starts, offset)


def _found(source: str, is_page: bool, name: str) -> Iterator[tuple[int, str, str]]:
    if is_page:
        for tag in _TAG.finditer(source):
            for attribute in _ATTRIBUTE.finditer(tag[2]):
                use = _use(tag[1].lower(), attribute[1].lower(), tag[2].lower())
                if use:
                    value = attribute[2].strip("\"' ")
                    yield tag.start(2) + attribute.start(2), value, use
    if is_page or name.endswith((".css", ".scss", ".less")):
        for match in _CSS.finditer(source):
            use = "style" if match[1].lower().startswith("@import") else "image"
            yield match.start(2), match[2], use
    if not is_page and not name.endswith((".css", ".scss", ".less")):
        for match in _QUOTED.finditer(source):
            yield match.start(1), match[1], "script"
    elif is_page:
        for script in re.finditer(r"<script\b[^>]*>(.*?)</script", source, re.S | re.I):
            for match in _QUOTED.finditer(script[1]):
                yield script.start(1) + match.start(1), match[1], "script"


def _use(tag: str, attribute: str, rest: str) -> str:
    if tag in _ACTIVE and attribute in ("src", "data"):
        return "active"
    if tag == "link" and attribute == "href":
        return "active" if "stylesheet" in rest or "manifest" in rest or "preload" in rest else ""
    if tag in _PASSIVE and attribute in ("src", "srcset", "poster"):
        return "passive"
    if attribute in ("action", "formaction"):
        return "form"
    return "link" if tag in ("a", "area") and attribute == "href" else ""
