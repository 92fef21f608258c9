"""OpenAPI documents that lead to http."""

import json

import pytest

from plainwire.checks.encryption.http_url_in_api_description import http_url_in_api_description
from plainwire.model import Operation, Severity
from served import JSON, Body, served


def documented(**document):
    return {"/": Body("{}", JSON), "/openapi.json": Body(json.dumps(document), JSON)}


def three(*urls, **more):
    servers = [{"url": url} for url in urls]
    return documented(openapi="3.1.0", servers=servers, **({"paths": {}} | more))


GET = {"responses": {"200": {"description": "ok"}}}


@pytest.mark.parametrize(
    "bodies",
    [
        three("http://api.example.com/v1"),
        three("https://api.example.com/", "HTTP://other.example:8080/"),
        three(paths={"/a": {"get": GET | {"servers": [{"url": "http://other.example/"}]}}}),
        documented(
            openapi="3.0.0",
            paths={},
            servers=[{"url": "{s}://a.example", "variables": {"s": {"default": "http"}}}],
        ),
        documented(swagger="2.0", host="api.example.com", schemes=["https", "http"], paths={}),
        documented(swagger="2.0", schemes=["http"], paths={}),
    ],
)
def test_a_description_that_leads_to_http_is_found(bodies):
    finding = served(http_url_in_api_description, bodies).finding
    assert finding.severity is Severity.MEDIUM
    assert finding.operation == Operation("GET", "/openapi.json")
    assert "'http://" in finding.message


@pytest.mark.parametrize(
    "bodies",
    [
        three("https://api.example.com/"),
        three("/v1", "//api.example.com/"),
        three("http://localhost:5000/", "http://127.0.0.1/"),
        three("https://api.example.com/", info={"description": "http://api.example.com/"}),
        three("http://"),
        three("https://a.example", externalDocs={"url": "http://docs.example/"}),
        documented(swagger="2.0", host="api.example.com", schemes=["https", "wss"], paths={}),
        documented(swagger="2.0", schemes={"http": 1}, paths={}),
        documented(swagger="2.0", paths={}),
        documented(openapi="3.0.0", servers={"url": "http://a.example"}, paths=[]),
    ],
)
def test_a_description_that_leads_elsewhere_is_not_found(bodies):
    assert served(http_url_in_api_description, bodies).findings == ()
