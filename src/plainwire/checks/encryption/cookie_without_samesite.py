"""A session cookie leaves SameSite to the browser.

Without SameSite it depends on the browser whether another site's form or link sends the cookie
along (CSRF): Chromium takes Lax, with two minutes of grace for POST, and others send it
everywhere. A value that is none of Strict, Lax and None counts as absent (RFC 6265bis, sections
4.1.2.7 and 5.6.7).

Remedy:

    Set session cookies with `samesite="Lax"` or `"Strict"` (`SESSION_COOKIE_SAMESITE` in Flask),
    or with `"None"` and Secure where other sites must send them.

Bad:

    from flask import Flask, make_response

    app = Flask(__name__)

    @app.get("/")
    def index():
        response = make_response({"status": "ok"})
        response.set_cookie("session", "opaque", secure=True, httponly=True)
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
    stands for a session is guessed from the words of its name and the look of its value.
    SameSite=None is a choice and not reported here; without Secure browsers refuse such a
    cookie, which `cookie-without-secure` says. Other protection against CSRF is not seen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.wire.cookies import Cookie, kept_by_name
from plainwire.wire.session_names import is_session_like

MAX_SHOWN = 20


@check(
    severity=Severity.LOW,
    cwe=(1275,),
    references=("RFC 6265bis, sections 4.1.2.7 and 5.6.7",),
    reads_bodies=False,
)
async def cookie_without_samesite(site: Site) -> AsyncIterator[Finding]:
    """One finding for each session cookie's name that is set without a valid SameSite."""
    pages = (*await site.pages("https"), *await site.pages("http"))
    for found in kept_by_name((exchange for _, exchange in pages), site.now()).values():
        for cookie, exchange in found:
            if is_session_like(cookie) and cookie.same_site is None:
                yield cookie_without_samesite.finding(
                    f"cookie {cookie.shown_name}, which looks like a session, {_words(cookie)}: "
                    "whether other sites send it along is left to the browser",
                    exchange,
                    parameter=cookie.shown_name,
                )
                break


def _words(cookie: Cookie) -> str:
    if cookie.same_site_sent is None:
        return "has no SameSite"
    return f"has SameSite={cookie.same_site_sent[:MAX_SHOWN]!a}, which counts as none"
