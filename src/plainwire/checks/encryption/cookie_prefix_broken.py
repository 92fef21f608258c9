"""A cookie breaks the rules of its __Host- or __Secure- prefix.

`__Secure-` promises a cookie with Secure, `__Host-` one with Secure, Path=/ and no Domain, so
that no neighbouring host and nobody on the way can plant it. Browsers refuse a cookie that
breaks the promise (RFC 6265bis, sections 4.1.3 and 5.7): what relies on it does not work, and
gets renamed in a hurry.

Remedy:

    Set `__Host-` cookies with Secure, Path=/ and without Domain, and `__Secure-` cookies with
    Secure.

Bad:

    from flask import Flask, make_response

    app = Flask(__name__)

    @app.get("/")
    def index():
        response = make_response({"status": "ok"})
        response.set_cookie("__Host-id", "1", secure=True, path="/account")
        return response

Good:

    from flask import Flask, make_response

    app = Flask(__name__)

    @app.get("/")
    def index():
        response = make_response({"status": "ok"})
        response.set_cookie("__Host-id", "1", secure=True, path="/")
        return response

Limits:

    Sees what the endpoints asked set in answer to GET, not what a login sets.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.wire.cookies import kept_by_name


@check(
    severity=Severity.LOW,
    cwe=(565,),
    references=("RFC 6265bis, sections 4.1.3 and 5.7",),
    reads_bodies=False,
)
async def cookie_prefix_broken(site: Site) -> AsyncIterator[Finding]:
    """One finding for each cookie name whose prefix promises what its attributes do not keep."""
    pages = (*await site.pages("https"), *await site.pages("http"))
    for found in kept_by_name((exchange for _, exchange in pages), site.now()).values():
        for cookie, exchange in found:
            if cookie.prefix_problem:
                yield cookie_prefix_broken.finding(
                    f"cookie {cookie.shown_name} is refused by browsers: {cookie.prefix_problem}",
                    exchange,
                    parameter=cookie.shown_name,
                )
                break
