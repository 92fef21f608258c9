"""An answer over HTTPS names a ws:// address.

A WebSocket over ws has neither secrecy nor integrity: whoever is on the way reads and writes
every message, and the handshake carries cookies in clear (RFC 6455, section 10.6). Browsers
refuse to open one from a page served over HTTPS, so that the feature is dead for them; API
clients, mobile applications and scripts that read the address from a JSON answer do not refuse,
and connect in clear.

Remedy:

    Name wss addresses only, serve the WebSocket over TLS on the host's https port, and close it in
    clear.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def channels():
        return {"events": "ws://api.example.com/events"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def channels():
        return {"events": "wss://api.example.com/events"}

Limits:

    Sees ws addresses in HTML, JSON and scripts, and in at most 20 scripts of the pages' own
    origin, one level deep. No WebSocket is opened. An address that a script takes by the page's
    own scheme, or in the place of one over TLS (`a ? "wss://…" : "ws://…"`), does not count, and
    neither does ws on loopback, unless loopback is what is scanned.
    Where a page's policy says upgrade-insecure-requests, browsers connect over wss, and it is
    noted as information; no policy protects who reads a JSON answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.wire.insecure_links import listed
from plainwire.wire.links import left_out
from plainwire.wire.page_parts import insecure_links_of, is_upgraded


@check(
    severity=Severity.HIGH,
    cwe=(319,),
    references=("RFC 6455, section 10.6", "W3C Mixed Content Level 2, section 3.2"),
    left_out=left_out,
)
async def cleartext_websocket(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint whose answer over https leads to a WebSocket in clear."""
    pages = await site.pages("https")
    answers = await site.loaded_by(page for _, page in pages)
    for endpoint, page in pages:
        found = [each for each in insecure_links_of(page, answers) if each.scheme == "ws"]
        if not found:
            continue
        upgraded = is_upgraded(page) and "json" not in page.content_type
        yield cleartext_websocket.finding(
            f"{endpoint.operation.path} leads to WebSockets in clear: "
            + listed(each.url for each in found)
            + ("; upgrade-insecure-requests protects browsers only" if upgraded else ""),
            *dict.fromkeys((page, *(each.source for each in found))),
            severity=Severity.INFO if upgraded else None,
            operation=endpoint.operation,
        )
