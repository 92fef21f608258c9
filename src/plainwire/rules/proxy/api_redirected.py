"""An API's plain port redirects, so that a wrong address goes unnoticed.

A program that asks by http:// has sent its token in clear before it is redirected, and works on as
if nothing were wrong: it does so with every request. An API for programs answers with an error
(draft-ietf-httpapi-privacy-06; CWE-319).

Remedy:

    return 403; on port 80 of an API's host, the path of ACME excepted.

Bad:

    --- app.py
    from flask import Flask
    from flask_restx import Api
    app = Flask(__name__)
    api = Api(app)
    --- deployment/nginx.conf
    server {
      listen 80;
      return 301 https://$host$request_uri;
    }
    server {
      listen 443 ssl;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Good:

    --- app.py
    from flask import Flask
    from flask_restx import Api
    app = Flask(__name__)
    api = Api(app)
    --- deployment/nginx.conf
    server {
      listen 80;
      return 403;
    }
    server {
      listen 443 ssl;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Limits:

    nginx. An application is an API for programs if it uses one of the extensions for them and has
    no templates and no sessions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import App, Finding, Path, Project, ProxySite, Severity, rule

_FOR_APIS = frozenset(
    {"flask_restx", "flask_restful", "flask_smorest", "apiflask", "flask_rebar", "flask_restplus"}
)
_REDIRECT = re.compile(r"(return\s+(30[1278]\s+)?|rewrite\s+\S+\s+)[\"']?https://")


@rule(
    kind="no-https-redirect",
    severity=Severity.INFO,
    cwe=(319,),
    references=(
        "draft-ietf-httpapi-privacy-06 (Protecting Credentials with HTTP APIs)",
        "RFC 6797, section 7.2",
    ),
)
def api_redirected(project: Project) -> Iterator[Finding]:
    """Server blocks that redirect beside one with TLS which leads to an API."""
    seen: set[object] = set()
    for path in project.paths:
        if path.environment != "production" or path.kind != "proxied" or not path.is_encrypted:
            continue
        if path.app is None or not _is_for_programs(path.app, project):
            continue
        for site in _plain(path):
            if site.redirects is not None and site.place not in seen:
                seen.add(site.place)
                yield api_redirected.finding(
                    "what comes in clear is redirected, the token in it already read",
                    site.redirects,
                    path.app.place,
                    *path.places,
                )


def _is_for_programs(app: App, project: Project) -> bool:
    prefix = f"{app.folder}/" if app.folder else ""
    has_pages = any(
        file.path.startswith(prefix) and file.environment in ("production", "staging")
        for file in project.of("template")
    )
    return bool(app.extensions & _FOR_APIS) and not app.has_sessions and not has_pages


def _plain(path: Path) -> Iterator[ProxySite]:
    """The server blocks of the path's proxy that redirect all that comes in clear."""
    for site in path.service.sites:
        redirect = site.redirects.text if site.redirects is not None else ""
        is_plain = any(not listen.has_tls for listen in site.listens)
        if site.program == "nginx" and is_plain and _REDIRECT.search(redirect):
            yield site
