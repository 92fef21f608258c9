"""``flask tls``: what `check` finds, its levels and formats; what needs plainwire."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from flask import Flask
from inline_snapshot import snapshot
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_plainwire import require_https, tls_exempt, tls_redirect
from flask_plainwire.commands import tls
from flask_plainwire.findings import LEVELS, check
from guarded import application
from test_documented import CHECKOUT

README = (CHECKOUT / "extension/README.md").read_text("utf-8")
FINDINGS = (CHECKOUT / "extension/src/flask_plainwire/findings.py").read_text("utf-8")


def ids(app):
    return {one.id for one in check(app)}


def run(app, *words):
    return app.test_cli_runner().invoke(tls, words)


def plain(**config):
    """An application with nothing to say of."""
    return application(
        PREFERRED_URL_SCHEME="https",
        TLS_HSTS_MAX_AGE=31_536_000,
        TLS_PROXY_HEADER="Forwarded",
        **config,
    )


def test_a_quiet_application():
    assert check(plain()) == []


@pytest.mark.parametrize(
    ("config", "id", "level"),
    [
        ({"TLS_TERMINATION": None}, "tls.E002", "error"),
        ({"TLS_TRUSTED_PROXIES": ""}, "tls.E002", "error"),
        ({"TLS_MODE": "x"}, "tls.E002", "error"),
        ({"TLS_TRUSTED_PROXIES": "0.0.0.0/0"}, "tls.E004", "error"),
        ({"TLS_TRUSTED_PROXIES": "::/0"}, "tls.E004", "error"),
        ({"TLS_TRUSTED_PROXIES": "10.0.0.0/8, 2001:db8::/32"}, None, None),
        ({"TLS_TRUSTED_PROXY": "x"}, "tls.W001", "warning"),
        ({"TLS_TERMINATION": None, "DEBUG": True}, "tls.W003", "warning"),
        ({"TLS_TERMINATION": None, "TESTING": True}, "tls.W003", "warning"),
        ({"DEBUG": True, "TESTING": True}, None, None),
        ({"TLS_MODE": "report"}, "tls.W004", "warning"),
        ({"TLS_EXEMPT_ENDPOINTS": "none"}, "tls.W005", "warning"),
        ({"TLS_COOKIES_SECURE": False}, "tls.W009", "warning"),
        (
            {"TLS_HSTS_PRELOAD": True, "TLS_HSTS_INCLUDE_SUBDOMAINS": True},
            "tls.W008",
            "warning",
        ),
        ({"TLS_HSTS_MAX_AGE": 300}, "tls.I002", "info"),
        ({"TLS_HSTS_MAX_AGE": 0}, "tls.I002", "info"),
        ({"PREFERRED_URL_SCHEME": "http"}, "tls.I003", "info"),
        ({"TLS_PROXY_HEADER": "X-Forwarded-Proto"}, "tls.I004", "info"),
        ({"TLS_CLIENT_CERT_HEADER": "Client-Cert"}, "tls.I004", "info"),
        ({"TLS_CLIENT_CERT_HEADER": "Verified"}, None, None),
    ],
)
def test_each_finding_of_the_configuration(config, id, level):
    app = plain()
    app.config.update(config)
    found = check(app)
    assert [(one.id, one.level) for one in found] == ([(id, level)] if id else [])


def test_each_header_that_can_be_spelled_otherwise_is_named():
    app = plain(TLS_CLIENT_CERT_HEADER="X-Client-Verify")
    app.config["TLS_PROXY_HEADER"] = "X-Forwarded-Proto"
    said = [one.message for one in check(app) if one.id == "tls.I004"]
    assert len(said) == 2
    assert "take X_Forwarded_Proto of a client for X-Forwarded-Proto" in said[0]
    assert "take X_Client_Verify of a client for X-Client-Verify" in said[1]


def test_the_worst_comes_first():
    found = check(
        plain(
            TLS_TRUSTED_PROXY="x",
            TLS_TRUSTED_PROXIES="0.0.0.0/0",
            TLS_HSTS_PRELOAD=True,
            TLS_HSTS_INCLUDE_SUBDOMAINS=True,
            TLS_EXEMPT_ENDPOINTS="root, c, b, a",
            TLS_XYZ_QVW_JKU="x",
        )
    )
    assert [(one.id, one.hint) for one in found if one.id in ("tls.E004", "tls.W001")] == [
        ("tls.E004", "the addresses of the proxies"),
        ("tls.W001", "TLS_TRUSTED_PROXIES?"),
        ("tls.W001", ""),
    ]
    assert [one.id for one in found] == [
        "tls.E004",
        *["tls.W001"] * 2,
        *["tls.W005"] * 3,
        "tls.W006",
        "tls.W008",
        "tls.I001",
    ]
    missing = [one.message[-3:] for one in found if one.id == "tls.W005"]
    assert missing == ["'a'", "'b'", "'c'"]


def test_what_views_and_layers_show():
    from flask_talisman import Talisman

    app = plain()
    app.add_url_rule("/health", "health", tls_exempt(lambda: "up"), methods=["GET", "POST"])
    app.add_url_rule("/page", "page", tls_redirect(lambda: "page"))
    app.add_url_rule("/pay", "pay", require_https(lambda: "paid"))
    Talisman(app)
    app.wsgi_app = ProxyFix(app.wsgi_app)
    assert ids(app) == {"tls.I001", "tls.W002", "tls.W006", "tls.W007", "tls.W010"}
    app.wsgi_app = lambda environ, start_response: None
    assert "tls.E003" in ids(app)
    assert check(app)[0].level == "error"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, {"tls.I001", "tls.W007"}),
        ({"TLS_REDIRECT_HOSTS": "api.example.com"}, {"tls.I001"}),
        ({"TLS_EXEMPT_ENDPOINTS": "root"}, {"tls.I001", "tls.W006", "tls.W007"}),
        (
            {
                "TLS_MODE": "redirect",
                "TLS_REDIRECT_HOSTS": "api.example.com",
                "TLS_HSTS_PRELOAD": True,
                "TLS_HSTS_INCLUDE_SUBDOMAINS": True,
            },
            {"tls.I001"},
        ),
        (
            {"TLS_MODE": "report", "TLS_REDIRECT_HOSTS": "a.example", "TLS_HSTS_MAX_AGE": 300},
            {"tls.I001", "tls.W004"},
        ),
        ({"TLS_TERMINATION": "server", "TLS_PROXY_HEADER": None}, {"tls.I001", "tls.W007"}),
    ],
)
def test_what_is_as_it_should_be_is_no_finding(config, expected):
    app = plain()
    app.config.update(config)
    app.add_url_rule("/health", "health", tls_exempt(lambda: "up"))
    app.add_url_rule("/page", "page", tls_redirect(lambda: "page"))
    assert ids(app) == expected


def test_talisman_that_is_switched_off_as_the_readme_says_is_no_finding():
    from flask_talisman import Talisman

    block = README.split("       Talisman(app,")[1].partition("TLS(app)")[0]
    for said, expected in (
        (f"Talisman(app,{block.strip()}", set()),
        ("Talisman(app)", {"tls.W010"}),
    ):
        app = plain()
        eval(said, {"Talisman": Talisman, "app": app})
        assert ids(app) == expected


def test_sslify_redirects_too():
    app = plain()
    app.before_request(hook := lambda: None)
    assert ids(app) == set()
    hook.__module__ = "flask_sslify"
    assert ids(app) == {"tls.W010"}


@pytest.mark.parametrize(("age", "said"), [(0, "HSTS is not sent"), (5, "HSTS: max-age is 5 s")])
def test_what_is_sent_of_hsts_is_said(age, said):
    app = plain()
    app.config["TLS_HSTS_MAX_AGE"] = age
    assert [one.message for one in check(app)] == [said]


def test_two_proxy_fixes_outside_are_an_error():
    app = plain()
    app.wsgi_app = ProxyFix(ProxyFix(app.wsgi_app))
    assert ids(app) == {"tls.W002", "tls.E005"}


def test_an_application_without_the_extension():
    assert [(one.id, one.level) for one in check(Flask("bare"))] == [("tls.E001", "error")]


@pytest.mark.parametrize(
    ("level", "code"), [("error", 0), ("warning", 1), ("info", 1), ("never", 0)]
)
def test_the_level_that_fails(level, code):
    done = run(plain(TLS_COOKIES_SECURE=False), "check", "--fail-level", level)
    assert (done.exit_code, "warning: tls.W009" in done.output) == (code, True)
    assert run(plain(), "check", "--fail-level", level).exit_code == 0


def test_an_error_fails_by_default():
    done = run(plain(TLS_MODE="x"), "check")
    assert done.exit_code == 1
    assert done.output.endswith("0 info, 0 warning, 1 error\n")
    assert "\n    README, Configuration; " in done.output
    bare = run(plain(TLS_COOKIES_SECURE=False), "check").output.splitlines()
    assert len(bare) == 2  # a finding without a hint has no line for it


def test_the_json_form():
    done = run(plain(TLS_COOKIES_SECURE=False), "check", "--format", "json")
    assert json.loads(done.output) == {
        "schema": "flask-plainwire-check/1",
        "findings": [
            {
                "id": "tls.W009",
                "level": "warning",
                "message": "TLS_COOKIES_SECURE is off",
                "hint": "",
            }
        ],
    }


def test_everything_that_is_found_in_its_words():
    """What can be said of one application at once, and the rest of others."""
    app = application(
        TLS_TERMINATION=None,
        DEBUG=True,
        TLS_MODE="report",
        TLS_TRUSTED_PROXIES="0.0.0.0/0",
        TLS_TRUSTED_PROXY="x",
        TLS_EXEMPT_ENDPOINTS="none",
        TLS_COOKIES_SECURE=False,
        PREFERRED_URL_SCHEME="http",
    )
    health = tls_exempt(lambda: "up")
    app.add_url_rule("/health", "health", health, methods=["GET", "PUT", "POST"])
    for name in ("page", "start"):
        app.add_url_rule(f"/{name}", name, tls_redirect(lambda: "page"))
    hidden = tls_exempt(lambda: "up")
    app.add_url_rule("/hidden", "hidden", lambda: hidden())
    app.before_request(hook := lambda: None)
    hook.__module__ = "flask_sslify"
    app.wsgi_app = ProxyFix(DispatcherMiddleware(ProxyFix(app.wsgi_app), {}))
    assert run(app, "check").output == snapshot("""\
