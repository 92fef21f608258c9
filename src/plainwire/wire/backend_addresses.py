"""Addresses of databases, caches, brokers and directories, and what they say of TLS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from plainwire.model import Call, Project, Setting, Span
from plainwire.wire.plain_urls import is_remote

_WANTED = ("production", "staging")
_CLIENTS = frozenset(
    {
        "Celery",
        "create_engine",
        "from_url",
        "URLParameters",
        "MongoClient",
        "connect",
        "Connection",
    }
)
_ADDRESS = re.compile(
    r"(?P<scheme>(?P<family>postgres(?:ql)?|mysql|mariadb|rediss?|amqps?|mongodb|ldaps?|memcached"
    r"|nats)(?:\+\w+)?)://(?:[^@/\s\"'?]*@)?(?P<host>[\w.-]+)(?P<port>:\d{1,5})?"
    r"(?P<path>/[^\s\"'?#]*)?(?P<query>\?[^\s\"'#]*)?",
    re.IGNORECASE,
)
_SECURE = frozenset(
    {"ssl", "ssl_context", "ssl_options", "secure", "use_ssl", "use_tls", "tls", "sslmode"}
    | {"connect_args", "broker_use_ssl", "**"}  # which may hold one of these
)
# Names of a Kubernetes Service and its namespace (Kubernetes, DNS for Services and Pods).
_SERVICE = re.compile(
    r"(postgres(ql)?|mysql|mariadb|redis|rabbitmq|mongo(db)?|memcached|nats|ldap|db|cache)[\w-]*"
    r"\.[a-z][\w-]*",
    re.IGNORECASE,
)
_ENCRYPTED = re.compile(r"sslmode=(require|verify)|ssl(_ca|_mode)?=|tls=true|ssl=true", re.I)
# What leaves the certificate unread, or its name: libpq's sslmode (PostgreSQL, libpq, SSL support),
# redis-py's and Celery's ssl_cert_reqs, PyMongo's options.
_UNVERIFIED = re.compile(
    r"(?<=[?&])(sslmode=(?:require|verify-ca)|ssl_cert_reqs=(?:cert_)?(?:none|optional)"
    r"|tlsInsecure=true|tlsAllowInvalidCertificates=true|tlsAllowInvalidHostnames=true)(?=&|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class BackendAddress:
    """An address and where it stands in its text: ``start`` to ``end``, the login left out.

    ``scheme`` may name a driver after a ``+``; ``port`` 0 is not said; ``unverified`` are the words
    of the query that switch verification off.
    """

    scheme: str
    family: str
    host: str
    port: int
    path: str
    query: str
    start: int
    end: int
    is_encrypted: bool
    unverified: str

    @property
    def is_remote(self) -> bool:
        """True for a host on the internet; ``redis.shop`` is a service in a cluster's namespace."""
        return is_remote(f"http://{self.host}/") and not _SERVICE.fullmatch(self.host)


def addresses_given(project: Project) -> Iterator[tuple[BackendAddress, Span]]:
    """The addresses that a project's settings and its clients of backends have for production."""
    for setting in _settings(project):
        found = address_at_start(setting.value or "")
        if found is not None:
            yield found, setting.place
    for module in project.modules:
        if module.file.environment in _WANTED:
            for call in module.calls:
                for text in _arguments(call):
                    found = address_at_start(text)
                    if found is not None:
                        yield found, module.span(call.line)


def _arguments(call: Call) -> Iterator[str]:
    """The addresses that a client of a backend is given."""
    if call.name.rpartition(".")[2] not in _CLIENTS or may_use_tls(call):
        return
    for name, position in (("broker", None), ("backend", None), ("url", 0), ("name", 0)):
        value = call.argument(name, position)
        if value is not None and value.text and value.variable is None:
            yield value.text


def may_use_tls(call: Call) -> bool:
    """True if a client is given an option that switches TLS on, or may."""
    given = [call.argument(name) for name in call.keywords if name in _SECURE]
    return any(value is None or value.literal not in (False, "disable") for value in given)


def _settings(project: Project) -> Iterator[Setting]:
    for app in project.apps:
        yield from (s for s in app.settings if s.environment in _WANTED)
    for deployment in project.deployments:
        for service in deployment.services if deployment.apps else ():
            if service.environment in _WANTED:
                yield from (s for s in service.settings.values() if s.environment in _WANTED)
    yield from (s for s in project.variables if s.environment in _WANTED)


def addresses(text: str) -> tuple[BackendAddress, ...]:
    """Every backend's address in a text, in its order."""
    return tuple(_of(match) for match in _ADDRESS.finditer(text))


def address_at_start(text: str) -> BackendAddress | None:
    """The address that a text begins with. Returns None if it begins with none."""
    match = _ADDRESS.match(text)
    return _of(match) if match is not None else None


def _of(match: re.Match[str]) -> BackendAddress:
    family = match["family"].lower()
    query = match["query"] or ""
    has_tls = family in ("rediss", "amqps", "ldaps")
    loose = _UNVERIFIED.search(query)
    return BackendAddress(
        match["scheme"],
        family.removesuffix("s") if has_tls else family,
        match["host"],
        int((match["port"] or ":0")[1:]),
        match["path"] or "",
        query,
        match.start(),
        match.end(),
        has_tls or bool(_ENCRYPTED.search(query)),
        loose[1] if loose is not None else "",
    )
