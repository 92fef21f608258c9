"""The ``TLS_*`` keys: as values, as strings of the environment, and what is wrong about them."""

import logging
import re
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from inline_snapshot import snapshot

from flask_plainwire import TLS, ConfigurationError
from flask_plainwire.settings import KEYS, read, said_of_unknown, unknown_keys
from guarded import PROXIED

README = (Path(__file__).parents[2] / "extension/README.md").read_text("utf-8")
SERVER = {"TLS_TERMINATION": "server"}


@pytest.mark.parametrize(
    ("key", "value", "part"),
    [
        ("TLS_TERMINATION", "both", "not one of server, proxy"),
        ("TLS_TERMINATION", 1, "not a word"),
        ("TLS_TERMINATION", "  ", "not a word"),
        ("TLS_MODE", "strict", "not one of refuse, redirect, report, marked"),
        ("TLS_TRUSTED_PROXIES", "10.0.0.1/8", "has host bits set"),
        ("TLS_TRUSTED_PROXIES", "nginx", "no address"),
        ("TLS_TRUSTED_PROXIES", 5, "not a list"),
        ("TLS_PROXY_HOPS", 0, "not a number from 1"),
        ("TLS_PROXY_HOPS", True, "not a number from 1"),
        ("TLS_PROXY_HEADER", "X Forwarded", "not the name of a header"),
        ("TLS_COOKIES_SECURE", "maybe", "neither true nor false"),
        ("TLS_COOKIES_SECURE", 2, "neither true nor false"),
        ("TLS_COOKIES_SECURE", 1.0, "neither true nor false"),
        ("TLS_COOKIES_SECURE", [], "neither true nor false"),
        ("TLS_PROXY_HOPS", "17", "not a number from 1 to 16"),
        ("TLS_PROXY_HOPS", "9" * 5000, "not a number from 1"),
        ("TLS_PROXY_HOPS", 2.0, "not a number from 1"),
        ("TLS_HSTS_MAX_AGE", -1, "not a number from 0"),
        ("TLS_HSTS_MAX_AGE", "1y", "not a number from 0"),
        ("TLS_HSTS_SINCE", "yesterday", "not a date"),
        ("TLS_HSTS_PRELOAD", True, "needs TLS_HSTS_INCLUDE_SUBDOMAINS"),
    ],
)
def test_a_wrong_value_is_said_with_its_key(key, value, part):
    with pytest.raises(ConfigurationError, match=key) as said:
        read(SERVER | {key: value}, may_be_silent=False)
    assert part in str(said.value)


def test_a_long_value_is_not_said_whole():
    with pytest.raises(ConfigurationError) as said:
        read(SERVER | {"TLS_MODE": "x" * 5000}, may_be_silent=False)
    assert len(str(said.value)) < 200


def test_values_that_are_no_strings():
    preload = {"TLS_HSTS_PRELOAD": True, "TLS_HSTS_INCLUDE_SUBDOMAINS": 1}
    day = date(2026, 11, 26)
    rules = read(
        PROXIED | preload | {"TLS_HSTS_SINCE": day, "TLS_TRUSTED_PROXIES": {"unix:", "::1"}},
        may_be_silent=False,
    )
    assert (rules.hsts.since, rules.hsts.preload) == (day, True)
    assert rules.peers.trusts("unix") and rules.peers.trusts("::1")


@pytest.mark.parametrize("proxies", ["unix, 10.0.0.1", "10.0.0.1 unix:", ["UNIX", "10.0.0.1"]])
def test_a_unix_socket_stands_anywhere_among_the_proxies(proxies):
    peers = read(PROXIED | {"TLS_TRUSTED_PROXIES": proxies}, may_be_silent=False).peers
    assert peers.trusts("unix") and peers.trusts("10.0.0.1") and not peers.trusts("10.0.0.2")


@pytest.mark.parametrize(("value", "hops"), [("2", 2), (" 16 ", 16), (1, 1)])
def test_a_number_may_be_a_string(value, hops):
    """`from_prefixed_env` makes numbers of them, ``os.environ`` does not."""
    assert read(PROXIED | {"TLS_PROXY_HOPS": value}, may_be_silent=False).hops == hops


