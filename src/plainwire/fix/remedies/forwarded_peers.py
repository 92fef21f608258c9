"""Let gunicorn believe forwarded headers from the proxy's address only.

With forwarded_allow_ips = "*" whoever reaches gunicorn says what scheme it used and which address
it has: X-Forwarded-Proto, X-Forwarded-Protocol and X-Forwarded-Ssl are taken from everybody.

Condition:

    Right if the compose file names the subnet of its one network, from which the proxy then comes.
    Where it names none the address is not certain, and nothing is changed.

Before:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- gunicorn.conf.py
    bind = "0.0.0.0:8000"
    forwarded_allow_ips = "*"  # for nginx
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "-c", "gunicorn.conf.py", "app:app"]
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
        ports:
          - "8000:8000"
    networks:
      default:
        ipam:
          config:
            - subnet: 172.28.0.0/16

After:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- gunicorn.conf.py
    bind = "0.0.0.0:8000"
    forwarded_allow_ips = "172.28.0.0/16"  # for nginx
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "-c", "gunicorn.conf.py", "app:app"]
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
        ports:
          - "8000:8000"
    networks:
      default:
        ipam:
          config:
            - subnet: 172.28.0.0/16

Limits:

    The setting in gunicorn's configuration file only, not the option or the variable.
"""

from __future__ import annotations

from plainwire.fix.compose import subnet
from plainwire.fix.python import python
from plainwire.model import Finding, Project, Proposal, remedy

_SUMMARY = "believe forwarded headers from the proxy's network only"


@remedy(answers=("forwarded-headers-trusted",), level="conditional")
def forwarded_peers(finding: Finding, project: Project) -> Proposal | None:
    """Turns the star into the subnet, in the configuration that the finding names."""
    place = finding.locations[0]
    file = project.file(place.path or "")
    if file is None or place.line is None or file.format != "gunicorn":
        return None
    source = python(file)
    values = [
        value
        for value in source.assignments(place.line, "forwarded_allow_ips")
        if source.written(value).strip("\"'") == "*"
    ]
    for path in dict.fromkeys(location.path or "" for location in finding.locations):
        compose = project.file(path)
        network = subnet(compose) if compose is not None and compose.format == "compose" else None
        edits = [source.with_literal(value, f'"{network}"') for value in values] if network else []
        made = tuple(edit for edit in edits if edit is not None)
        if made:
            return Proposal(_SUMMARY, made, proof=f"{path} names the subnet {network}")
    why = "the network that the proxy comes from is not named in the compose file"
    return Proposal(_SUMMARY, level="advice", proof=why) if values else None