error: tls.E002: TLS_TERMINATION is not set: 'server' or 'proxy'
    README, Configuration; an app that starts so refuses to answer
error: tls.E003: werkzeug.middleware.dispatcher.DispatcherMiddleware was wrapped later: what it answers itself is served in clear, and what it says of the peer is believed; call TLS(app) after it
error: tls.E004: TLS_TRUSTED_PROXIES trusts 0.0.0.0/0: whoever reaches the port can claim https
    the addresses of the proxies
error: tls.E005: more than one ProxyFix was wrapped later: the peer's address is lost; call TLS(app) after them
warning: tls.W001: no key 'TLS_TRUSTED_PROXY'
    TLS_TRUSTED_PROXIES?
warning: tls.W002: ProxyFix(x_for=1, x_proto=1, x_host=0) was wrapped later: what it changed is not believed, the originals are taken; call TLS(app) after it
warning: tls.W002: ProxyFix(x_for=1, x_proto=1, x_host=0) was wrapped later: what it changed is not believed, the originals are taken; call TLS(app) after it
warning: tls.W004: TLS_MODE is 'report': requests in clear are served
    TLS_MODE = 'refuse', when the report is quiet
warning: tls.W005: TLS_EXEMPT_ENDPOINTS: no endpoint 'none'
warning: tls.W006: health is exempt and takes POST, PUT, which are refused in clear
warning: tls.W007: page, start: marked for a redirect, and TLS_REDIRECT_HOSTS is not set
    without an allow-listed host it is refused
