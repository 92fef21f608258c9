"""Plain HTTP redirects to another host before it redirects to HTTPS.

A browser can only remember that a host is HTTPS-only (RFC 6797) if it visits that host over
HTTPS. Where http://example.com sends it straight to another name, example.com itself stays open
to interception on every visit, and so does an address that does not redirect to https at all.

Remedy:

    Redirect http://HOST to https://HOST first, and from there to any other name.

Bad:

    from flask import Flask, redirect

    http_app = Flask(__name__)
    https_app = Flask(__name__)

    @http_app.get("/", defaults={"path": ""})
    @http_app.get("/<path:path>")
    def elsewhere(path):
        return redirect("https://www.example.net/" + path, code=308)

    @https_app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask, redirect, request

    http_app = Flask(__name__)
    https_app = Flask(__name__)

    @http_app.get("/", defaults={"path": ""})
    @http_app.get("/<path:path>")
    def same_host(path):
        return redirect("https://" + request.host + "/" + path, code=308)

    @https_app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    The other host is not asked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.wire.masking import shortened


@check(
    severity=Severity.MEDIUM,
    cwe=(319,),
    references=("RFC 6797, section 7.2", "hstspreload.org, submission requirements"),
    reads_bodies=False,
)
async def redirect_leaves_host(site: Site) -> AsyncIterator[Finding]:
    """One finding for a host whose first hop in clear is not to itself over https."""
    for item in await site.cleartext():
        if item.verdict == "redirected-elsewhere":
            where = shortened(item.exchange.header("location") or "")
            yield redirect_leaves_host.finding(
                f"the first redirect from plain HTTP goes to {where!r}, "
                "not to https on the same host",
                item.exchange,
            )
            return
