"""A session cookie is readable by scripts.

Without HttpOnly every script of the page reads the cookie (RFC 6265bis, section 4.1.2.6): one
injected script, or one that was altered on the way, takes the session with it and uses it
elsewhere.

Remedy:

    Set session cookies with HttpOnly: `httponly=True` in `set_cookie`; Flask's own session has
    it unless `SESSION_COOKIE_HTTPONLY` was switched off.

Bad:

    from flask import Flask, make_response

    app = Flask(__name__)

    @app.get("/")
    def index():
        response = make_response({"status": "ok"})
        response.set_cookie("session", "opaque", secure=True, samesite="Lax")
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
    stands for a session is guessed from the words of its name and the look of its value. Tokens
    against CSRF are readable by design and left out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.wire.cookies import kept_by_name
from plainwire.wire.session_names import is_session_like


@check(
    severity=Severity.MEDIUM,
    cwe=(1004,),
    references=("RFC 6265bis, section 4.1.2.6",),
    reads_bodies=False,
)
async def cookie_without_httponly(site: Site) -> AsyncIterator[Finding]:
    """One finding for each session cookie's name that is set without HttpOnly over any scheme."""
    pages = (*await site.pages("https"), *await site.pages("http"))
    for found in kept_by_name((exchange for _, exchange in pages), site.now()).values():
        for cookie, exchange in found:
            if is_session_like(cookie) and not cookie.is_http_only:
                yield cookie_without_httponly.finding(
                    f"cookie {cookie.shown_name} looks like a session and has no HttpOnly: "
                    "scripts read it",
                    exchange,
                    parameter=cookie.shown_name,
                )
                break
