"""Nothing serves the API over HTTPS.

Without a TLS listener every client must use plain HTTP, so everything it sends can be read and
altered on the way, and no other protection of the transport can take hold.

Remedy:

    Terminate TLS at a reverse proxy, or in the server with a certificate and key, and send
    clients there.

Bad:

    from flask import Flask

    http_app = Flask(__name__)

    @http_app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    https_app = Flask(__name__)

    @https_app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Looks at port 443, or at the named port, and at the ports of --https-port. A listener
    elsewhere is not seen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Exchange, Finding, Handshake, Request, Severity, Site, check


@check(
    severity=Severity.CRITICAL,
    cwe=(319,),
    references=("RFC 9325, section 3.2",),
    cap="F",
    reads_bodies=False,
)
async def no_https_listener(site: Site) -> AsyncIterator[Finding]:
    """A finding if no https origin speaks TLS while http answers."""
    endpoints = await site.tls()
    if any(endpoint.speaks_tls is not False for endpoint in endpoints):
        return
    seen = [Handshake(e.host, e.port, "a TLS ClientHello", "no TLS") for e in endpoints]
    for origin in site.target.http:
        answer = await site.ask(Request(origin, "GET", site.target.path))
        if isinstance(answer, Exchange):
            ports = " and ".join(str(endpoint.port) for endpoint in endpoints)
            yield no_https_listener.finding(
                f"no TLS on port {ports}, while plain HTTP answers on port {origin.port}",
                answer,
                *seen,
            )
            return
