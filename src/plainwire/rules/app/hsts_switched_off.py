"""Flask-Talisman is told to send no HSTS, or not to redirect for good.

What the extension is for is switched off, and nothing else on the path does it (CWE-693).

Remedy:

    Leave strict_transport_security and its max-age as they are, or let the proxy send the header.

Bad:

    --- app.py
    from flask import Flask
    from flask_talisman import Talisman
    app = Flask(__name__)
    Talisman(app, strict_transport_security=False)

Good:

    --- app.py
    from flask import Flask
    from flask_talisman import Talisman
    app = Flask(__name__)
    Talisman(app)

Limits:

    A proxy that sends the header and is not in the project is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Finding, Middleware, Project, Severity, rule

ENOUGH = 15_768_000  # half a year
_SWITCH = "strict_transport_security"
_AGE = "strict_transport_security_max_age"


@rule(
    kind="talisman-weakened",
    severity=Severity.MEDIUM,
    cwe=(693,),
    references=("Flask-Talisman, options", "RFC 6797, section 6.1.1"),
)
def hsts_switched_off(project: Project) -> Iterator[Finding]:
    """Talisman without HSTS or with a short one, and no proxy of a path that sends it."""
    for app in project.apps:
        mine = [p for p in project.paths if p.app is app and p.environment == "production"]
        if mine and all(p.hsts is not None for p in mine):
            continue
        for one in app.middleware:
            weak = _weak(one) if one.name.endswith("Talisman") else None
            if weak is not None:
                places = dict.fromkeys((one.changes.get(weak, one.place), one.place, app.place))
                yield hsts_switched_off.finding("HSTS is off or short", *places)


def _weak(one: Middleware) -> str | None:
    """The argument that weakens HSTS. Returns None if none does."""
    age = one.arguments.get(_AGE)
    if one.arguments.get(_SWITCH) is False:
        return _SWITCH
    is_short = isinstance(age, int) and not isinstance(age, bool) and age < ENOUGH
    return _AGE if is_short else None
