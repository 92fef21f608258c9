"""Some routes demand HTTPS by a decorator, and one that takes credentials does not.

The decorator shows that plain HTTP is expected to arrive. A login that lacks it takes the password
in clear (CWE-319), and nothing in the code says that it was left out on purpose.

Remedy:

    Enforce HTTPS for the whole application (flask_plainwire, or a before_request hook that aborts
    with 403), or put the decorator on every route that takes or returns a secret.

Bad:

    --- app.py
    from flask import Flask, request
    from security import require_https
    app = Flask(__name__)
    @app.post("/pay")
    @require_https
    def pay():
        return {}
    @app.post("/login")
    def login():
        return check(request.json["password"])

Good:

    --- app.py
    from flask import Flask, request
    from security import require_https
    app = Flask(__name__)
    @app.post("/pay")
    @require_https
    def pay():
        return {}
    @app.post("/login")
    @require_https
    def login():
        return check(request.json["password"])

Limits:

    The decorator is known by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Finding, Function, Project, Severity, rule

_REQUIRES = re.compile(
    r"(require[sd]?|force|enforce|only)_?(https|ssl|tls|secure)|(https|ssl|tls)_?(required|only)",
    re.IGNORECASE,
)


@rule(
    kind="no-https-redirect",
    severity=Severity.MEDIUM,
    cwe=(319,),
    references=("RFC 9110, section 17", "RFC 6819, section 4.3.1"),
)
def https_required_on_some_routes_only(project: Project) -> Iterator[Finding]:
    """Views that take credentials without the decorator, where others have it."""
    decorated = [
        (module, function)
        for module in project.modules
        for function in module.functions
        if _is_demanding(function)
    ]
    if not decorated:
        return
    safe = {module.span(function.line) for module, function in decorated}
    for app in project.apps:
        if app.redirect_hook is not None or not app.credentials:
            continue
        ways = [p for p in project.paths if p.app is app and p.environment == "production"]
        if ways and all(path.is_encrypted and path.redirects is not False for path in ways):
            continue  # plain HTTP does not get this far
        for place in app.credentials:
            if place not in safe:
                module, function = decorated[0]
                yield https_required_on_some_routes_only.finding(
                    "other routes demand HTTPS, and this one takes a password without it",
                    place,
                    module.span(function.line),
                )


def _is_demanding(function: Function) -> bool:
    return any(_REQUIRES.search(d.name.rpartition(".")[2]) for d in function.decorators)
