"""Headers name the software with its version.

A version in Server or X-Powered-By tells anybody which published weaknesses to try, and lets
search engines of the whole internet list the hosts that have them. It helps no client.

Remedy:

    Leave the version out: `server_tokens off` in nginx, `ServerTokens Prod` in Apache, no
    X-Powered-By, and a production server in the place of a framework's development server.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.after_request
    def banner(response):
        response.headers["X-Powered-By"] = "PHP/8.1.2"
        return response

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.after_request
    def banner(response):
        response.headers["Server"] = "gunicorn"
        response.headers["Via"] = "1.1 varnish"
        return response

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Reads the headers that name software, of every endpoint asked over both schemes. A name
    without a version is no finding, and whether the version is an old one is not judged.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

from plainwire.model import Exchange, Finding, Severity, Site, check

HEADERS = ("server", "x-powered-by", "x-aspnet-version", "x-aspnetmvc-version", "x-generator")
# A product with a version of at least two numbers (RFC 9110, section 10.1.5), or such a version
# alone: "Apache/2" and "HTTP/2" tell too little.
_VERSION = re.compile(r"(?:^|[A-Za-z\])][ /(])v?\d{1,5}\.\d{1,5}")


@check(
    severity=Severity.LOW,
    cwe=(200, 497),
    references=("RFC 9110, section 10.2.4", "OWASP API Security Top 10 2023, API8"),
    reads_bodies=False,
)
async def version_banner(site: Site) -> AsyncIterator[Finding]:
    """One finding for the site, with every banner that it shows."""
    over = await asyncio.gather(site.pages("https"), site.pages("http"))
    banners: dict[str, Exchange] = {}
    for _, exchange in (*over[0], *over[1]):
        for name in HEADERS:
            for value in exchange.all(name):
                if _VERSION.search(value[:500]):
                    banners.setdefault(f"{name.title()}: {value[:100]}", exchange)
    if banners:
        shown = tuple(dict.fromkeys(banners.values()))[:3]
        yield version_banner.finding(f"answers carry {', '.join(list(banners)[:5])}", *shown)
