"""What looks like a flaw and is none, and the controls that a finding has to pass."""

import json

import pytest

from plainwire import catalog
from plainwire.model import Severity
from served import JSON, Body, served

CHECKS = {check.id: check for check in catalog.load()}


def described(paths, **more):
    return Body(json.dumps({"openapi": "3.0.0", "paths": paths, **more}), JSON)


def one(name, where="query", **more):
    return {"get": {"parameters": [{"name": name, "in": where, **more}]}}


class Answering(dict):
    """Pages, and for any other path what ``answer`` makes of it."""

    def __init__(self, pages, answer):
        super().__init__(pages)
        self.answer = answer

    def get(self, path, default=None):
        found = super().get(path) or self.answer(path)
        return found if found is not None else default


USER = {
    "/": Body("{}", JSON),
    "/openapi.json": described({"/users/{id}": one("id", "path", example="7")}),
}
ERROR = "sqlite3.OperationalError: unrecognized token"


def users(answer):
    pages = {**USER, "/users/7": Body('{"id": 7}', JSON)}
    return served(CHECKS["sql-injection"], Answering(pages, answer))


def broken(path):
    """Two quotes are one in a string; one breaks the statement."""
    is_open = path.startswith("/users/") and path.count("%27") % 2
    return Body(ERROR, "text/plain", 404 if is_open else 200) if is_open else None


def test_a_quote_that_breaks_a_statement_is_confirmed_and_two_are_the_control():
    seen = users(broken)
    assert seen.finding.severity == Severity.CRITICAL
    assert seen.finding.parameter == "id"
    assert seen.paths.count("/users/7%27") == 3
    assert "/users/7%27%27" in seen.paths


def test_a_statement_with_a_number_is_told_by_a_difference_of_nothing():
    def number(path):
        if "%27" in path:
            return Body(ERROR, "text/plain", 500)
        return Body('{"id": 7}', JSON) if path == "/users/7-0" else None

    assert users(number).finding


@pytest.mark.parametrize(
    "answer",
    [
        lambda path: (
            Body(ERROR, "text/plain", 500) if "/users/" in path else None
        ),  # whatever is asked
        lambda path: Body("You have an error in your SQL syntax", "text/plain", 500),
        lambda path: Body('invalid input syntax for type integer: "7\'"', "text/plain", 500),
    ],
)
def test_an_error_that_a_quote_does_not_make_is_no_injection(answer):
    assert not users(answer).findings


def test_an_error_that_comes_once_is_no_injection():
    left = [1]

    def once(path):
        if path == "/users/7%27" and left:
            left.pop()
            return Body(ERROR, "text/plain", 500)
        return None

    assert not users(once).findings


@pytest.mark.parametrize(
    ("kind", "headers", "is_flaw"),
    [
        ("text/html", (), True),
        ("application/json", (), False),
        ("text/plain", (), False),
        ("", (), True),
        ("", (("X-Content-Type-Options", "nosniff"),), False),
    ],
)
def test_an_element_counts_where_a_browser_reads_one(kind, headers, is_flaw):
    from urllib.parse import unquote

    echo = Answering(
        {"/": Body("{}", JSON)},
        lambda path: Body(f"no {unquote(path)}", kind, 404, headers),
    )
    assert bool(served(CHECKS["markup-reflected"], echo).findings) is is_flaw


@pytest.mark.parametrize(
    ("location", "is_flaw"),
    [("{}", True), ("/login?next={}", False), ("https://api.example.com/?u={}", False)],
)
def test_a_redirect_is_open_if_its_host_is_the_named_one(location, is_flaw):
    from urllib.parse import unquote

    def go(path):
        _, mark, value = path.partition("?next=")
        there = (("Location", location.format(unquote(value))),)
        return Body("", status=302, headers=there) if mark else None

    pages = {"/": Body("{}", JSON), "/openapi.json": described({"/go": one("next")})}
    seen = served(CHECKS["open-redirect"], Answering(pages, go))
    assert bool(seen.findings) is is_flaw


