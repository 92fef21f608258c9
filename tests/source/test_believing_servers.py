"""Servers that believe everybody, or call everything https, by code or command."""

import pytest

from auditing import found
from fix.fixing import planned
from plainwire.model import example_files
from plainwire.rules.app.forwarded_headers_trusted import forwarded_headers_trusted
from plainwire.rules.server.https_claimed import https_claimed

PROJECT = """
--- app.py
import waitress
import uvicorn
from flask import Flask
app = Flask(__name__)
if __name__ == "__main__":
    CALL
--- Dockerfile
FROM python:3.12
CMD COMMAND
--- compose.yaml
services:
  web:
    build: .
    ports: ["8080:8080"]
"""
CODE, WAITRESS, UVICORN = "python app.py", "waitress-serve", "uvicorn"


def written(command, call="pass"):
    return PROJECT.replace("COMMAND", command).replace("CALL", call)


# waitress 3.0, arguments trusted_proxy and url_scheme; uvicorn, settings, forwarded-allow-ips.
@pytest.mark.parametrize(
    ("command", "call", "believes", "claims"),
    [
        (CODE, "waitress.serve(app, trusted_proxy='*')", 1, 0),
        (CODE, "waitress.serve(app, trusted_proxy='10.0.0.5')", 0, 0),
        (CODE, "waitress.serve(app, url_scheme='https')", 0, 1),
        (CODE, "waitress.serve(app, url_scheme='http')", 0, 0),
        (CODE, "waitress.serve(app, host='127.0.0.1', url_scheme='https')", 0, 0),
        (CODE, "uvicorn.run(app, host='0.0.0.0', port=8080, forwarded_allow_ips='*')", 1, 0),
        (f"{WAITRESS} --trusted-proxy='*' app:app", "pass", 1, 0),
        (f"{WAITRESS} --url-scheme=https app:app", "pass", 0, 1),
        (f"{WAITRESS} --url-scheme=http app:app", "pass", 0, 0),
        (f"{WAITRESS} app:app", "pass", 0, 0),
        (f"{UVICORN} --host 0.0.0.0 --port 8080 --forwarded-allow-ips '*' app:app", "pass", 1, 0),
        (f"{UVICORN} --host 0.0.0.0 --port 8080 app:app", "pass", 0, 0),
    ],
)
def test_what_a_server_is_told_to_believe(command, call, believes, claims):
    text = written(command, call)
    assert len(found(text, forwarded_headers_trusted)) == believes
    assert len(found(text, https_claimed)) == claims


def test_a_port_that_is_closed_makes_the_claim_true():
    text = written(f"{WAITRESS} --url-scheme=https app:app")
    only = frozenset({"https-claimed"})
    made = planned(example_files(text), only=only, with_unsafe=True)
    assert [step.patch.remedy for step in made.steps] == ["loopback-port"]
    assert not planned(example_files(text), only=only).steps
