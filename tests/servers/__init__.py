"""Real servers on loopback for the tests: each a context manager, stopped whatever happens."""

from .apache import apache
from .caddy import caddy
from .gunicorn import flask_run, gunicorn
from .haproxy import haproxy
from .nginx import nginx
from .node import node
from .openssl import s_server
from .process import Server, missing, program
from .tlslite import tlslite

__all__ = [
    "Server",
    "apache",
    "caddy",
    "flask_run",
    "gunicorn",
    "haproxy",
    "missing",
    "nginx",
    "node",
    "program",
    "s_server",
    "tlslite",
]
