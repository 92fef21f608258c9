"""Publish a port on the machine itself only.

A port that compose publishes without an address is open on every interface of the host. On
127.0.0.1 it serves what runs on the host, a proxy among it, and nobody else; services of the same
network reach each other without any published port (Compose specification, ports).

Condition:

    Right for an application that a proxy of the same project leads to as well, and for a store that
    a service of the same file reaches by its name. A port that is the only way in needs your
    consent: clients elsewhere reach the application no longer, until a proxy stands before it.

Before:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
    --- nginx.conf
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://web:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }
    --- compose.yaml
    services:
      proxy:
        image: nginx
        volumes:
          - ./nginx.conf:/etc/nginx/conf.d/default.conf
        ports:
          - "443:443"
      web:
        build: .
        environment:
          DATABASE_URL: postgresql://web@db:5432/shop
        ports:
          - "8000:8000"  # for looking at it
      db:
        image: postgres:16
        ports:
          - target: 5432
            published: 5432

After:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
    --- nginx.conf
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://web:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }
    --- compose.yaml
    services:
      proxy:
        image: nginx
        volumes:
          - ./nginx.conf:/etc/nginx/conf.d/default.conf
        ports:
          - "443:443"
      web:
        build: .
        environment:
          DATABASE_URL: postgresql://web@db:5432/shop
        ports:
          - "127.0.0.1:8000:8000"  # for looking at it
      db:
        image: postgres:16
        ports:
          - target: 5432
            host_ip: 127.0.0.1
            published: 5432

Limits:

    Compose files only. Whether somebody uses the port from another machine is not in the files.
"""

from __future__ import annotations

import re

from plainwire.fix.compose import on_loopback, repeated_on_loopback
from plainwire.fix.conditions import Condition
from plainwire.fix.places import is_at, paths_of
from plainwire.model import Edit, Finding, Path, Project, Proposal, remedy

# What a database, a user or a secret is called is no host: POSTGRES_DB, DB_NAME, REDIS_PASSWORD.
_NO_HOST = re.compile(r"_(DB|DATABASE|NAME|USER|USERNAME|PASS|PASSWORD|KEY|SECRET)$", re.IGNORECASE)


@remedy(
    answers=(
        "port-beside-proxy",
        "plain-port-published",
        "store-published",
        "forwarded-headers-trusted",
        "https-claimed",
    ),
    level="conditional",
)
def loopback_port(finding: Finding, project: Project) -> Proposal | None:
    """Puts 127.0.0.1 before every published port that the finding leads through."""
    found = [p for p in _paths(finding, project) if p.publication is not None]
    edits: list[Edit] = []
    for path in found:
        place = path.publication.place if path.publication is not None else None
        file = project.file(place.path) if place is not None else None
        if file is None or place is None or file.format != "compose":
            return None
        edits += on_loopback(file, place.line)
        edits += repeated_on_loopback(file, place.line, project.of("compose"))
    if not edits:
        return None
    conditions = [_condition(path, project) for path in found]
    failed = next((one for one in conditions if not one.holds), conditions[0])
    return Proposal(
        "publish the port on 127.0.0.1 only",
        tuple(dict.fromkeys(edits)),
        failed.level,
        failed.words,
        is_provable=False,  # who comes in by the port is not seen by running the project
    )


def _paths(finding: Finding, project: Project) -> list[Path]:
    """The paths in the clear that the finding leads through.

    What believes forwarded headers is reached by every direct path of its application.
    """
    mine = paths_of(finding, project)
    if finding.id in ("forwarded-headers-trusted", "https-claimed"):
        apps = [p.app for p in mine]
        return [
            p
            for p in project.paths
            if p.kind in ("direct", "beside") and p.app in apps and p.environment == "production"
        ]
    return [p for p in mine if is_at(p.hops[0].place, finding.locations[0])]


def _condition(path: Path, project: Project) -> Condition:
    if path.kind == "beside" and path.proxy is not None:
        at = f"{path.proxy.path}:{path.proxy.line}"
        return Condition(True, f"the proxy leads to the same server ({at})")
    if path.kind == "store":
        return _is_used_inside(path, project)
    return Condition(
        False, "nothing else in the project leads there: clients would lose their way in"
    )


def _is_used_inside(path: Path, project: Project) -> Condition:
    """Whether a service of the deployment names the store's service as a host in its settings."""
    name = re.compile(rf"(^|@|//|[\s,;=]){re.escape(path.service.name)}($|[:/,;\s?])")
    for deployment in project.deployments:
        if deployment.name != path.deployment:
            continue
        for service in deployment.services:
            for setting in service.settings.values():
                is_host = name.search(setting.value or "") and not _NO_HOST.search(setting.name)
                if service.name != path.service.name and is_host:
                    at = f"{setting.place.path}:{setting.place.line}"
                    return Condition(True, f"{service.name} reaches it by its name ({at})")
    return Condition(False, "whether something outside the compose file uses it is not known")
