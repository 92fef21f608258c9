"""Refuse what comes to an API in clear.

A redirect hides from programs that their address is wrong; an error does not
(draft-ietf-httpapi-privacy-06). The server block answers 403 in the place of the redirect; what
ACME asks in clear to renew the certificate (RFC 8555, section 8.3) is answered as before.

Condition:

    Whether people open the address in a browser too is not in the files, so it needs your consent.

Before:

    --- app.py
    from flask import Flask
    from flask_restx import Api
    app = Flask(__name__)
    api = Api(app)
    --- deployment/nginx.conf
    server {
      listen 80;
      location /.well-known/acme-challenge/ { root /srv/acme; }
      location / {
        return 301 https://$host$request_uri;  # to TLS
      }
    }
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

After:

    --- app.py
    from flask import Flask
    from flask_restx import Api
    app = Flask(__name__)
    api = Api(app)
    --- deployment/nginx.conf
    server {
      listen 80;
      location /.well-known/acme-challenge/ { root /srv/acme; }
      location / {
        return 403;  # to TLS
      }
    }
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Limits:

    nginx. What else the server block answers is left as it is.
"""

from __future__ import annotations

from plainwire.fix.nginx import Directive, Nginx, nginx
from plainwire.fix.text import margin_of
from plainwire.model import Edit, Finding, Project, Proposal, remedy

_SUMMARY = "answer 403 to what comes in clear"
_ACME = "/.well-known/acme-challenge/"


@remedy(answers=("api-redirected",), level="unsafe")
def plain_refused(finding: Finding, project: Project) -> Proposal | None:
    """Refuses what the redirect's directive redirected, but for what ACME asks."""
    place = finding.locations[0]
    file = project.file(place.path or "")
    if file is None or file.format != "nginx" or place.line is None:
        return None
    source = nginx(file)
    chain, server = source.around(place.line, "return"), source.server(place.line)
    if len(chain) < 2 or not server:
        return None
    edits = _edits(source, chain[-2], chain[-1], server[-1])
    if not edits:
        why = "the server block has locations that would be answered then, or asks a condition"
        return Proposal(_SUMMARY, level="advice", proof=why)
    why = "whether people open the address in a browser is not in the files"
    return Proposal(_SUMMARY, edits, proof=why)


def _edits(
    source: Nginx, around: Directive, redirect: Directive, server: Directive
) -> tuple[Edit, ...]:
    """The refusal, and a location beside it in which ACME is redirected as before.

    A redirect of the server block itself comes before its locations (nginx, rewrite module), so
    that one for ACME among them answers nothing.
    """
    first, last = redirect.words[0][0], redirect.words[-1][1]
    acme = f"location {_ACME} {{ return {source.text[first:last]}; }}"
    locations = list(server.all("location"))
    if around is server:
        if locations:
            return ()
        end = redirect.end
        new = _beside(source, redirect, acme) + "location / { return 403; }"
        return (Edit(source.path, redirect.start, end, new),)
    if around not in locations:
        return ()
    refusal = source.with_arguments(redirect, "403")
    if any(".well-known" in "".join(one.arguments) for one in locations):
        return (refusal,)
    at = around.start
    return Edit(source.path, at, at, _beside(source, around, acme)), refusal


def _beside(source: Nginx, directive: Directive, new: str) -> str:
    """A directive to be put before another one, on a line of its own if that has one."""
    margin = margin_of(source.text, directive.start)
    return f"{new} " if margin is None else f"{new}\n{margin}"
