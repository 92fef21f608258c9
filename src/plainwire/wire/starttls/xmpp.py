"""The dialogue of XMPP (RFC 6120, section 5): a stream, its features, starttls.

No XML parser sees these bytes: only the ends of two elements are looked for.
"""

from __future__ import annotations

import re

from plainwire.wire.starttls.dialogue import RefusedError, Script, Whole

TLS = b"urn:ietf:params:xml:ns:xmpp-tls"
_FEATURES = re.compile(rb"<(?:\w{1,20}:)?features\s*/>|</(?:\w{1,20}:)?(?:features|stream)\s*>")
_ANSWER = re.compile(
    rb"<(?:\w{1,20}:)?proceed\b[^<>]{0,400}(?:/>|>\s{0,20}</(?:\w{1,20}:)?proceed\s*>)"
    rb"|<(?:\w{1,20}:)?failure\b[^<>]{0,400}>|</(?:\w{1,20}:)?stream\s*>"
)


def xmpp(host: str) -> Script:
    """XMPP between client and server, on port 5222."""
    opening = (
        f"<?xml version='1.0'?><stream:stream to='{host}' version='1.0' "
        "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
    )
    features = yield opening.encode("ascii"), _up_to(_FEATURES)
    if TLS not in features:
        raise RefusedError("the server does not offer starttls")
    answer = yield b"<starttls xmlns='" + TLS + b"'/>", _up_to(_ANSWER)
    if b"proceed" not in answer[:40]:
        raise RefusedError("the server answered failure to starttls")
    return b""


def _up_to(pattern: re.Pattern[bytes]) -> Whole:
    def whole(buffer: bytes) -> int | None:
        found = pattern.search(buffer)
        return found.end() if found else None

    return whole
