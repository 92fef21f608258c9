"""Links in bodies: HTML, W3C Mixed Content Level 2, CSS, ECMAScript and JSON examples."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plainwire.wire.links import MAX_LINKS, Form, forms, links

H = "http://h/x"
HTML = [
    # section 3.2: blockable
    (f'<script src="{H}"></script>', [(H, "active", "script src")]),
    (f"<IFRAME SRC='{H}'></IFRAME>", [(H, "active", "iframe src")]),
    (f"<frame src={H}>", [(H, "active", "frame src")]),
    (f'<link rel="stylesheet" href="{H}">', [(H, "active", "link href")]),
    (f'<link rel="preload" as="script" href="{H}">', [(H, "active", "link href")]),
    (f'<link rel="Alternate StyleSheet" href="{H}">', [(H, "active", "link href")]),
    (f'<link rel="manifest" href="{H}">', [(H, "active", "link href")]),
    (f'<object data="{H}">', [(H, "active", "object data")]),
    (f'<embed src="{H}">', [(H, "active", "embed src")]),
    (f'<video><track src="{H}">', [(H, "active", "track src")]),
    (f'<svg><use xlink:href="{H}#i"/>', [(f"{H}#i", "active", "use xlink:href")]),
    # the initiator "imageset" is not upgradeable
    (
        f'<img srcset="{H} 1x, /y 2x">',
        [(H, "active", "img srcset"), ("/y", "active", "img srcset")],
    ),
    # section 3.1: upgradeable
    (f'<img src="{H}">', [(H, "passive", "img src")]),
    (f'<audio src="{H}">', [(H, "passive", "audio src")]),
    (
        f'<video src="/v" poster="{H}">',
        [("/v", "passive", "video src"), (H, "passive", "video poster")],
    ),
    (f'<source src="{H}">', [(H, "passive", "source src")]),
    (f'<link rel="shortcut icon" href="{H}">', [(H, "passive", "link href")]),
    (f'<link rel="preload" as="image" href="{H}">', [(H, "passive", "link href")]),
    (f'<input type="image" src="{H}">', [(H, "passive", "input src")]),
    (f'<div style="background: url({H})">', [(H, "passive", "div style url()")]),
    # navigation and forms
    (f'<a href="{H}">', [(H, "navigation", "a href")]),
    (f'<link rel="canonical" href="{H}">', [(H, "navigation", "link href")]),
    (f'<meta http-equiv="refresh" content="0; url={H}">', [(H, "navigation", "meta refresh")]),
    (f'<form action="{H}" method=post>', [(H, "form", "form action")]),
    (f'<button formaction="{H}">', [(H, "form", "button formaction")]),
    # code within
    (f'<script>fetch("{H}")</script>', [(H, "active", "script fetch")]),
    (f'<script type="module">import "{H}"</script>', [(H, "active", "script import")]),
    (
        f'<script type="application/ld+json">{{"$id": "{H}", "url": "{H}"}}</script>',
        [(H, "data", "script /url")],
    ),
    (f'<script type="text/template"><img src="{H}"></script>', []),
    (f'<style>@import "{H}";</style>', [(H, "active", "style @import")]),
    (f"<p onclick=\"location.href='{H}'\">", [(H, "navigation", "p onclick location")]),
    # what markup does to a URL
    ('<a href="http://h/?a=1&amp;b=2">', [("http://h/?a=1&b=2", "navigation", "a href")]),
    ('<a href=" ht\ntp://h/ ">', [("http://h/", "navigation", "a href")]),
    ('<a href="&#104;ttp://h/">', [("http://h/", "navigation", "a href")]),
    (f'<a href="{H}" href="/other">', [(H, "navigation", "a href")]),
    (f'<a\thref\n=\n"{H}"/>', [(H, "navigation", "a href")]),
    (
        '<base href="http://b/d/"><base href="/no"><img src="i">',
        [("http://b/d/i", "passive", "img src")],
    ),
    # what is no link
    (f'<!-- <script src="{H}"></script> -->', []),
    (f'<textarea><img src="{H}"></textarea>', []),
    (f'<title><img src="{H}"></title>', []),
    (f"<p>{H}</p>", []),
    (
        '<html xmlns="http://www.w3.org/1999/xhtml"><svg xmlns:xlink="http://www.w3.org/1999/xlink">',
        [],
    ),
    ('<!DOCTYPE html PUBLIC "-//W3C//DTD" "http://www.w3.org/TR/x.dtd">', []),
    (
        '<a href="#top"><a href="mailto:a@b"><a href="javascript:x()"><img src="data:x,y">',
        [],
    ),
    (f'<img src="{H}', []),
    (f'<img alt="<script src={H}></script>', []),
    (f"<img src={H}", []),
    ("a < b <3", []),
]

CSS = [
    (f"a{{background:url({H})}}", [(H, "passive", "url()")]),
    (f"a{{background:URL( '{H}' )}}", [(H, "passive", "url()")]),
    (f'@import "{H}" screen;', [(H, "active", "@import")]),
    (f"@import url({H});a{{b:url(/c)}}", [(H, "active", "@import"), ("/c", "passive", "url()")]),
    (f"@font-face{{src:local('x'),url({H}) format('woff')}}", [(H, "active", "@font-face")]),
    (f"@font-face{{font-family:x}}a{{b:url({H})}}", [(H, "passive", "url()")]),
    (r"a{b:url(http\3a //h/x)}", [(H, "passive", "url()")]),
    ("@namespace svg url(http://www.w3.org/2000/svg);", []),
    (f'a{{content:"{H}"}}', []),
    (f'a{{content:"url({H})"}}', []),
    (f"/* url({H}) */", []),
    ("a{b:url(#id) url(data:x,y) url()}", []),
]

SCRIPT = [
    ('new WebSocket("ws://h/x")', [("ws://h/x", "active", "new WebSocket")]),
    ('new WebSocket("ws://" + location.host)', [("ws://", "active", "new WebSocket")]),
    ('s = p === "https:" ? "wss://" : "ws://"', []),
    ("const u = 'ws://h/x'", [("ws://h/x", "active", "string")]),
    (f"fetch('{H}')", [(H, "active", "fetch")]),
    (f"fetch(new Request(`{H}`))", [(H, "active", "fetch")]),
    ("fetch(`http://h/${id}/y`)", [("http://h/", "active", "fetch")]),
    (f'x.open("GET", "{H}")', [(H, "active", "XMLHttpRequest.open")]),
    (f'new EventSource("{H}")', [(H, "active", "new EventSource")]),
    (f'axios.get("{H}")', [(H, "active", "axios")]),
    (f'$.getJSON("{H}")', [(H, "active", "$.ajax")]),
    (f'import x from "{H}"', [(H, "active", "import")]),
    (f'location.href = "{H}"', [(H, "navigation", "location")]),
    (f'const base = "{H}"', [(H, "data", "string")]),
    (r'x = "http:\/\/h\/x"', [(H, "data", "string")]),
    (r'x = "\x68ttp://h/x"', [(H, "data", "string")]),
    ('createElementNS("http://www.w3.org/2000/svg", "g")', []),
    (f'// fetch("{H}")', []),
    (f'/* fetch("{H}") */', []),
    ('u.startsWith("http://")', []),
    # quotes in regular expressions and nested templates do not lead astray
    (f"x = /[\"'/]/; fetch('{H}')", [(H, "active", "fetch")]),
    (f"x = a / b; y = '{H}' / c", [(H, "data", "string")]),
    (f"`a${{b(`c`)}}d`; fetch('{H}')", [(H, "active", "fetch")]),
    (f"`${{ {{a: '{H}'}} }}`", [(H, "data", "string")]),
    (f"`${{ {{}} || '{H}' }}`", [(H, "data", "string")]),
    (f"x = 'open\nfetch('{H}')", [(H, "active", "fetch")]),
]

JSON = [
    ({"next": H}, [(H, "data", "/next")]),
    ([{"a/b": ["", H]}], [(H, "data", "/0/a~1b/1")]),
    (H, [(H, "data", "")]),
    ({"ws": "ws://h/x"}, [("ws://h/x", "data", "/ws")]),
    ({"text": f"see {H}"}, []),
    (
        {
            "$schema": H,
            "$id": H,
            "@id": H,
            "@base": H,
            "@context": [H],
            "xmlns": H,
            "@xmlns:a": H,
            "rel": H,
        },
        [],
    ),
    (
        {"profile": "/api/profile/1"},
        [("/api/profile/1", "data", "/profile")],
    ),
    (
        {"profile": "http://example.com/profiles/order"},
        [],
    ),
    (
        {"href": "/a?b=1", "avatar_url": "/c", "_links": {"self": "/e"}},
        [
            ("/a?b=1", "data", "/href"),
            ("/c", "data", "/avatar_url"),
            ("/e", "data", "/_links/self"),
        ],
    ),
    ({"path": "/etc", "href": "//h/x", "url": "/a b", "next": "page 2", "date": "/1/2"}, []),
    ({"a": "http://www.w3.org/2001/XMLSchema", "b": "http://json-schema.org/draft-07/schema#"}, []),
    ({"a": "http://purl.org/dc/terms/", "b": "http://schemas.xmlsoap.org/soap/envelope/"}, []),
    ({"a": "http://notw3.org/x"}, [("http://notw3.org/x", "data", "/a")]),
]

TABLE = [
    *(("text/html; charset=utf-8", body, found) for body, found in HTML),
    *(("text/css", body, found) for body, found in CSS),
    *(("text/javascript", body, found) for body, found in SCRIPT),
    *(("application/hal+json", json.dumps(body), found) for body, found in JSON),
]


@pytest.mark.parametrize(("content_type", "body", "found"), TABLE)
def test_a_body_holds_these_links(
    content_type: str, body: str, found: list[tuple[str, str, str]]
) -> None:
    assert [(link.url, link.kind, link.where) for link in links(body, content_type)] == found


@pytest.mark.parametrize(("content_type", "body", "found"), TABLE)
def test_a_body_cut_anywhere_has_no_link_of_another_element(
    content_type: str, body: str, found: list[tuple[str, str, str]]
) -> None:
    for end in range(len(body)):
        assert len(links(body[:end], content_type)) <= max(1, len(found))


POSITIONS = [
    ("text/html", f"<p>é</p><img src={H}>"),
    ("text/html", f'<style>a{{b:url({H})}}</style>'),
    ("text/html", f"<script>x='{H}'</script>"),
    ("text/css", f"a{{b:url({H})}}"),
    ("text/javascript", f"x='{H}'"),
]  # fmt: skip


@pytest.mark.parametrize(("content_type", "body"), POSITIONS)
def test_a_position_points_just_before_the_url(content_type: str, body: str) -> None:
    (link,) = links(body, content_type)
    assert link.position is not None
    assert 0 < body.index(H) - link.position <= len("<img src=")


@pytest.mark.parametrize("content_type", ["text/plain", "image/png", "", "application/xml"])
def test_other_types_hold_no_links(content_type: str) -> None:
    assert links(f'<a href="{H}">', content_type) == ()


def test_there_are_no_more_links_than_the_bound() -> None:
    assert len(links("<a href=/x>" * (MAX_LINKS + 5), "text/html")) == MAX_LINKS


FORMS = [
    ('<form action="/in" method="POST"><input type="PassWord">', Form("/in", "post", True, 0)),
    ("<form><input></form>", Form(None, "get", False, 0)),
    ('<form action=""><input type=text></form>', Form(None, "get", False, 0)),
    ("<form method=dialog></form>", Form(None, "dialog", False, 0)),
    ("<form method=nonsense action=http://h/></form>", Form("http://h/", "get", False, 0)),
    # a form in a form is none (HTML, section 13.2.6.4.7)
    ("<form action=/a><form action=/b><input type=password></form>", Form("/a", "get", True, 0)),
    ("<input type=password>", Form(None, "get", True, 0, is_implicit=True)),
]


@pytest.mark.parametrize(("document", "form"), FORMS)
def test_a_form_has_an_action_a_method_and_perhaps_a_password(document: str, form: Form) -> None:
    assert tuple(forms(document)) == (form,)


def test_forms_are_told_apart() -> None:
    found = forms("<form action=/a></form><form action=/b><input type=password></form>")
    assert [(form.action, form.has_password) for form in found] == [("/a", False), ("/b", True)]


def test_the_last_of_many_forms_is_one_too() -> None:
    found = forms("<form></form>" * 1000 + "<form><input type=password></form>")
    assert [form.has_password for form in found] == [False] * 1000 + [True]


HOSTILE = {
    "text/html": (
        *("<", "<!--", "<!", "</", "<a ", "<a b='", "<a b=", "<a/", "<a b ", "&#", "=", "\0"),
        *("<script>", "<script>'", "</script", "<style>url(", "<title>", "<form>", "<a href=x>"),
        *(
            "<p style='url(",
            "<img srcset='a, ",
            "<input type=password>",
            "<meta http-equiv=refresh ",
        ),
    ),
    "text/css": ("url(", "url('", '"', "'", "\\", "@import ", "/*", "url('\\", "{", "'\\\n"),
    "text/javascript": (
        *('"', "'", "`", "${", "`${", "/", "=/", "=/[", "=/\\", "//", "/*", "\\", '"\\', "{", "}"),
        *("'http://h',", "fetch('http://h');", "return "),
    ),
    "application/json": ("[", '{"a":', '["http://h",', "1", "\\"),
}


# In time linear in its length a MiB takes a second at most; in the square of it, hours.
@pytest.mark.timeout(100)
@pytest.mark.parametrize(
    ("content_type", "piece"), [(key, piece) for key, all_ in HOSTILE.items() for piece in all_]
)
def test_a_mebibyte_of_one_thing_is_read_in_linear_time(content_type: str, piece: str) -> None:
    body = piece * (2**20 // len(piece))
    assert len(links(body, content_type)) <= MAX_LINKS
    if content_type == "text/html":
        any(not form for form in forms(body))


@pytest.mark.timeout(100)
@pytest.mark.parametrize("attribute", ["href", "srcset", "style", "onclick", "x"])
def test_a_mebibyte_attribute_is_read_in_linear_time(attribute: str) -> None:
    for piece in ("&", "&#1", ",", " ", "url(", "`", "x"):
        text = piece * (2**20 // len(piece))
        for link in links(f"<img {attribute}='{text}'><a {attribute}='{text}'>", "text/html"):
            assert len(link.url) <= 4096


@settings(deadline=None)
@given(
    st.sampled_from(list(HOSTILE)),
    st.one_of(
        st.text(),
        st.text(alphabet="<>!-/ =\"'`${}()[]\\&;#:,\nabhrefsctypuil@mo"),
        st.recursive(
            st.text(),
            lambda each: st.lists(each) | st.dictionaries(st.text(), each),
        ).map(json.dumps),
    ),
)
def test_any_text_gives_links(content_type: str, body: str) -> None:
    found: Any = links(body, content_type)
    assert all(link.kind and len(link.url) <= 4096 for link in found)
    any(not form for form in forms(body))
