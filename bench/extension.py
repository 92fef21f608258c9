"""`python bench/extension.py`: what flask_plainwire adds to a request, beside Flask-Talisman.

One process, the same view and the same request for each; Flask alone, then with an extension, in
turn and several times, so that a busy machine is everybody's. Nothing is asserted.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask, jsonify
from flask_talisman import Talisman
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import EnvironBuilder

from flask_plainwire import TLS

PROXIED = {"TLS_TERMINATION": "proxy", "TLS_TRUSTED_PROXIES": "127.0.0.1"}
REQUESTS, ROUNDS = 2000, 15
# What nginx passes on of a client's request.
HEADERS = {
    "Host": "api.example.com",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "203.0.113.9",
    "User-Agent": "client/1.0",
    "Accept": "application/json",
    "Authorization": "Bearer 0123456789abcdef",
}


def application(kind: str) -> Flask:
    """An application of one view, with one extension or none."""
    app = Flask(kind)

    @app.get("/")
    def root() -> Any:
        return jsonify(status="ok")

    if kind.startswith("flask_plainwire"):
        app.config.update(PROXIED)
        TLS(app)
    elif kind == "Flask-Talisman":
        Talisman(app)
    elif kind == "ProxyFix":
        app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
    return app


KINDS = ("Flask alone", "flask_plainwire", "ProxyFix", "Flask-Talisman")


def cpu_us(app: Callable[..., Any], environ: dict[str, Any]) -> float:
    """The CPU time of a request in microseconds, over `REQUESTS` of them."""
    start = time.process_time()
    for _ in range(REQUESTS):
        body = app(dict(environ), lambda status, headers, exc_info=None: None)
        for _ in body:
            pass
        body.close()
    return (time.process_time() - start) / REQUESTS * 1e6


def table(say: Callable[[str], None]) -> Iterator[dict[str, object]]:
    """Say the table, a line at a time; its rows."""
    environ = EnvironBuilder(
        path="/", headers=HEADERS, environ_base={"REMOTE_ADDR": "127.0.0.1"}
    ).get_environ()
    apps = {kind: application(kind) for kind in KINDS}
    measured: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(ROUNDS):
        for kind, app in apps.items():
            measured[kind].append(cpu_us(app, environ))
    say("\n| a request over TLS, CPU in µs | least | median | over Flask alone (least) |")
    say("|---|---|---|---|")
    alone = min(measured[KINDS[0]])
    for kind, times in measured.items():
        least, median = min(times), statistics.median(times)
        say(f"| {kind} | {least:.1f} | {median:.1f} | {least - alone:.1f} |")
        yield {"case": f"request, {kind}", "least_us": least, "median_us": median}


if __name__ == "__main__":
    list(table(print))
