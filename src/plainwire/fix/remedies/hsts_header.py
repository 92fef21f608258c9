"""Let nginx send Strict-Transport-Security.

Without it a browser asks over plain HTTP first whenever a user types the name, and whoever is on
the way answers (RFC 6797, section 7.2). Less than half a year protects hardly anybody, so it is a
year; subdomains are left out.

Condition:

    For a year browsers then ask the host by https only, whatever else it serves. That nothing of it
    is asked over plain HTTP any more, only its logs show, so it needs your consent; who wants to
    begin carefully lowers max-age to five minutes for the first days.

Before:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      add_header X-Frame-Options DENY always;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
      location /files/ {
        add_header Cache-Control public;
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

After:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      add_header X-Frame-Options DENY always;
      add_header Strict-Transport-Security "max-age=31536000" always;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
      location /files/ {
        add_header Cache-Control public;
        add_header Strict-Transport-Security "max-age=31536000" always;
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

Limits:

    nginx only. A level that has headers of its own inherits none (ngx_http_headers_module), so the
    header is added to each of them; where the server has none and what is around it has, nothing is
    proposed.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.fix.nginx import Directive, Nginx, servers
from plainwire.model import Edit, Finding, Project, Proposal, remedy

_HEADER = 'add_header Strict-Transport-Security "max-age=31536000" always;'

_SUMMARY = "send Strict-Transport-Security for a year"


@remedy(answers=("hsts-never-sent",), level="unsafe")
def hsts_header(finding: Finding, project: Project) -> Proposal | None:
    """Adds the header to the server block, and to what inside it has headers of its own."""
    for source, chain in servers(finding, project):
        if source.tls_port(chain[-1], project) is not None:
            return _in(source, chain, project)
    return None


def _in(source: Nginx, chain: tuple[Directive, ...], project: Project) -> Proposal | None:
    server = chain[-1]
    own = list(server.all("add_header"))
    if not own and any(any(d.all("add_header")) for d in chain[:-1]):
        return None
    if not own and (outside := source.outside("add_header", project)):
        at = f"{outside[0].file.path}:{outside[0].line}"
        return Proposal(_SUMMARY, level="advice", proof=f"headers are inherited from {at}: add it")
    beside = [d for name in ("listen", "server_name") for d in server.all(name)]
    beside += [d for d in server.block if d.name.startswith("ssl_")]
    first = source.after(max(own or beside, key=lambda d: d.start), _HEADER)
    edits = (*(() if any(map(_is_hsts, own)) else (first,)), *_inside(source, server))
    why = "that nothing of the host is asked over plain HTTP, only its logs show"
    return Proposal(_SUMMARY, edits, proof=why)


def _inside(source: Nginx, server: Directive) -> Iterator[Edit]:
    for block in server.deep():
        own = list(block.all("add_header"))
        if own and not any(map(_is_hsts, own)):
            yield source.after(own[-1], _HEADER)


def _is_hsts(directive: Directive) -> bool:
    return "".join(directive.arguments[:1]).lower() == "strict-transport-security"
