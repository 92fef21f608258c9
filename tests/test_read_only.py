"""Only safe methods leave, beside a handful of constant POSTs, and never what changes state by its
name: a server that records every byte shows it, over an API whose description, links and ids
tempt to more."""

import json
from dataclasses import replace

import pytest

from plainwire.live.settings import Settings
from plainwire.model import Origin, Request
from plainwire.scan import scan
from plainwire.wire import constant_posts
from plainwire.wire.target import parse_target
from servers.recording import recording, response

HELLO = b"\x16\x03"  # TLS is tried on the same port
JSON = [("Content-Type", "application/json")]
# What VAmPI and others really do on a GET, and names that only look like it.
FORBIDDEN = {
    "/createdb": {"get": {"operationId": "api.populate_db"}, "head": {}},
    "/maintenance": {"get": {"summary": "Drops and recreates all tables"}},
    "/code": {"get": {"description": "Obtains or creates a referral code.\n\nFor the user."}},
    "/cache": {"get": {"operationId": "purgeCache"}},
    "/jobs": {"get": {"tags": ["restart"]}},
    "/admin/reset-chef-password": {"get": {}},
    "/session/logout": {"get": {}},
    "/users/{name}/delete": {"get": {}},
}
ALLOWED = {
    "/users": {"get": {}, "post": {}, "delete": {}},
    "/users/{name}": {"get": {"summary": "One user"}, "put": {}, "patch": {}, "delete": {}},
    "/deleted-items": {"get": {"summary": "Lists deleted items"}},
    "/search": {"query": {}, "get": {"parameters": [{"name": "q", "in": "query", "example": "a"}]}},
}
DOCUMENT = {
    "openapi": "3.2.0",
    "info": {"title": "Tempting", "version": "1"},
    "servers": [{"url": "http://elsewhere.invalid/"}],
    "paths": {**FORBIDDEN, **ALLOWED, "/copy": {"additionalOperations": {"COPY": {}}}},
}
LINKS = {
    "links": [
        {"href": "/users/ann/delete"},
        {"href": "/ok?page=2"},
        {"href": "/do?action=wipe"},
        {"href": "/difficulty/hard"},
        {"href": "/set/lang"},
        {"href": "/levels/3"},
        {"href": "/lang"},
    ]
}
# The second is a user whose name would make the request a dangerous one.
USERS = [{"name": "ann"}, {"name": "delete"}]


def api(users):
    def answer(request):
        if request.startswith(HELLO):
            return response(400)
        path = request.split(b" ")[1].decode().partition("?")[0]
        match path:
            case "/openapi.json":
                return response(200, json.dumps(DOCUMENT).encode(), JSON)
            case "/users":
                return response(200, json.dumps({"users": users}).encode(), JSON)
            case "/":
                return response(200, json.dumps(LINKS).encode(), JSON)
        known = path in ("/deleted-items", "/search", "/ok") or path.startswith("/users/")
        return response(200 if known else 404, b"{}", JSON)

    return answer


def lines(server):
    """Method and path of every request that the server was sent."""
    clear = [each for each in server.requests if not each.startswith(HELLO)]
    words = [request.split(b"\r\n")[0].decode("latin-1").split(" ") for request in clear]
    return [(method, path) for method, path, _ in words]


@pytest.fixture
def asked():
    def ask(users=USERS, **options):
        with recording(api(users)) as server:
            target, _ = parse_target(f"http://api.plainwire.test:{server.port}/")
            report = scan(
                replace(target, address="127.0.0.1"),
                settings=Settings(answer_timeout_s=5),
                **options,
            )
            return report, lines(server)

    return ask


