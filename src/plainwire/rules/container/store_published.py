"""A database, cache, broker or dashboard is published without TLS.

Its protocol is in clear, and its port is on every interface of the host: whoever is on the way
reads the data, and whoever reaches the port tries its default or missing password (CWE-319).

A cloud's firewall that lets every address reach a database's port, and a database with a public
address, are the same without a compose file.

Remedy:

    Remove the published port, or publish it on 127.0.0.1; services of one network reach each other
    without it. In a cloud, name the security group of the application as the only source.

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

    What a service is, is known by the name of its image, and where that tells nothing, as of a
    cloud's ports, by their numbers.
    Whether the database asks for TLS by itself is not seen there, hence medium.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Confidence, Finding, Opening, Project, Severity, rule

# IANA, Service Name and Transport Protocol Port Number Registry; the docs of RabbitMQ, Elastic
# and Prometheus.
_PORTS = {
    1433: "SQL Server", 1521: "Oracle", 3306: "MySQL", 5432: "PostgreSQL", 5672: "RabbitMQ",
    6379: "Redis", 9042: "Cassandra", 9090: "Prometheus", 9100: "node_exporter",
    9200: "Elasticsearch", 11211: "memcached", 15672: "RabbitMQ's console", 27017: "MongoDB",
}  # fmt: skip
_MANY = 1000


@rule(
    kind="aux-plain",
    severity=Severity.HIGH,
    cwe=(319,),
    references=("Compose specification, ports", "Redis, Security"),
)
def store_published(project: Project) -> Iterator[Finding]:
    """Stores and dashboards with a published port, in production."""
    alone = {d.name for d in project.deployments if not d.apps} if project.apps else set()
    for path in project.paths:
        if path.kind not in ("store", "dashboard") or path.environment != "production":
            continue
        if path.is_encrypted is None:
            continue  # a port where TLS is usual
        last = path.hops[-1].place
        first = last if path.kind == "dashboard" and last != path.service.place else None
        places = (first, *path.places) if first is not None else path.places
        yield store_published.finding(
            f"{path.service.name} is published on every interface, in clear",
            *places,
            # Beside no application, it may be there for who develops one.
            severity=Severity.MEDIUM if path.deployment in alone else None,
        )
    for opening in project.openings:
        what = _opened(opening)
        if what and opening.environment == "production":
            yield store_published.finding(
                f"{what} to every address of the internet",
                *opening.places,
                severity=Severity.MEDIUM,
                confidence=Confidence.FIRM,
            )


def _opened(opening: Opening) -> str:
    """What of stores a cloud lets everybody reach, or an empty string."""
    if opening.database:
        return f"the database {opening.database} is open by its public address"
    names = [name for port, name in _PORTS.items() if opening.first <= port <= opening.last]
    if names and opening.last - opening.first >= _MANY:
        return f"ports {opening.first} to {opening.last}, databases' among them, are open"
    return f"the port of {names[0]} is open" if names else ""
