"""Descriptions that are not at a usual place: what pages of documentation say of them.

The pages are as their makers write them: FastAPI and Swagger UI, Flask-RESTX, ReDoc, APIFairy's
Elements, flask-smorest's RapiDoc, Scalar, swagger-ui-express, RFC 8631.
"""

import json

import pytest

from plainwire import catalog
from plainwire.wire import documentation
from served import JSON, SCRIPT, Body, served

CHECKS = {check.id: check for check in catalog.load()}
QUIET = CHECKS["stack-trace-shown"]
PLACE = "/inner/v7/described"
API = {"openapi": "3.0.3", "paths": {"/inner/v7/items": {"get": {}}, "/inner/v7/x": {"post": {}}}}
DOCUMENT = Body(json.dumps(API), JSON)
ITEMS = Body('[{"id": 1}]', JSON)

SWAGGER_UI = """<title>API - Swagger UI</title><div id="swagger-ui"></div>
<script src="https://cdn.example/swagger-ui-dist@5/swagger-ui-bundle.js"></script>
<script>const ui = SwaggerUIBundle({ url: '%s', "dom_id": "#swagger-ui" })</script>"""
RESTX = """<title>API</title><div id="swagger-ui"></div><script src="/swaggerui/bundle.js"></script>
<script>window.ui = SwaggerUIBundle({
                url: "%s",
                validatorUrl: "" || null })</script>"""
SEVERAL = """<div id="swagger-ui"></div><script>
SwaggerUIBundle({urls: [{"url":"\\/none.json","name":"a"},{"url": "%s", "name": "b"}]})</script>"""
REDOC = '<title>ReDoc</title><redoc spec-url="%s" lazy-rendering></redoc>'
REDOC_CALL = '<div id="redoc"></div><script>Redoc.init("%s", {}, x)</script>'
ELEMENTS = '<elements-api apiDescriptionUrl="%s" router="hash" layout="sidebar" />'
RAPIDOC = '<rapi-doc id="thedoc" spec-url = "%s" > </rapi-doc>'
SCALAR = '<script id="api-reference" data-url="%s"></script><script src="/s.js"></script>'
RELATION = '<link href="%s" rel="service-desc" type="application/openapi+json"><p>Our API'
VIEWERS = [SWAGGER_UI, RESTX, SEVERAL, REDOC, REDOC_CALL, ELEMENTS, RAPIDOC, SCALAR, RELATION]


@pytest.mark.parametrize("page", VIEWERS, ids=lambda page: page[:30])
@pytest.mark.parametrize("where", ["/", "/docs", "/api/1/doc/"])
@pytest.mark.parametrize("reference", [PLACE, f"https://api.example.com{PLACE}"])
def test_a_page_of_documentation_leads_to_the_description(page, where, reference):
    pages = {"/": Body('<a href="/api/1/doc/">Documentation</a>'), PLACE: DOCUMENT}
    pages |= {"/inner/v7/items": ITEMS, where: Body(page % reference)}
    seen = served(QUIET, pages)
    assert "/inner/v7/items" in seen.paths
    assert "/inner/v7/x" in {each.operation.path for each in seen.report.coverage.skipped}


def test_a_field_says_where_the_description_is():
    fields = (("Link", f'</>; rel="self", <{PLACE}>; rel="service-desc"; type="x/y"'),)
    pages = {"/": Body("{}", JSON, headers=fields), PLACE: DOCUMENT, "/inner/v7/items": ITEMS}
    assert "/inner/v7/items" in served(QUIET, pages).paths


EXPRESS = """<div id="swagger-ui"></div><script src="./swagger-ui-bundle.js"> </script>
<script src="./swagger-ui-init.js"> </script>"""


def test_a_script_of_the_viewer_holds_the_description_or_where_it_is():
    written = (
        'window.onload = function() { var options = {\n  "swaggerDoc": %s,\n "customOptions": {} };'
    )
    told = 'var options = { "customOptions": {}, "swaggerUrl": "%s" };'
    for script in (written % json.dumps(API, indent=1), told % PLACE):
        pages = {"/": Body("shop"), "/api-docs/": Body(EXPRESS), PLACE: DOCUMENT}
        pages |= {"/api-docs/swagger-ui-init.js": Body(script, SCRIPT), "/inner/v7/items": ITEMS}
        seen = served(QUIET, pages)
        assert "/inner/v7/items" in seen.paths, script
        assert "/api-docs/swagger-ui-bundle.js" not in seen.paths


def test_what_is_elsewhere_or_changes_something_is_not_asked():
    references = ["https://petstore.swagger.io/v2/swagger.json", "/admin/reset/openapi.json"]
    pages = {"/": Body("".join(SWAGGER_UI % each for each in references))}
    seen = served(QUIET, pages)
    assert {each.origin.host for each in seen.requests} == {"api.example.com"}
    assert "/admin/reset/openapi.json" not in seen.paths


def test_settings_of_other_pages_are_no_descriptions():
    page = "<script>$.ajax({ url: '/api/private', type: 'GET' })</script>"
    assert "/api/private" not in served(QUIET, {"/": Body(page)}).paths


def test_where_one_is_at_a_usual_place_no_page_is_looked_for():
    pages = {"/": Body("x"), "/openapi.json": DOCUMENT, "/docs": Body(REDOC % "/other.json")}
    assert not {"/docs", "/other.json"} & set(served(QUIET, pages).paths)


@pytest.mark.parametrize(
    "script",
    [
        '"swaggerDoc": {"openapi": "3.0.0", "paths": ',
        '"swaggerDoc": ' + '{"a":' * 100_000,
        'spec: {"title": "no description"}',
        "",
    ],
    ids=["broken", "deep", "other", "empty"],
)
def test_what_is_no_description_in_a_script_is_none(script):
    assert documentation.written(script) is None


def test_a_page_that_is_made_to_take_long_is_read_in_linear_time():
    for text in ("<link " * 40_000, 'url:"' * 50_000, "swagger-ui spec-url=" * 12_000):
        answer = served(QUIET, {"/": Body("swagger-ui" + text)})
        assert answer.report.coverage.known == 1
