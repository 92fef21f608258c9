"""What plain HTTP gives away, on a real gunicorn: cases 1 to 3 of the mission."""

import re
import threading

import pytest

from plainwire.scan import scan
from servers import gunicorn
from servers.recording import recording, response

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


CATEGORIES = {
    "authentication",
    "bfla",
    "bola",
    "data-exposure",
    "encryption",
    "input-validation",
    "inventory",
    "llm",
    "property-authorization",
    "rate-limiting",
    "ssrf",
    "unsafe-consumption",
}


@pytest.mark.mission("15")
def test_twelve_categories_end_with_a_word_a_score_and_a_letter(report):
    assert {category.id for category in report.categories} == CATEGORIES
    words = {category.id: category.status for category in report.categories}
    assert words["encryption"] == "findings"
    assert words["bola"] == "not-tested"  # nobody's objects can be compared without two users
    assert all(category.reason for category in report.categories if category.status == "not-tested")
    assert 0 <= report.grade.score <= 100
    assert report.grade.letter in "ABCDF"


@pytest.mark.mission("15")
def test_findings_are_guided_by_the_owasp_list_of_2023(report):
    items = {item for finding in report.findings for item in finding.owasp}
    assert items
    assert all(re.fullmatch(r"API(10|[1-9]):2023", item) for item in items)


@pytest.mark.mission("15")
def test_questions_of_different_categories_are_under_way_at_once():
    under_way, counts, changed = set(), [], threading.Condition()

    def answer(request):
        """Once four were under way at a time, or none more came for a while."""
        path = request.split(b" ")[1] if b" HTTP/1.1" in request else b""
        with changed:
            under_way.add(path)
            counts.append(len(under_way))
            changed.notify_all()
            changed.wait_for(lambda: max(counts) >= 4, 0.2)
            under_way.discard(path)
        return response(body=b"{}")

    with recording(answer) as server:
        scan(f"http://127.0.0.1:{server.port}/")
    assert max(counts) >= 4
