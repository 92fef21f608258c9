"""OpenAPI and Swagger documents: the specifications' examples, VAmPI's and DVRest's ways."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plainwire.model import ApiOperation, Parameter, Security
from plainwire.wire.openapi import (
    changes_state,
    credential_fields,
    credentials,
    parse,
    read,
    state_change,
)

THREE: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Shop", "version": "1"},
    "servers": [
        {"url": "https://{region}.shop.example/v1/", "variables": {"region": {"default": "eu"}}},
        {"url": "http://localhost:8091/v2"},
    ],
    "security": [{"bearer": []}],
    "paths": {
        "/users/{id}": {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "get": {
                "operationId": "getUser",
                "summary": "One user",
                "tags": ["users"],
                "deprecated": True,
            },
            "put": {
                "security": [{"key": []}, {"login": []}],
                "requestBody": {"$ref": "#/components/requestBodies/User"},
            },
        },
        "/login": {
            "servers": [{"url": "/auth"}],
            "post": {
                "security": [],
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "properties": {
                                    "username": {"type": "string"},
                                    "passwd": {"type": "string"},
                                    "code": {"format": "password"},
                                    "has_password": {"type": "boolean"},
                                    "token_type": {},
                                    "next_page_token": {},
                                }
                            }
                        }
                    }
                },
            },
        },
        "/search": {
            "get": {
                "security": [{}],
                "parameters": [
                    {"name": "X-API-Key", "in": "header"},
                    {"name": "q", "in": "query", "required": True},
                ],
            }
        },
    },
    "components": {
        "parameters": {
            "Id": {"name": "id", "in": "path", "schema": {"$ref": "#/components/schemas/Id"}}
        },
        "requestBodies": {
            "User": {
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/User"}}}
            }
        },
        "schemas": {
            "Id": {"type": "integer", "example": 7},
            "User": {
                "allOf": [
                    {"$ref": "#/components/schemas/Secret"},
                    {"properties": {"friends": {"items": {"$ref": "#/components/schemas/User"}}}},
                ]
            },
            "Secret": {"properties": {"newPassword": {}, "api_key": {}, "password_hint": {}}},
        },
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "Bearer"},
            "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            "login": {"type": "oauth2"},
        },
    },
}

OPERATIONS = (
    ApiOperation(
        "GET",
        "/v1/users/{id}",
        Security((("http bearer",),), is_declared=True),
        (Parameter("id", "path", True, "7"),),
        "getUser",
        "One user",
        tags=("users",),
        is_deprecated=True,
    ),
    ApiOperation(
        "PUT",
        "/v1/users/{id}",
        Security((("apiKey header X-Api-Key",), ("oauth2",)), is_declared=True),
        (Parameter("id", "path", True, "7"),),
    ),
    ApiOperation("POST", "/auth/login", Security(is_declared=True)),
    ApiOperation(
        "GET",
        "/v1/search",
        Security(((),), is_declared=True),
        (Parameter("X-API-Key", "header", False), Parameter("q", "query", True)),
    ),
)


def test_a_version_3_document_is_read_whole() -> None:
    skipped: list[str] = []
    api = read(THREE, skipped=skipped)
    assert (api.title, api.version) == ("Shop", "1")
    assert api.servers == ("https://eu.shop.example", "http://localhost:8091")
    assert api.operations == OPERATIONS
    assert skipped == []
    assert [credential_fields(each) for each in api.operations] == [
        (),
        ("newPassword", "api_key"),
        ("passwd", "code"),
        (),
    ]
    assert credentials(api.operations[3]) == ("header X-API-Key",)
    assert [each.security.need for each in api.operations] == ["required", "required"] + [
        "none"
    ] * 2


def test_a_version_2_document_is_read_whole() -> None:
    document = {
        "swagger": "2.0",
        "host": "api.example:8080",
        "basePath": "/v2",
        "schemes": ["http", "https"],
        "securityDefinitions": {"b": {"type": "basic"}},
        "paths": {
            "/in": {
                "post": {
                    "security": [{"b": []}],
                    "parameters": [
                        {"name": "pass_phrase", "in": "formData", "format": "password"},
                        {"name": "x", "in": "body", "schema": {"properties": {"otp": {}}}},
                    ],
                }
            }
        },
    }
    api = read(document, skipped=[])
    (operation,) = api.operations
    assert api.servers == ("http://api.example:8080", "https://api.example:8080")
    assert (operation.method, operation.path) == ("POST", "/v2/in")
    assert operation.security.schemes == ("http basic",)
    assert credential_fields(operation) == ("otp",)


SERVERS = [
    ("", "/x", ()),
    ("/", "/x", ()),
    (".", "/x", ()),
    ("/api/", "/api/x", ()),
    ("api/v1", "/api/v1/x", ()),
    # RFC 3986, section 4.2: the scheme is the document's, so this says nothing of http.
    ("//h/api", "/api/x", ("https://h",)),
    ("http://localhost:8091", "/x", ("http://localhost:8091",)),
    ("https://h/api?x=1", "/api/x", ("https://h",)),
    ("https://{undefined}/api", "/x", ()),
    ("ftp://h/y", "/x", ()),
]


@pytest.mark.parametrize(("url", "path", "servers"), SERVERS)
def test_a_server_gives_its_path_and_its_origin_apart(
    url: str, path: str, servers: tuple[str, ...]
) -> None:
    document = {"openapi": "3.0.1", "servers": [{"url": url}], "paths": {"/x": {"get": {}}}}
    api = read(document, skipped=[])
    assert ([each.path for each in api.operations], api.servers) == ([path], servers)


EXAMPLES: list[tuple[dict[str, Any], str | None]] = [
    ({"example": "a/b c"}, "/u/a%2Fb%20c"),
    ({"example": 0}, "/u/0"),
    ({"schema": {"default": 3}}, "/u/3"),
    ({"schema": {"enum": ["x", "y"]}}, "/u/x"),
    ({"examples": {"one": {"value": "z"}}}, "/u/z"),
    ({"schema": {"examples": [5]}}, "/u/5"),
    ({"type": "integer", "x-example": 9}, "/u/9"),
    ({"schema": {"type": "integer"}}, None),
    ({"example": {"an": "object"}}, None),
    ({"example": ""}, None),
]


@pytest.mark.parametrize(("parameter", "path"), EXAMPLES)
def test_an_example_makes_a_concrete_path(parameter: dict[str, Any], path: str | None) -> None:
    raw = {"name": "id", "in": "path", **parameter}
    document = {"openapi": "3.1.0", "paths": {"/u/{id}": {"get": {"parameters": [raw]}}}}
    (operation,) = read(document, skipped=[]).operations
    assert operation.filled() == path


CHANGES = [
    # VAmPI and DVRest, which do this on GET
    ("GET", "/createdb", "", "", True),
    ("GET", "/x", "api_views.main.populate_db", "", True),
    ("GET", "/x", "", "Creates and populates the database with dummy data", True),
    ("GET", "/admin/reset-chef-password", "", "", True),
    ("GET", "/logout", "", "", True),
    ("GET", "/sign-out", "", "", True),
    ("GET", "/log_out", "", "", True),
    ("GET", "/users/{id}/delete", "", "", True),
    ("GET", "/users%2Fdelete", "", "", True),
    ("GET", "/x?action=delete&id=1", "", "", True),
    ("GET", "/DropTables", "", "", True),
    ("GET", "/restartServer", "", "", True),
    ("GET", "/x", "sendMail", "", True),
    ("GET", "/x", "", "Get and burn a message", True),
    ("GET", "/x", "", "Get or create a cart", True),
    ("GET", "/x", "setRole", "", True),
    ("GET", "/x", "", "This endpoint deletes the user", True),
    ("GET", "/x", "", "Permanently deletes the user", True),
    ("GET", "/x", "", "Obtains or creates a referral code", True),
    ("GET", "/x", "deleteById", "", True),
    ("GET", "/x", "", "Delete history", True),
    ("GET", "/users/{id}/toggle", "", "", True),
    ("GET", "/token/refresh", "", "", True),
    ("GET", "/delete-by-name/{name}", "", "", True),
    ("POST", "/x", "getUser", "", True),
    ("DELETE", "/x", "", "", True),
    ("delete", "/x", "", "", True),
    # a word that only looks like a verb
    ("GET", "/users?sort=recreated_at", "", "", False),
    ("GET", "/deleted-items", "", "", False),
    ("GET", "/x", "", "List deleted items", False),
    ("GET", "/x", "getUpdates", "", False),
    ("GET", "/x", "list_reset_requests", "", False),
    ("GET", "/x", "", "Returns the update history", False),
    ("GET", "/x", "", "Counts and lists updates", False),
    ("GET", "/updates", "", "", False),
    ("GET", "/x", "", "All recent updates of a user", False),
    ("GET", "/x", "", "Latest changes", False),
    ("GET", "/events?start_date=2026-01-01&stop_time=2", "", "", False),
    ("GET", "/orders/{id}/update-history", "", "", False),
    ("GET", "/x", "", "Update history of an order", False),
    ("GET", "/imports/{id}", "", "", False),
    ("GET", "/post/1", "", "", False),
    ("GET", "/sets", "", "", False),
    ("GET", "/users/{delete}", "", "", False),
    ("GET", "/created", "", "", False),
    ("GET", "/senders", "", "", False),
    ("GET", "/address", "", "", False),
    ("GET", "/download", "", "", False),
    ("HEAD", "/", "", "", False),
    ("OPTIONS", "/users", "", "", False),
]


@pytest.mark.parametrize(("method", "path", "operation_id", "summary", "is_change"), CHANGES)
def test_a_change_of_state_is_known_by_method_or_verb(
    method: str, path: str, operation_id: str, summary: str, is_change: bool
) -> None:
    operation = ApiOperation(method, path, operation_id=operation_id, summary=summary)
    assert (changes_state(operation) is not None) is is_change


def test_the_reason_names_the_word_and_tags_count_too() -> None:
    assert state_change("PUT", "/x") == "changes state by its method"
    assert state_change("GET", "/users/purge") == "changes state by its name: purge"
    assert state_change("GET", "/x", tags=["Reset"]) == "changes state by its tag: Reset".lower()


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"paths": {"/x": 5}}, "/x: not a path item"),
    ({"paths": {"x": {"get": {}}}}, "x: not a path item"),
    ({"paths": {"/x": {"get": "y"}}}, "GET /x: not an operation"),
    ({"paths": {"/x": {"$ref": "other.yaml#/x"}}}, "other.yaml#/x: outside the document"),
    ({"servers": [{"url": "http://a b/"}]}, "server: RFC 3986, section 3.2.2: not a host name"),
]


@pytest.mark.parametrize(("document", "words"), BROKEN)
def test_what_cannot_be_read_is_noted_and_the_rest_is_read(
    document: dict[str, Any], words: str
) -> None:
    skipped: list[str] = []
    paths = {**document.get("paths", {}), "/good": {"get": {}}}
    api = read({"openapi": "3.0.0", **document, "paths": paths}, skipped=skipped)
    assert [operation.path for operation in api.operations] == ["/good"]
    assert words in skipped


def test_references_in_a_circle_come_to_an_end() -> None:
    schemas = {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}
    tree: dict[str, Any] = {"properties": {"token": {}}}
    for _ in range(200):
        tree = {"properties": {"a": tree}}
    body = {"content": {"a": {"schema": {"$ref": "#/components/schemas/A"}}, "b": {"schema": tree}}}
    document = {
        "openapi": "3.0.0",
        "paths": {"/x": {"post": {"requestBody": body}}, "/y": {"$ref": "#/paths/~1y"}},
        "components": {"schemas": schemas},
    }
    assert [each.path for each in read(document, skipped=[]).operations] == ["/x"]


SOURCES = [
    (b'{"openapi": "3.0.0", "paths": {}}', "application/json"),
    (b'\xef\xbb\xbf\n{"openapi": "3.0.0", "paths": {}}', ""),
    (b"openapi: '3.0.0'\npaths: {}\n", "application/yaml"),
    (b"openapi: '3.0.0'\npaths: {}\n", "text/plain"),
    (b"{openapi: '3.0.0', paths: {}}", "application/json"),
]


@pytest.mark.parametrize(("text", "content_type"), SOURCES)
def test_json_and_yaml_are_told_by_their_text(text: bytes, content_type: str) -> None:
    assert parse(text, content_type) == {"openapi": "3.0.0", "paths": {}}


def test_an_alias_of_bounded_size_is_kept() -> None:
    text = b"openapi: '3'\nx: &x {a: 1}\ny: *x\nz: {<<: *x}"
    assert parse(text, "") == {"openapi": "3", "x": {"a": 1}, "y": {"a": 1}, "z": {"a": 1}}


def bomb(first: str, form: str) -> bytes:
    """Eleven levels of nine aliases each: 31 thousand million nodes."""
    rows = [f"a0: &a0 {first}"]
    for n in range(1, 12):
        rows.append(f"a{n}: &a{n} " + form % ",".join([f"*a{n - 1}"] * 9))
    return ("openapi: '3'\n" + "\n".join(rows)).encode()


REFUSED = [
    bomb("[x]", "[%s]"),
    bomb("{b: 1}", "{<<: [%s]}"),
    b"openapi: '3'\na: &a [*a]",
    b"openapi: '3'\na: " + b"[" * 2**20,
    b"openapi: '3'\na: " + b"{a: " * 2**18,
    b'{"openapi": "3", "a": ' + b'{"a":' * 2**18,
    b"openapi: '3'\n" + b"- " * 2**19,
    b"openapi: '3'\n" + b"a: b\n" * 2**20,
    b"openapi: '3'\na: !!python/object/apply:os.getcwd []",
    b"openapi: '3'\na: !!int ''",
    b"openapi: '3'\na: !!timestamp x",
    b"openapi: '3'\na: 2024-13-45",
    b"openapi: '3'\na: " + b"9" * 5000,
    b'{"openapi": "3", "a": ' + b"9" * 5000 + b"}",
    b"openapi: '3'\n---\na: b",
    b"openapi: '3'\na: \xff\xfe",
    b'{"paths": {}}',
    b"[]",
    b"",
    b"<html>openapi: 3</html>",
]


@pytest.mark.timeout(100)
@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_a_document_that_is_none_or_made_to_hurt_is_refused(text: bytes) -> None:
    assert parse(text, "application/yaml") is None


def test_a_page_that_is_html_is_not_tried() -> None:
    assert parse(b"openapi: '3'", "text/html; charset=utf-8") is None


@pytest.mark.timeout(100)
def test_many_operations_with_one_large_body_are_read_within_bounds() -> None:
    properties = {f"p{m}": {"$ref": f"#/components/schemas/S{m}"} for m in range(60)}
    schemas = {f"S{n}": {"properties": properties} for n in range(60)}
    body = {"content": {"a": {"schema": {"$ref": "#/components/schemas/S0"}}}}
    paths = {f"/{n}": {"post": {"requestBody": body}} for n in range(11_000)}
    skipped: list[str] = []
    document = {"openapi": "3", "paths": paths, "components": {"schemas": schemas}}
    operations = read(document, skipped=skipped).operations
    assert len(operations) == 10_000
    assert "more than 10000 operations" in skipped
    for operation in operations:
        credentials(operation)


KEYS = st.sampled_from(
    [
        "paths",
        "/x",
        "get",
        "post",
        "parameters",
        "name",
        "in",
        "schema",
        "$ref",
        "servers",
        "url",
        "properties",
        "password",
        "allOf",
        "items",
        "security",
        "requestBody",
        "content",
        "tags",
        "components",
        "schemas",
        "securitySchemes",
        "examples",
        "enum",
        "info",
        "variables",
    ]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["#/", "#/paths/~1x", "#/components", "path", "body", "formData", "/x{a}"]),
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda each: (
        st.lists(each, max_size=3) | st.dictionaries(KEYS | st.integers(), each, max_size=4)
    ),
    max_leaves=30,
)


@settings(deadline=None)
@given(st.sampled_from(["openapi", "swagger"]), st.dictionaries(KEYS, DOCUMENTS, max_size=5))
def test_any_document_gives_an_api(version: str, document: dict[str, Any]) -> None:
    for operation in read({version: "3", **document}, skipped=[]).operations:
        changes_state(operation)
        assert (path := operation.filled()) is None or "{" not in path


@settings(deadline=None)
@given(st.one_of(st.binary(), st.text(alphabet="openapi: '3'\n&*<[]{},-!?|>%@`").map(str.encode)))
def test_any_bytes_give_a_document_or_none(text: bytes) -> None:
    for body in (text, b"openapi: '3'\nx: " + text, b'{"openapi": 3, "x": ' + text + b"}"):
        document = parse(body, "")
        if document is not None:
            read(document, skipped=[])
            assert json.dumps(list(document))
