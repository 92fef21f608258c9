"""Did a request come over TLS: tables of what a peer says and what follows."""

import pytest

from flask_plainwire import forwarded
from flask_plainwire.peers import Peers, address_of, peer_of
from flask_plainwire.scheme import decide
from flask_plainwire.settings import read

PROXIED = {"TLS_TERMINATION": "proxy", "TLS_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8, ::1, unix"}


def verdict(header=None, *, config=(), peer="127.0.0.1", scheme="http", **more):
    environ = {"wsgi.url_scheme": scheme, "REMOTE_ADDR": peer, **more}
    if header is not None:
        environ["HTTP_X_FORWARDED_PROTO"] = header
    return decide(environ, read(PROXIED | dict(config), may_be_silent=False))


@pytest.mark.parametrize("value", ["https", "HTTPS", "hTTps", " https ", "wss", "WSS"])
def test_a_trusted_proxy_is_believed_that_it_was_https(value):
    assert verdict(value).scheme == "https"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "header-missing"),
        ("", "header-missing"),
        ("http", "cleartext"),
        ("ws", "cleartext"),
        ("https,http", "hop-count"),
        ("http,https", "hop-count"),
        ("https,", "hop-count"),
        (",https", "hop-count"),
        ("https, https", "hop-count"),
        ("javascript", "scheme-unknown"),
        ("https http", "scheme-unknown"),
        ("https;", "scheme-unknown"),
        ("'https'", "scheme-unknown"),
        ("https\x00", "scheme-unknown"),
        ("on", "scheme-unknown"),
    ],
)
def test_what_is_missing_or_ambiguous_is_not_https(value, reason):
    found = verdict(value, scheme="https")  # gunicorn's own word counts for nothing here
    assert (found.scheme, found.reason) == ("http", reason)


@pytest.mark.parametrize(
    ("hops", "value", "scheme"),
    [
        (2, "https,http", "https"),
        (2, "https, https", "https"),
        (2, "http,https", "http"),
        (2, "https", "http"),
        (2, "https,https,https", "http"),
        (3, "wss,http,http", "https"),
    ],
)
def test_the_number_of_hops_is_exact_and_the_first_is_the_clients(hops, value, scheme):
    assert verdict(value, config={"TLS_PROXY_HOPS": hops}).scheme == scheme


@pytest.mark.parametrize(
    ("peer", "is_trusted"),
    [
        ("127.0.0.1", True),
        ("10.9.8.7", True),
        ("::ffff:10.9.8.7", True),
        ("::1", True),
        ("", True),
        ("localhost", True),
        ("<local>", True),
        ("127.0.0.2", False),
        ("11.0.0.1", False),
        ("fe80::1%eth0", False),
        ("not an address", False),
        ("127.0.0.1, 127.0.0.1", False),
    ],
)
def test_only_trusted_peers_are_believed(peer, is_trusted):
    for _ in range(2):  # asked twice: what is remembered is the same
        found = verdict("https", peer=peer)
        assert (found.scheme == "https") == is_trusted
        assert is_trusted or found.reason == "peer-untrusted"


@pytest.mark.parametrize(
    ("trusted", "peer", "is_trusted"),
    [
        # What a server that listens on [::] logs of an IPv4 peer, copied from there.
        ("::ffff:172.18.0.2", "::ffff:172.18.0.2", True),
        ("::ffff:172.18.0.2", "172.18.0.2", True),
        ("::ffff:10.0.0.0/104", "::ffff:10.9.8.7", True),
        ("::ffff:10.0.0.0/104", "::ffff:11.0.0.1", False),
        ("::ffff:172.18.0.2", "::1", False),
        # Wider than what is mapped: it holds addresses of both versions.
        ("::/64", "::1", True),
        ("::/64", "172.18.0.2", False),
    ],
)
def test_a_mapped_address_is_the_one_that_it_stands_for(trusted, peer, is_trusted):
    found = verdict("https", peer=peer, config={"TLS_TRUSTED_PROXIES": trusted})
    assert (found.scheme == "https") == is_trusted


def test_a_unix_socket_is_believed_only_if_named():
    without = {"TLS_TRUSTED_PROXIES": "127.0.0.1"}
    assert verdict("https", peer="", config=without).reason == "peer-untrusted"


