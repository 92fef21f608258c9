"""A Flask application with the extension, and requests to it as a proxy would pass them on."""

from typing import Any

from flask import Flask

from flask_plainwire import TLS

PROXIED = {"TLS_TERMINATION": "proxy", "TLS_TRUSTED_PROXIES": "127.0.0.1"}
HOST = "http://api.example.com"


def application(**config: Any) -> Flask:
    """An application with ``/`` for GET and POST, behind one proxy unless ``config`` differs."""
    app = Flask("guarded")
    app.secret_key = "only for tests"
    app.config.update(PROXIED | config)
    TLS(app)
    app.add_url_rule("/", "root", lambda: "ok", methods=["GET", "POST", "PUT", "DELETE"])
    return app


def sent(app: Flask, scheme: str, path: str = "/", method: str = "GET", **more: Any) -> Any:
    """The answer to a request of which the proxy says that it came over ``scheme``."""
    headers = {"X-Forwarded-Proto": scheme, **more.pop("headers", {})}
    settings = {"base_url": HOST, **more}
    client = app.test_client(use_cookies=False)  # else a Cookie header is replaced by its own
    got = client.open(path, method=method, headers=headers, **settings)
    got.get_data()  # to its end: signals are sent then
    got.close()
    return got