def test_only_safe_methods_leave_and_nothing_that_changes_state_by_its_name(asked):
    report, requests = asked()
    assert {method for method, _ in requests} <= {"GET", "HEAD", "OPTIONS", "TRACE"}
    ways = {path.partition("?")[0] for method, path in requests if method != "OPTIONS"}
    for path in FORBIDDEN:
        assert path.replace("{name}", "ann") not in ways
    assert not [
        path for _, path in requests if "action=wipe" in path or "delete" in path.split("/")
    ]
    assert ("GET", "/users/ann") in requests, "an id of the listing makes an example"
    assert not ways & {"/difficulty/hard", "/set/lang"}, "switches"
    assert {"/deleted-items", "/search", "/ok", "/levels/3", "/lang"} <= ways, (
        "names that only look like it are asked"
    )
    why = {
        (each.operation.method, each.operation.path): each.reason
        for each in report.coverage.skipped
    }
    assert why["GET", "/createdb"] == "changes state by its name: createdb"
    assert why["HEAD", "/createdb"] == "changes state by its name: createdb"
    assert why["GET", "/jobs"] == "changes state by its tag: restart"
    assert why["GET", "/code"] == "changes state by its name: creates"
    assert why["DELETE", "/users/{name}"] == "changes state by its method"
    assert why["COPY", "/copy"] == "changes state by its method"
    assert report.coverage.known == report.coverage.exercised + len(report.coverage.skipped)


def test_an_id_that_names_a_change_is_not_asked(asked):
    report, requests = asked([{"name": "delete"}])
    assert "/users/delete" not in {path for _, path in requests}
    assert "changes state by its name: delete" in {
        each.reason for each in report.coverage.skipped if each.operation.path == "/users/{name}"
    }


def test_a_description_that_the_user_names_is_asked_no_more(asked, tmp_path):
    file = tmp_path / "api.json"
    extra = {"/more": {"get": {}}, "/flush": {"get": {}}}
    file.write_text(json.dumps({"openapi": "3.1.0", "paths": extra}))
    _, requests = asked(specs=(str(file),))
    assert ("GET", "/more") in requests
    assert "/flush" not in {path.partition("?")[0] for _, path in requests}
    assert ("GET", "/users/ann") in requests, "the usual places are read beside it"


def speaking(request):
    """An API that has GraphQL and MCP, and takes whatever is posted."""
    if request.startswith(HELLO):
        return response(400)
    method, path = (word.decode() for word in request.split(b" ")[:2])
    if path.partition("?")[0] in ("/graphql", "/mcp"):
        if method == "GET":
            return response(405, b'{"errors": []}', JSON)
        if b"jsonrpc" in request:
            result = {"serverInfo": {"name": "ops"}, "tools": [{"name": "drop_all"}]}
            return response(200, json.dumps({"result": result}).encode(), JSON)
        return response(200, b'{"data": {"__typename": "Query"}}', JSON)
    return response(200 if path == "/" else 404, b"{}", JSON)


def posted(**settings):
    with recording(speaking) as server:
        target, _ = parse_target(f"http://api.plainwire.test:{server.port}/")
        scan(
            replace(target, address="127.0.0.1"),
            settings=Settings(answer_timeout_s=20, **settings),
        )
        clear = [each for each in server.requests if each.startswith(b"POST ")]
        return [each.partition(b"\r\n\r\n")[2] for each in clear]


def test_the_posts_that_leave_are_constant_and_only_read():
    bodies = posted()
    assert bodies and set(bodies) <= constant_posts.ALL
    assert any(b"tools/list" in body for body in bodies)
    assert not [body for body in bodies if b"tools/call" in body or b"mutation {" in body]


def test_no_post_leaves_where_it_is_switched_off():
    assert posted(may_post=False) == []


@pytest.mark.parametrize(
    ("method", "body"),
    [("POST", b"{}"), ("POST", b""), ("DELETE", b""), ("GET", b"x"), ("PUT", b"")],
)
def test_whatever_a_check_asks_the_door_refuses_what_may_change_something(method, body):
    request = Request(Origin("https", "api.example.com", 443), method, "/", body=body)
    assert constant_posts.refused(request, may_post=True)
