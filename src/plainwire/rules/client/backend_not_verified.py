"""A backend on the internet is reached by TLS that verifies nothing.

`sslmode=require` encrypts and accepts any certificate, `verify-ca` any host's (PostgreSQL, libpq,
SSL support, table 34.1), and `ssl_cert_reqs=none` the like. Whoever is on the way answers in the
server's place, and gets the password and every query (RFC 9325, section 6; CWE-295).

Remedy:

    Name the authority and ask for the name: sslmode=verify-full with sslrootcert,
    ssl_cert_reqs=required.

Bad:

    --- config.py
    class ProductionConfig:
        SQLALCHEMY_DATABASE_URI = "postgresql://shop@db.shop-data.net/shop?sslmode=require"
    --- app.py
    from flask import Flask
    app = Flask(__name__)
    app.config.from_object("config.ProductionConfig")

Good:

    --- config.py
    class ProductionConfig:
        SQLALCHEMY_DATABASE_URI = (
            "postgresql://shop@db.shop-data.net/shop?sslmode=verify-full&sslrootcert=/srv/ca.pem"
        )
        CACHE_REDIS_URL = "rediss://cache.shop-data.net/0"
    --- app.py
    from flask import Flask
    app = Flask(__name__)
    app.config.from_object("config.ProductionConfig")

Limits:

    Addresses in settings and in calls of the usual clients, where the host is on the public
    internet. What a variable gives outside of the project is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule
from plainwire.wire.backend_addresses import addresses_given


@rule(
    kind="tls-verify-off",
    severity=Severity.LOW,
    cwe=(295,),
    references=("PostgreSQL, libpq, SSL support", "RFC 9325, section 6"),
)
def backend_not_verified(project: Project) -> Iterator[Finding]:
    """Addresses of remote backends whose query says that the certificate is not verified."""
    for address, place in addresses_given(project):
        if address.unverified and address.is_remote:
            yield backend_not_verified.finding(
                f"{address.host}: {address.unverified} does not verify the server", place
            )
