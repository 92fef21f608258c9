"""A page does not tell browsers what it may load, nor who may frame it.

A Content-Security-Policy keeps a script that got into a page from running, and frame-ancestors
keeps others from laying the page under their own. Both matter where people use the page.

Remedy:

    Send a Content-Security-Policy with `script-src` and `frame-ancestors` along with pages
    (Flask-Talisman, or the server's configuration).

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return "<title>Login</title><form method=post><input name=user></form>"

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        policy = "default-src 'self'; frame-ancestors 'none'"
        return "<title>Login</title><form></form>", {"Content-Security-Policy": policy}

    @app.get("/data")
    def data():
        return {"status": "ok"}

Limits:

    Looks at pages that the application serves, never at JSON, errors or redirects; one finding
    for the site. What a policy allows is not judged.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Exchange, Finding, Severity, Site, check
from plainwire.wire import json_body
from plainwire.wire.links.markup import tags

MAX_SHOWN = 5


@check(
    severity=Severity.LOW,
    cwe=(693, 1021),
    references=("W3C CSP Level 3, section 3", "OWASP Secure Headers Project"),
)
async def browser_policy_missing(site: Site) -> AsyncIterator[Finding]:
    """One finding for the site; a page without form and script is worth a note only."""
    open_ones: dict[str, Exchange] = {}
    is_used = False
    for each, answer in await site.answers():
        if not _is_page(answer):
            continue
        if not answer.all("content-security-policy"):
            names = {tag.name for tag in tags(answer.text)}
            if "meta" in names and b"Content-Security-Policy" in answer.body:
                continue
            open_ones.setdefault(each.path, answer)
            is_used = is_used or bool(names & {"form", "script"})
    if open_ones:
        places = ", ".join(list(open_ones)[:MAX_SHOWN])
        yield browser_policy_missing.finding(
            f"pages come without a Content-Security-Policy: {places}",
            *list(open_ones.values())[:3],
            severity=None if is_used else Severity.INFO,
        )


def _is_page(answer: Exchange) -> bool:
    is_html = answer.status == 200 and answer.content_type == "text/html"
    return is_html and json_body.parsed(answer.body) is None and b"<" in answer.body
