"""A page served over HTTPS shows images, sound or film from http.

Whoever is on the way sees what is shown, and with it which page is read, and puts something else
in its place: another price, another QR code, another button. Browsers that follow W3C Mixed
Content Level 2 (section 3.1, "upgradeable") ask over https instead, and show nothing where that
fails; older ones and other clients load it in clear.

Remedy:

    Write https, or a path without scheme and host, for every image, sound and film, and serve them
    over HTTPS.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return '<title>Pay</title><img src="http://static.example.com/qr.png" alt="Account">'

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return '<title>Pay</title><img src="https://static.example.com/qr.png" alt="Account">'

Limits:

    Sees what HTML and style sheets say, and at most 20 style sheets and scripts of the pages' own
    origin, one level deep, redirects unfollowed; images that scripts set are not seen. Images of
    srcset are active content by the standard. http on loopback is potentially trustworthy (W3C
    Secure Contexts, section 3.1) and does not count, unless loopback is what is scanned. Where a
    policy says upgrade-insecure-requests, it is noted as information.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.wire.insecure_links import listed
from plainwire.wire.links import left_out
from plainwire.wire.page_parts import insecure_links_of, is_upgraded


@check(
    severity=Severity.LOW,
    cwe=(319,),
    references=("W3C Mixed Content Level 2, section 3.1", "W3C Upgrade Insecure Requests"),
    left_out=left_out,
)
async def mixed_content_passive(site: Site) -> AsyncIterator[Finding]:
    """One finding for each page over https that shows something from http."""
    pages = await site.pages("https")
    answers = await site.loaded_by(page for _, page in pages)
    for endpoint, page in pages:
        every = insecure_links_of(page, answers)
        found = [each for each in every if each.scheme == "http" and each.kind == "passive"]
        if not found:
            continue
        upgraded = is_upgraded(page)
        yield mixed_content_passive.finding(
            f"{endpoint.operation.path} shows images, sound or film from http: "
            + listed(each.url for each in found)
            + ("; upgrade-insecure-requests protects browsers only" if upgraded else ""),
            *dict.fromkeys((page, *(each.source for each in found))),
            severity=Severity.INFO if upgraded else None,
            operation=endpoint.operation,
        )
