"""ProxyFix counts other proxies than there are.

It takes the value at the counted place from the end. With too many counted the value is the
client's own, which so chooses its address for rate limits, logs and allow lists, or there is no
such value and the header is ignored, https with it; with too few it is the address of a proxy
(Werkzeug, ProxyFix; CWE-348).

Remedy:

    Count the proxies that add a value: one that overwrites the header (X-Forwarded-Proto $scheme)
    leaves one, whatever stands before it. Where none sets X-Forwarded-For, let the proxy do so, or
    say x_for=0: one is ProxyFix's default.

Bad:

    --- app.py
    from flask import Flask
    from werkzeug.middleware.proxy_fix import ProxyFix
    app = Flask(__name__)
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=2, x_proto=2)
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

Good:

    --- app.py
    from flask import Flask
    from werkzeug.middleware.proxy_fix import ProxyFix
    app = Flask(__name__)
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

Limits:

    Proxies of the project that are nginx, the first of which terminates TLS. A network that stands
    before the first and adds a value of its own is not seen: there the finding is tentative.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.deployment.arriving_headers import (
    Arriving,
    arriving,
    believed,
    proxied_paths,
    proxy_fix,
)
from plainwire.model import App, Confidence, Finding, Path, Project, Severity, rule

_HEADERS = (("x_proto", "x-forwarded-proto"), ("x_for", "x-forwarded-for"))


@rule(
    kind="fwd-overtrust",
    severity=Severity.MEDIUM,
    cwe=(348,),
    references=("Werkzeug, ProxyFix", "RFC 7239, section 8.1"),
)
def proxies_miscounted(project: Project) -> Iterator[Finding]:
    """Arguments of ProxyFix that differ from the values that arrive on a path."""
    for app in project.apps:
        for path in proxied_paths(app, project):
            if path.is_encrypted:
                found = list(_on(path, app, project))
                yield from found
                if found:
                    break


def _on(path: Path, app: App, project: Project) -> Iterator[Finding]:
    middleware = proxy_fix(app)
    for argument, header in _HEADERS if middleware is not None else ():
        count = believed(middleware, argument) if middleware is not None else None
        seen = arriving(path, header, project)
        if middleware is None or seen is None or count is None:
            continue
        why, severity = _why(argument, count, seen)
        if why:
            is_sure = seen.is_exact or count < seen.count
            yield proxies_miscounted.finding(
                f"{argument}={count}: {why}",
                middleware.place,
                *(relay.forward.header_place or relay.forward.place for relay in path.relays),
                *path.places,
                severity=severity,
                confidence=Confidence.FIRM if is_sure else Confidence.TENTATIVE,
            )


def _why(argument: str, count: int, seen: Arriving) -> tuple[str, Severity]:
    """What is wrong with a count, or an empty string.

    Where no proxy says the scheme, that is a flaw of the proxy.
    """
    if not seen.count:
        if argument == "x_proto" or seen.is_exact or not count:
            return "", Severity.INFO
        return "no proxy sets X-Forwarded-For, so the client writes what is believed", Severity.LOW
    one = f"{seen.count} value" + ("s" if seen.count > 1 else "")
    if count > seen.count and seen.is_exact:
        loss = "https is not noticed" if argument == "x_proto" else "the client is not known"
        return f"{one} arrives, so it is ignored and {loss}", Severity.MEDIUM
    if count > seen.count:
        return f"the proxies write {one}, so the client writes what is believed", Severity.LOW
    if 0 < count < seen.count and argument == "x_for":
        return "a proxy's address is taken for the client's", Severity.LOW
    return "", Severity.INFO
