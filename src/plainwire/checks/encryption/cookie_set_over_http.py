"""A cookie is set over plain HTTP.

Whoever is on the way reads the cookie in the answer, and a redirect to https does not take that
back. A session that started so is theirs as well, also after the login that follows on https,
unless that sets another one (RFC 6265bis, section 8.3).

Remedy:

    Set cookies in answers over https only: let the proxy redirect or refuse plain HTTP before
    the application is asked, and mark every cookie Secure.

Bad:

    from flask import Flask, make_response

    app = Flask(__name__)

    @app.get("/")
    def index():
        response = make_response({"status": "ok"})
        response.set_cookie("session", "opaque", secure=True, httponly=True, samesite="Lax")
        return response

Good:

    from flask import Flask, make_response, request

    app = Flask(__name__)

    @app.get("/")
    def index():
        if not request.is_secure:
            return {"title": "HTTPS is required"}, 403
        response = make_response({"status": "ok"})
        response.set_cookie("session", "opaque", secure=True, httponly=True, samesite="Lax")
        return response

Limits:

    Sees what the endpoints asked set in answer to GET, not what a login sets. Whether a cookie
    stands for a session is guessed from the words of its name and the look of its value.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.wire.cookies import kept_by_name
from plainwire.wire.session_names import is_session_like


@check(
    severity=Severity.HIGH,
    cwe=(319, 614),
    references=("RFC 6265bis, section 8.3",),
    reads_bodies=False,
)
async def cookie_set_over_http(site: Site) -> AsyncIterator[Finding]:
    """One finding for each cookie name that is set in clear, also by redirects."""
    answers = [exchange for _, exchange in await site.pages("http")]
    for found in kept_by_name(answers, site.now()).values():
        cookie, exchange = max(found, key=lambda pair: is_session_like(pair[0]))
        yield cookie_set_over_http.finding(
            f"cookie {cookie.shown_name} is set in an answer over plain HTTP ({exchange.status}): "
            "anyone on the way reads it"
            + (", although browsers refuse it there for its Secure" if cookie.is_secure else ""),
            exchange,
            severity=Severity.HIGH if is_session_like(cookie) else Severity.LOW,
            parameter=cookie.shown_name,
        )
