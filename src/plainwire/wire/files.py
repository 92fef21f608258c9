"""Files among answers: what a web server sends from a folder is no operation of an API."""

from __future__ import annotations

from plainwire.model import Exchange


def is_file(answer: Exchange) -> bool:
    """True for an answer that comes in ranges or has the validators of a file.

    Web servers send ``Accept-Ranges: bytes`` with a file (RFC 9110, section 14.3), or a
    Last-Modified beside an ETag; what an application makes of a table has neither.
    """
    ranges = (answer.header("accept-ranges") or "").strip().lower()
    has_validators = bool(answer.header("last-modified") and answer.header("etag"))
    return ranges == "bytes" or has_validators
