"""A page loads a script of others that may change at any time.

The script comes from a package network under a name that moves on (`@5`, `latest`) and without a
hash: whoever takes over the package, or the network, runs code in every visitor's browser.

Remedy:

    Name the exact version and its hash: `integrity="sha384-…" crossorigin="anonymous"`, or serve
    a copy from your own origin.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/docs")
    def docs():
        return '<title>API</title><script src="https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/a.js"></script>'

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/docs")
    def docs():
        return ('<title>API</title><script src="/static/a.js"></script>'
                '<script src="https://cdn.jsdelivr.net/npm/swagger-ui-dist@5.17.14/a.js"></script>'
                '<script src="https://unpkg.com/a" integrity="sha384-x"></script>')

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Looks at the pages that are asked and at the usual pages of API descriptions, and at package
    networks only: what a payment or map service serves cannot be pinned.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from plainwire.model import Exchange, Finding, Operation, Severity, Site, check
from plainwire.wire.links.markup import tags
from plainwire.wire.masking import shortened
from plainwire.wire.usual_places import DESCRIPTION_PAGES

NETWORKS = (
    "cdn.jsdelivr.net",
    "fastly.jsdelivr.net",
    "unpkg.com",
    "cdnjs.cloudflare.com",
    "ajax.googleapis.com",
    "code.jquery.com",
    "esm.sh",
    "cdn.skypack.dev",
    "ga.jspm.io",
    "stackpath.bootstrapcdn.com",
    "maxcdn.bootstrapcdn.com",
)
_EXACT = re.compile(r"(?:@|/)v?\d{1,4}\.\d{1,4}\.\d{1,4}(?![\d.])|jquery-\d+\.\d+\.\d+")


@check(
    severity=Severity.LOW,
    cwe=(829, 353),
    owasp=("API10:2023",),
    references=("W3C Subresource Integrity", "CWE-829"),
)
async def third_party_script_unpinned(site: Site) -> AsyncIterator[Finding]:
    """One finding for each page, with what it loads."""
    asked = [answer for _, answer in await site.answers()]
    pages = [a for a in (*asked, *await site.present(*DESCRIPTION_PAGES)) if _is_page(a)]
    seen: set[str] = set()
    for page in pages:
        path = page.request.path.partition("?")[0]
        loose = _loose(page)
        if loose and path not in seen:
            seen.add(path)
            yield third_party_script_unpinned.finding(
                f"{path} loads {', '.join(shortened(url, 120) for url in loose[:3])} without a "
                "hash and without an exact version",
                page,
                operation=Operation("GET", path),
            )


def _is_page(answer: Exchange) -> bool:
    return answer.status == 200 and answer.content_type == "text/html"


def _loose(page: Exchange) -> list[str]:
    found: dict[str, None] = {}
    for tag in tags(page.text):
        url = (tag.get("src") if tag.name == "script" else None) or ""
        if not url or tag.get("integrity"):
            continue
        try:
            place = urlsplit(url)
            host = place.hostname
        except ValueError:
            continue
        if host in NETWORKS and not _EXACT.search(place.path):
            found[url] = None
    return list(found)
