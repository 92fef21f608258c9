"""The plain HTTP port also speaks TLS.

A port that speaks both protocols hides mistakes: a client or a proxy that was given the wrong
scheme is answered all the same, and nobody sees which of the two is in use.

Remedy:

    Serve TLS on its own port, and let port 80 do nothing but redirect or refuse.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    http_app = Flask(__name__)

    @http_app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Not looked at where one port was named and both protocols are tried on it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Handshake, Origin, Severity, Site, check


@check(severity=Severity.LOW, cwe=(693,), references=("RFC 9110, section 4.2.2",))
async def tls_on_http_port(site: Site) -> AsyncIterator[Finding]:
    """One finding for each http-only port that completes a TLS hello."""
    for clear in site.target.http:
        twin = Origin("https", clear.host, clear.port)
        if twin in site.target.https:
            continue
        if (await site.tls_of(twin)).speaks_tls:
            yield tls_on_http_port.finding(
                f"port {clear.port} is for plain HTTP and answers a TLS ClientHello too",
                Handshake(clear.host, clear.port, "a TLS ClientHello", "a ServerHello"),
            )
