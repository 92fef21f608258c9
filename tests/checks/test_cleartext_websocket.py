"""WebSockets in clear that an answer over https leads to."""

import pytest

from plainwire.checks.encryption.cleartext_websocket import cleartext_websocket
from plainwire.model import Severity
from served import JSON, SCRIPT, Body, served

UPGRADE = (("Content-Security-Policy", "upgrade-insecure-requests"),)


@pytest.mark.parametrize(
    "body",
    [
        Body('<script>new WebSocket("ws://api.example.com/events")</script>'),
        Body('<script>new WebSocket("ws://" + location.host + "/events")</script>'),
        Body("<script>new WebSocket(`ws://${location.host}/events`)</script>"),
        Body('const url = "WS://other.example:8080/";', SCRIPT),
        Body('{"events": "ws://other.example/"}', JSON),
        Body('{"events": "ws://other.example/"}', JSON, headers=UPGRADE),
    ],
)
def test_a_websocket_in_clear_is_high(body):
    assert served(cleartext_websocket, {"/": body}).finding.severity is Severity.HIGH


@pytest.mark.parametrize(
    "body",
    [
        Body('<script>new WebSocket("wss://api.example.com/events")</script>'),
        Body('<script>new WebSocket("ws://localhost:" + port)</script>'),
        Body('<script>new WebSocket("ws://127.0.0.1:8080/")</script>'),
        Body('<script>if (url.startsWith("ws://")) warn()</script>'),
        Body('{"text": "connect to ws://other.example/", "rows": "rows://a"}', JSON),
        Body(
            '<script>const base = location.protocol == "https:" ? "wss://" : "ws://";'
            "new WebSocket(base + location.host)</script>"
        ),
        Body(
            '<script>new WebSocket(location.protocol === "https:" ? "wss://api.example.com/" '
            ': "ws://api.example.com/")</script>'
        ),
        Body(
            '<script>new WebSocket("https:"===location.protocol?"wss://a.example/":"ws://a.example/")</script>'
        ),
        Body(
            '<script>new WebSocket("http:"==l.protocol?"ws://a.example/":"wss://a.example/")</script>'
        ),
        Body(
            '<script>const tls = location.protocol == "https:"; '
            'const url = tls ? "wss://a.example/" : "ws://a.example/"; new WebSocket(url)</script>'
        ),
        Body(
            '<script>const url = /^https/.test(here) ? "wss://a.example" : "ws://a.example"</script>'
        ),
        Body('<script>const url = plain ? "ws://a.example" : "wss://a.example"</script>'),
        Body(
            "<script>if (location.protocol === 'https:') { url = 'wss://a.example/'; }\n"
            "else { url = 'ws://a.example/'; }</script>"
        ),
    ],
)
def test_what_does_not_lead_to_a_websocket_in_clear_is_not_found(body):
    assert served(cleartext_websocket, {"/": body}).findings == ()


def test_a_comparison_in_an_earlier_statement_excuses_nothing():
    page = "<script>if (location.protocol === 'http:') warn(); new WebSocket('ws://a.example/')</script>"
    assert served(cleartext_websocket, page).finding


@pytest.mark.parametrize(
    "script",
    [
        'new WebSocket(a ? "ws://a.example" : "ws://b.example")',
        'log("wss://a.example"); new WebSocket("ws://b.example")',
        'new WebSocket(b ? x : "ws://b.example")',
        'use({a: "wss://a.example", b: "ws://b.example"})',
    ],
)
def test_an_address_over_tls_elsewhere_excuses_nothing(script):
    assert served(cleartext_websocket, f"<script>{script}</script>").finding


def test_a_script_of_the_own_origin_is_read():
    bodies = {
        "/": Body('<script src="/app.js"></script>'),
        "/app.js": Body('new WebSocket("ws://api.example.com/events")', SCRIPT),
    }
    finding = served(cleartext_websocket, bodies).finding
    assert [each.url for each in finding.evidence][1:] == ["https://api.example.com/app.js"]


def test_browsers_upgrade_websockets_of_a_page_that_says_so():
    body = Body('<script>new WebSocket("ws://a.example/")</script>', headers=UPGRADE)
    assert served(cleartext_websocket, {"/": body}).finding.severity is Severity.INFO
