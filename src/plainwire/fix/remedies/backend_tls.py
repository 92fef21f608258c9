"""Reach a database, cache or broker by TLS, and verify it.

What an application knows passes to its database in clear otherwise, the password first (RFC 9325,
section 6). The address gets the scheme, or the words of its query, by which the client verifies:
rediss, amqps and ldaps, ``tls=true`` for MongoDB, ``sslmode=verify-full`` for PostgreSQL.

Condition:

    Right if the server speaks TLS on that port with a certificate that verifies, which `--probe`
    asks it; otherwise it needs your consent. PostgreSQL's client is also told where the authorities
    are, at the place of the official Python images: another image needs your consent too.

Before:

    --- requirements.txt
    celery
    flask
    --- config.py
    class ProductionConfig:
        CELERY_BROKER_URL = "redis://:token@cache.shop-data.net:6379/0"  # managed
        SQLALCHEMY_DATABASE_URI = 'postgresql://shop@db.shop-data.net/shop?sslmode=require'
    --- app.py
    import pika
    from flask import Flask
    app = Flask(__name__)
    app.config.from_object("config.ProductionConfig")
    queue = pika.URLParameters("amqp://mq.shop-data.net:5672/%2F")
    --- Dockerfile
    FROM python:3.12-slim
    CMD ["gunicorn", "app:app"]

After:

    --- requirements.txt
    celery
    flask
    --- config.py
    class ProductionConfig:
        CELERY_BROKER_URL = "rediss://:token@cache.shop-data.net:6379/0?ssl_cert_reqs=required"  # managed
        SQLALCHEMY_DATABASE_URI = 'postgresql://shop@db.shop-data.net/shop?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt'
    --- app.py
    import pika
    from flask import Flask
    app = Flask(__name__)
    app.config.from_object("config.ProductionConfig")
    queue = pika.URLParameters("amqps://mq.shop-data.net:5671/%2F")
    --- Dockerfile
    FROM python:3.12-slim
    CMD ["gunicorn", "app:app"]

Limits:

    redis-py before version 6 and py-amqp verify the chain and not the name. MySQL, memcached and
    NATS are left to you, as is a PostgreSQL that is not asked by libpq (asyncpg, pg8000).
"""  # noqa: E501 (an address is one word)

from __future__ import annotations

import re

from plainwire.fix.python import Python, argument, python
from plainwire.fix.text import span_of
from plainwire.model import Edit, Finding, Peer, Project, Proposal, SourceFile, remedy
from plainwire.wire.backend_addresses import BackendAddress, addresses

_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
_PLAIN_PORT = {"amqp": (5672, 5671), "ldap": (389, 636)}
_PORT = {"redis": 6379, "mongodb": 27017}
_LIBPQ = re.compile(r"postgres(ql)?(\+psycopg2?)?", re.IGNORECASE)
# Clients' options that leave TLS off, and what they must say.
_OPTIONS = (("insecure", "True", "False"), ("secure", "False", "True"))
_NOT_ASKED = "whether {} verifies was not asked (--probe)"


@remedy(
    answers=("backend-reached-plain", "backend-not-verified", "mail-sent-plain"), level="unsafe"
)
def backend_tls(finding: Finding, project: Project) -> Proposal | None:
    """Changes the one backend's address on the finding's line, or the option that left TLS off."""
    place = finding.locations[0]
    file = project.file(place.path or "")
    if file is None or place.line is None:
        return None
    start, end = span_of(file.text, place.line)
    found = [a for a in addresses(file.text[start:end]) if a.host in finding.message]
    if len(found) == 1:
        return _readdressed(found[0], start, file, project)
    if file.format != "python" or finding.id == "mail-sent-plain":
        return None
    return _with_option(python(file), place.line)