def test_no_other_header_than_the_named_one_counts():
    others = {
        "HTTP_X_FORWARDED_SSL": "on",
        "HTTP_X_FORWARDED_PROTOCOL": "ssl",
        "HTTP_FORWARDED": "proto=https",
        "HTTP_X_FORWARDED_SCHEME": "https",
        "HTTP_FRONT_END_HTTPS": "on",
        "HTTPS": "on",
    }
    assert verdict(None, **others).reason == "header-missing"
    assert verdict("http", **others).reason == "cleartext"
    named = {"TLS_PROXY_HEADER": "Fly-Forwarded-Proto"}
    assert verdict("https", config=named).reason == "header-missing"
    assert verdict(config=named, HTTP_FLY_FORWARDED_PROTO="https").scheme == "https"


@pytest.mark.parametrize(
    ("value", "hops", "scheme"),
    [
        ("proto=https", 1, "https"),
        ("Proto=HTTPS", 1, "https"),
        ('for="[2001:db8::1]:47";proto="https";by=10.0.0.1', 1, "https"),
        ("for=1.2.3.4 ; proto=https", 1, "https"),
        ("proto=https, proto=http", 2, "https"),
        ("proto=http, proto=https", 2, "http"),
        ("proto=https, proto=http", 1, "http"),
        ("for=1.2.3.4", 1, "http"),
        ("proto=https;proto=http", 1, "http"),
        ("proto=http;proto=https", 1, "http"),
        ("proto=https;Proto=https", 1, "http"),
        ('for="a,b;proto=https"', 1, "http"),
        ('proto="https', 1, "http"),
        ("proto", 1, "http"),
        ("=https", 1, "http"),
        ("proto=https,", 1, "http"),
        ("proto = https", 1, "http"),
    ],
)
def test_the_forwarded_header_of_rfc_7239(value, hops, scheme):
    for name in ("Forwarded", "FORWARDED"):
        config = {"TLS_PROXY_HEADER": name, "TLS_PROXY_HOPS": hops}
        assert verdict(None, config=config, HTTP_FORWARDED=value).scheme == scheme


@pytest.mark.parametrize(
    ("value", "protos"),
    [
        # RFC 7239, section 4 and 7.1
        ('For="[2001:db8:cafe::17]:4711"', [""]),
        ("for=192.0.2.60;proto=http;by=203.0.113.43", ["http"]),
        ("for=192.0.2.43, for=198.51.100.17", ["", ""]),
        ('for=192.0.2.43,for="[2001:db8:cafe::17]",for=unknown', ["", "", ""]),
        (r'proto="ht\tps"', ["https"]),
        ("", [""]),
        ("a=b c=d", None),
        ("," * 5000, None),
    ],
)
def test_forwarded_elements(value, protos):
    assert forwarded.protos(value) == protos


def test_a_hostile_forwarded_header_is_read_in_bounded_time():
    assert forwarded.protos('for="' + "\\" * 4000) is None
    assert len(forwarded.protos("," * 4000)) == 4001


class Tls:
    def getpeercert(self):
        return {}


def in_server(scheme="http", **more):
    environ = {"wsgi.url_scheme": scheme, "REMOTE_ADDR": "127.0.0.1", **more}
    return decide(environ, read({"TLS_TERMINATION": "server"}, may_be_silent=False))


def test_where_tls_ends_in_the_server_its_word_counts_and_no_header():
    assert in_server("https").scheme == "https"
    assert in_server("http", HTTP_X_FORWARDED_PROTO="https").scheme == "http"
    # gunicorn has made https of http because of the header, uWSGI of this one.
    for key in ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_SSL", "HTTP_X_FORWARDED_PROTOCOL"):
        assert in_server("https", **{key: "on"}).reason == "scheme-forged"


@pytest.mark.parametrize("key", ["gunicorn.socket", "werkzeug.socket"])
def test_a_server_that_shows_its_socket_is_taken_at_that(key):
    claim = {"HTTP_X_FORWARDED_PROTO": "https"}
    assert in_server("https", **claim, **{key: Tls()}).scheme == "https"
    assert in_server("https", **claim, **{key: object()}).scheme == "http"


def test_a_proxy_fix_outside_does_not_decide_who_the_peer_is():
    original = {"REMOTE_ADDR": "9.9.9.9", "wsgi.url_scheme": "http"}
    environ = {"REMOTE_ADDR": "127.0.0.1", "werkzeug.proxy_fix.orig": original}
    assert peer_of(environ) == "9.9.9.9"
    assert verdict("https", **{"werkzeug.proxy_fix.orig": original}).reason == "peer-untrusted"
    assert in_server("https", **{"werkzeug.proxy_fix.orig": original}).scheme == "http"


def test_what_is_remembered_of_peers_is_bounded():
    peers = Peers()
    for number in range(5000):
        assert not peers.trusts(f"10.0.{number // 256}.{number % 256}")
    assert len(peers._known) <= 1024
    assert address_of("::ffff:1.2.3.4") == address_of("1.2.3.4")