def test_the_routers_own_redirect_to_a_slash_is_nobodys_belief():
    slash = Answering(
        {"/": Body('<a href="/ui">')},
        lambda path: (
            Body("", status=308, headers=(("Location", "https://api.example.com/ui/"),))
            if path.startswith("/ui")
            else None
        ),
    )
    assert not served(CHECKS["host-header-believed"], slash).findings


CATCH_ALL = Answering({}, lambda path: Body("<title>App</title>SECRET_KEY=1\n[core]\nPATH=/"))


@pytest.mark.parametrize(
    "name",
    [
        "private-file-served",
        "diagnostics-public",
        "debugger-open",
        "api-description-public",
        "endpoint-undocumented",
        "inference-api-open",
        "vector-store-open",
        "mcp-open",
        "agent-manifest-public",
    ],
)
def test_a_page_for_every_path_is_nothing_in_particular(name):
    assert not served(CHECKS[name], CATCH_ALL).findings


def test_a_style_sheet_that_is_there_without_the_debugger_is_no_debugger():
    style = Answering({}, lambda path: Body(".debugger { margin: 0 }", "text/css"))
    assert not served(CHECKS["debugger-open"], style).findings


def test_the_debugger_is_never_touched_beyond_its_style_and_its_page():
    seen = served(CHECKS["debugger-open"], {"/": Body("{}", JSON)})
    assert not [path for path in seen.paths if "pinauth" in path or "frm=" in path or "s=" in path]


def test_a_locked_console_is_said_and_weighs_less():
    pages = {
        "/": Body("{}", JSON),
        "/?__debugger__=yes&cmd=resource&f=style.css": Body("div.debugger {}", "text/css"),
        "/console": Body("Bad Request", status=400),
    }
    seen = served(CHECKS["debugger-open"], pages)
    assert seen.finding.severity == Severity.HIGH
    assert "refuses this host" in seen.finding.message


def test_a_secret_is_masked_wherever_it_is_told():
    value = "amqp://orders:" + "kf83hfkq92@rabbit.internal"
    seen = served(CHECKS["secret-in-answer"], {"/": Body(json.dumps({"queue": value}), JSON)})
    assert "kf83hfkq92" not in repr(seen.finding)


def test_what_may_be_several_is_one_finding_for_the_site():
    pages = {"/": Body('["/a", "/b"]', JSON), "/a": Body("{}", JSON), "/b": Body("{}", JSON)}
    assert served(CHECKS["json-sniffable"], pages).finding


@pytest.mark.parametrize("key", ["next", "total", "page"])
def test_a_collection_that_speaks_of_pages_is_paginated(key):
    listing = {"items": [{"id": number} for number in range(150)], key: 2}
    seen = served(CHECKS["collection-unpaginated"], {"/": Body(json.dumps(listing), JSON)})
    assert not seen.findings


ADDRESSES = dict.fromkeys(("imageurl", "FILEURL", "callback_url", "targetUri"), True)
ADDRESSES |= dict.fromkeys(("redirecturl", "returnurl", "curl", "image"), False)


@pytest.mark.parametrize(("name", "is_address"), ADDRESSES.items())
def test_a_name_of_an_address_may_be_written_together(name, is_address):
    query = [{"name": name, "in": "query", "schema": {"type": "string"}}]
    document = {"openapi": "3.0.0", "paths": {"/a": {"get": {"parameters": query}}}}
    pages = {"/openapi.json": Body(json.dumps(document), JSON)}
    assert bool(served(CHECKS["url-parameter-accepted"], pages).findings) == is_address


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("mcp-open", "not-applicable"),
        ("graphql-query-unbounded", "not-applicable"),
        ("url-parameter-accepted", "not-applicable"),
        ("api-description-public", "pass"),
    ],
)
def test_a_check_without_its_kind_of_thing_is_not_applicable(name, status):
    seen = served(CHECKS[name], {"/": Body("{}", JSON)})
    ended = {each.id: each.status for each in seen.report.categories}
    assert ended[CHECKS[name].category] == status


def test_what_bans_the_asker_runs_last():
    last = [each.id for each in CHECKS.values() if each.is_last]
    assert last == [
        "login-attempts-unlimited",
        "rate-limit-believes-caller",
        "rate-limit-missing",
    ]
