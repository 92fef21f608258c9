"""A form on an HTTPS page is sent over plain HTTP.

The page was protected, what is typed into it is not: passwords and personal data cross the
network in clear, and whoever is on the way reads and changes them. Browsers may warn (W3C
Mixed Content Level 2, section 7.1), and a user who goes on has sent it.

Remedy:

    Give the form an https action or a path without scheme and host, and revoke passwords that were
    sent in clear.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def login():
        return (
            '<form method="post" action="http://api.example.com/login">'
            '<input name="user"><input name="password" type="password"><button>Log in</button>'
            "</form>"
        )

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def login():
        return (
            '<form method="post" action="/login">'
            '<input name="user"><input name="password" type="password"><button>Log in</button>'
            "</form>"
        )

Limits:

    Sees the action of a form and the formaction of its buttons as HTML has them, not what scripts
    set, nor where the answer to a form redirects. A field or button counts for the form that it
    stands in. Forms of method dialog are not sent. http on loopback does not count, unless
    loopback is what is scanned. Where a policy says upgrade-insecure-requests, browsers send forms
    over https too (W3C Upgrade Insecure Requests), and it is noted as information.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence

from plainwire.model import Exchange, Finding, Severity, Site, check
from plainwire.wire.insecure_links import InsecureLink, insecure_links, listed
from plainwire.wire.links import Form, forms, left_out
from plainwire.wire.page_parts import is_upgraded

OF_FORMS = ("form action", "button formaction", "input formaction")


@check(
    severity=Severity.HIGH,
    cwe=(319,),
    references=("W3C Mixed Content Level 2, section 7.1", "CWE-319"),
    left_out=left_out,
)
async def form_posts_to_http(site: Site) -> AsyncIterator[Finding]:
    """One finding for each page over https with a form that is sent over http."""
    for endpoint, page in await site.pages("https"):
        found = _sent_in_clear(page)
        if not found:
            continue
        upgraded = is_upgraded(page)
        has_password = any(form is not None and form.has_password for _, form in found)
        yield form_posts_to_http.finding(
            f"{endpoint.operation.path} sends "
            + ("a password" if has_password else "a form")
            + " over http: "
            + listed(link.url for link, _ in found)
            + ("; upgrade-insecure-requests protects browsers only" if upgraded else ""),
            page,
            severity=Severity.INFO if upgraded else None,
            cap="F" if has_password and not upgraded else None,
            operation=endpoint.operation,
        )


def _sent_in_clear(page: Exchange) -> list[tuple[InsecureLink, Form | None]]:
    """The insecure targets of a page's forms, each with its form where that is known."""
    targets = [each for each in insecure_links(page) if each.kind == "form"]
    pairs = _with_forms(sorted(targets, key=lambda each: each.position or 0), page.text)
    return [(each, form) for each, form in pairs if form is None or form.method != "dialog"]


def _with_forms(
    targets: Sequence[InsecureLink], text: str
) -> Iterator[tuple[InsecureLink, Form | None]]:
    """Each target, in order, with the last form that begins at or before it: none where the target
    does not stand in the page itself."""
    known = (form for form in forms(text) if not form.is_implicit)
    form, after = None, next(known, None)
    for each in targets:
        while after is not None and after.position <= (each.position or 0):
            form, after = after, next(known, None)
        yield each, form if each.where in OF_FORMS else None
