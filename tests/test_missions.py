"""What plain HTTP gives away, on a real gunicorn: cases 1 to 3 of the mission."""

import pytest

from plainwire.scan import scan
from servers import gunicorn

APPLICATION = """\
from flask import Flask, request

app = Flask(__name__)


@app.get("/")
def root():
    return {"links": ["/account"]}


@app.post("/login")
def login():
    return {"token": "t"} if request.json.get("password") == "p" else ({"error": "no"}, 401)


@app.get("/account")
def account():
    if request.headers.get("Authorization") != "Bearer t":
        return {"error": "token"}, 401, {"WWW-Authenticate": "Bearer"}
    return {"balance": 12}
"""


@pytest.fixture(scope="module")
def report():
    with gunicorn(application=APPLICATION) as server:
        yield scan(f"http://127.0.0.1:{server.http_port}/", paths=("/account",))


def messages(report, flaw):
    return {f.operation.path: f for f in report.findings if f.id == flaw}


@pytest.mark.mission("1")
def test_a_json_login_over_http_is_found_without_a_password_being_sent(report):
    found = messages(report, "credentials-over-http")["/login"]
    assert found.operation.method == "POST"
    assert {e.request.method for e in found.evidence} == {"OPTIONS"}
    assert report.grade.letter == "F"


@pytest.mark.mission("2")
def test_a_route_that_wants_a_bearer_token_over_http_is_found(report):
    found = messages(report, "credentials-over-http")["/account"]
    assert "Bearer" in found.message
    assert found.cap == "F"


@pytest.mark.mission("3")
def test_plain_http_is_said_to_be_readable_and_alterable(report):
    for found in messages(report, "plain-http-served").values():
        assert "read it and alter it" in found.message
    assert set(messages(report, "plain-http-served")) >= {"/", "/account"}
    assert report.tls_status == "FAIL"
