"""A backend that may be remote is reached without TLS.

Databases, caches, collectors and object stores carry what the application knows; where they can
stand on another machine, the way there belongs inside TLS (CWE-319).

Remedy:

    Switch TLS on in the client (ssl=True, rediss://, sslmode=verify-full, insecure=False), at least
    where the host is not this machine.

Bad:

    --- cache.py
    import os
    import redis
    cache = redis.Redis(host=os.environ.get("REDIS_HOST", "localhost"))

Good:

    --- cache.py
    import os
    import redis
    cache = redis.Redis(host=os.environ.get("REDIS_HOST", "localhost"), ssl=True)
    local = redis.Redis(host="localhost")

Limits:

    Private networks are not told from others, hence low.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Call, Finding, Project, Setting, Severity, rule
from plainwire.wire.plain_urls import is_remote

_REDIS = re.compile(r"(^|\.)(Strict)?Redis$")
_CLIENT = re.compile(
    r"(^|\.)(Celery|create_engine|from_url|URLParameters|MongoClient|connect|Connection)$"
)
_HOSTED: dict[str, int | None] = {"ConnectionParameters": 0, "Redis": 0, "StrictRedis": 0}
_ADDRESS = re.compile(
    r"(postgres(?:ql)?|mysql|mariadb|redis|amqp|mongodb|ldap|memcached|nats)(?:\+\w+)?://"
    r"(?:[^@/\s]*@)?([\w.-]+)",
    re.IGNORECASE,
)
_TLS = re.compile(r"sslmode=(require|verify)|ssl(_ca|_mode)?=|tls=true|ssl=true", re.IGNORECASE)
_SECURE = frozenset(
    {"ssl", "ssl_context", "ssl_options", "secure", "use_ssl", "use_tls", "tls", "sslmode"}
    | {"connect_args", "broker_use_ssl", "**"}  # which may hold one of these
)


@rule(
    kind="backend-plain",
    severity=Severity.LOW,
    cwe=(319,),
    references=("Redis, TLS support", "OpenTelemetry, OTLP exporter configuration"),
)
def backend_reached_plain(project: Project) -> Iterator[Finding]:
    """Clients of backends with TLS left off, and addresses of remote ones without it."""
    for setting in _settings(project):
        address = _address(setting.value or "")
        if address:
            yield backend_reached_plain.finding(
                f"{address} is reached without TLS", setting.place, severity=Severity.MEDIUM
            )
    for module in project.modules:
        if module.file.environment not in ("production", "staging"):
            continue
        for call in module.calls:
            address = next((a for a in map(_address, _arguments(call)) if a), "")
            if address:
                yield backend_reached_plain.finding(
                    f"{address} is reached without TLS",
                    module.span(call.line),
                    severity=Severity.MEDIUM,
                )
                continue
            why = _why(call)
            if why:
                yield backend_reached_plain.finding(why, module.span(call.line))


def _address(text: str) -> str:
    """The host of a backend's address on the internet without TLS, or an empty string."""
    match = _ADDRESS.match(text)
    is_plain = match is not None and not _TLS.search(text)
    return match[2] if match and is_plain and is_remote(f"http://{match[2]}/") else ""


def _arguments(call: Call) -> Iterator[str]:
    """The addresses that a client of a backend is given."""
    if _may_use_tls(call):
        return
    last = call.name.rpartition(".")[2]
    if _CLIENT.search(call.name):
        for name, position in (("broker", None), ("backend", None), ("url", 0), ("name", 0)):
            value = call.argument(name, position)
            if value is not None and value.text and value.variable is None:
                yield value.text
    named_host = _HOSTED.get(last)
    host = call.argument("host", named_host) if last in _HOSTED else None
    if host is not None and host.text:
        yield f"redis://{host.text}"


def _may_use_tls(call: Call) -> bool:
    """True if an option is given that switches TLS on, or may."""
    given = [call.argument(name) for name in call.keywords if name in _SECURE]
    return any(value is None or value.literal not in (False, "disable") for value in given)


def _settings(project: Project) -> Iterator[Setting]:
    wanted = ("production", "staging")
    for app in project.apps:
        yield from (s for s in app.settings if s.environment in wanted)
    for deployment in project.deployments:
        for service in deployment.services if deployment.apps else ():
            if service.environment in wanted:
                yield from (s for s in service.settings.values() if s.environment in wanted)
    yield from (s for s in project.variables if s.environment in wanted)


def _why(call: Call) -> str:
    """What is wrong with a call, or an empty string."""
    last = call.name.rpartition(".")[2]
    if _REDIS.search(call.name) and not _may_use_tls(call):
        host = call.argument("host", 0)
        is_open = host is not None and host.variable is not None
        if is_open:
            return "the cache's host is configurable and TLS is off"
    if last.endswith("Exporter"):
        insecure = call.argument("insecure")
        if insecure is not None and insecure.literal is True:
            return "telemetry is sent without TLS wherever the collector stands"
    if last == "Minio":
        secure = call.argument("secure", 3)
        if secure is not None and secure.literal is False:
            return "the object store is reached without TLS"
    return ""
