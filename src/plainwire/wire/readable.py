"""The body of an answer as UTF-8, and why it is not known whole where it is not."""

from __future__ import annotations

import re
from dataclasses import replace

from plainwire.model import Exchange
from plainwire.wire.masking import shortened

# WHATWG Encoding, section 4.2: the labels of UTF-16. What is called UTF-32 is read as well, which
# browsers do not do, but JSON parsers.
_LABELS = {
    **dict.fromkeys(("unicodefffe", "utf-16be"), "utf-16-be"),
    **dict.fromkeys(
        ("csunicode", "iso-10646-ucs-2", "ucs-2", "unicode", "unicodefeff", "utf-16", "utf-16le"),
        "utf-16-le",
    ),
    **dict.fromkeys(("utf-32", "utf-32le"), "utf-32-le"),
    "utf-32be": "utf-32-be",
}
# Section 6, BOM sniff: a mark goes before what the header says.
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
# Where nothing says it: two characters of ASCII and where their zeros are (RFC 4627, section 3).
_PATTERNS = (
    (re.compile(rb"[\t\n\r -~]\0\0\0[\t\n\r -~]\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0\0\0[\t\n\r -~]\0\0\0[\t\n\r -~]"), "utf-32-be"),
    (re.compile(rb"[\t\n\r -~]\0[\t\n\r -~]\0"), "utf-16-le"),
    (re.compile(rb"\0[\t\n\r -~]\0[\t\n\r -~]"), "utf-16-be"),
)
# What has no ASCII in it, and is not read here: EBCDIC and what hides ASCII behind escapes.
_FOREIGN = re.compile(
    r"utf-?7|(?:x-)?ebcdic.*|(?:ibm-?|cp-?|csibm)(?:037|273|277|278|28\d|290|297|420|424|500|1026"
    r"|1047|11[34]\d)|hz-gb-2312|iso-2022-(?:kr|cn)(?:-ext)?|scsu|bocu-1"
)
_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?\s*([^\s\"';]+)", re.IGNORECASE)
_TEXT = re.compile(
    r"(?:text/.*|.*\+(?:json|xml)|application/(?:json|xml|ld\+json|x-ndjson|jsonl?|json-seq"
    r"|(?:x-)?javascript|ecmascript|graphql|yaml|x-yaml|x-www-form-urlencoded|problem\+json)|)\Z"
)
_CODINGS = ("", "identity", "gzip", "x-gzip", "deflate")
# Bytes of memory for each that may be read: ordinary documents take 3 to 8, [[],[],…] takes 24.
COST_PER_BYTE = 12
# What a check asks for beyond the user's limit, as a long description, takes no more in all.
MAX_COST = 64 << 20
BEGINNING = 64 * 1024  # bytes that are left of what takes more
# These have no end: what was heard is all that there was.
_STREAMS = ("text/event-stream", "multipart/x-mixed-replace")


def readable(answer: Exchange, limit: int, *, is_unpacked: bool = False) -> Exchange:
    """The answer with its text in UTF-8, and with the reason in ``unread`` if not all is known.

    ``limit`` is the most bytes that are taken of one. A check that asked for few bytes by itself
    (``request.body_limit``) and got them knows what it wanted. One that ``is_unpacked`` came from
    who undid its content coding, whatever it was. Of JSON whose values would take more than
    `COST_PER_BYTE` times ``limit`` in memory, or `MAX_COST` where a check set the limit, the
    beginning is left.
    """
    if not answer.body and not answer.is_cut:
        return answer
    coding = ", ".join(answer.all("content-encoding")).strip().lower()
    if coding not in _CODINGS and not is_unpacked:
        reason = f"its body came in {shortened(coding, 40)!r}, which was not asked for"
        return replace(answer, unread=reason)
    if not is_text(answer.declared_type):
        return answer
    label = _label(answer)
    if _FOREIGN.fullmatch(label):
        return replace(answer, unread=f"its body is in {shortened(label, 40)!r}, which is not read")
    known = replace(answer, body=_in_utf8(answer.body, label))
    if _cost(known.body) > _most(answer, limit):
        reason = "its JSON has more values than are read"
        return replace(known, body=known.body[:BEGINNING], is_cut=True, unread=reason)
    return replace(
        known,
        unread=known.unread
        or _cut(answer, known.content_type, "" if is_unpacked else " (--body-limit)"),
    )


def is_text(media_type: str) -> bool:
    """True for a media type whose content words can be read in, and for none."""
    return _TEXT.match(media_type) is not None


def _label(answer: Exchange) -> str:
    found = [match[1].lower() for v in answer.all("content-type") if (match := _CHARSET.search(v))]
    return found[-1] if found else ""


def _in_utf8(body: bytes, label: str) -> bytes:
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[3:] if name == "utf-8" else _recoded(body[len(mark) :], name)
    if label in _LABELS:
        return _recoded(body, _LABELS[label])
    for pattern, name in _PATTERNS:
        if pattern.match(body):
            return _recoded(body, name)
    return body


def _recoded(body: bytes, encoding: str) -> bytes:
    return body.decode(encoding, "replace").encode("utf-8", "replace")


def _cost(body: bytes) -> int:
    """About how many bytes of memory the values of a body in JSON take; 0 for any other."""
    if len(body) <= BEGINNING or body[:64].lstrip()[:1] not in (b"{", b"["):
        return 0
    containers = body.count(b"{") + body.count(b"[")
    return 100 * containers + 36 * body.count(b",") + 15 * body.count(b'"')


def _most(answer: Exchange, limit: int) -> int:
    """The most bytes of memory that the values of a body may take."""
    most = COST_PER_BYTE * limit
    return most if answer.request.body_limit is None else min(most, MAX_COST)


def _cut(answer: Exchange, kind: str, remedy: str) -> str:
    """Why the end of a body is not known. Returns an empty string if it is, or was not wanted."""
    if not answer.is_cut or kind in (*_STREAMS, "application/octet-stream"):
        return ""
    wanted = answer.request.body_limit
    if wanted is not None and len(answer.body) >= wanted:
        return ""
    if answer.is_broken:
        return f"its body broke off after {len(answer.body)} bytes"
    return f"its body is longer than {len(answer.body)} bytes{remedy}"
