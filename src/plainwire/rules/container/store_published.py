"""A database, cache, broker or dashboard is published without TLS.

Its protocol is in clear, and its port is on every interface of the host: whoever is on the way
reads the data, and whoever reaches the port tries its default or missing password (CWE-319).

Remedy:

    Remove the published port, or publish it on 127.0.0.1; services of one network reach each other
    without it.

Bad:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "-b", "127.0.0.1:8000", "app:app"]
    --- compose.yaml
    services:
      web:
        build: .
      cache:
        image: redis:7
        ports: ["6379:6379"]

Good:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "-b", "127.0.0.1:8000", "app:app"]
    --- compose.yaml
    services:
      web:
        build: .
      cache:
        image: redis:7
        ports: ["127.0.0.1:6379:6379"]

Limits:

    What a service is, is known by the name of its image.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule


@rule(
    kind="aux-plain",
    severity=Severity.HIGH,
    cwe=(319,),
    references=("Compose specification, ports", "Redis, Security"),
)
def store_published(project: Project) -> Iterator[Finding]:
    """Stores and dashboards with a published port, in production."""
    for path in project.paths:
        if path.kind not in ("store", "dashboard") or path.environment != "production":
            continue
        last = path.hops[-1].place
        first = last if path.kind == "dashboard" and last != path.service.place else None
        places = (first, *path.places) if first is not None else path.places
        yield store_published.finding(
            f"{path.service.name} is published on every interface, in clear", *places
        )
