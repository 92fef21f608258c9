"""The source enforces HTTPS on a route, and the server serves it in clear.

A redirect in a proxy's configuration, Talisman, a before_request hook or a decorator enforces
HTTPS in the files that were read, but the running server answers the same route over plain HTTP:
another configuration is deployed, a port lies beside the proxy, or the check reads a header that
is not set. Whoever trusts the source is wrong about what is on the wire (CWE-319, CWE-693).

Remedy:

    Deploy the configuration that the source has, close every port beside the proxy, and take the
    scheme from ProxyFix with the true number of proxies rather than from a header by hand.

Bad:

    from flask import Flask, redirect, request

    app = Flask(__name__)

    @app.before_request
    def to_https():
        if request.headers.get("X-Forwarded-Proto") == "http":
            return redirect(request.url.replace("http://", "https://", 1))

    @app.get("/")
    def balance():
        return {"balance": 12}

    source = '''
    --- app.py
    from flask import Flask, redirect, request
    app = Flask(__name__)
    @app.before_request
    def to_https():
        if request.headers.get("X-Forwarded-Proto") == "http":
            return redirect(request.url.replace("http://", "https://", 1))
    @app.get("/")
    def balance():
        return {"balance": 12}
    '''

Good:

    from flask import Flask, redirect, request

    app = Flask(__name__)

    @app.before_request
    def to_https():
        if not request.is_secure:
            return redirect(request.url.replace("http://", "https://", 1), 308)

    @app.get("/")
    def balance():
        return {"balance": 12}

    source = '''
    --- app.py
    from flask import Flask, redirect, request
    app = Flask(__name__)
    @app.before_request
    def to_https():
        if not request.is_secure:
            return redirect(request.url.replace("http://", "https://", 1), 308)
    @app.get("/")
    def balance():
        return {"balance": 12}
    '''

Limits:

    Needs the source (``--source``). Routes that change something are not asked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check


@check(
    severity=Severity.HIGH,
    cwe=(319, 693),
    references=("RFC 9110, section 4.2.2", "OWASP ASVS 4.0.3, 9.1.1"),
    reads_bodies=False,
)
async def https_promised_not_kept(site: Site) -> AsyncIterator[Finding]:
    """One finding for each place that enforces HTTPS, at the first route served in clear."""
    promised = {o.request.path: o for o in await site.operations() if o.request and o.https_by}
    if not promised:
        return
    told = set()
    for item in await site.cleartext():
        operation = promised.get(item.exchange.request.path)
        if operation is None or item.verdict != "served" or operation.https_by in told:
            continue
        by = operation.https_by
        assert by is not None
        told.add(by)
        yield https_promised_not_kept.finding(
            f"{by.path}:{by.line} enforces HTTPS, and {operation.path} answers "
            f"{item.exchange.status} over plain HTTP",
            item.exchange,
            by,
            operation=item.endpoint.operation,
        )
