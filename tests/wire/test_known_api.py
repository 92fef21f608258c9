"""What is told from an API's description and its answers: schemas, security, lines, listings."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from plainwire.model import ApiOperation, Exchange, Origin, Parameter, Request, Security
from plainwire.wire import described_answers, listings, probes, sameness
from plainwire.wire.openapi import line_of, read

ORIGIN = Origin("https", "h", 443)


def operation(raw: dict[str, Any], **document: Any) -> ApiOperation:
    """The one operation of a document."""
    whole = {"openapi": "3.1.0", "paths": {"/x": {"get": raw}}, **document}
    (found,) = read(whole, skipped=[]).operations
    return found


BEARER = {"securitySchemes": {"b": {"type": "http", "scheme": "bearer"}}}
SECURITY: list[tuple[dict[str, Any], list[Any] | None, str, tuple[str, ...], bool]] = [
    ({}, None, "none", (), False),
    ({}, [], "none", (), True),
    ({}, [{"b": []}], "required", ("http bearer",), True),
    ({"security": []}, [{"b": []}], "none", (), True),
    ({"security": [{}]}, [{"b": []}], "none", (), True),
    ({"security": [{"b": []}, {}]}, None, "optional", ("http bearer",), True),
    ({"security": [{"b": [], "unknown": []}]}, None, "required", ("http bearer", "unknown"), True),
    (
        {"parameters": [{"name": "X-Api-Key", "in": "header", "required": True}]},
        None,
        "required",
        ("header X-Api-Key",),
        False,
    ),
    (
        {"parameters": [{"name": "Authorization", "in": "header"}]},
        None,
        "optional",
        ("header Authorization",),
        False,
    ),
]


@pytest.mark.parametrize(("raw", "default", "need", "schemes", "is_declared"), SECURITY)
def test_the_effective_security_of_an_operation(
    raw: dict[str, Any],
    default: list[Any] | None,
    need: str,
    schemes: tuple[str, ...],
    is_declared: bool,
) -> None:
    """OpenAPI 3.1, section 4.8.10: an operation's own overrides, and an empty one is optional."""
    more = {} if default is None else {"security": default}
    found = operation(raw, components=BEARER, **more).security
    assert (found.need, found.schemes, found.is_declared) == (need, schemes, is_declared)
    assert Security() == Security((), False)


