"""What a user may name, and which origins are asked for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.model import Origin, UsageError
from plainwire.wire.target import parse_target


@pytest.mark.parametrize(
    ("words", "https", "http", "path"),
    [
        ("https://api.example.com", [443], [80], "/"),
        ("http://api.example.com", [443], [80], "/"),
        ("api.example.com", [443], [80], "/"),
        ("http://localhost:5000", [5000], [5000], "/"),
        ("api.example.com:8443/v1?x=1#top", [8443], [8443], "/v1?x=1"),
        ("https://api.example.com:80", [443], [80], "/"),
        ("https://[::1]:8443/a", [8443], [8443], "/a"),
        ("::1", [443], [80], "/"),
        ("HTTPS://API.Example.COM./x", [443], [80], "/x"),
        ("api.example.com?q=1", [443], [80], "/?q=1"),
        ("https://api.example.com/ü%20x", [443], [80], "/%C3%BC%20x"),
    ],
)
def test_both_schemes_are_examined(words, https, http, path):
    """80 and 443 are twins; on any other port both protocols are tried there."""
    target, login = parse_target(words)
    assert [o.port for o in target.https] == https
    assert [o.port for o in target.http] == http
    assert target.path == path
    assert login is None


def test_ports_are_added_when_asked_for():
    target, _ = parse_target("https://a.test:8443", http_ports=(8080,), https_ports=(9443,))
    assert [o.port for o in target.http] == [8443, 8080]
    assert [o.port for o in target.https] == [8443, 9443]


def test_a_name_becomes_an_a_label():
    """UTS 46 and RFC 5891: bücher.example is xn--bcher-kva.example."""
    target, _ = parse_target("https://Bücher.example/")
    assert target.host == "xn--bcher-kva.example"


def test_user_information_is_taken_out_of_what_is_shown():
    target, login = parse_target("https://bob:hunter2@api.example.com/v1")
    assert login == "bob:hunter2"
    assert target.value == "https://api.example.com/v1"
    assert "hunter2" not in repr(target)


def test_user_information_without_a_scheme_is_not_shown_either():
    target, login = parse_target("bob:hunter2@api.example.com:8443/v1")
    assert login == "bob:hunter2"
    assert "hunter2" not in repr(target)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "   ",
        "ftp://api.example.com",
        "https://",
        "https://a b",
        "https://api.example.com:0",
        "https://api.example.com:65536",
        "https://api.example.com:99999999",
        "https://exa mple",
        "https://-.example",
        "https://a..b",
        "https://1.2.3",
        "https://[::1",
        "https://[zz]",
        "https://a\nb",
        "https://a\x1b[31m",
        "https://a\\b",
        "https://" + "a" * 300,
        "x" * 5000,
    ],
)
def test_what_is_no_target_is_a_usage_error(words):
    with pytest.raises(UsageError):
        parse_target(words)


@pytest.mark.parametrize("words", ["https://bob:hunter2@exa mple/", "https://bob:hunter2@:99999/"])
def test_a_usage_error_does_not_show_a_password(words):
    with pytest.raises(UsageError) as error:
        parse_target(words)
    assert "hunter2" not in str(error.value)


@given(st.text(max_size=200))
def test_any_words_are_a_target_or_a_usage_error(words):
    try:
        target, _ = parse_target(words)
    except UsageError:
        return
    for origin in (*target.https, *target.http):
        assert 0 < origin.port < 65536
        assert origin.host.isascii()


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        (Origin("https", "a.test", 443), "a.test"),
        (Origin("http", "a.test", 443), "a.test:443"),
        (Origin("http", "::1", 80), "[::1]"),
        (Origin("https", "::1", 8443), "[::1]:8443"),
    ],
)
def test_the_authority_leaves_the_default_port_out(origin, authority):
    assert origin.authority == authority
