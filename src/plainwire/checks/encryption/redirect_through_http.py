"""A redirect chain passes through plain HTTP.

One hop in clear is enough: whoever is on the way answers that hop himself, with a page of his
own and the client's cookies and query in hand, and the rest of the chain never happens.

Remedy:

    Make every redirect name https, or a path alone; behind a proxy, let the application know the
    outer scheme.

Bad:

    from flask import Flask, redirect, request

    app = Flask(__name__)

    @app.get("/")
    def index():
        if not request.is_secure:
            return redirect("https://api.example.com/", code=308)
        return redirect("http://api.example.com/home", code=302)

    @app.get("/home")
    def home():
        if not request.is_secure:
            return redirect("https://api.example.com/home", code=308)
        return {"status": "ok"}

Good:

    from flask import Flask, redirect, request

    app = Flask(__name__)

    @app.get("/")
    def index():
        if not request.is_secure:
            return redirect("https://api.example.com/", code=308)
        return redirect("/home", code=302)

    @app.get("/home")
    def home():
        if not request.is_secure:
            return redirect("https://api.example.com/home", code=308)
        return {"status": "ok"}

Limits:

    Follows the chain of the named URL on the named host and its ports, ten hops at most. A hop to
    another host is not followed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Exchange, Finding, Request, Severity, Site, check


@check(
    severity=Severity.HIGH,
    cwe=(319,),
    references=("RFC 9110, section 15.4",),
    reads_bodies=False,
)
async def redirect_through_http(site: Site) -> AsyncIterator[Finding]:
    """One finding for the first chain that has http after https."""
    for origin in (*site.target.https, *site.target.http):
        chain = await site.chain(Request(origin, "GET", site.target.path))
        hops = [answer for answer in chain if isinstance(answer, Exchange)]
        schemes = [hop.request.origin.scheme for hop in hops]
        if "https" in schemes and "http" in schemes[schemes.index("https") :]:
            way = " → ".join(hop.url for hop in hops)
            yield redirect_through_http.finding(f"the chain {way} passes through http", *hops)
            return
