"""An answer over HTTPS links to its own host over http.

A client that follows the link leaves HTTPS: the request, often with its token or cookie, crosses
the network in clear before any redirect brings it back, and whoever is on the way answers in the
server's place. Pagination and resource links of APIs become http where the application behind a
proxy does not know the client's scheme (Django REST, Flask's url_for and others compose them so).

Remedy:

    Let the proxy say the client's scheme in a header that the application believes from it only
    (ProxyFix with an exact number of hops), or link by path without scheme and host.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def accounts():
        return {"accounts": [], "next": "http://api.example.com/?page=2"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def accounts():
        return {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "accounts": [],
            "next": "https://api.example.com/?page=2",
        }

Limits:

    Own means the scanned host and its subdomains. In HTML and scripts only links to those count,
    and a refresh (meta http-equiv) to any host, which browsers follow by themselves;
    in JSON answers links to other hosts are noted as information. Identifiers (XML namespaces,
    schemas, the type of a problem document) are not links. OpenAPI documents have a check of
    their own, headers (Link, Location) and XML answers are not looked at. http on loopback does
    not count, unless loopback is what is scanned. Links of style sheets and scripts that a page
    loads are mixed content.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Endpoint, Exchange, Finding, Severity, Site, check
from plainwire.wire.insecure_links import InsecureLink, insecure_links, is_own, listed
from plainwire.wire.links import left_out


@check(
    severity=Severity.LOW,
    cwe=(319,),
    references=("RFC 9110, section 4.2.2", "RFC 6797, section 2.3.1"),
    left_out=left_out,
)
async def cleartext_link(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint whose answer over https leads to http."""
    described = {document.url for document, _ in await site.documents()}
    for endpoint, page in await site.pages("https"):
        if page.url in described:
            continue
        found = [each for each in insecure_links(page) if _is_followed(each, page)]
        host = page.request.origin.host
        own = [each for each in found if is_own(each.host, host)]
        if own:
            yield _finding(endpoint, page, own, f"links to {host} itself", None)
        elif gone := [each for each in found if each.where.endswith("meta refresh")]:
            yield _finding(endpoint, page, gone, "sends browsers on to another host", None)
        elif found and "json" in page.content_type:
            yield _finding(endpoint, page, found, "links to other hosts", Severity.INFO)


def _is_followed(link: InsecureLink, page: Exchange) -> bool:
    """True for a link that a client follows, and none that it loads or that only names."""
    if page.content_type == "application/problem+json" and link.where == "/type":
        return False  # an identifier first of all (RFC 9457, section 3.1.1)
    return link.scheme == "http" and link.kind in ("navigation", "data")


def _finding(
    endpoint: Endpoint,
    page: Exchange,
    found: list[InsecureLink],
    what: str,
    severity: Severity | None,
) -> Finding:
    return cleartext_link.finding(
        f"{endpoint.operation.path} {what} over http: " + listed(each.url for each in found),
        page,
        severity=severity,
        operation=endpoint.operation,
    )