def _readdressed(
    address: BackendAddress, start: int, file: SourceFile, project: Project
) -> Proposal | None:
    written = file.text[start + address.start : start + address.end]
    if address.family in ("mysql", "mariadb"):
        why = "the client must be told which authorities it may believe"
        return Proposal(f"add ?ssl_ca={_AUTHORITIES} to the address", level="advice", proof=why)
    if _LIBPQ.fullmatch(address.scheme):
        query = _verifying(address.query)
    elif address.family == "mongodb":
        query = _without_exceptions(address.query)
        query = query if "tls=true" in query.lower() else _with(query, "tls=true")
    elif address.family == "redis":
        query = re.sub(r"(?i)(?<=[?&])ssl_cert_reqs=\w+", "ssl_cert_reqs=required", address.query)
        query = query if "ssl_cert_reqs" in query else _with(query, "ssl_cert_reqs=required")
    elif address.family in _PLAIN_PORT:
        query = address.query
    else:
        return None
    before = file.text[start + address.start - 1 : start + address.start]
    after = file.text[start + address.end : start + address.end + 1]
    if "&" in query and file.format in ("env", "shell", "dockerfile") and before not in ("'", '"'):
        words = query.removeprefix("?").replace("&", " and ")
        why = "an & outside of quotes ends a shell's command: put the value in quotes first"
        return Proposal(f"add {words} to the address", level="advice", proof=why)
    if after and after not in "\"' \t\n":
        return None  # a part of it is put in
    new = _scheme(address) + _host(written, address) + _path(address) + query
    edit = Edit(file.path, start + address.start, start + address.end, new)
    peer, why = _peer(address, project)
    return Proposal("reach it by TLS and verify it", (edit,), proof=why, peer=peer)


def _scheme(address: BackendAddress) -> str:
    is_new = address.scheme.lower() in ("redis", "amqp", "ldap")
    return f"{address.scheme}{'s' if is_new else ''}://"


def _host(written: str, address: BackendAddress) -> str:
    """Login, host and port as they are written, the port for TLS in the place of the plain one."""
    rest = written.partition("://")[2]
    kept = rest[: len(rest) - len(address.path) - len(address.query)]
    plain, tls = _PLAIN_PORT.get(address.family, (0, 0))
    if address.port and address.port == plain:
        return f"{kept.removesuffix(str(plain))}{tls}"
    return kept


def _path(address: BackendAddress) -> str:
    """The path; MongoDB's options need one before them."""
    return address.path or ("/" if address.family == "mongodb" else "")


def _with(query: str, words: str) -> str:
    return f"{query}&{words}" if len(query) > 1 else f"?{words}"


def _verifying(query: str) -> str:
    """libpq's words for a chain and a name that are verified (PostgreSQL, libpq, SSL support)."""
    new = re.sub(r"(?i)(?<=[?&])sslmode=[\w-]*", "sslmode=verify-full", query)
    new = new if "sslmode=" in new else _with(query, "sslmode=verify-full")
    return new if "sslrootcert=" in new else _with(new, f"sslrootcert={_AUTHORITIES}")


def _without_exceptions(query: str) -> str:
    names = "tlsInsecure|tlsAllowInvalidCertificates|tlsAllowInvalidHostnames"
    return re.sub(rf"(?i)(?<=[?&])({names})=true", r"\1=false", query)


def _peer(address: BackendAddress, project: Project) -> tuple[Peer | None, str]:
    """The server to ask, and what is not known without it."""
    if address.family.startswith("postgres"):
        bases = [image.stages[-1].base for image in project.images if image.stages]
        has_own = "sslrootcert=" in address.query
        if has_own or not bases or not all(re.match(r"python(:|$)", base) for base in bases):
            return None, "whether the authorities are in that file where it runs is not known"
        return Peer(address.host, address.port or 5432, "postgres"), _NOT_ASKED.format(address.host)
    plain, tls = _PLAIN_PORT.get(address.family, (0, 0))
    port = address.port or tls or _PORT[address.family]
    return Peer(address.host, tls if port == plain else port), _NOT_ASKED.format(address.host)


def _with_option(source: Python, line: int) -> Proposal | None:
    for call in source.calls(line):
        for name, old, new in _OPTIONS:
            value = argument(call, name)
            if value is not None and source.written(value) == old:
                edit = source.with_literal(value, new)
                why = "which server it is, is not in the line, so it cannot be asked"
                return Proposal("reach it by TLS", (edit,), proof=why) if edit else None
    for call in source.calls(line, "Redis", "StrictRedis"):
        value = argument(call, "ssl")
        is_off = value is None or source.written(value) == "False"
        edit = source.with_argument(call, "ssl", "True") if is_off else None
        if edit is not None:
            why = "whether the cache speaks TLS wherever it stands is not in the files"
            return Proposal("reach it by TLS", (edit,), proof=why)
    return None
