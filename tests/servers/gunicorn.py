"""gunicorn and Flask's own server, with a Flask application of a few lines."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .process import Certificate, Server, place, running

APPLICATION = """\
from flask import Flask, jsonify, request

app = Flask(__name__)
HEADERS = @{headers}


@app.after_request
def add_headers(response):
    for name, value in HEADERS:
        response.headers.add(name, value)
    return response


@app.route("/", methods=["GET", "POST"])
def root():
    return jsonify(server="@{name}", scheme=request.scheme)
"""


@contextmanager
def gunicorn(
    https: Certificate | None = None,
    headers: Sequence[tuple[str, str]] = (),
    workers: int = 1,
    application: str = APPLICATION,
    options: Sequence[str] = (),
) -> Iterator[Server]:
    """gunicorn with synchronous workers: ``--certfile`` on `https_port`, or else cleartext on
    `http_port`.

    ``application`` is the text of a module with a WSGI ``app``; ``headers`` are added to each of
    the answers of the one that is there by default. ``options`` are further ones of gunicorn's.
    """
    with place() as where:
        where.write("application.py", application, name="gunicorn", headers=list(headers))
        port = where.https_port if https else where.http_port
        tls = ("--certfile", https.chain, "--keyfile", https.key) if https else ()
        listen = ("--bind", f"127.0.0.1:{port}", "--workers", str(workers), "--no-control-socket")
        command = [sys.executable, "-m", "gunicorn", *listen, *tls, "--access-logfile", "-"]
        command += [*options, "application:app"]
        booted = "Booting worker"
        with running(
            "gunicorn", where, command, [port], is_ready=lambda log: log.count(booted) == workers
        ) as server:
            yield server


@contextmanager
def flask_run(
    adhoc: bool = True,
    headers: Sequence[tuple[str, str]] = (),
    application: str = APPLICATION,
) -> Iterator[Server]:
    """``flask run --cert=adhoc`` on `https_port`; without ``adhoc``, cleartext on `http_port`."""
    with place() as where:
        where.write("application.py", application, name="flask", headers=list(headers))
        port = where.https_port if adhoc else where.http_port
        tls = ("--cert", "adhoc") if adhoc else ()
        listen = ("--host", "127.0.0.1", "--port", str(port))
        command = [sys.executable, "-m", "flask", "--app", "application", "run", *listen, *tls]

        def is_ready(log: str) -> bool:
            return "Running on http" in log  # it listens first, and then makes the certificate

        with running("flask", where, command, [port], is_ready=is_ready) as server:
            yield server
