"""An application's port is published without TLS.

Whoever is on the way between a client and the published port reads and changes what passes:
passwords, session cookies, tokens, answers (RFC 9110, section 17; CWE-319). Inside a container
`0.0.0.0` means nothing; it is the published port that makes the application reachable, on every
interface of the host unless an address is named.

Remedy:

    Publish the port on 127.0.0.1 and put a proxy that terminates TLS before it, or let the server
    terminate TLS itself.

Bad:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
    --- compose.yaml
    services:
      web:
        build: .
        ports:
          - "80:8000"

Good:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
    --- compose.yaml
    services:
      web:
        build: .
        ports:
          - "127.0.0.1:8000:8000"

Limits:

    The pages that a Node image of the project serves are medium: nothing of them is read.
    A port that a cloud's firewall opens to every address is medium, since the machine may have no
    address of its own; 80 and 443 are a load balancer's. A load balancer outside the project's
    files that terminates TLS and a firewall that closes the published port are not seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Confidence, Finding, Project, Severity, rule

_MANY = 1000


@rule(
    kind="port-plain",
    severity=Severity.HIGH,
    cwe=(319,),
    references=("RFC 9110, section 17", "Compose specification, ports"),
)
def plain_port_published(project: Project) -> Iterator[Finding]:
    """Production paths that lead from a published port straight to a plain server."""
    for path in project.paths:
        if path.kind != "direct" or path.is_encrypted is not False:
            continue
        if path.environment != "production" or path.publication is None:
            continue
        port = path.publication.port or path.publication.target or "a port"
        server = path.start.program if path.start is not None else path.service.name
        yield plain_port_published.finding(
            f"{path.deployment} publishes {server} on port {port} of every interface, in clear",
            *path.places,
            severity=Severity.MEDIUM if path.service.role == "frontend" else Severity.HIGH,
            confidence=Confidence.FIRM,
        )
    ports = _plain_ports(project)
    for opening in project.openings:
        reached = [p for p in sorted(ports) if opening.first <= p <= opening.last]
        is_one = opening.last - opening.first < _MANY  # else databases are found there too
        if reached and is_one and opening.environment == "production":
            yield plain_port_published.finding(
                f"port {reached[0]}, on which {ports[reached[0]]} answers in clear, is open to "
                "every address of the internet",
                *opening.places,
                severity=Severity.MEDIUM,
                confidence=Confidence.FIRM,
            )


def _plain_ports(project: Project) -> dict[int, str]:
    """The ports that applications answer on without TLS, and what answers there."""
    return {
        start.port: start.program
        for deployment in project.deployments
        for service in deployment.services
        for start in service.starts
        if start.port is not None and start.port not in (80, 443)
        if not (start.has_tls or start.is_local)
    }
