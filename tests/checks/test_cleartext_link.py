"""Links over http that a client of an https API follows."""

import json

import pytest

from plainwire.checks.encryption.cleartext_link import cleartext_link
from plainwire.model import Severity
from served import HTML, JSON, SCRIPT, Body, served


def answer(value, content_type=JSON):
    return {"/": Body(json.dumps(value), content_type)}


@pytest.mark.parametrize(
    "bodies",
    [
        answer({"next": "http://api.example.com/?page=2"}),
        answer({"items": [{"links": {"self": "http://API.example.com:80/1"}}]}),
        answer({"avatar": "http://static.api.example.com/1.png"}, "application/hal+json"),
        {"/": Body('<a href="http://api.example.com/account">account</a>', HTML)},
        {"/": Body('<meta http-equiv="refresh" content="0; url=http://api.example.com/">', HTML)},
        {"/": Body('<script>location.href = "http://api.example.com/"</script>', HTML)},
        {"/": Body('show("http://api.example.com/")', SCRIPT)},
    ],
)
def test_a_link_to_the_own_host_is_low(bodies):
    assert served(cleartext_link, bodies).finding.severity is Severity.LOW


def test_a_link_of_json_to_another_host_is_information():
    finding = served(cleartext_link, answer({"site": "http://other.example/"})).finding
    assert finding.severity is Severity.INFO


def test_a_page_that_sends_browsers_on_over_http_is_found_whatever_the_host():
    page = '<meta http-equiv="Refresh" content="0; URL=http://other.example/">'
    finding = served(cleartext_link, page).finding
    assert finding.severity is Severity.LOW
    assert "sends browsers on to another host over http: 'http://other.example/'" in finding.message


@pytest.mark.parametrize(
    "page",
    [
        '<meta http-equiv="refresh" content="0; url=https://other.example/">',
        '<meta http-equiv="refresh" content="5">',
        '<meta name="refresh" content="0; url=http://other.example/">',
    ],
)
def test_a_refresh_that_keeps_to_https_is_not_found(page):
    assert served(cleartext_link, page).findings == ()


def test_links_to_the_own_host_are_shown_before_those_to_others():
    value = {"site": "http://other.example/", "next": "http://api.example.com/2"}
    finding = served(cleartext_link, answer(value)).finding
    assert finding.severity is Severity.LOW
    assert finding.message.endswith("over http: 'http://api.example.com/2'")


@pytest.mark.parametrize(
    "bodies",
    [
        answer(
            {
                "next": "https://api.example.com/",
                "path": "/2",
                "text": "see http://api.example.com/",
            }
        ),
        answer(
            {
                "$schema": "http://json-schema.org/draft-07/schema#",
                "$id": "http://api.example.com/s",
            }
        ),
        answer({"@context": "http://api.example.com/vocabulary"}),
        answer({"@id": "http://api.example.com/books/1", "@type": "Book", "title": "Ada"}),
        answer({"xmlns:a": "http://api.example.com/ns", "svg": "http://www.w3.org/2000/svg"}),
        answer({"dev": "http://localhost:5000/", "also": "http://[::1]/"}),
        answer({"events": "ws://api.example.com/"}),
        answer({"type": "http://api.example.com/out-of-stock"}, "application/problem+json"),
        {"/": Body('<a href="http://other.example/">other</a>', HTML)},
        {"/": Body('<a href="http://notapi.example.com/">other</a>', HTML)},
        {"/": Body('<script src="http://api.example.com/a.js"></script>', HTML)},
        {"/": Body('{"next": "http://api.example.com/"', JSON)},
    ],
)
def test_what_no_client_follows_to_http_is_not_found(bodies):
    assert served(cleartext_link, bodies).findings == ()


def test_an_openapi_document_is_left_to_its_own_check():
    document = {"openapi": "3.0.3", "servers": [{"url": "http://api.example.com/"}], "paths": {}}
    bodies = answer({"status": "ok"}) | {"/openapi.json": Body(json.dumps(document), JSON)}
    bodies["/"] = Body('<a href="/openapi.json">description</a>')
    seen = served(cleartext_link, bodies)
    assert "/openapi.json" in seen.paths
    assert seen.findings == ()


def test_a_secret_in_a_query_is_masked():
    value = {"next": "http://api.example.com/?token=abcdefghijklmnop"}
    assert "abcdefghijklmnop" not in served(cleartext_link, answer(value)).finding.message
