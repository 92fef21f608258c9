"""A variable of the deployment switches TLS off.

The application would use https, and a line of the deployment tells it not to: links become http,
cookies lose Secure, redirects stop (CWE-319). The code alone looks right.

Remedy:

    Remove the variable from every deployment but development.

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
        environment:
          - NO_SSL=True

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
        environment:
          - NO_SSL=False

Limits:

    Known by the variable's name. Settings for mail and databases have rules of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from plainwire.model import Finding, Project, Service, Setting, Severity, rule

_OFF = re.compile(
    r"^(\w+_)?(NO|DISABLE|SKIP|WITHOUT)_(SSL|TLS|HTTPS)(_\w+)?$|^(\w+_)?(SSL|TLS|HTTPS)_DISABLED?$"
    r"|^(\w+_)?(INSECURE|ALLOW_HTTP|OAUTHLIB_INSECURE_TRANSPORT)$",
    re.IGNORECASE,
)
_ON = re.compile(
    r"^(\w+_)?((FORCE|REQUIRE|ENABLE|USE)_(SSL|TLS|HTTPS)|(SSL|HTTPS)_(REDIRECT|ONLY|REQUIRED)"
    r"|SESSION_COOKIE_SECURE|REMEMBER_COOKIE_SECURE|JWT_COOKIE_SECURE)$",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?:\w{1,10}://)?([\w.-]{1,253})")
_OTHERS = re.compile(r"MAIL|SMTP|DB|DATABASE|POSTGRES|MYSQL|REDIS|S3|MINIO|LDAP|ELASTIC", re.I)


@rule(
    kind="env-downgrade",
    severity=Severity.HIGH,
    cwe=(319,),
    references=("The Twelve-Factor App, III. Config", "RFC 9110, section 17"),
)
def tls_switched_off(project: Project) -> Iterator[Finding]:
    """Variables of production services, images and environment files that switch TLS off."""
    for setting in _variables(project):
        if setting.environment not in ("production", "staging") or _OTHERS.search(setting.name):
            continue
        is_off = _OFF.search(setting.name) and setting.is_true
        is_not_on = _ON.search(setting.name) and setting.is_false and setting.value
        if is_off or is_not_on:
            yield tls_switched_off.finding(
                f"{setting.name}={setting.value} switches TLS off for this deployment",
                setting.place,
            )


def _stays_inside(setting: Setting, service: Service, names: Set[str]) -> bool:
    """True for OpenTelemetry's exporter without TLS that sends to a service of the same network.

    https://opentelemetry.io/docs/specs/otel/protocol/exporter/ (1.49)
    """
    if not setting.name.startswith("OTEL_EXPORTER_"):
        return False
    targets = [s.value or "" for n, s in service.settings.items() if n.endswith("_ENDPOINT")]
    hosts = [match[1] if (match := _HOST.match(target)) else "" for target in targets]
    return bool(hosts) and all(host in names or host == "localhost" for host in hosts)


def _variables(project: Project) -> Iterator[Setting]:
    for app in project.apps:
        for setting in app.settings:
            if _OFF.search(setting.name) and not setting.is_conditional:
                yield setting
    for deployment in project.deployments:
        names = {service.name for service in deployment.services}
        for service in deployment.services if deployment.apps else ():
            if service.environment in ("production", "staging"):
                for setting in service.settings.values():
                    if not _stays_inside(setting, service, names):
                        yield setting
    for image in project.images:
        if image.environment == "production":
            for stage in image.stages:
                yield from stage.settings.values()
    yield from project.variables
