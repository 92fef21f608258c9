"""The server calls requests in clear https.

waitress's `url_scheme="https"` holds for every request. Where a port without TLS can be reached,
the application takes what comes in clear for https: no redirect, no refusal, cookies and tokens go
out as over TLS (CWE-693).

Remedy:

    Take url_scheme out and name the proxy: trusted_proxy="10.0.0.5",
    trusted_proxy_headers="x-forwarded-proto"; publish nothing but the proxy.

Bad:

    --- app.py
    from flask import Flask
    from waitress import serve
    app = Flask(__name__)
    serve(app, host="0.0.0.0", port=8080, url_scheme="https")
    --- Dockerfile
    FROM python:3.12
    CMD ["python", "app.py"]
    --- compose.yaml
    services:
      web:
        build: .
        ports: ["80:8080"]

Good:

    --- app.py
    from flask import Flask
    from waitress import serve
    app = Flask(__name__)
    serve(app, host="0.0.0.0", port=8080, url_scheme="https")
    --- Dockerfile
    FROM python:3.12
    CMD ["python", "app.py"]
    --- nginx.conf
    server {
      listen 443 ssl;
      location / { proxy_pass http://web:8080; }
    }
    --- compose.yaml
    services:
      web: {build: .}
      edge:
        image: nginx
        volumes: ["./nginx.conf:/etc/nginx/conf.d/default.conf"]
        ports: ["443:443"]

Limits:

    Where only a proxy with TLS reaches the server the claim is true, and no finding.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule


@rule(
    kind="fwd-overtrust",
    severity=Severity.MEDIUM,
    cwe=(693,),
    references=("waitress, Arguments to waitress.serve, url_scheme", "RFC 9110, section 4.2"),
)
def https_claimed(project: Project) -> Iterator[Finding]:
    """Servers that are told to say https, on a production path that is plain."""
    seen: set[object] = set()
    for path in project.paths:
        start = path.start
        if start is None or start.claims_https is None or start.claims_https in seen:
            continue
        if path.environment == "production" and path.is_encrypted is False:
            seen.add(start.claims_https)
            yield https_claimed.finding(
                "every request is called https here, and some come in clear",
                start.claims_https,
                *path.places,
            )
