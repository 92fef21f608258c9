"""API descriptions from files and URLs: companions, bad ones, what is said of them."""

import asyncio
import json

import pytest

from plainwire.live import descriptions
from plainwire.live.connector import NoListenerError
from plainwire.model import Exchange, TlsEndpoint, UsageError
from plainwire.scan import scan_async
from plainwire.wire import openapi
from plainwire.wire.target import parse_target

MAIN = b"""openapi: 3.1.0
paths:
  /a:
    $ref: parts/a.yaml#/item
  /b:
    get:
      parameters:
        - $ref: 'parts/../parts/b.json#/id'
"""
A = b"""item:
  get:
    responses: {'200': {content: {application/json: {schema: {$ref: '#/schema'}}}}}
schema: {properties: {secret: {$ref: 'b.json#/text'}}}
"""
B = {"id": {"name": "q", "in": "query", "required": True, "example": 7}, "text": {"type": "string"}}


def test_references_lead_across_files_of_one_directory(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "api.yaml").write_bytes(MAIN)
    (tmp_path / "parts" / "a.yaml").write_bytes(A)
    (tmp_path / "parts" / "b.json").write_text(json.dumps(B))
    found = descriptions.from_file(str(tmp_path / "api.yaml"))
    skipped = []
    api = openapi.read(found.root, skipped=skipped, files=found.files, url=found.url)
    a, b = api.operations
    assert (b.filled(), skipped, found.skipped) == ("/b?q=7", [], ())
    schema = a.responses.schema(200)
    assert schema.properties["secret"].types == {"string"}


def test_a_reference_out_of_the_directory_is_not_read(tmp_path):
    secret = tmp_path / "secret.yaml"
    secret.write_text("x: {name: q, in: query, example: token}")
    (tmp_path / "api").mkdir()
    references = ["../secret.yaml#/x", f"{secret.as_uri()}#/x", "/etc/passwd#/x"]
    parameters = [{"$ref": reference} for reference in references]
    document = {"openapi": "3.0.0", "paths": {"/a": {"get": {"parameters": parameters}}}}
    (tmp_path / "api" / "api.json").write_text(json.dumps(document))
    found = descriptions.from_file(str(tmp_path / "api" / "api.json"))
    assert found.files == {}
    (operation,) = openapi.read(found.root, skipped=[], files=found.files, url=found.url).operations
    assert operation.parameters == ()


def test_a_link_out_of_the_directory_is_not_followed(tmp_path):
    (tmp_path / "secret.yaml").write_text("x: {}")
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "x.yaml").symlink_to(tmp_path / "secret.yaml")
    (tmp_path / "api" / "api.yaml").write_text("openapi: '3'\nx: {$ref: 'x.yaml#/x'}")
    found = descriptions.from_file(str(tmp_path / "api" / "api.yaml"))
    assert (found.files, found.skipped) == (
        {},
        ("secret.yaml: outside the directory of the document",),
    )


ALIASES = "\n".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}' if n else 'x'] * 9)}]" for n in range(9))
BAD = [
    (b"{}", "neither OpenAPI 3 nor Swagger 2"),
    (b"a: [", "not YAML: line 2"),
    (b"- a", "neither a JSON nor a YAML mapping"),
    (b"{" + b" " * (40 << 20), "larger than 16 MiB"),
    (b"openapi: '3'\na: " + b"[" * 1000, "nested deeper than 100"),
    (f"openapi: '3'\n{ALIASES}".encode(), "with its aliases written out"),
]


@pytest.mark.parametrize(("text", "words"), BAD, ids=range(len(BAD)))
def test_a_file_that_is_no_description_is_refused_with_the_reason(text, words, tmp_path):
    file = tmp_path / "api.json"
    file.write_bytes(text)
    with pytest.raises(UsageError, match=words):
        descriptions.from_file(str(file))


def test_a_file_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match=r"--spec nowhere\.json: no such file"):
        descriptions.from_file("nowhere.json")


async def reported(pages, specs=()):
    """The report of a site in memory over https, and the paths that it was asked for."""
    asked = []

    async def send(request):
        if request.origin.scheme == "http":
            raise NoListenerError("connection refused")
        asked.append(request.path)
        body = pages.get(request.path)
        headers = (("Content-Type", "application/json"),)
        status, limit = (404, None) if body is None else (200, request.body_limit or 1 << 20)
        whole = body or b"{}"
        return Exchange(request, status, headers, whole[:limit], is_cut=len(whole) > (limit or 9))

    async def look(site, origin):
        return TlsEndpoint(origin.host, origin.port, speaks_tls=True)

    target, _ = parse_target("https://127.0.0.1/")
    report = await scan_async(target, checks=[], send=send, look=look, specs=specs)
    return report, asked


def described(paths, **more):
    return json.dumps({"openapi": "3.0.0", "paths": paths, **more}).encode()


def test_companions_of_the_same_origin_are_fetched_and_no_others():
    item = {"get": {"parameters": [{"$ref": "deep.json#/p"}]}}
    pages = {
        "/": b"{}",
        "/openapi.json": described(
            {
                "/a": {"$ref": "parts.json#/a"},
                "/b": {"$ref": "https://elsewhere.example/x.json#/b"},
                "/c": {"$ref": "/reset/all.json#/c"},
            }
        ),
        "/parts.json": json.dumps({"a": item}).encode(),
        "/deep.json": json.dumps(
            {"p": {"name": "n", "in": "query", "required": True, "example": "x"}}
        ).encode(),
    }
    report, asked = asyncio.run(reported(pages))
    assert "/a?n=x" in asked
    assert asked.count("/parts.json") == asked.count("/deep.json") == 1
    assert not [path for path in asked if "reset" in path or "elsewhere" in path]
    assert [note for note in report.notes if "elsewhere.example" in note]