warning: tls.W009: TLS_COOKIES_SECURE is off
warning: tls.W010: flask_sslify redirects too, by a header that it believes from everybody
    README, Coming from Flask-Talisman
warning: tls.W011: the mark of test_everything_that_is_found_in_its_words.<locals>.<lambda> does nothing: a decorator that was made without functools.wraps has taken its place as the view of hidden; mark above that decorator
info: tls.I001: health answers GET and HEAD in clear
info: tls.I003: PREFERRED_URL_SCHEME is 'http': url_for outside of requests writes http links
    PREFERRED_URL_SCHEME = 'https'
2 info, 10 warning, 4 error
""")  # noqa: E501
    preload = {"TLS_HSTS_PRELOAD": True, "TLS_HSTS_INCLUDE_SUBDOMAINS": True}
    other = application(TLS_HSTS_SINCE=datetime.now(UTC).date(), **preload)
    assert run(other, "check").output == snapshot("""\
warning: tls.W008: the preload list asks of port 80 a redirect, and TLS_MODE is 'refuse'
    close port 80, or let the proxy redirect
info: tls.I002: HSTS: max-age is 300 s
    TLS_HSTS_SINCE raises it by a ramp
info: tls.I003: PREFERRED_URL_SCHEME is 'http': url_for outside of requests writes http links
    PREFERRED_URL_SCHEME = 'https'
info: tls.I004: some servers (cheroot, granian, tornado, twisted) take X_Forwarded_Proto of a client for X-Forwarded-Proto, if the proxy lets it through
    README, Servers that do not tell - from _
3 info, 1 warning, 0 error
""")  # noqa: E501
    assert run(plain(TLS_HOPS=2, TLS_MODE="x"), "check").output == snapshot("""\
error: tls.E002: TLS_MODE: not one of refuse, redirect, report, marked: 'x'
    README, Configuration; an app that starts so refuses to answer
warning: tls.W001: no key 'TLS_HOPS'
    TLS_PROXY_HOPS?
0 info, 1 warning, 1 error
""")
    assert run(Flask("bare"), "check").output == snapshot("""\
error: tls.E001: the extension is not there
    TLS(app), after every other layer
0 info, 0 warning, 1 error
""")


def test_every_id_is_documented_and_has_its_levels_letter():
    import re

    found = set(re.findall(r"tls\.[EWI]\d{3}", FINDINGS))
    assert found == set(re.findall(r"tls\.[EWI]\d{3}", README))
    assert len(found) >= 16
    assert [level[0].upper() for level in LEVELS] == ["I", "W", "E"]


def test_probe_and_devcert_are_plainwires_own():
    for command in ("probe", "devcert"):
        words = [sys.executable, "-m", "flask", "tls", command, "--help"]
        done = subprocess.run(words, capture_output=True, text=True)
        its = "scan" if command == "probe" else "devcert"
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"usage: plainwire {its} ")


def test_the_configuration_is_looked_at_in_the_environment(tmp_path):
    (tmp_path / "app.py").write_text(
        "from flask import Flask\nfrom flask_plainwire import TLS\n"
        "app = Flask(__name__)\napp.config.from_prefixed_env()\nTLS(app)\n"
    )
    words = [sys.executable, "-m", "flask", "tls", "check"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert "error: tls.E002: TLS_TERMINATION is not set" in done.stdout
