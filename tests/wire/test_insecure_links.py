"""Links to cleartext in any body, and the parts of a page."""

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.live import loaded
from plainwire.live.tls.site import EndpointSite
from plainwire.model import Exchange, Origin, Request, TlsEndpoint
from plainwire.wire.insecure_links import insecure_links, is_own, listed
from plainwire.wire.links.calls import called_names, is_called
from plainwire.wire.page_parts import insecure_links_of, is_upgraded, parts
from plainwire.wire.target import parse_target

ORIGIN = Origin("https", "api.example.com", 443)
PIECES = [
    *("<script src=", "<script>", "</script>", "<base href=", "<form action=", "<style>"),
    *("http://", "ws://", "//", "[::1]", "localhost", "a.example", ":99999", "\x00", "\ud800"),
    *('"', "'", "`", "${", "\\", "/*", "@import ", "url(", "fetch(", "API", " = ", "protocol ==="),
    *("{", "}", ";", ">", " ", "\n", "else", "&#x6a;", "content-security-policy"),
]
BODIES = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=40).map("".join)
TYPES = st.sampled_from(["text/html", "text/css", "text/javascript", "application/json", "x", ""])


def answer(body: str, content_type: str, path: str = "/", **headers: str) -> Exchange:
    lines = (("Content-Type", content_type), *headers.items())
    return Exchange(Request(ORIGIN, "GET", path), 200, lines, body.encode("utf-8", "replace"))


@given(BODIES, TYPES, st.text(max_size=20))
def test_any_body_gives_links_to_cleartext_or_none(body, content_type, policy):
    page = answer(body, content_type, **{"Content-Security-Policy": policy})
    wanted = parts([page])
    found = insecure_links_of(page, {request: page for request in wanted})
    assert all(each.scheme in ("http", "ws") for each in found)
    assert all(request.origin == ORIGIN and request.method == "GET" for request in wanted)
    assert is_upgraded(page) in (True, False)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=6).map("".join))
def test_any_url_gives_a_link_to_cleartext_or_none(rest):
    for markup in (
        f"<script src='http://{rest}'>",
        f"<script>fetch('ws:{rest}')</script>",
        f"<link rel=stylesheet href='//{rest}'>",
    ):
        page = answer(markup, "text/html")
        assert len(insecure_links_of(page, {})) <= 1
        assert len(parts([page])) <= 1


@pytest.mark.parametrize(
    "body",
    [
        "fetch(" * 150_000,
        "fetch" + " " * 900_000,
        "axios." * 150_000,
        "'http://a.example/';" * 45_000,
        'protocol == "http://a.example/"; else ' * 24_000,
        "$." * 450_000,
        "a = " * 200_000 + "'http://a.example/';" * 2000,
    ],
    ids=lambda body: body[:12],
)
def test_a_hostile_megabyte_of_script_ends(body):
    page = answer(body, "text/javascript")
    assert len(insecure_links_of(page, {})) <= 2000


def test_a_thousand_pages_ask_for_twenty_parts():
    pages = [answer(f'<script src="/{n}.js">', "text/html", f"/{n}") for n in range(1000)]
    target = parse_target("https://api.example.com/")[0]
    site = EndpointSite(target, TlsEndpoint(target.host, 443), datetime.now(UTC))
    assert len(asyncio.run(loaded.by(site, pages))) == 20
    questions = [question for _, question in site.notes.unanswered]
    assert "GET https://api.example.com/20.js and 979 more" in questions


def test_only_a_host_and_its_subdomains_are_own():
    assert is_own("api.example.com", "api.example.com")
    assert is_own("a.api.example.com", "api.example.com")
    assert not is_own("example.com", "api.example.com")
    assert not is_own("xapi.example.com", "api.example.com")
    assert not is_own("", "api.example.com")


def test_at_most_five_urls_are_listed():
    assert listed(["a", "b", "a"]) == "'a', 'b'"
    assert listed("abcdefg") == "'a', 'b', 'c', 'd', 'e' and 2 more"
    assert len(listed(["x" * 4096])) == 120 + 2


def test_the_url_is_the_one_that_a_browser_asks():
    page = answer('<img src="HTTP://u:p@A.example.:80\\x/../y#z">', "text/html")
    assert [each.url for each in insecure_links(page)] == ["http://a.example/y"]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("fetch(API + '/x')", {"API"}),
        ("await fetch ( `${window.API}/x` )", {"API"}),
        ("x.open('GET', config.api)", {"config.api"}),
        ("window.open(home)", set()),
        ("$.ajax({ url: API })", {"API"}),
        ("$.each(list)", set()),
        ("prefetch(API)", set()),
        ("fetch('/x')", set()),
    ],
)
def test_the_names_that_a_script_fetches_from(source, names):
    assert called_names(source) == names


@pytest.mark.parametrize(
    ("before", "called"),
    [
        ("const API = ", True),
        ("window.API=", True),
        ("OTHER_API = ", False),
        ("if (API == ", False),
        ("API != ", False),
        ("{ api: ", True),
        ('{ "api" : ', True),
        ("{ API: ", False),
        ("case other, ", False),
    ],
)
def test_a_literal_is_called_if_its_name_is(before, called):
    names = frozenset({"API", "config.api"})
    assert is_called(before + "'http://a.example'", len(before), names) is called
