"""Real servers on loopback for the tests: each a context manager, stopped whatever happens."""

from .apache import apache
from .caddy import caddy
from .gnutls import gnutls
from .gunicorn import flask_run, gunicorn
from .haproxy import haproxy
from .java import java
from .nginx import nginx
from .node import node
from .openssl import s_server
from .postgresql import postgresql
from .process import Server, missing, program
from .stunnel import stunnel
from .tlslite import tlslite
from .wsgi import wsgi

__all__ = [
    "Server",
    "apache",
    "caddy",
    "flask_run",
    "gnutls",
    "gunicorn",
    "haproxy",
    "java",
    "missing",
    "nginx",
    "node",
    "postgresql",
    "program",
    "s_server",
    "stunnel",
    "tlslite",
    "wsgi",
]
