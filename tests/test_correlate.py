"""A scan with the source beside it: a real gunicorn serves the application whose folder is read."""

import json

import pytest

from auditing import laid_out
from plainwire import correlate
from plainwire.cli import main
from plainwire.scan import scan
from servers import gunicorn

APPLICATION = """\
from flask import Flask, Blueprint, redirect, request

app = Flask(__name__)
api = Blueprint("api", __name__, url_prefix="/api")


@app.before_request
def to_https():
    if {condition}:
        return redirect(request.url.replace("http://", "https://", 1), 308)


@app.get("/")
def root():
    return {{"hello": "world"}}


@api.get("/hidden/report")
def hidden():
    return {{"figures": [1, 2]}}


@api.get("/tidy")
def tidy():
    database.drop_all()
    return {{}}


@api.get("/delete/<int:number>")
def delete(number):
    return {{}}


@api.post("/orders")
def order():
    return {{}}


@api.post("/login")
def login():
    return {{"token": "t"}} if request.json["password"] == "p" else ({{}}, 401)


app.register_blueprint(api)
"""
FAIL_OPEN = 'request.headers.get("X-Forwarded-Proto") == "http"'
SAFE = "not request.is_secure"


@pytest.fixture(params=[FAIL_OPEN, SAFE], ids=["fail-open", "safe"], scope="module")
def seen(request, tmp_path_factory):
    """The condition, the report and the server's access log."""
    text = APPLICATION.format(condition=request.param)
    folder = laid_out({"application.py": text}, tmp_path_factory.mktemp("source"))
    with gunicorn(application=text) as server:
        report = scan(f"http://127.0.0.1:{server.http_port}/", source=correlate.of_folder(folder))
        yield request.param, report, server.told("GET /api/hidden/report")


@pytest.mark.mission("1")
@pytest.mark.mission("3")
def test_routes_that_nothing_links_to_are_asked_and_found(seen):
    condition, report, _ = seen
    served = {f.operation.path: f for f in report.findings if f.id == "plain-http-served"}
    assert bool(served) == (condition == FAIL_OPEN)
    if condition == SAFE:
        return
    places = [(p.path, p.line) for p in served["/api/hidden/report"].locations if p.path]
    assert places == [("application.py", 19)]
    (login,) = [f for f in report.findings if f.operation and f.operation.path == "/api/login"]
    assert login.id == "credentials-over-http" and "password in the body" in login.message
    assert [(p.path, p.line) for p in login.locations if p.path] == [("application.py", 40)]


def test_what_the_source_promises_and_the_wire_does_not_keep(seen):
    condition, report, _ = seen
    found = [f for f in report.findings if f.id == "https-promised-not-kept"]
    assert len(found) == (condition == FAIL_OPEN)
    for each in found:
        places = [(p.path, p.line) for p in each.locations if p.path]
        assert ("application.py", 8) in places
        assert each.locations[0].url.startswith("http://127.0.0.1")


def test_nothing_that_changes_something_was_asked(seen):
    _, report, log = seen
    assert "GET /api/hidden/report" in log
    assert "/api/tidy" not in log and "/api/delete" not in log
    assert "POST " not in log
    skipped = {s.operation.path: s.reason for s in report.coverage.skipped}
    assert skipped["/api/tidy"] == "its code changes something"
    assert set(skipped) >= {"/api/tidy", "/api/delete/{number}", "/api/orders", "/api/login"}


def test_the_command_line_takes_the_source(tmp_path, capsys):
    text = APPLICATION.format(condition=FAIL_OPEN)
    folder = laid_out({"application.py": text}, tmp_path)
    with gunicorn(application=text) as server:
        url = f"http://127.0.0.1:{server.http_port}/"
        main(["scan", url, "--source", str(folder), "--format", "json", "--exit-zero"])
        body = json.loads(capsys.readouterr().out)
    found = next(f for f in body["findings"] if f["id"] == "https-promised-not-kept")
    assert {"application.py"} == {p["path"] for p in found["locations"] if p.get("path")}
    assert main(["scan", "http://127.0.0.1:1/", "--source", str(tmp_path / "none")]) == 2
    assert main(["scan", url, "--source", str(folder), "--dry-run"]) == 0
    assert "GET http" in (said := capsys.readouterr().out) and "/api/hidden/report" in said
