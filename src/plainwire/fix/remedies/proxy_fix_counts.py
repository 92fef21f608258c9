"""Let ProxyFix believe as many values as the proxies write, and no other.

It takes the value at the counted place from the end: beyond those that proxies wrote stand those
that the client sent (RFC 7239, section 8.1). A header that no proxy sets is not believed at all.

Condition:

    Right if every path leads through the proxies that the files describe: then the values that
    arrive are known, and the Host header is passed on where X-Forwarded-Host is no longer believed.
    It needs your consent where one more address is believed than the proxies write, since that
    speaks of a proxy which the files do not show.

Before:

    --- app.py
    from flask import Flask, url_for
    from werkzeug.middleware.proxy_fix import ProxyFix
    app = Flask(__name__)
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=2, x_host=1)
    def link(token):
        return url_for("reset", token=token, _external=True)
    --- deployment/shop.service
    [Service]
    ExecStart=/usr/bin/gunicorn -b 127.0.0.1:8000 app:app
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

After:

    --- app.py
    from flask import Flask, url_for
    from werkzeug.middleware.proxy_fix import ProxyFix
    app = Flask(__name__)
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=0)
    def link(token):
        return url_for("reset", token=token, _external=True)
    --- deployment/shop.service
    [Service]
    ExecStart=/usr/bin/gunicorn -b 127.0.0.1:8000 app:app
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

Limits:

    Numbers that are written out, where nginx is every proxy on the way.
"""

from __future__ import annotations

from plainwire.deployment.arriving_headers import (
    Arriving,
    arriving,
    believed,
    proxied_paths,
    proxy_fix,
)
from plainwire.fix.conditions import Condition, served_over_https_only
from plainwire.fix.places import is_at
from plainwire.fix.python import python
from plainwire.model import App, Edit, Finding, Path, Project, Proposal, remedy

_HEADERS = ("x_for", "x_proto", "x_host", "x_port", "x_prefix")  # in ProxyFix's order
_NAMES = {
    "x_for": "x-forwarded-for",
    "x_proto": "x-forwarded-proto",
    "x_host": "x-forwarded-host",
    "x_prefix": "x-forwarded-prefix",
}


@remedy(answers=("proxies-miscounted", "forwarded-host-believed"), level="conditional")
def proxy_fix_counts(finding: Finding, project: Project) -> Proposal | None:
    """Writes the number of values that arrive into ProxyFix's arguments."""
    for app in project.apps:
        middleware = proxy_fix(app)
        if middleware is None or not is_at(middleware.place, finding.locations[0]):
            continue
        paths = list(proxied_paths(app, project))
        wrong = _wrong(finding)
        seen = {name: {arriving(path, _NAMES[name], project) for path in paths} for name in wrong}
        known = {name: found.pop() for name, found in seen.items() if len(found) == 1}
        counts = {name: one for name, one in known.items() if one is not None}
        wanted = {n: one.count for n, one in counts.items() if believed(middleware, n) != one.count}
        edits = _edits(middleware.place.path, middleware.place.line, wanted, project)
        if len(wanted) < len(wrong) or not edits:
            return None
        grown = any(
            not one.is_exact and name == "x_for" and (believed(middleware, name) or 0) > one.count
            for name, one in counts.items()
        )
        condition = _condition(app, paths, counts, project)
        if grown:
            why = "one more proxy was counted, and may stand before those in the files"
            condition = Condition(False, why)
        words = ", ".join(f"{name}={count}" for name, count in wanted.items())
        return Proposal(
            f"let ProxyFix believe {words}",
            edits,
            condition.level,
            condition.words,
            is_provable=not grown,
        )
    return None


def _wrong(finding: Finding) -> list[str]:
    """The arguments that a finding speaks of."""
    text = finding.message.lower()
    if finding.id == "proxies-miscounted":
        return [text.partition("=")[0]]
    return [name for name in ("x_host", "x_prefix") if _NAMES[name] in text]


def _edits(path: str, line: int, wanted: dict[str, int], project: Project) -> tuple[Edit, ...]:
    file = project.file(path)
    source = python(file) if file is not None else None
    calls = source.calls(line, "ProxyFix") if source is not None else ()
    if source is None or len(calls) != 1:
        return ()
    made = [
        source.with_argument(calls[0], name, str(count), _HEADERS.index(name) + 1)
        for name, count in wanted.items()
    ]
    return tuple(edit for edit in made if edit is not None) if None not in made else ()


def _condition(
    app: App, paths: list[Path], counts: dict[str, Arriving], project: Project
) -> Condition:
    """Whether every path is one of these, and the host comes by another way than the header."""
    served = served_over_https_only(app, project)
    if not served.holds:
        return served
    passing = [relay for path in paths for relay in path.relays]
    has_host = all("host" in one.forward.headers.get("host", "") for one in passing)
    if "x_host" in counts and not has_host:
        return Condition(False, "the proxy does not pass the Host header on, so links would change")
    at = sorted({f"{one.forward.place.path}:{one.forward.place.line}" for one in passing})
    return Condition(True, f"what arrives is known ({', '.join(at[:5])})")
