"""Location: RFC 3986, section 5.4, and what browsers forgive (WHATWG URL, section 4.4)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plainwire.model import WireError
from plainwire.wire.redirects import Destination, resolve, same_host

# RFC 3986, section 5.4.1, with http for its base; fragments are not sent and left out.
BASE = "http://a/b/c/d;p?q"
REFERENCES = [
    ("g", "http://a/b/c/g"),
    ("./g", "http://a/b/c/g"),
    ("g/", "http://a/b/c/g/"),
    ("/g", "http://a/g"),
    ("//g", "http://g/"),
    ("?y", "http://a/b/c/d;p?y"),
    ("g?y", "http://a/b/c/g?y"),
    ("#s", "http://a/b/c/d;p?q"),
    ("g#s", "http://a/b/c/g"),
    ("g?y#s", "http://a/b/c/g?y"),
    (";x", "http://a/b/c/;x"),
    ("g;x?y#s", "http://a/b/c/g;x?y"),
    ("", "http://a/b/c/d;p?q"),
    (".", "http://a/b/c/"),
    ("./", "http://a/b/c/"),
    ("..", "http://a/b/"),
    ("../", "http://a/b/"),
    ("../g", "http://a/b/g"),
    ("../..", "http://a/"),
    ("../../g", "http://a/g"),
    # 5.4.2, abnormal
    ("../../../g", "http://a/g"),
    ("/./g", "http://a/g"),
    ("/../g", "http://a/g"),
    ("g.", "http://a/b/c/g."),
    ("..g", "http://a/b/c/..g"),
    ("./../g", "http://a/b/g"),
    ("g/./h", "http://a/b/c/g/h"),
    ("g/../h", "http://a/b/c/h"),
    ("g?y/../x", "http://a/b/c/g?y/../x"),
    # as browsers do it
    ("http:g", "http://a/b/c/g"),
    ("/%2e%2E/g", "http://a/g"),
]


@pytest.mark.parametrize(("location", "url"), REFERENCES)
def test_a_reference_is_resolved_as_the_rfc_does(location: str, url: str) -> None:
    assert resolve(location, BASE).url == url


HTTPS = "https://api.example.com/v1/x?y=1"
PLACES = [
    ("https://Other.Example./", Destination("https", "other.example", 443, "/")),
    ("HTTP://h:80", Destination("http", "h", 80, "/")),
    ("https://h:8443/a b", Destination("https", "h", 8443, "/a%20b")),
    ("https://h:/", Destination("https", "h", 443, "/")),
    ("https://[2001:DB8::0:1]:8443/", Destination("https", "2001:db8::1", 8443, "/")),
    ("https://bücher.example/ü", Destination("https", "xn--bcher-kva.example", 443, "/%C3%BC")),
    # UTF-8 as it arrives in a field read as Latin-1
    ("https://bÃ¼cher.example/", Destination("https", "xn--bcher-kva.example", 443, "/")),
    ("https://user:secret@h/", Destination("https", "h", 443, "/", True)),
    ("https://api.example.com@evil.example/", Destination("https", "evil.example", 443, "/", True)),
    ("https://a@b@h/", Destination("https", "h", 443, "/", True)),
    ("https://evil.example#@api.example.com", Destination("https", "evil.example", 443, "/")),
    (
        "https://evil.example\\@api.example.com",
        Destination("https", "evil.example", 443, "/@api.example.com", False, ("backslashes",)),
    ),
    (
        "\\\\evil.example\\p",
        Destination("https", "evil.example", 443, "/p", False, ("backslashes",)),
    ),
    ("/\\evil.example", Destination("https", "evil.example", 443, "/", False, ("backslashes",))),
    ("///evil.example", Destination("https", "evil.example", 443, "/")),
    ("/?u=\\\\x", Destination("https", "api.example.com", 443, "/?u=%5C%5Cx")),
    (
        "http:/evil.example",
        Destination("http", "evil.example", 80, "/", False, ("no // after the scheme",)),
    ),
    (" https://h/ ", Destination("https", "h", 443, "/")),
    ("ht\ttps://h\n/\r", Destination("https", "h", 443, "/", False, ("control characters",))),
    ("https://127.0.0.1/", Destination("https", "127.0.0.1", 443, "/")),
    ("https://h%65.example/", Destination("https", "he.example", 443, "/")),
    ("wss://h/s", Destination("wss", "h", 443, "/s")),
    ("javascript:alert(1)", Destination("javascript", "", 0, "")),
    ("myapp://callback?code=1", Destination("myapp", "", 0, "")),
]


@pytest.mark.parametrize(("location", "place"), PLACES)
def test_a_location_leads_where_a_browser_goes(location: str, place: Destination) -> None:
    assert resolve(location, HTTPS) == place


@pytest.mark.parametrize(
    "location",
    [
        "https://",
        "https://h:99999/",
        "https://h:8x/",
        "https://[::1/",
        "https://[::1%25eth0]/",
        "https://[x]/",
        "https://a b/",
        "https://a%00b/",
        "https://%ff/",
        "https://" + "a" * 64 + ".example/",
        "https://1.2.3.4.5/",
        "https://xn--a\u200d.example/",
        "x" * 70000,
    ],
)
def test_a_location_that_is_no_url_is_an_error(location: str) -> None:
    with pytest.raises(WireError):
        resolve(location, HTTPS)


@pytest.mark.parametrize("base", ["", "/x", "mailto:a@b", "https:"])
def test_a_base_without_a_host_is_an_error(base: str) -> None:
    with pytest.raises(WireError):
        resolve("/", base)


def test_user_information_is_in_no_part_of_the_destination() -> None:
    assert "secret" not in repr(resolve("https://user:secret@h/", HTTPS))


SAME = [
    ("Example.COM", "example.com.", True),
    ("bücher.example", "XN--BCHER-KVA.example", True),
    ("::1", "[0:0::1]", True),
    ("example.com", "www.example.com", False),
    ("example.com", "example.com.evil.example", False),
    ("not a host", "not a host", False),
]


@pytest.mark.parametrize(("one", "other", "is_same"), SAME)
def test_hosts_compare_by_what_they_name(one: str, other: str, is_same: bool) -> None:
    assert same_host(one, other) is is_same


@settings(deadline=None)
@given(st.one_of(st.text(), st.text(alphabet="htps:/\\@[]?#.%2e0169 \t\xfc\u0645")))
def test_any_location_gives_a_destination_that_resolves_to_itself_or_a_wire_error(
    location: str,
) -> None:
    try:
        place = resolve(location, HTTPS)
    except WireError:
        return
    if place.host:
        again = resolve(place.url, HTTPS)
        assert (again.url, again.problems) == (place.url, ())
