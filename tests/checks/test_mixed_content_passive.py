"""Images, sound and film from http on a page over https."""

import pytest

from plainwire.checks.encryption.mixed_content_passive import mixed_content_passive
from plainwire.model import Severity
from served import CSS, JSON, Body, served


@pytest.mark.parametrize(
    "page",
    [
        '<img src="http://cdn.example/a.png">',
        '<audio src="http://cdn.example/a.ogg"></audio>',
        '<video poster="http://cdn.example/a.png"></video>',
        '<div style="background: url(http://cdn.example/a.png)">',
        '<link rel="icon" href="http://cdn.example/a.ico">',
        '<script>image.src = "http://cdn.example/a.png"</script>',
        """<script>box.innerHTML = '<img alt="" src="http://cdn.example/a.png">'</script>""",
        '<iframe srcdoc="<img src=http://cdn.example/a.png>"></iframe>',
    ],
)
def test_what_a_page_shows_from_http_is_found(page):
    assert served(mixed_content_passive, page).finding.severity is Severity.LOW


@pytest.mark.parametrize(
    "page",
    [
        '<img src="/a.png">',
        '<img src="http://localhost/a.png">',
        '<img src="data:image/png,http://a.example/">',
        '<img src="https://cdn.example/?from=http://a.example/">',
        '<img alt="http://a.example/a.png">',
        '<script>image.src = "/a.png"; image.alt = "http://a.example/a.png"</script>',
        """<script>box.innerHTML = '<img src="/a.png" alt="http://a.example/">'</script>""",
        '<script src="http://cdn.example/a.js"></script>',
        '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
    ],
)
def test_what_is_not_shown_from_http_is_not_found(page):
    assert served(mixed_content_passive, page).findings == ()


def test_an_image_address_in_json_is_no_mixed_content():
    body = Body('{"avatar": "http://cdn.example/a.png"}', JSON)
    assert served(mixed_content_passive, {"/": body}).findings == ()


def test_images_of_a_style_sheet_of_the_own_origin_are_found():
    bodies = {
        "/": Body('<link rel="stylesheet" href="a.css">'),
        "/a.css": Body("body { background: url( 'http://cdn.example/a.png' ) }", CSS),
    }
    assert "'http://cdn.example/a.png'" in served(mixed_content_passive, bodies).finding.message


def test_a_page_that_is_upgraded_by_browsers_is_information():
    headers = (
        ("Content-Security-Policy", "img-src *"),
        ("Content-Security-Policy", "upgrade-insecure-requests"),
    )
    body = Body('<img src="http://cdn.example/a.png">', headers=headers)
    finding = served(mixed_content_passive, {"/": body}).finding
    assert finding.severity is Severity.INFO
