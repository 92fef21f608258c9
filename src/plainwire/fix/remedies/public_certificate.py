"""Say what to write for a certificate that clients can verify.

A certificate is made on the machine that serves the name, by its owner (RFC 8555): no patch can do
that. What is to be written afterwards is known, so it is shown with the name that the
configuration has, and never made.

Condition:

    Advice: until the certificate is there the server would not start.

Before:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      server_name shop.example.org;
      # the self-signed certificate
      ssl_certificate /srv/app/cert.pem;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

After:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      server_name shop.example.org;
      # the self-signed certificate
      ssl_certificate /srv/app/cert.pem;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Limits:

    nginx, and servers that make up a certificate. certbot stands for any client of ACME.
"""

from __future__ import annotations

import re

from plainwire.fix.nginx import servers
from plainwire.model import Finding, Project, Proposal, remedy

_NAME = re.compile(r"(?!localhost$)[a-z0-9]([a-z0-9-]*\.)+[a-z]{2,}", re.IGNORECASE)
_ADHOC = "take the ad-hoc certificate out of {} and put a proxy before it: --new nginx writes one"


@remedy(
    answers=("adhoc-certificate-served", "proxy-without-tls", "self-signed-certificate"),
    level="advice",
)
def public_certificate(finding: Finding, project: Project) -> Proposal | None:
    """Names the directives, where they belong, and the command that makes the certificate."""
    place = finding.locations[0]
    if finding.id == "adhoc-certificate-served":
        why = "plainwire devcert makes one for development that clients verify"
        return Proposal(_ADHOC.format(f"{place.path}:{place.line}"), proof=why)
    found = next(servers(finding, project), None)
    if found is None:
        return None
    source, chain = found
    words = [word for d in chain[-1].all("server_name") for word in d.arguments]
    name = next((word for word in words if _NAME.fullmatch(word)), "NAME")
    folder = f"/etc/letsencrypt/live/{name}"
    new = [f"ssl_certificate {folder}/fullchain.pem;", f"ssl_certificate_key {folder}/privkey.pem;"]
    if finding.id == "proxy-without-tls":
        new = ["listen 443 ssl;", "ssl_protocols TLSv1.2 TLSv1.3;", *new]
    at = f"{source.path}:{chain[-1].line}"
    why = f"the machine makes it: certbot certonly --webroot -w /var/www/html -d {name}"
    return Proposal(f"write in the server block at {at}: {' '.join(new)}", proof=why)
