"""An API without a description: what its answers lead to; and a description of something else."""

import json

import pytest

from plainwire import catalog
from plainwire.model import Severity
from served import JSON, Body, served

CHECKS = {check.id: check for check in catalog.load()}
QUIET = CHECKS["stack-trace-shown"]


def data(value, **headers):
    lines = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return Body(json.dumps(value), JSON, headers=lines)


def ways(seen):
    return {path.partition("?")[0] for path in seen.paths}


def test_the_index_of_an_api_leads_to_its_listings_and_they_to_an_object():
    pages = {
        "/": data({"links": {"all": "/v1/items"}, "orders": "/v1/orders", "contact": "/nobody@x"}),
        "/v1/items": data([{"id": 7, "name": "a"}, {"id": 8, "name": "b"}]),
        "/v1/items/7": data({"id": 7, "more": "/v1/items/7/parts"}),
        "/v1/orders": data({"orders": [{"slug": "first", "parts_url": "/v1/orders/first/parts"}]}),
        "/v1/orders/first": data({"slug": "first"}),
    }
    seen = served(QUIET, pages)
    assert {"/v1/items", "/v1/orders", "/v1/items/7", "/v1/orders/first"} <= ways(seen)
    assert "/v1/orders/first/parts" in ways(seen), "a link of a listing"
    assert "/v1/items/8" not in ways(seen), "one object is enough"
    assert "/nobody@x" not in ways(seen)


@pytest.mark.parametrize(("number", "is_said"), [(19, False), (20, True)])
def test_links_beyond_the_first_twenty_are_not_followed_and_that_is_said(number, is_said):
    # The page itself is one of them.
    names = [f"/p{each}" for each in range(number)]
    links = "".join(f'<a href="{name}">x</a>' for name in names)
    seen = served(QUIET, {"/": Body(links), **{name: Body("x") for name in names}})
    assert ways(seen) & set(names) == set(names[:19])
    notes = [note for note in seen.report.notes if "links are followed" in note]
    assert notes == (
        ["not read of the API: only the first 20 of 21 links are followed"] if is_said else []
    )


def test_a_list_of_paths_is_no_listing_of_objects():
    """nginx takes `/%2Fv1%2Fitems` for `/v1/items`, so that something is there."""
    pages = {"/": data({"links": ["/v1/items", "/health"]}), "/v1/items": data({"a": 1})}
    pages |= {"/%2Fv1%2Fitems": data({"a": 1}), "/health": data({"ok": True})}
    seen = served(QUIET, pages)
    assert {"/v1/items", "/health"} <= ways(seen)
    assert "/%2Fv1%2Fitems" not in ways(seen)
    assert seen.report.coverage.exercised == 3


def test_an_object_is_no_operation_where_nothing_is_or_its_id_is_a_verb():
    pages = {"/": data({"links": ["/tags", "/jobs"]})}
    pages |= {"/tags": data([{"id": "red"}]), "/jobs": data([{"id": "delete"}])}
    seen = served(QUIET, pages)
    known = {each.operation.path for each in seen.report.coverage.skipped}
    assert seen.report.coverage.known == 3 + len(known)
    assert "/jobs/delete" not in ways(seen)


def test_two_levels_are_read_of_data_and_one_of_pages():
    pages = {
        "/": Body('<a href="/a">a</a>'),
        "/a": Body('<a href="/b">b</a>'),
        "/b": Body("b"),
    }
    assert "/b" not in ways(served(QUIET, pages))


def example(url):
    paths = {"/pets": {"get": {"security": [{"b": []}]}, "post": {}}}
    schemes = {"b": {"type": "http", "scheme": "bearer"}}
    document = {"openapi": "3.0.0", "servers": [{"url": url}], "paths": paths}
    return data({**document, "components": {"securitySchemes": schemes}})


def test_a_description_of_an_api_elsewhere_is_no_finding_here():
    check = CHECKS["state-change-without-security"]
    pages = {"/": Body("docs"), "/openapi.json": example("https://petstore.example.net/v1")}
    seen = served(check, pages)
    assert not seen.findings
    assert any("describes an API that is not here" in note for note in seen.report.notes)


def test_a_login_before_everything_hides_no_description():
    check = CHECKS["state-change-without-security"]
    pages = {"/": Body("docs"), "/openapi.json": example("https://petstore.example.net/v1")}
    refusal = Body('{"error": "log in"}', JSON, 401)
    pages |= {"/v1/pets": refusal}

    class Guarded(dict):
        def get(self, path, default=None):
            return super().get(path, refusal)

    assert served(check, Guarded(pages)).finding.operation.path == "/v1/pets"


def test_one_that_names_another_server_and_is_here_counts():
    check = CHECKS["state-change-without-security"]
    pages = {"/": Body("docs"), "/openapi.json": example("http://localhost:8091/v1")}
    pages["/v1/pets"] = Body('{"error": "log in"}', JSON, 401)
    assert served(check, pages).finding.operation.path == "/v1/pets"


def test_files_are_no_undocumented_operations():
    document = data({"openapi": "3.0.0", "paths": {"/items": {"get": {}}}})
    pages = {"/openapi.json": document, "/items": data([]), "/": Body('<a href="/data.json">')}
    check = CHECKS["endpoint-undocumented"]
    pages["/data.json"] = data({"a": 1}, Accept_Ranges="bytes")
    assert not served(check, pages).findings
    pages["/data.json"] = data({"a": 1}, ETag='"5f-1"', Last_Modified="Tue, 24 Nov 2026")
    assert not served(check, pages).findings
    pages["/data.json"] = data({"a": 1})
    assert served(check, pages).finding.severity == Severity.MEDIUM


def test_neither_pages_nor_files_nor_refusals_need_a_limit():
    check = CHECKS["rate-limit-missing"]
    for page in (
        Body("<p>hello"),
        data({"a": 1}, Accept_Ranges="bytes"),
        data({"success": False, "message": "invalid token"}),
    ):
        assert not served(check, {"/": page}).findings, page
    assert served(check, {"/": data({"a": 1})}).finding


@pytest.mark.parametrize("path", ["/healthz", "/.well-known/jwks.json", "/version"])
def test_what_tells_of_the_service_needs_no_limit(path):
    check = CHECKS["rate-limit-missing"]
    pages = {"/": Body(f'<a href="{path}">it</a>'), path: data({"status": "ok"})}
    seen = served(check, pages)
    assert not seen.findings and path in seen.paths
    pages = {"/": Body('<a href="/items">them</a>'), "/items": data({"status": "ok"})}
    assert served(check, pages).finding


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        ((401, 401), "answered 401, so nothing of it was seen; --bearer"),
        ((403, 404), "answered 403 and 404, so nothing of it was seen; --bearer"),
        ((404, 404), "answered 404, so nothing of it was seen; --spec"),
        ((401, 200), None),
    ],
)
def test_that_nothing_was_seen_of_an_api_is_said(statuses, said):
    document = data({"openapi": "3.0.0", "paths": {"/items": {"get": {}}}})
    pages = {"/openapi.json": document, "/": Body("{}", JSON, statuses[0])}
    seen = served(QUIET, {**pages, "/items": Body("{}", JSON, statuses[1])})
    notes = " ".join(seen.report.notes)
    assert said in notes if said else "so nothing of it was seen" not in notes
