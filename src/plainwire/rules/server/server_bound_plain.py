"""A server listens on every interface without TLS, and nothing here says what stands before it.

The server takes connections from wherever its port can be reached, in clear (CWE-319). Whether a
terminator of TLS stands before it, and whether the port can be reached beside it, is not in the
project's files: it cannot be proved here, so it is neither silence nor a high finding.

Remedy:

    Bind to loopback or a Unix socket behind a proxy that terminates TLS, and keep the proxy's
    configuration with the project so that the path can be shown.

Bad:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- boot.sh
    #!/bin/sh
    exec gunicorn -b :5000 app:app
    --- Dockerfile
    FROM python:3.12
    COPY . .
    ENTRYPOINT ["./boot.sh"]

Good:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- boot.sh
    #!/bin/sh
    exec gunicorn -b :5000 --certfile /run/tls.crt --keyfile /run/tls.key app:app
    --- Dockerfile
    FROM python:3.12
    COPY . .
    ENTRYPOINT ["./boot.sh"]

Limits:

    Who publishes the port, and behind what, is unknown by definition.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Confidence, Finding, Project, Severity, rule


@rule(
    kind="wsgi-plain-public",
    severity=Severity.MEDIUM,
    cwe=(319,),
    references=("RFC 9110, section 17", "gunicorn, settings, bind"),
)
def server_bound_plain(project: Project) -> Iterator[Finding]:
    """Images and modules that start a plain server on all interfaces."""
    for path in project.paths:
        if path.kind != "unpublished" or path.environment != "production" or path.start is None:
            continue
        if path.start.is_development:
            continue  # a flaw of its own
        speaks = "takes its own protocol" if path.start.is_gateway else "serves plain HTTP"
        yield server_bound_plain.finding(
            f"{path.start.program} {speaks} on every interface; "
            "what terminates TLS before it is not in the project",
            *path.places,
            confidence=Confidence.TENTATIVE,
        )