def test_a_schema_tells_what_it_and_its_parts_say() -> None:
    schemas = {
        "User": {
            "allOf": [
                {"$ref": "#/components/schemas/Base"},
                {
                    "type": ["object", "null"],
                    "required": ["name"],
                    "properties": {
                        "name": {"type": "string", "maxLength": 20, "readOnly": True},
                        "friends": {"items": {"$ref": "#/components/schemas/User"}},
                        "avatar": {"format": "uri", "enum": ["x"]},
                    },
                    "additionalProperties": False,
                },
            ]
        },
        "Base": {"properties": {"id": {"type": "integer", "maximum": 100}}},
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/User"}}}
    answers = {"2XX": {"content": {"text/html": {"schema": {}}, **content}}, "default": {}}
    found = operation({"responses": answers}, components={"schemas": schemas})
    assert found.responses is not None
    schema = found.responses.schema(201)
    assert schema is not None
    assert list(schema.properties) == ["id", "name", "friends", "avatar"]
    assert (schema.types, schema.required) == ({"object", "null"}, {"name"})
    assert schema.is_closed
    assert schema.properties["id"].says("maximum") == "100"
    assert schema.properties["name"].says("readOnly") == "true"
    assert (schema.properties["avatar"].format, schema.properties["avatar"].example) == ("uri", "x")
    friend = schema.properties["friends"].items
    assert friend is not None
    assert list(friend.properties) == list(schema.properties)
    names = [".".join(way) for way, _ in schema.walk()]
    assert names == ["id", "name", "friends", "avatar"], "the circle is walked once"
    assert found.responses.schema(404) is None


def test_a_swagger_2_operation_is_known_as_a_later_one_is() -> None:
    raw = {
        "parameters": [
            {"name": "limit", "in": "query", "type": "integer", "maximum": 9},
            {"name": "file", "in": "formData", "type": "string"},
        ],
        "responses": {"200": {"schema": {"properties": {"id": {}}}}},
    }
    document = {"swagger": "2.0", "paths": {"/x": {"post": raw}}}
    (found,) = read(document, skipped=[]).operations
    assert found.parameters[0].schema is not None
    assert found.parameters[0].schema.says("maximum") == "9"
    assert found.body is not None and list(found.body.properties) == ["file"]
    assert found.responses is not None
    answer = found.responses.schema(200)
    assert answer is not None and list(answer.properties) == ["id"]


DOCUMENT = {
    "openapi": "3.0.0",
    "info": {"paths": {"/x": {"get": "not this one"}}, "title": '"paths": {'},
    "paths": {
        "/a": {"get": {"tags": ["paths"]}, "post": {}},
        "/a/{b}": {"parameters": [{"get": 1}], "get": {}},
        "/ü": {"get": {}},
    },
}
WAYS = [("paths", path, method) for path, item in DOCUMENT["paths"].items() for method in item]


def test_every_object_of_an_answer_is_held_against_its_part_of_the_schema() -> None:
    node = {"properties": {"next": {"$ref": "#/components/schemas/N"}}}
    schema = {"type": "array", "items": {"$ref": "#/components/schemas/N"}}
    answers = {"200": {"content": {"application/json": {"schema": schema}}}}
    found = operation({"responses": answers}, components={"schemas": {"N": node}})
    deep: dict[str, Any] = {"last": 1}
    for _ in range(10):
        deep = {"next": deep}
    body = json.dumps([*({"number": n} for n in range(300)), deep]).encode()
    answer = Exchange(Request(ORIGIN, "GET", "/x"), 200, (), body)
    told = [value for value, part in described_answers.objects(found, answer) if part.properties]
    assert [each["number"] for each in told[:300]] == list(range(300))
    assert len(told) == 300 + 11
    assert told[-1] == {"last": 1}


@pytest.mark.parametrize("way", [way for way in WAYS if way[2] != "parameters"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_the_line_of_an_operation(way: tuple[str, ...], ascii_only: bool) -> None:
    text = json.dumps(DOCUMENT, indent=2, ensure_ascii=ascii_only)
    number = line_of(text.encode(), way)
    assert number is not None
    lines = text.splitlines()
    assert lines[number - 1].startswith(f'      "{way[-1]}"'), "at the depth of a method"
    above = [line for line in lines[: number - 1] if line.startswith('    "')]
    assert json.loads("{" + above[-1].strip().removesuffix(",").removesuffix("{") + "0}") == {
        way[1]: 0
    }
    in_yaml = yaml.safe_dump(DOCUMENT, allow_unicode=True, sort_keys=False)
    number = line_of(in_yaml.encode(), way)
    assert number is not None
    assert in_yaml.splitlines()[number - 1].strip().startswith(f"{way[-1]}:")


def test_a_way_that_leads_nowhere_has_no_line() -> None:
    for text in (json.dumps(DOCUMENT), yaml.safe_dump(DOCUMENT)):
        assert line_of(text.encode(), ("paths", "/none", "get")) is None
        assert line_of(text.encode(), ("paths", "/a", "put")) is None


@settings(deadline=None)
@given(st.binary(), st.lists(st.text(), max_size=3))
def test_any_text_has_a_line_or_none(text: bytes, way: list[str]) -> None:
    for body in (text, b'{"a": ' + text, b"a: " + text):
        found = line_of(body, way)
        assert found is None or found >= 1


LISTINGS: list[tuple[str, Any, tuple[str, ...]]] = [
    ("username", {"users": [{"username": "a", "id": 1}, {"username": "b"}]}, ("a", "b")),
    ("user_id", [{"id": 3}, {"id": 4}], ("3", "4")),
    ("userId", [{"user_id": 5, "id": 6}], ("5",)),
    ("book_title", {"Books": [{"book_title": "x", "title": "y"}]}, ("x",)),
    ("bookTitle", {"data": {"items": [{"title": "y"}]}}, ("y",)),
    ("id", ["a", "b", "a"], ("a", "b")),
    ("id", {"meta": [], "items": [{"id": "0f"}]}, ("0f",)),
    ("id", [{"id": None}, {"id": True}, {"id": {}}, {"id": ""}, {"id": ".."}, {"id": "a\nb"}], ()),
    ("color", [{"id": 1}], ()),
    ("id", {"id": 1}, ()),
    ("id", "text", ()),
]


@pytest.mark.parametrize(("variable", "body", "found"), LISTINGS)
def test_a_listing_shows_values(variable: str, body: Any, found: tuple[str, ...]) -> None:
    assert listings.values(variable, json.dumps(body).encode()) == found


@given(st.text(), st.binary())
def test_any_bytes_list_something_or_nothing(variable: str, body: bytes) -> None:
    listings.values(variable, body)
    listings.values(variable, b'[{"id":' + body + b"}]")


def exchange(
    body: str, *, path: str = "/x", status: int = 200, kind: str = "text/html"
) -> Exchange:
    request = Request(ORIGIN, "GET", path)
    return Exchange(request, status, (("Content-Type", kind),), body.encode())


def test_answers_are_the_same_but_for_their_own_words() -> None:
    one = exchange(
        "no page /some/path at 2026-11-26 01:02:03 (id 0123456789abcdef)", path="/some/path"
    )
    other = exchange("no page /other at 2026-11-27 02:03:04 (id fedcba9876543210)", path="/other")
    assert sameness.is_same(one, other)
    assert not sameness.is_same(one, exchange("no page", path="/other"))
    assert not sameness.is_same(one, exchange(one.text, status=404))


def test_answers_are_alike_by_the_keys_of_their_json() -> None:
    kind = "application/json"
    one = exchange('{"a": [{"b": 1}], "c": 2}', kind=kind)
    assert sameness.is_alike(one, exchange('{"c": 9, "a": [{"b": 7}, {"b": 8}]}', kind=kind))
    assert not sameness.is_alike(one, exchange('{"error": "no"}', kind=kind))
    assert not sameness.is_alike(one, exchange('{"a": [{"b": 1}], "c": 2}', kind=kind, status=404))


def test_a_probe_changes_one_value() -> None:
    request = Request(ORIGIN, "GET", "/a/7/b/x%20y?q=1&r=")
    found = ApiOperation("GET", "/a/{id}/b/{name}", request=request)
    assert [(each.parameter, each.request.path) for each in probes.appended(found, "'")] == [
        ("id", "/a/7%27/b/x%20y?q=1&r="),
        ("name", "/a/7/b/x%20y%27?q=1&r="),
        ("q", "/a/7/b/x%20y?q=1%27&r="),
        ("r", "/a/7/b/x%20y?q=1&r=%27"),
    ]
    assert list(probes.appended(ApiOperation("GET", "/a/{id}"), "'")) == []


def test_a_request_needs_a_value_for_what_is_required() -> None:
    parameters = (
        Parameter("id", "path", True, "a/b"),
        Parameter("q", "query", True, "c d"),
        Parameter("page", "query", False, "2"),
    )
    found = ApiOperation("GET", "/x/{id}", parameters=parameters)
    assert found.filled() == "/x/a%2Fb?q=c%20d"
    assert found.filled({"id": "9"}) == "/x/9?q=c%20d"
    assert ApiOperation("GET", "/x/{id}").filled() is None
