"""flask_plainwire around an application of which another was made: before it, or after it."""

import pytest
from werkzeug.test import Client

from auditing import found
from plainwire.rules.app.credentials_in_clear import credentials_in_clear

APP = """
from flask import Flask, request
from flask_plainwire import TLS
from werkzeug.middleware.dispatcher import DispatcherMiddleware
app = Flask(__name__)
app.config.update(TLS_TERMINATION="proxy", TLS_TRUSTED_PROXIES=["192.0.2.1"])
@app.post("/login")
def login():
    return {"token": request.json["password"]}
"""
TLS = "TLS(app)\n"
MADE = "application = DispatcherMiddleware(app.wsgi_app, {})\n"
KEPT = "app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {})\n"
PORT = """
--- compose.yaml
services:
  web:
    build: .
    ports: ["8000:8000"]
--- Dockerfile
FROM python:3.12
COPY . /app
WORKDIR /app
"""
SERVED = 'CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:{}"]\n'


@pytest.mark.parametrize(
    ("lines", "name", "status"),
    [
        (MADE + TLS, "application", 500),
        (TLS + MADE, "application", 403),
        (KEPT + TLS, "app", 403),
    ],
    ids=["before", "after", "in its place"],
)
def test_cleartext_that_the_extension_does_not_refuse_is_found(lines, name, status):
    made: dict[str, object] = {"__name__": "late"}
    exec(compile(APP + lines, "app.py", "exec"), made)
    asked = {"json": {"password": "x"}, "environ_overrides": {"REMOTE_ADDR": "127.0.0.1"}}
    answer = Client(made[name]).post("/login", **asked)
    assert answer.status_code == status
    findings = found(f"--- app.py{APP}{lines}{PORT}{SERVED.format(name)}", credentials_in_clear)
    assert bool(findings) is (status == 500)
