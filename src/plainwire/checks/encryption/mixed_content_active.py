"""A page served over HTTPS loads code or data over http.

Scripts, style sheets, frames, plug-ins and what scripts fetch act on the page (W3C Mixed Content
Level 2, section 3.2, "blockable"): whoever is on the way of that one cleartext request runs code
in the page, reads what it shows and sends what its user may send. Browsers that follow the
standard block the request, so that the page is broken for them; web views with mixed content
allowed, older browsers and other clients load it.

Remedy:

    Write https, or a path without scheme and host, in templates and scripts, let the framework
    make URLs from the request's own scheme, and serve what is loaded over HTTPS.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return (
            "<title>Accounts</title>"
            "<script>fetch('http://api.example.com/accounts').then(show)</script>"
        )

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return "<title>Accounts</title><script>fetch('/accounts').then(show)</script>"

Limits:

    Sees what HTML, style sheets and scripts say, and at most 20 style sheets and scripts of the
    pages' own origin, one level deep, redirects unfollowed; nothing is run. An address in a script
    counts where it is given to a call that fetches or to an element that is named as a script or a
    frame, and where it is given to a name that is fetched from or written as markup in a string
    (the finding is firm then, not certain). htmx attributes, import maps and srcdoc
    are read. An address that a script takes by the page's own scheme, or in the place of one
    over TLS (`a ? "https://…" : "http://…"`), does not count. http on loopback is potentially
    trustworthy (W3C Secure Contexts, section 3.1) and does not count, unless loopback is what is
    scanned. Where a policy says upgrade-insecure-requests, browsers ask over https, and it is
    noted as information.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Confidence, Finding, Severity, Site, check
from plainwire.wire.insecure_links import listed
from plainwire.wire.links import left_out
from plainwire.wire.page_parts import insecure_links_of, is_upgraded


@check(
    severity=Severity.HIGH,
    cwe=(319, 829),
    references=("W3C Mixed Content Level 2, section 3.2", "W3C Upgrade Insecure Requests"),
    left_out=left_out,
)
async def mixed_content_active(site: Site) -> AsyncIterator[Finding]:
    """One finding for each page over https that loads what acts on it over http."""
    pages = await site.pages("https")
    answers = await site.loaded_by(page for _, page in pages)
    for endpoint, page in pages:
        every = insecure_links_of(page, answers)
        found = [each for each in every if each.scheme == "http" and each.kind == "active"]
        if not found:
            continue
        upgraded = is_upgraded(page)
        yield mixed_content_active.finding(
            f"{endpoint.operation.path} loads over http what acts on the page: "
            + listed(each.url for each in found)
            + ("; upgrade-insecure-requests protects browsers only" if upgraded else ""),
            *dict.fromkeys((page, *(each.source for each in found))),
            severity=Severity.INFO if upgraded else None,
            confidence=Confidence.FIRM
            if all(each.is_indirect for each in found)
            else Confidence.CERTAIN,
            operation=endpoint.operation,
        )
