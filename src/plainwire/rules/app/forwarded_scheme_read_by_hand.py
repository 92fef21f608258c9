"""The application reads the client's scheme from a header that anybody can send.

A header is trustworthy only if a proxy that cannot be passed by sets or clears it. Code that reads
`X-Forwarded-Proto` or `X-Scheme` itself believes the client where no proxy does so; and a check
that enforces https only when the header says http is off when it is missing (CWE-348).

Remedy:

    Use ProxyFix with the number of proxies, and ask request.is_secure or request.scheme.

Bad:

    --- app.py
    from flask import Flask, redirect, request
    app = Flask(__name__)
    @app.before_request
    def enforce():
        if request.headers.get("X-Forwarded-Proto") == "http":
            return redirect(request.url.replace("http://", "https://"), 301)

Good:

    --- app.py
    from flask import Flask, abort, request
    from werkzeug.middleware.proxy_fix import ProxyFix
    app = Flask(__name__)
    app.wsgi_app = ProxyFix(app.wsgi_app)
    @app.before_request
    def enforce():
        if not request.is_secure:
            abort(403)

Limits:

    A header that is read under another name or by a loop over all headers is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule

HEADERS = frozenset(
    {
        "x-forwarded-proto",
        "x-forwarded-protocol",
        "x-forwarded-scheme",
        "x-forwarded-ssl",
        "x-scheme",
        "http_x_forwarded_proto",
        "http_x_forwarded_protocol",
        "http_x_forwarded_ssl",
        "http_x_scheme",
        "http_x_forwarded_scheme",
    }
)

_LOGS = re.compile(r"\blog(ger|ging)?\.\w+\(|\bprint\(")


@rule(
    kind="fwd-handrolled",
    severity=Severity.MEDIUM,
    cwe=(348,),
    references=("RFC 7239, section 8.1", "Werkzeug, ProxyFix"),
)
def forwarded_scheme_read_by_hand(project: Project) -> Iterator[Finding]:
    """Reads of the scheme's headers in code of the application."""
    for module in project.modules:
        if module.file.environment not in ("production", "staging"):
            continue
        roots = {name.partition(".")[0] for name in module.imports.values()}
        is_web = bool(roots & {"flask", "werkzeug", "quart", "connexion"})
        for call in module.calls:
            if not call.name.endswith((".get", ".getlist")):
                continue
            name = call.argument("key", 0)
            holder = call.name.rpartition(".")[0].rpartition(".")[2].lower()
            if name is None or name.text.lower() not in HEADERS:
                continue
            place = module.span(call.line)
            is_logged = bool(_LOGS.search(place.text))
            is_request = "environ" in holder or (is_web and "header" in holder)
            if is_request and not is_logged:
                yield forwarded_scheme_read_by_hand.finding(
                    f"{name.text} is believed whoever sends it",
                    place,
                )
