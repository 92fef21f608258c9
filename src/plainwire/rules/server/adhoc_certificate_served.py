"""The server makes up its certificate when it starts.

`ssl_context="adhoc"` encrypts with a certificate that is new at every start and that nobody can
verify: a client that accepts it accepts an attacker's too (CWE-295). It is for development.

Remedy:

    Terminate TLS at a proxy with a certificate of a public authority, or give the server one.

Bad:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    if __name__ == "__main__":
        app.run(host="0.0.0.0", port=443, ssl_context="adhoc")
    --- Dockerfile
    FROM python:3.12
    CMD ["python", "app.py"]

Good:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    if __name__ == "__main__":
        app.run(ssl_context="adhoc")
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "app:app"]

Limits:

    A certificate file that is self-signed looks like any other.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule


@rule(
    kind="ssl-adhoc",
    severity=Severity.MEDIUM,
    cwe=(295,),
    references=("Werkzeug, Serving, SSL", "RFC 5280, section 6"),
)
def adhoc_certificate_served(project: Project) -> Iterator[Finding]:
    """Servers that something here starts with an ad-hoc certificate, not on loopback."""
    for deployment in project.deployments:
        for service in deployment.services:
            if service.environment != "production" or not deployment.apps:
                continue
            for start in service.starts:
                if start.certificate == "adhoc" and not start.is_local:
                    yield adhoc_certificate_served.finding(
                        "the certificate is made up at every start", start.place, *start.via
                    )
