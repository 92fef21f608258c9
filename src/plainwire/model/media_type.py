"""What kind of thing a body is: what its answer says, else what it looks like."""

from __future__ import annotations

import re
from collections.abc import Iterable

LOOKED_AT = 1445  # bytes (WHATWG MIME Sniffing, section 5.2)

_TYPE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Section 7, step 1: these say that the server does not know.
_UNKNOWN = frozenset({"unknown/unknown", "application/unknown", "*/*"})
# Section 7.1: tags that a page begins with, and what may follow them.
_HTML = re.compile(
    rb"(?i)<(?:(?:!DOCTYPE HTML|HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|B|BODY|BR"
    rb"|P)[ >]|!--)"
)
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_BLANK = b"\t\n\x0c\r "


def declared_type(values: Iterable[str]) -> str:
    """The media type that Content-Type ``values`` declare, in lower case without parameters.

    The last one that is a type counts (Fetch Standard, extract a MIME type). Returns an empty
    string if none is, or if it says that the type is unknown.
    """
    found = ""
    for value in values:
        kind = value.partition(";")[0].strip().lower()
        found = kind if _TYPE.fullmatch(kind) else found
    return "" if found in _UNKNOWN else found


def looks_like(body: bytes, *, may_be_page: bool = True) -> str:
    """The media type that a body without one is taken for. Returns an empty string for no body.

    As browsers do it for HTML and XML (WHATWG MIME Sniffing, section 7.1), for HTML only if it
    ``may_be_page`` (no nosniff). What begins and ends as JSON does is JSON, since programs read it
    so whatever it is called.
    """
    start = body[:LOOKED_AT].lstrip(_BLANK)
    if not start:
        return "" if not body else "text/plain"
    if _HTML.match(start):
        return "text/html" if may_be_page else "text/plain"
    if start.startswith(b"<?xml"):
        return "text/xml"
    if is_like_json(body):
        return "application/json"
    return "application/octet-stream" if _BINARY.search(body[:LOOKED_AT]) else "text/plain"


def is_like_json(body: bytes) -> bool:
    """True if a body begins and ends as an object or a list of JSON does."""
    ends = body[:LOOKED_AT].lstrip(_BLANK)[:1] + body[-LOOKED_AT:].rstrip(_BLANK)[-1:]
    return ends in (b"{}", b"[]")
