"""Names that resemble a trusted origin: which are tried, from where."""

import asyncio
from dataclasses import replace

import pytest

from plainwire import catalog
from plainwire.cli import main
from plainwire.live.connector import NoListenerError
from plainwire.live.settings import Settings
from plainwire.model import Exchange, TlsEndpoint
from plainwire.scan import scan_async
from plainwire.wire.target import parse_target

(CHECK,) = (each for each in catalog.load() if each.id == "cors-origin-half-compared")


def findings(trusted=(), policy=None, ends="partner.example"):
    async def send(request):
        if request.origin.scheme == "http":
            raise NoListenerError("connection refused")
        origin = dict(request.headers).get("Origin", "")
        lines = [("Content-Type", "application/json")]
        if policy is not None:
            lines.append(("Content-Security-Policy", policy))
        if origin.endswith(ends):
            lines += [("Access-Control-Allow-Origin", origin)]
            lines += [("Access-Control-Allow-Credentials", "true")]
        return Exchange(request, 200, tuple(lines), b'{"a": 1}', address="127.0.0.1")

    async def look(site, origin):
        return TlsEndpoint(origin.host, origin.port, speaks_tls=True)

    target = replace(parse_target("https://api.example.com/")[0], address="127.0.0.1")
    settings = Settings(trusted_origins=tuple(trusted))
    options = {"checks": [CHECK], "settings": settings, "send": send, "look": look}
    return asyncio.run(scan_async(target, **options)).findings


def test_a_name_that_nothing_tells_of_is_not_tried():
    assert not findings()


def test_a_named_origin_is_tried():
    (one,) = findings(["https://app.partner.example"])
    assert "partner.example to read" in one.message


@pytest.mark.parametrize(
    ("policy", "is_told"),
    [
        ("connect-src 'self' https://app.partner.example", True),
        ("default-src 'self'; frame-ancestors app.partner.example:8443", True),
        ("img-src https://app.partner.example", False),
        ("connect-src *.partner.example", False),
        ("connect-src 'none' https: data:", False),
    ],
)
def test_a_host_that_the_policy_lets_ask_is_tried(policy, is_told):
    assert bool(findings(policy=policy)) is is_told


def test_an_exact_comparison_is_no_finding():
    assert not findings(["https://app.partner.example"], ends="//app.partner.example")


@pytest.mark.parametrize("word", ["app.example.com", "https://a/path", "null", "https://", "*"])
def test_what_is_no_origin_ends_with_2(word, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["scan", "https://127.0.0.1:9/", "--trusted-origin", word])
    assert ended.value.code == 2
    assert "not an origin" in capsys.readouterr().err
