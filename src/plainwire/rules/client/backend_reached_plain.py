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

from collections.abc import Iterator

from plainwire.model import Call, Finding, Project, Severity, rule
from plainwire.wire.backend_addresses import addresses_given, may_use_tls
from plainwire.wire.plain_urls import is_remote

_STARTS_TLS = ("start_tls_s", "start_tls")  # of a directory's connection (RFC 4511, 4.14)
_HOSTED: dict[str, int | None] = {"ConnectionParameters": 0, "Redis": 0, "StrictRedis": 0}


@rule(
    kind="backend-plain",
    severity=Severity.LOW,
    cwe=(319,),
    references=("Redis, TLS support", "OpenTelemetry, OTLP exporter configuration"),
)
def backend_reached_plain(project: Project) -> Iterator[Finding]:
    """Clients of backends with TLS left off, and addresses of remote ones without it."""
    starts_tls = any(c.name.endswith(_STARTS_TLS) for m in project.modules for c in m.calls)
    for address, place in addresses_given(project):
        if address.is_encrypted or not address.is_remote:
            continue
        if not (starts_tls and address.family == "ldap"):
            yield backend_reached_plain.finding(
                f"{address.host} is reached without TLS", place, severity=Severity.MEDIUM
            )
    for module in project.modules:
        if module.file.environment not in ("production", "staging"):
            continue
        for call in module.calls:
            host = _host(call)
            if host:
                yield backend_reached_plain.finding(
                    f"{host} is reached without TLS",
                    module.span(call.line),
                    severity=Severity.MEDIUM,
                )
                continue
            why = _why(call, project)
            if why:
                yield backend_reached_plain.finding(why, module.span(call.line))


def _host(call: Call) -> str:
    """The host on the internet that Redis is asked at without TLS, or an empty string."""
    last = call.name.rpartition(".")[2]
    host = call.argument("host", _HOSTED[last]) if last in _HOSTED else None
    if host is None or may_use_tls(call):
        return ""
    return host.text if is_remote(f"http://{host.text}/") else ""


def _is_open(name: str, project: Project) -> bool:
    """True for a key of the application's configuration that a variable gives."""
    given = [s for app in project.apps for s in app.setting(name, "production")] if name else []
    return any(s.variable is not None for s in given)


def _why(call: Call, project: Project) -> str:
    """What is wrong with a call, or an empty string."""
    last = call.name.rpartition(".")[2]
    if last in ("Redis", "StrictRedis", "RedisHuey") and not may_use_tls(call):
        host = call.argument("host", 0)
        if host is not None and (host.variable is not None or _is_open(host.setting, project)):
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
