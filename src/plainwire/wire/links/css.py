"""Links in style sheets: ``url()`` and ``@import`` (CSS Syntax Level 3, section 4)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.wire.links.link import MAX_URL, Link

_MARK = re.compile(
    r"/\*|[\"';{}]|@(?P<rule>import|font-face|namespace|charset)\b|url\(\s*+", re.IGNORECASE
)
_STRING = {
    '"': re.compile(r'(?:[^"\\\n]|\\.)*+', re.S),
    "'": re.compile(r"(?:[^'\\\n]|\\.)*+", re.S),
}
_UNQUOTED = re.compile(r"(?:[^\s\"'()\\]|\\(?:[0-9a-fA-F]{1,6}\s?|[^\n]))*+")
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)


def links(sheet: str, *, position: int = 0, where: str = "") -> Iterator[Link]:
    """The links of a style sheet or of a style attribute.

    Fonts and imported sheets are active, everything else is an image and passive (W3C Mixed
    Content Level 2, section 3). ``position`` is where the sheet begins in its body, ``where``
    the element that holds it.
    """
    at, rule = 0, ""
    while (mark := _MARK.search(sheet, at)) is not None:
        at, word = mark.end(), mark[0]
        if word == "/*":
            end = sheet.find("*/", at)
            at = len(sheet) if end < 0 else end + 2
        elif mark["rule"]:
            rule = mark["rule"].lower()
        elif word in "{};":
            rule = _after(word, rule)
        else:
            text, at = _text(sheet, at, word)
            # A lone string is a link in @import only: elsewhere it is content or a name.
            is_link = rule == "import" or word[0] in "uU"
            if is_link and rule not in ("namespace", "charset") and _is_fetched(text):
                yield _link(text, rule, position + mark.start(), where)


def _after(mark: str, rule: str) -> str:
    if rule == "font-face":
        return "" if mark == "}" else rule
    return ""


def _text(sheet: str, at: int, word: str) -> tuple[str, int]:
    """The string or the content of url() from ``at``, unescaped, and where it ends."""
    if word in _STRING:
        quote = word
    else:
        quote = sheet[at : at + 1] if sheet[at : at + 1] in _STRING else ""
        at += len(quote)
    match = (_STRING[quote] if quote else _UNQUOTED).match(sheet, at)
    assert match is not None
    end = match.end()
    if quote and sheet[end : end + 1] == quote:
        end += 1
    return _ESCAPE.sub(_unescaped, match[0][:MAX_URL]).strip(), end


def _unescaped(match: re.Match[str]) -> str:
    if match[1] is None:
        return "" if match[2] == "\n" else match[2]
    number = int(match[1], 16)
    return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"


def _is_fetched(url: str) -> bool:
    return bool(url) and not url.startswith("#") and not url[:5].lower().startswith("data:")


def _link(url: str, rule: str, position: int, where: str) -> Link:
    name = f"@{rule}" if rule else "url()"
    is_active = rule in ("import", "font-face")
    return Link(url, "active" if is_active else "passive", f"{where} {name}".strip(), position)
