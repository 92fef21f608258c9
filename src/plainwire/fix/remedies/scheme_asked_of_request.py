"""Ask the request for its scheme, not a header of the client's.

X-Forwarded-Proto is the client's word where no proxy sets it, and a check that enforces https only
when it says http is off when it is missing (RFC 7239, section 8.1; CWE-348).

Condition:

    Right where flask_plainwire decides the scheme: it believes the header from the named proxies
    alone, and request.scheme is what it found. Without it, nothing is proposed.

Before:

    --- app.py
    from flask import Flask, abort, request
    from flask_plainwire import TLS
    app = Flask(__name__)
    app.config["TLS_TERMINATION"] = "proxy"
    app.config["TLS_TRUSTED_PROXIES"] = ["127.0.0.1"]
    app.config["TLS_HSTS_SINCE"] = "2026-11-26"
    TLS(app)
    @app.before_request
    def enforce():
        if request.headers.get("X-Forwarded-Proto", "http") == "http":
            abort(403)

After:

    --- app.py
    from flask import Flask, abort, request
    from flask_plainwire import TLS
    app = Flask(__name__)
    app.config["TLS_TERMINATION"] = "proxy"
    app.config["TLS_TRUSTED_PROXIES"] = ["127.0.0.1"]
    app.config["TLS_HSTS_SINCE"] = "2026-11-26"
    TLS(app)
    @app.before_request
    def enforce():
        if request.scheme == "http":
            abort(403)

Limits:

    Only what reads X-Forwarded-Proto by ``request.headers.get``: the other headers say it in other
    words (``on``, ``ssl``), and what is read from the environ may not be Flask's request.
"""

from __future__ import annotations

from plainwire.fix.places import app_at
from plainwire.fix.python import python
from plainwire.model import Edit, Finding, Project, Proposal, remedy


@remedy(answers=("forwarded-scheme-read-by-hand",), level="conditional")
def scheme_asked_of_request(finding: Finding, project: Project) -> Proposal | None:
    """Puts request.scheme in the place of the header."""
    place = finding.locations[0]
    file = project.file(place.path or "")
    app = app_at(place.path or "", project)
    if file is None or place.line is None or app is None:
        return None
    extension = next((m for m in app.middleware if m.name == "flask_plainwire.TLS"), None)
    if extension is None or extension.is_conditional:
        return None
    source = python(file)
    edits: list[Edit] = []
    for call in source.calls(place.line, "get"):
        names = [source.written(a.value).strip("\"'").lower() for a in call.args]
        is_header = names[:1] == ["x-forwarded-proto"] and not any(a.star for a in call.args)
        if source.written(call.func) == "request.headers.get" and is_header:
            edit = source.in_place_of(call, "request.scheme")
            edits += [edit] if edit is not None else []
    if not edits:
        return None
    at = f"{extension.place.path}:{extension.place.line}"
    return Proposal(
        "ask request.scheme",
        tuple(edits),
        "conditional",
        f"flask_plainwire decides the scheme ({at})",
    )
