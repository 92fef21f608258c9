"""A WSGI application on each of the usual servers, on a loopback port or a unix socket."""

import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .process import Place, Server, place, required, running

# gevent has no command of its own.
GEVENT = """\
from gevent import monkey

monkey.patch_all()
import sys

from gevent.pywsgi import WSGIServer

from application import app

kind, where = sys.argv[1:]
if kind == "unix":
    from gevent import socket
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(where)
    listener.listen()
else:
    listener = ("127.0.0.1", int(where))
WSGIServer(listener, app).serve_forever()
"""
# uWSGI runs the Python that it was built with, on what was added to this one.
_STANDARD = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
_PACKAGES = os.pathsep.join(
    path for path in sys.path if "site-packages" in path or not path.startswith(_STANDARD)
)
NAMES = ("gunicorn", "waitress", "uwsgi", "uwsgi-protocol", "gevent", "flask", "flask-debug")


@contextmanager
def wsgi(name: str, application: str, unix: bool = False) -> Iterator[tuple[Server, int | Path]]:
    """The module's ``app`` on a server of `NAMES`, and the port or socket where it listens."""
    with place() as where:
        where.write("application.py", application)
        where.write("gevent_server.py", GEVENT)
        socket = where.folder / "socket"
        # Proxies connect as somebody else: the socket is for all.
        command = ["sh", "-c", 'umask 0; exec "$@"', "sh", *_command(name, where, socket, unix)]
        with running(
            name,
            where,
            command,
            [] if unix else [where.http_port],
            environment={"PYTHONPATH": _PACKAGES} if name.startswith("uwsgi") else {},
            is_ready=lambda log: (
                "spawned uWSGI" in log if name.startswith("uwsgi") else socket.exists() or not unix
            ),
        ) as server:
            yield server, socket if unix else where.http_port


def _command(name: str, where: Place, socket: Path, unix: bool) -> Sequence[str | Path]:
    port = where.http_port
    python = [sys.executable, "-m"]
    if name == "gunicorn":
        bind = f"unix:{socket}" if unix else f"127.0.0.1:{port}"
        return [
            *python,
            name,
            "--no-control-socket",
            "--threads",
            "4",
            "-b",
            bind,
            "application:app",
        ]
    if name == "waitress":
        listen = (
            [f"--unix-socket={socket}", "--unix-socket-perms=777"]
            if unix
            else [f"--listen=127.0.0.1:{port}"]
        )
        # Else it takes away what proxies send, before an application can judge it.
        words = ["--no-clear-untrusted-proxy-headers", *listen]
        return [*python, name, *words, "application:app"]
    if name.startswith("uwsgi"):
        bind = str(socket) if unix else f"127.0.0.1:{port}"
        option = "--http-socket" if name == "uwsgi" else "--socket"
        words = [option, bind, "--chmod-socket=777", "--module", "application:app"]
        words += ["--post-buffering=4096"]
        return [required("uwsgi"), *words, "--need-app", "--master", "--die-on-term"]
    if name == "gevent":
        words = ["unix", str(socket)] if unix else ["tcp", str(port)]
        return [sys.executable, where.folder / "gevent_server.py", *words]
    host = ["--host", f"unix://{socket}"] if unix else ["--host", "127.0.0.1", "--port", str(port)]
    debug = ["--debug", "--no-reload"] if name == "flask-debug" else []
    return [*python, "flask", "--app", "application", "run", *host, *debug]