def test_a_description_at_a_path_of_the_target_is_read():
    pages = {"/": b"{}", "/hidden/api.json": described({"/a": {"get": {}}})}
    report, asked = asyncio.run(reported(pages, ("https://127.0.0.1/hidden/api.json",)))
    assert "/a" in asked
    assert not report.unanswered


def test_a_description_that_is_not_where_it_was_said_to_be_is_a_gap():
    report, _ = asyncio.run(reported({"/": b"{}"}, ("https://127.0.0.1/none.json",)))
    (gap,) = report.unanswered
    assert gap.reason == "no API description is there"


def test_a_large_description_is_read_whole():
    padding = {"x-padding": "x" * (1 << 20)}
    pages = {"/": b"{}", "/openapi.json": described({"/a": {"get": {}}}, **padding)}
    _, asked = asyncio.run(reported(pages))
    assert asked.count("/openapi.json") == 2
    assert "/a" in asked


def test_what_is_broken_in_a_description_is_said_and_the_rest_is_asked():
    pages = {"/": b"{}", "/openapi.json": described({"/a": {"get": {}}, "/b": 5, "/c": {"get": 1}})}
    report, asked = asyncio.run(reported(pages))
    assert "/a" in asked
    notes = " ".join(report.notes)
    assert "/openapi.json: /b: not a path item" in notes
    assert "/openapi.json: GET /c: not an operation" in notes


def test_a_description_that_is_no_json_is_said():
    pages = {"/": b"{}", "/openapi.yaml": b"openapi: '3'\npaths: [\n"}
    report, _ = asyncio.run(reported(pages))
    assert any("/openapi.yaml: not YAML: line 3" in note for note in report.notes)


def test_of_many_operations_a_fair_sample_is_asked():
    paths = {f"/big/{n}": {"get": {"tags": ["big"]}} for n in range(200)}
    paths |= {f"/small/{n}": {"get": {"tags": ["small"]}} for n in range(3)}
    report, asked = asyncio.run(reported({"/": b"{}", "/openapi.json": described(paths)}))
    assert {path for path in paths if path.startswith("/small")} <= set(asked)
    assert report.coverage.exercised == 60
    assert {each.reason for each in report.coverage.skipped} == {"more than 60 endpoints"}
    assert report.coverage.known == 204


def test_values_come_from_listings_then_examples_then_links():
    def path(example=None):
        parameter = {"name": "id", "in": "path", "required": True, "schema": {"example": example}}
        return {"get": {"parameters": [parameter]}}

    pages = {
        "/": json.dumps({"href": "/things/9"}).encode(),
        "/openapi.json": described(
            {
                "/books": {"get": {}},
                "/books/{id}": path("example"),
                "/books/{id}/pages/{page}": path("example"),
                "/books/{id}/pages": path(),
                "/cars/{id}": path("given"),
                "/things/{id}": path(),
                "/nothing/{id}": path(),
            }
        ),
        "/books": json.dumps({"total": 1, "items": [{"id": 41, "name": "x"}]}).encode(),
        "/books/41/pages": json.dumps(["first", "second"]).encode(),
    }
    report, asked = asyncio.run(reported(pages))
    filled = {"/books/41", "/books/41/pages", "/books/41/pages/first", "/cars/given", "/things/9"}
    assert filled <= set(asked)
    (left,) = report.coverage.skipped
    assert (left.operation.path, left.reason) == (
        "/nothing/{id}",
        "no value is known for a parameter that it needs",
    )


def test_a_listing_may_end_with_a_slash_and_ones_own_page_names_oneself():
    """As the routers of FastAPI are written: `/items/` beside `/items/{id}`."""
    variable = {"name": "user_id", "in": "path", "required": True, "schema": {"type": "string"}}
    one = {"get": {"parameters": [{**variable, "name": "id"}]}}
    paths = {"/items/": {"get": {}}, "/items/{id}": one, "/users/me": {"get": {}}}
    paths |= {"/users/": {"get": {}}, "/users/{user_id}": {"get": {"parameters": [variable]}}}
    pages = {
        "/openapi.json": described(paths),
        "/items/": json.dumps({"data": [{"id": "c0ffee"}], "count": 1}).encode(),
        "/users/me": json.dumps({"email": "a@b.example", "id": "d2441209"}).encode(),
    }
    report, asked = asyncio.run(reported(pages))
    assert {"/items/c0ffee", "/users/d2441209"} <= set(asked)
    assert report.coverage.skipped == ()


def test_an_integer_of_a_path_is_1_or_its_minimum_where_nothing_tells_a_value():
    def path(**schema):
        parameter = {"name": "id", "in": "path", "required": True, "schema": schema}
        return {"get": {"parameters": [parameter]}}

    pages = {
        "/openapi.json": described(
            {
                "/orders/{id}": path(type="integer"),
                "/parts/{id}": path(type="integer", minimum=1000),
                "/cars/{id}": path(type="integer", example=7),
                "/names/{id}": path(type="string"),
            }
        )
    }
    report, asked = asyncio.run(reported(pages))
    assert {"/orders/1", "/parts/1000", "/cars/7"} <= set(asked)
    assert [each.operation.path for each in report.coverage.skipped] == ["/names/{id}"]
