"""A cookie is set over HTTPS without Secure.

A browser sends a cookie without Secure over plain HTTP as well (RFC 6265bis, section 4.1.2.5).
One link or image with an http address on any page, put there by whoever is on the way, is enough
to read a session and take it over, even where nothing listens at port 80.

Remedy:

    Set every cookie with Secure: `SESSION_COOKIE_SECURE = True` in Flask, `secure=True` in
    `set_cookie`.

Bad:

    from flask import Flask, make_response

    app = Flask(__name__)

    @app.get("/")
    def index():
        response = make_response({"status": "ok"})
        response.set_cookie("session", "opaque", httponly=True, samesite="Lax")
        return response

Good:

    from flask import Flask, make_response

    app = Flask(__name__)

    @app.get("/")
    def index():
        response = make_response({"status": "ok"})
        response.set_cookie("session", "opaque", secure=True, httponly=True, samesite="Lax")
        return response

Limits:

    Sees what the endpoints asked set in answer to GET, not what a login sets. Whether a cookie
    stands for a session is guessed from the words of its name and the look of its value. HSTS
    keeps browsers that have visited before from sending it in clear, and no other client.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.wire.cookies import kept_by_name
from plainwire.wire.session_names import is_session_like


@check(
    severity=Severity.HIGH,
    cwe=(614, 319),
    references=("RFC 6265bis, section 4.1.2.5",),
    reads_bodies=False,
)
async def cookie_without_secure(site: Site) -> AsyncIterator[Finding]:
    """One finding for each cookie name set over https without Secure; high for sessions."""
    answers = [exchange for _, exchange in await site.pages("https")]
    for found in kept_by_name(answers, site.now()).values():
        bare = [(cookie, exchange) for cookie, exchange in found if not cookie.is_secure]
        if not bare:
            continue
        cookie, exchange = max(bare, key=lambda pair: is_session_like(pair[0]))
        # What a browser refuses to store (SameSite=None, a prefix) other clients keep and send.
        refusal = cookie.rejection("https")
        yield cookie_without_secure.finding(
            f"cookie {cookie.shown_name} is set over https without Secure: it is sent in clear "
            "to any http address of the host"
            + (f" by clients that keep it (browsers refuse {refusal})" if refusal else ""),
            exchange,
            severity=Severity.HIGH if is_session_like(cookie) else Severity.LOW,
            parameter=cookie.shown_name,
        )
