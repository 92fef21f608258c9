"""HAR 1.2: what a browser, ZAP or Burp recorded, as exchanges. Any bytes give them or `WireError`.

A capture holds the recorder's own credentials. They are kept apart from the exchanges
(`Capture.secrets`), so that no finding shows one.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from plainwire.model import Exchange, Headers, Origin, Request, Target, UsageError, WireError
from plainwire.wire.readable import readable
from plainwire.wire.target import parse_target

MAX_BYTES = 256 << 20
MAX_ENTRIES = 20_000
MAX_BODY = 1 << 20
MAX_HEADERS = 200
CREDENTIALS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-auth-token"}
)


@dataclass(frozen=True, slots=True)
class Capture:
    """The exchanges in order; ``skipped`` says what of the file was none.

    The request of one that carried a credential has the identity "given", else None; its headers
    are left out. ``secrets`` are the credentials' values.
    """

    exchanges: tuple[Exchange, ...]
    skipped: tuple[str, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def origins(self) -> tuple[Origin, ...]:
        """The origins that were asked, the one asked most first."""
        return tuple(o for o, _ in Counter(e.request.origin for e in self.exchanges).most_common())


def read(data: bytes) -> Capture:
    """The exchanges in a HAR file.

    Raises:
        WireError: if it is none: not JSON, too large, or without ``log.entries``.
    """
    if len(data) > MAX_BYTES:
        raise WireError(f"HAR 1.2: more than {MAX_BYTES >> 20} MiB")
    try:
        document = json.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        raise WireError("HAR 1.2: not JSON") from None
    log = document.get("log") if isinstance(document, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        raise WireError("HAR 1.2: no log.entries")
    found: list[Exchange] = []
    secrets: dict[str, None] = {}
    unread = 0
    for entry in entries[:MAX_ENTRIES]:
        try:
            exchange, own = _exchange(_object(entry))
        except (WireError, UsageError):
            unread += 1
            continue
        found.append(exchange)
        secrets.update(dict.fromkeys(own))
    skipped = [f"{unread} entries are no answered http request"] if unread else []
    if len(entries) > MAX_ENTRIES:
        skipped.append(f"more than {MAX_ENTRIES} entries")
    return Capture(tuple(found), tuple(skipped), tuple(secrets))


def _exchange(entry: dict[str, Any]) -> tuple[Exchange, tuple[str, ...]]:
    asked, told = _object(entry.get("request")), _object(entry.get("response"))
    url, method, status = asked.get("url"), asked.get("method"), told.get("status")
    if not isinstance(url, str) or not isinstance(method, str) or not isinstance(status, int):
        raise WireError("HAR 1.2: an entry without URL, method or status")
    if not 100 <= status <= 999 or not method.isalpha() or len(method) > 32:
        raise WireError("HAR 1.2: no answer")
    target, _ = parse_target(url)
    headers = _headers(asked.get("headers"))
    own = tuple(value for name, value in headers if name.lower() in CREDENTIALS)
    request = Request(
        _origin(target), method.upper(), target.path, identity="given" if own else None
    )
    content = _object(told.get("content", {}))
    body, is_cut = _body(content)
    size = content.get("size")
    is_lost = not body and isinstance(size, int) and size > 0 and method.upper() != "HEAD"
    address = entry.get("serverIPAddress")
    exchange = Exchange(
        request,
        status,
        _headers(told.get("headers")),
        body,
        is_cut,
        address=address[:64] if isinstance(address, str) else "",
        unread="the capture does not hold its body" if is_lost else "",
    )
    if content.get("encoding") == "base64" or is_cut:  # other text was decoded by who recorded it
        exchange = readable(exchange, MAX_BODY, is_unpacked=True)
    return exchange, tuple(part for value in own for part in _parts(value))


def _origin(target: Target) -> Origin:
    """The one origin of a URL with a scheme."""
    if target.named is None:
        raise WireError("HAR 1.2: a URL without a scheme")
    return target.http[0] if target.named == "http" else target.https[0]


def _parts(value: str) -> list[str]:
    """A credential's value, and what of it is a secret by itself."""
    pairs = [pair.partition("=")[2].strip() for pair in value.split(";")]
    return [part for part in (value, value.partition(" ")[2], *pairs) if len(part) > 7]


def _headers(value: Any) -> Headers:
    lines = value[:MAX_HEADERS] if isinstance(value, list) else []
    pairs = [(e.get("name"), e.get("value")) for e in lines if isinstance(e, dict)]
    return tuple(
        (name[:256], text[:16384])
        for name, text in pairs
        if isinstance(name, str) and isinstance(text, str) and not name.startswith(":")
    )


def _body(content: dict[str, Any]) -> tuple[bytes, bool]:
    """The body, at most `MAX_BODY` of it, and whether there was more."""
    text = content.get("text")
    if not isinstance(text, str):
        return b"", False
    if content.get("encoding") == "base64":
        try:
            body = base64.b64decode(text[: MAX_BODY * 2 // 3 * 2])
        except (binascii.Error, ValueError):
            return b"", True
        return body[:MAX_BODY], len(text) > MAX_BODY * 4 // 3
    body = text[: MAX_BODY + 1].encode("utf-8", "replace")
    return body[:MAX_BODY], len(body) > MAX_BODY


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise WireError("HAR 1.2: not an object")
    return value
