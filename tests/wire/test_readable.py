"""Bodies as text: by their marks and labels, as browsers read them (WHATWG Encoding, section 6)."""

import pytest

from plainwire.model import Exchange, Origin, Request
from plainwire.wire.readable import readable

ASKED = Request(Origin("https", "api.example.com", 443), "GET", "/")
PAGE = "<title>Käse</title><script src='http://cdn.example/a.js'></script>"
LIMIT = 1 << 20


def answer(body, content_type=None, *, is_cut=False, is_broken=False, request=ASKED, **headers):
    lines = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    kind = (("Content-Type", content_type),) if content_type is not None else ()
    return Exchange(request, 200, (*kind, *lines), body, is_cut, is_broken)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (PAGE.encode("utf-16"), "text/html"),
        (b"\xfe\xff" + PAGE.encode("utf-16-be"), "text/html; charset=utf-8"),
        (PAGE.encode("utf-16-le"), "text/html; charset=UTF-16"),
        (PAGE.encode("utf-16-be"), 'text/html; charset="utf-16be"'),
        (PAGE.encode("utf-8-sig"), "text/html"),
        (PAGE.encode("utf-16-le"), "text/html"),
        (PAGE.encode("utf-16-be"), None),
        (PAGE.encode("utf-32"), "text/html"),
        (PAGE.encode(), "text/html"),
    ],
)
def test_text_is_read_whatever_its_encoding(body, content_type):
    assert readable(answer(body, content_type), LIMIT).text == PAGE
    assert readable(answer(body, content_type), LIMIT).unread == ""


def test_what_is_no_text_keeps_its_bytes():
    picture = b"\xff\xfe\x89PNG"
    assert readable(answer(picture, "image/png"), LIMIT).body == picture


@pytest.mark.parametrize("label", ["utf-7", "IBM037", "cp500", "iso-2022-kr"])
def test_an_encoding_without_ascii_is_said_to_be_unread(label):
    found = readable(answer(b"+ADw-script", f"text/html; charset={label}"), LIMIT)
    assert label.lower() in found.unread


@pytest.mark.parametrize("label", ["iso-8859-1", "windows-1252", "shift_jis", "euc-kr", "nonsense"])
def test_an_encoding_that_holds_ascii_is_read(label):
    found = readable(answer(b"<p>k\xe4se", f"text/html; charset={label}"), LIMIT)
    assert found.unread == ""
    assert found.text.startswith("<p>k")


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (b"a" * LIMIT, "text/html", f"its body is longer than {LIMIT} bytes (--body-limit)"),
        (b"{" + b"a" * (LIMIT - 1), None, f"its body is longer than {LIMIT} bytes (--body-limit)"),
        (b"a" * 99, "application/json", "its body broke off after 99 bytes"),
        (b"", "text/html", "its body broke off after 0 bytes"),
        (b"a" * LIMIT, "image/png", ""),
        (b"\0" * LIMIT, None, ""),
        (b"data: 1\n\n", "text/event-stream", ""),
    ],
)
def test_text_that_was_cut_says_so(body, kind, reason):
    is_broken = len(body) < LIMIT
    assert readable(answer(body, kind, is_cut=True, is_broken=is_broken), LIMIT).unread == reason


def test_a_check_that_wanted_few_bytes_got_what_it_wanted():
    few = Request(ASKED.origin, "GET", "/", body_limit=10)
    assert readable(answer(b"a" * 10, "text/html", is_cut=True, request=few), LIMIT).unread == ""
    late = readable(answer(b"a" * 5, "text/html", is_cut=True, request=few), 5)
    assert late.unread == "its body is longer than 5 bytes (--body-limit)"


def test_every_line_of_content_encoding_counts():
    found = readable(answer(b"x", "text/html", content_encoding="gzip, br"), LIMIT)
    assert found.unread == "its body came in 'gzip, br', which was not asked for"


@pytest.mark.parametrize(
    ("body", "headers", "kind"),
    [
        # WHATWG MIME Sniffing, section 7.1
        (b"\n <!doctype html><p>", (), "text/html"),
        (b"<sCrIpT >", (), "text/html"),
        (b"<!-- a page -->", (), "text/html"),
        (b"<b>", (), "text/html"),
        (b"<blink>", (), "text/plain"),
        (b"<?xml version='1.0'?>", (), "text/xml"),
        (b"plain", (), "text/plain"),
        (b"\x00\x01", (), "application/octet-stream"),
        (b"", (), ""),
        (b'[{"a": 1}]\n', (), "application/json"),
        (b"<!doctype html>", (("X-Content-Type-Options", "nosniff"),), "text/plain"),
        (b"<!doctype html>", (("Content-Type", "*/*"),), "text/html"),
        (b"<!doctype html>", (("Content-Type", "html"),), "text/html"),
        (b"<!doctype html>", (("Content-Type", "text/plain"),), "text/plain"),
        # Fetch Standard, extract a MIME type: the last one counts.
        (b"x", (("Content-Type", "text/plain"), ("content-type", "Text/HTML; a=b")), "text/html"),
    ],
)
def test_an_answer_without_a_type_is_what_it_looks_like(body, headers, kind):
    assert Exchange(ASKED, 200, headers, body).content_type == kind
