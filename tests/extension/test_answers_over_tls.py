"""What answers over TLS are given: Secure cookies, HSTS; nothing is replaced or weakened."""

from datetime import UTC, date, datetime

import pytest
from flask import Response, make_response, session

from flask_plainwire.hsts import Hsts, is_name
from flask_plainwire.outgoing import with_secure
from guarded import application, sent

HSTS = "Strict-Transport-Security"
YEAR = 31_536_000


@pytest.mark.parametrize(
    ("cookie", "secured"),
    [
        ("a=1", "a=1; Secure"),
        ("a=1;", "a=1; Secure"),
        ("a=1; Path=/; HttpOnly", "a=1; Path=/; HttpOnly; Secure"),
        ("a=1; secure", "a=1; secure"),
        ("a=1;SECURE;Path=/", "a=1;SECURE;Path=/"),
        ("secure=1; Path=/", "secure=1; Path=/; Secure"),
        ("a=Secure", "a=Secure; Secure"),
        ("Secure; Path=/", "Secure; Path=/; Secure"),  # a value without a name
        ("a=1; SameSite=Strict", "a=1; SameSite=Strict; Secure"),
        ("a=1; Path=/secure", "a=1; Path=/secure; Secure"),
        ("", "; Secure"),
    ],
)
def test_a_cookie_with_secure(cookie, secured):
    assert with_secure(cookie) == secured


def with_cookies(**config):
    app = application(SESSION_COOKIE_SAMESITE="Strict", **config)

    @app.get("/cookies")
    def cookies():
        session["a"] = 1
        got = make_response("ok")
        got.set_cookie("plain", "1")
        got.set_cookie("done", "1", secure=True, samesite="None")
        return got

    return app


def test_every_cookie_is_secure_and_keeps_what_it_has():
    cookies = sent(with_cookies(), "https", "/cookies").headers.getlist("Set-Cookie")
    assert len(cookies) == 3
    assert [cookie.count("Secure") for cookie in cookies] == [1, 1, 1]
    (own,) = [cookie for cookie in cookies if cookie.startswith("session=")]
    assert "SameSite=Strict" in own
    assert with_cookies().config["SESSION_COOKIE_SAMESITE"] == "Strict"


def test_cookies_can_be_left_alone():
    app = with_cookies(TLS_COOKIES_SECURE=False)
    cookies = sent(app, "https", "/cookies").headers.getlist("Set-Cookie")
    assert sum("Secure" in cookie for cookie in cookies) == 1


@pytest.mark.parametrize("mode", ["report", "marked"])
def test_what_is_served_in_clear_by_choice_keeps_its_cookies(mode):
    app = with_cookies(TLS_MODE=mode)
    in_clear = sent(app, "http", "/cookies").headers.getlist("Set-Cookie")
    assert sum("Secure" in cookie for cookie in in_clear) == 1
    over_tls = sent(app, "https", "/cookies").headers.getlist("Set-Cookie")
    assert sum("Secure" in cookie for cookie in over_tls) == 3


def test_development_on_loopback_keeps_its_cookies():
    app = with_cookies(TLS_TERMINATION=None, DEBUG=True)
    got = app.test_client().get("/cookies", base_url="http://localhost")
    assert sum("Secure" in cookie for cookie in got.headers.getlist("Set-Cookie")) == 1


# HSTS


def at(day):
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("day", "age_s"),
    [
        ("2026-11-25", 0),
        ("2026-11-26", 300),
        ("2026-11-26T23:59:59", 300),
        ("2026-11-27", 86_400),
        ("2026-12-03", 86_400),
        ("2026-12-04", 30 * 86_400),
        ("2027-01-02", 30 * 86_400),
        ("2027-01-03", YEAR),
        ("2030-01-01", YEAR),
    ],
)
def test_the_ramp(day, age_s):
    ramp = Hsts(None, date(2026, 11, 26), False, False)
    assert ramp.age_s(at(day)) == age_s
    assert ramp.value("api.example.com", at(day)) == (f"max-age={age_s}" if age_s else None)


def test_a_running_process_climbs_the_ramp():
    ramp = Hsts(None, date(2026, 11, 26), True, True)
    said = [ramp.value("a.example", at(day)) for day in ("2026-11-26", "2026-11-27", "2027-01-03")]
    assert said == [
        "max-age=300; includeSubDomains",
        "max-age=86400; includeSubDomains",
        f"max-age={YEAR}; includeSubDomains; preload",
    ]


@pytest.mark.parametrize(
    ("host", "is_meant"),
    [
        ("api.example.com", True),
        ("api.example.com:8443", True),
        ("API.example.com.", True),
        ("localhost", False),
        ("LOCALHOST:5000", False),
        ("app.localhost", False),
        ("localhost.", False),
        ("127.0.0.1", False),
        ("192.0.2.1:443", False),
        ("[2001:db8::1]", False),
        ("[2001:db8::1]:443", False),
        ("", False),
    ],
)
def test_hosts_that_hsts_is_for(host, is_meant):
    assert is_name(host) is is_meant
    answer = sent(application(), "https", headers={"Host": host}) if host else None
    assert answer is None or (HSTS in answer.headers) == is_meant


def test_the_default_is_five_minutes_without_subdomains_and_only_over_tls():
    app = application()
    assert sent(app, "https").headers[HSTS] == "max-age=300"
    assert HSTS not in sent(app, "http").headers
    exempt = application(TLS_EXEMPT_ENDPOINTS="root")
    assert HSTS not in sent(exempt, "http").headers
    assert HSTS not in sent(application(TLS_HSTS_MAX_AGE=0), "https").headers


@pytest.mark.parametrize("value", ["max-age=0", "max-age=63072000; includeSubDomains"])
@pytest.mark.parametrize("name", [HSTS, HSTS.lower()])
def test_a_views_own_header_stays_and_stays_alone(name, value):
    app = application()
    app.add_url_rule("/own", "own", lambda: Response("ok", headers={name: value}))
    assert sent(app, "https", "/own").headers.getlist(HSTS) == [value]


def test_what_is_remembered_of_hosts_is_bounded():
    hsts = Hsts(300, None, False, False)
    for number in range(1000):
        assert hsts.value(f"h{number}.example") == "max-age=300"
    assert len(hsts._hosts) <= 256
