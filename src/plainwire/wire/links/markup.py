"""The tags of an HTML document, found in one pass whatever the document does.

`html.parser` takes time in the square of its input for unclosed comments and tags (measured on
Python 3.11.7: 9 s for 32 KiB of ``<a ``), which a hostile body can hold. This reads tags only,
as the HTML standard's tokenizer does (section 13.2.5), and never looks at a character twice.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_ATTRIBUTES = 256

# Elements whose content is text up to their own end tag (HTML, sections 13.2.5.1 to 13.2.5.3).
_RAW_TEXT = frozenset(
    {"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"}
)
_OPEN = re.compile(r"<(?:!--|[!?]|/?[A-Za-z])")
_NAME = re.compile(r"[^\s/>]*")
_ATTRIBUTE = re.compile(r"[\s/]*+(?:(?P<end>>)|(?P<name>[^\s/>][^\s/>=]*+)(?P<equals>\s*+=\s*+)?)")
_UNQUOTED = re.compile(r"[^\s>]*")
_REFERENCE = re.compile(r"&(?:#[xX]?[0-9a-fA-F]{1,8};?|[A-Za-z][A-Za-z0-9]{1,31};?)")
_END_TAG = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _RAW_TEXT}


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag or an end tag. Names are in lower case, of equal attributes the first counts.

    ``text`` is the content of a raw text element such as script or style, ``text_position`` where
    it begins; positions count characters.
    """

    name: str
    attributes: dict[str, str]
    position: int
    is_end: bool = False
    text: str = ""
    text_position: int = 0

    def get(self, name: str) -> str | None:
        """An attribute's value with its character references resolved. None if it is absent."""
        value = self.attributes.get(name)
        return None if value is None else resolved(value)


def resolved(text: str) -> str:
    """The text with its character references resolved, each bounded in length."""
    return _REFERENCE.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text


def tags(document: str) -> Iterator[Tag]:
    """Every start and end tag in order; comments and the content of raw text are passed over."""
    at = 0
    while (match := _OPEN.search(document, at)) is not None:
        opening = match[0]
        if opening == "<!--":
            at = _after(document, "-->", match.end())
        elif opening in ("<!", "<?"):
            at = _after(document, ">", match.end())
        else:
            is_end = opening.startswith("</")
            name = _NAME.match(document, match.end() - 1)
            assert name is not None
            attributes, at = _attributes(document, name.end())
            if at < 0:
                return  # the document ends within a tag, which is then none (13.2.5.8)
            tag = Tag(name[0].lower(), attributes, match.start(), is_end)
            if not is_end and tag.name in _RAW_TEXT:
                tag, at = _with_text(document, tag, at)
            yield tag


def _after(document: str, mark: str, at: int) -> int:
    found = document.find(mark, at)
    return len(document) if found < 0 else found + len(mark)


def _attributes(document: str, at: int) -> tuple[dict[str, str], int]:
    """The attributes from ``at`` and the place after the tag, -1 if it never closes."""
    attributes: dict[str, str] = {}
    while (match := _ATTRIBUTE.match(document, at)) is not None:
        at = match.end()
        if match["end"]:
            return attributes, at
        value = ""
        if match["equals"]:
            value, at = _value(document, at)
            if at < 0:
                break
        if len(attributes) < MAX_ATTRIBUTES:
            attributes.setdefault(match["name"].lower(), value)
    return attributes, -1


def _value(document: str, at: int) -> tuple[str, int]:
    quote = document[at : at + 1]
    if quote in ('"', "'") and quote:
        end = document.find(quote, at + 1)
        return (document[at + 1 : end], end + 1) if end >= 0 else ("", -1)
    match = _UNQUOTED.match(document, at)
    assert match is not None
    return match[0], match.end()


def _with_text(document: str, tag: Tag, at: int) -> tuple[Tag, int]:
    closing = _END_TAG[tag.name].search(document, at)
    end = closing.start() if closing else len(document)
    return Tag(tag.name, tag.attributes, tag.position, False, document[at:end], at), end