def test_everything_wrong_is_said_at_once():
    with pytest.raises(ConfigurationError) as said:
        read({"TLS_MODE": "x", "TLS_PROXY_HOPS": "x"}, may_be_silent=False)
    assert len(str(said.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("config", "part"),
    [
        ({"TLS_TERMINATION": "proxy"}, "TLS_TRUSTED_PROXIES is not set"),
        (SERVER | {"TLS_MODE": "redirect"}, "TLS_REDIRECT_HOSTS is not set"),
        (
            SERVER
            | {
                "TLS_HSTS_PRELOAD": True,
                "TLS_HSTS_INCLUDE_SUBDOMAINS": True,
                "TLS_HSTS_MAX_AGE": 31_535_999,
            },
            "needs TLS_HSTS_MAX_AGE",
        ),
        (SERVER | {"TLS_HSTS_SINCE": "2027-01-31", "TLS_HSTS_MAX_AGE": 1}, "exclude each other"),
    ],
)
def test_what_does_not_go_together_is_said(config, part):
    with pytest.raises(ConfigurationError, match=part):
        read(config, may_be_silent=False)


@pytest.mark.parametrize("hosts", [5, [5], "a/b"])
def test_a_wrong_list_of_hosts_is_one_mistake_and_says_which(hosts):
    config = SERVER | {"TLS_MODE": "redirect", "TLS_REDIRECT_HOSTS": hosts}
    with pytest.raises(ConfigurationError) as said:
        read(config, may_be_silent=False)
    (line,) = str(said.value).splitlines()
    assert line.startswith("TLS_REDIRECT_HOSTS: not a ")


@pytest.mark.parametrize("key", ["TRUSTED_HOSTS", "SERVER_NAME"])
def test_a_wrong_list_of_flasks_own_is_said_with_its_key(key):
    config = SERVER | {key: True}
    with pytest.raises(ConfigurationError) as said:
        read(config, may_be_silent=False)
    assert str(said.value) == f"{key}: not a list: True"


def test_values_of_the_environment_are_read(monkeypatch):
    given = {
        "TLS_TERMINATION": "Proxy",
        "TLS_TRUSTED_PROXIES": "10.0.0.0/8,unix",
        "TLS_PROXY_HOPS": " 2 ",
        "TLS_MODE": " report ",
        "TLS_COOKIES_SECURE": "False",
        "TLS_HSTS_INCLUDE_SUBDOMAINS": "true",
        "TLS_HSTS_MAX_AGE": "86400",
        "TLS_EXEMPT_ENDPOINTS": '["a", "b"]',
        "TLS_REDIRECT_HOSTS": "api.example.com .example.org",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"FLASK_{name}", value)
    app = Flask("app")
    app.config.from_prefixed_env()
    rules = read(app.config, may_be_silent=False)
    assert (rules.termination, rules.hops, rules.cookies_secure) == ("proxy", 2, False)
    assert rules.mode == "report"
    assert rules.peers.trusts("10.1.1.1") and rules.peers.trusts("unix")
    assert rules.exempt_endpoints == {"a", "b"}
    assert rules.redirect_hosts == ("api.example.com", ".example.org")
    assert rules.hsts.value("api.example.com") == "max-age=86400; includeSubDomains"


@pytest.mark.parametrize("word", ["false", "False", "0", "no", "off", " No ", False, 0])
def test_words_for_false(word):
    assert read(SERVER | {"TLS_COOKIES_SECURE": word}, may_be_silent=False).cookies_secure is False


@pytest.mark.parametrize("word", ["true", "True", "1", "yes", "on", True, 1])
def test_words_for_true(word):
    assert read(SERVER | {"TLS_COOKIES_SECURE": word}, may_be_silent=False).cookies_secure is True


def test_a_key_that_is_none_is_named_with_the_nearest():
    assert unknown_keys({"TLS_TRUSTED_PROXY": 1, "TLS_MODE": "refuse", "OUR_TLS_MODE": 1}) == {
        "TLS_TRUSTED_PROXY": "TLS_TRUSTED_PROXIES"
    }


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_documented(key):
    assert f"| `{key}` |" in README


def test_no_key_is_documented_that_is_not_there():
    assert set(re.findall(r"TLS_[A-Z_]+[A-Z]", README)) - set(KEYS) == set()


def test_the_defaults_are_the_documented_ones():
    said = dict(re.findall(r"^\| `(TLS_[A-Z_]+)` \| ([^|]*) \|", README, re.MULTILINE))
    rules = read(SERVER, may_be_silent=False)
    assert {
        "TLS_PROXY_HEADER": f"`{rules.header}`",
        "TLS_PROXY_HOPS": f"{rules.hops}",
        "TLS_MODE": f"`{rules.mode}`",
        "TLS_REDIRECT_PORT": f"{rules.redirect_port}",
        "TLS_COOKIES_SECURE": f"{rules.cookies_secure}".lower(),
        "TLS_HSTS_MAX_AGE": f"{rules.hsts.age_s(0)} s",
        "TLS_HSTS_INCLUDE_SUBDOMAINS": f"{rules.hsts.includes_subdomains}".lower(),
        "TLS_HSTS_PRELOAD": f"{rules.hsts.preload}".lower(),
        "TLS_EXPOSURES_PER_MINUTE": f"{rules.exposures_per_minute}",
        "TLS_REDIRECT_HOSTS": "`TRUSTED_HOSTS`, `SERVER_NAME`",
    }.items() <= said.items()
    assert [key for key in KEYS if said[key] == "none"] == [
        *("TLS_TERMINATION", "TLS_TRUSTED_PROXIES", "TLS_EXEMPT_ENDPOINTS", "TLS_HSTS_SINCE"),
        *("TLS_CREDENTIAL_HEADERS", "TLS_CLIENT_CERT_HEADER"),
    ]
    assert (rules.peers.networks, rules.exempt_endpoints, rules.hsts.since) == ((), set(), None)
    assert (rules.credential_headers, rules.client_cert_key) == (set(), "")


@pytest.mark.parametrize(
    ("key", "least", "most"),
    [
        ("TLS_PROXY_HOPS", 1, 16),
        ("TLS_REDIRECT_PORT", 1, 65_535),
        ("TLS_HSTS_MAX_AGE", 0, 315_360_000),  # ten years
        ("TLS_EXPOSURES_PER_MINUTE", 0, 1_000_000),
    ],
)
def test_a_number_has_its_bounds(key, least, most):
    for number in (least, most):
        read(SERVER | {key: number}, may_be_silent=False)
    for number in (least - 1, most + 1):
        with pytest.raises(ConfigurationError, match=f"{key}: not a number from {least} to {most}"):
            read(SERVER | {key: number}, may_be_silent=False)


def test_a_year_is_enough_for_the_preload_list_and_so_is_the_ramp():
    """hstspreload.org: max-age must be at least 31536000 seconds (1 year)."""
    preload = SERVER | {"TLS_HSTS_PRELOAD": True, "TLS_HSTS_INCLUDE_SUBDOMAINS": True}
    rules = read(preload | {"TLS_HSTS_MAX_AGE": 31_536_000}, may_be_silent=False)
    expected = "max-age=31536000; includeSubDomains; preload"
    assert rules.hsts.value("api.example.com") == expected
    with pytest.raises(ConfigurationError, match="of 31536000 at least"):
        read(preload, may_be_silent=False)
    read(preload | {"TLS_HSTS_SINCE": "2026-11-26"}, may_be_silent=False)


def test_a_redirect_needs_a_host_and_takes_flasks_own():
    for hosts in ({"TLS_REDIRECT_HOSTS": "a.example"}, {"SERVER_NAME": "a.example"}):
        config = SERVER | {"TLS_MODE": "redirect"} | hosts
        assert read(config, may_be_silent=False).redirect_hosts == ("a.example",)


def test_everything_wrong_is_said_in_these_words():
    config = {
        "TLS_TERMINATION": "proxy",
        "TLS_TRUSTED_PROXIES": ["nginx"],
        "TLS_MODE": "off",
        "TLS_PROXY_HEADER": "X Forwarded",
        "TLS_COOKIES_SECURE": "maybe",
        "TLS_HSTS_SINCE": "yesterday",
        "TLS_HSTS_PRELOAD": True,
        "TLS_REDIRECT_HOSTS": "*",
    }
    with pytest.raises(ConfigurationError) as said:
        read(config, may_be_silent=False)
    assert str(said.value) == snapshot("""\
TLS_MODE: not one of refuse, redirect, report, marked: 'off'
TLS_TRUSTED_PROXIES: no address, no network and not 'unix': 'nginx' does not appear to be an IPv4 or IPv6 network: ['nginx']
TLS_PROXY_HEADER: not the name of a header: 'X Forwarded'
TLS_REDIRECT_HOSTS: not a host such as api.example.com or .example.com: '*'
TLS_COOKIES_SECURE: neither true nor false: 'maybe'
TLS_HSTS_SINCE: not a date such as 2027-01-31: 'yesterday'
TLS_HSTS_PRELOAD needs TLS_HSTS_INCLUDE_SUBDOMAINS
TLS_HSTS_PRELOAD needs TLS_HSTS_MAX_AGE of 31536000 at least\
""")  # noqa: E501
    with pytest.raises(ConfigurationError) as said:
        read({"TLS_MODE": "redirect"}, may_be_silent=False)
    assert str(said.value) == snapshot("""\
TLS_TERMINATION is not set: 'server' or 'proxy'
TLS_MODE is 'redirect' and TLS_REDIRECT_HOSTS is not set\
""")
    with pytest.raises(ConfigurationError) as said:
        read({"TLS_TERMINATION": "proxy"}, may_be_silent=False)
    assert str(said.value) == snapshot(
        "TLS_TRUSTED_PROXIES is not set: the proxies' addresses or networks, or 'unix'"
    )
    wrong = SERVER | {"TLS_HSTS_SINCE": "2027-01-31", "TLS_HSTS_MAX_AGE": 1}
    with pytest.raises(ConfigurationError) as said:
        read(wrong, may_be_silent=False)
    assert str(said.value) == snapshot("TLS_HSTS_SINCE and TLS_HSTS_MAX_AGE exclude each other")
    unknown = {"TLS_TRUSTED_PROXY": 1, "TLS_XYZ_QVW_JKU": 1}
    assert said_of_unknown(unknown) == snapshot(
        ["no key 'TLS_TRUSTED_PROXY'; TLS_TRUSTED_PROXIES is meant?", "no key 'TLS_XYZ_QVW_JKU'"]
    )


def silent(**config):
    app = Flask("app")
    TLS(app)
    app.config.update(config)
    app.add_url_rule("/", view_func=lambda: "ok")
    return app


def test_silence_raises_at_every_request_with_the_evidence():
    from werkzeug.middleware.proxy_fix import ProxyFix

    app = silent()
    gate = app.wsgi_app
    gate.inner = ProxyFix(gate.inner, x_proto=2)
    headers = {"X-Forwarded-Proto": "https\x1b[31m", "X-Api-Key": "secret", "Via": "1.1 x"}
    base = {"SERVER_SOFTWARE": "gunicorn/27", "REMOTE_ADDR": "172.18.0.2"}
    for _ in range(2):
        with pytest.raises(ConfigurationError) as said:
            app.test_client().get("/", headers=headers, environ_base=base)
    told = str(said.value)
    for part in (
        "TLS_TERMINATION is not set",
        "gunicorn/27",
        "172.18.0.2",
        "X-Forwarded-Proto: 'https\\x1b[31m'",
        "Via",
        "ProxyFix(x_for=1, x_proto=2, x_host=0)",
        "TLS_TRUSTED_PROXIES",
    ):
        assert part in told
    assert "secret" not in told and "\x1b" not in told


def test_a_factory_may_set_testing_after_the_extension():
    app = silent(TESTING=True)
    assert app.test_client().get("/").status_code == 200


@pytest.mark.parametrize("key", ["DEBUG", "TESTING"])
@pytest.mark.parametrize(
    ("host", "peer", "headers", "status"),
    [
        ("localhost", "127.0.0.1", {}, 200),
        ("app.localhost:5000", "127.0.0.1", {}, 200),
        ("127.0.0.1:5000", "127.0.0.1", {}, 200),
        ("[::1]:5000", "::1", {}, 200),
        ("app.example.com", "127.0.0.1", {}, 403),
        ("localhost", "192.168.1.4", {}, 403),
        ("localhost", "127.0.0.1", {"X-Forwarded-For": "1.2.3.4"}, 403),
        ("localhost", "127.0.0.1", {"X-Forwarded-Proto": "https"}, 403),
        ("localhost", "127.0.0.1", {"X-Forwarded-Proto": "https", "x-scheme": "https"}, 403),
    ],
)
def test_debug_and_tests_serve_loopback_in_clear_and_nobody_else(key, host, peer, headers, status):
    app = silent(**{key: True})
    # gunicorn makes https of http by X-Forwarded-Proto, in debug too.
    scheme = headers.pop("x-scheme", "http") if headers else "http"
    got = app.test_client().get(
        "/", base_url=f"{scheme}://{host}", headers=headers, environ_base={"REMOTE_ADDR": peer}
    )
    assert got.status_code == status


@pytest.mark.parametrize(("name", "status"), [("127.0.0.1", 200), ("192.168.1.4", 403)])
def test_without_a_host_the_server_has_the_name(name, status):
    """HTTP/1.0 has no Host (RFC 1945); the server says where it listens."""
    app, told = silent(DEBUG=True), []
    environ = app.test_request_context("/").request.environ | {"REMOTE_ADDR": "127.0.0.1"}
    del environ["HTTP_HOST"]
    environ["SERVER_NAME"] = name
    list(app.wsgi_app(environ, lambda status, headers, *error: told.append(status[:3])))
    assert told == [str(status)]


def test_what_is_let_through_unstated_is_said(caplog):
    with caplog.at_level(logging.INFO):
        silent(DEBUG=True).test_client().get("/")
    assert "not set (debug or tests): loopback is served in clear" in caplog.text


def test_what_is_stated_holds_in_debug_too():
    app = silent(DEBUG=True, **SERVER)
    assert app.test_client().get("/").status_code == 403


def test_a_wrong_configuration_never_serves():
    app = silent(TESTING=True, TLS_MODE="of")
    with pytest.raises(ConfigurationError, match="TLS_MODE"):
        app.test_client().get("/")
