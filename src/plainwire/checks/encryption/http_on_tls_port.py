"""The TLS port also serves plain HTTP.

A port that speaks both protocols gives a client that was told the wrong scheme an answer instead
of an error, so that the mistake stays unseen while everything crosses the network in clear.

Remedy:

    Answer plain HTTP on the TLS port with a constant 400, or close the connection.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    https_app = Flask(__name__)

    @https_app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Asks the named path and a random one in clear on each TLS port.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Exchange, Finding, Origin, Request, Severity, Site, check
from plainwire.wire.cleartext import redirects_to_https


@check(
    severity=Severity.HIGH,
    cwe=(319,),
    references=("RFC 9110, section 4.2.2",),
    reads_bodies=False,
)
async def http_on_tls_port(site: Site) -> AsyncIterator[Finding]:
    """One finding for each TLS port that serves content in clear."""
    for tls in site.target.https:
        twin = await site.ask(Request(tls, "GET", site.target.path))
        # An answer over https tells at once what the probe tells at its end.
        if not isinstance(twin, Exchange) and not (await site.tls_of(tls)).speaks_tls:
            continue
        clear = Origin("http", tls.host, tls.port)
        answer = await site.ask(Request(clear, "GET", site.target.path))
        if not isinstance(answer, Exchange) or redirects_to_https(answer):
            continue
        if await site.refuses(answer):
            continue
        yield http_on_tls_port.finding(
            f"port {tls.port} speaks TLS and answers {answer.status} to plain HTTP too", answer
        )
