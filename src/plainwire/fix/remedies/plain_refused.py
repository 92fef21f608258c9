"""Refuse what comes to an API in clear.

A redirect hides from programs that their address is wrong; an error does not
(draft-ietf-httpapi-privacy-06). The server block answers 403 in the place of the redirect.

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

from plainwire.fix.nginx import nginx
from plainwire.model import Finding, Project, Proposal, remedy


@remedy(answers=("api-redirected",), level="unsafe")
def plain_refused(finding: Finding, project: Project) -> Proposal | None:
    """Gives the redirect's directive the arguments of a refusal."""
    place = finding.locations[0]
    file = project.file(place.path or "")
    if file is None or file.format != "nginx" or place.line is None:
        return None
    source = nginx(file)
    chain = source.around(place.line, "return")
    if not chain:
        return None
    why = "whether people open the address in a browser is not in the files"
    edit = source.with_arguments(chain[-1], "403")
    return Proposal("answer 403 to what comes in clear", (edit,), proof=why)
