"""Addresses in pages, style sheets and scripts, template code and comments masked, offsets kept."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping

from plainwire.model import SourceFile, Text

MAX_CHARACTERS = 600_000
# Openings and what closes each; found by searching forward once, so that any page costs its length.
_COMMENTS = {"<!--": "-->", "{#": "#}", "/*": "*/"}
_JINJA = {"{%": "%}", "{{": "}}"}
_NOT_END = re.compile(r"[^\n]")
_LINE_COMMENT = re.compile(r"(?m)^[ \t]*//[^\n]*|(?<=[;\s])//\s[^\n]*")
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
# The page's own host behind a scheme that is written down: "ws://" + location.host.
_OWN = re.compile(
    r"([\"'`])((?:http|ws)://)(?:\1\s*\+\s*|\$\{\s*)"
    r"(?:(?:window|document|self|globalThis)\.)*(?:location\.host(?:name)?|domain)\b"
)
_CHOSEN = re.compile(r"https:|wss:|\.protocol|\?")
_AROUND = 160
_ACTIVE = frozenset({"script", "iframe", "object", "embed", "frame", "applet"})
_PASSIVE = frozenset({"img", "audio", "video", "source", "track", "input"})


def texts(file: SourceFile) -> tuple[Text, ...]:
    """The http and ws addresses in a file; ``use`` is what the browser does with each.

    ``active`` and ``passive`` content, ``form``, ``link``, ``script`` (a string in JavaScript),
    ``own`` (one that the page's own host is put behind),
    ``style`` (a style sheet that is imported) and ``image`` (``url(…)`` in one).
    """
    source = file.text[:MAX_CHARACTERS]
    if "://" not in source:
        return ()
    is_page = file.format == "template"
    source = _masked(source, _COMMENTS, " ")
    source = _masked(source, _JINJA, "_")
    if not is_page:
        source = _LINE_COMMENT.sub(_blank, source)
    starts = [0]
    for match in re.finditer("\n", source):
        starts.append(match.end())
    found = []
    for offset, value, use in _found(source, is_page, file.name):
        found.append(Text(value, _line(starts, offset), "", use))
    return tuple(found)


def _masked(source: str, pairs: Mapping[str, str], fill: str) -> str:
    """The text with what stands between the pairs replaced, line ends kept.

    An opening that is never closed masks nothing.
    """
    openings = re.compile("|".join(re.escape(opening) for opening in pairs))
    pieces: list[str] = []
    unclosed: set[str] = set()
    at = 0
    while match := openings.search(source, at):
        opening = match[0]
        end = -1 if opening in unclosed else source.find(pairs[opening], match.end())
        if end < 0:
            unclosed.add(opening)
            pieces.append(source[at : match.end()])
            at = match.end()
            continue
        end += len(pairs[opening])
        pieces += [source[at : match.start()], _NOT_END.sub(fill, source[match.start() : end])]
        at = end
    return "".join((*pieces, source[at:]))


def _blank(match: re.Match[str]) -> str:
    return _NOT_END.sub(" ", match[0])


def _scripts(source: str) -> Iterator[tuple[int, str]]:
    """The texts between script tags, each with its offset."""
    lower = source.lower()
    at = 0
    while (start := lower.find("<script", at)) >= 0:
        begin = lower.find(">", start)
        end = lower.find("</script", begin) if begin >= 0 else -1
        if end < 0:
            return
        yield begin + 1, source[begin + 1 : end]
        at = end


def _line(starts: list[int], offset: int) -> int:
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
        yield from _in_script(source)
    elif is_page:
        for offset, script in _scripts(source):
            for at, value, use in _in_script(_LINE_COMMENT.sub(_blank, script)):
                yield offset + at, value, use


def _in_script(script: str) -> Iterator[tuple[int, str, str]]:
    """The addresses in JavaScript; a scheme that is chosen by the page's own is none."""
    for match in _OWN.finditer(script):
        before = script[max(match.start() - _AROUND, 0) : match.start()]
        if not _CHOSEN.search(before.rpartition(";")[2]):
            yield match.start(2), match[2], "own"
    for match in _QUOTED.finditer(script):
        yield match.start(1), match[1], "script"


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
