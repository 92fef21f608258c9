"""Cookies: what the pages do not show, above all cookies that only look like a flaw."""

import pytest

from answers import CHECKS, found, scanned
from plainwire.model import Severity

COOKIES = sorted(id for id in CHECKS if id.startswith("cookie-"))
RANDOM = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
ALL = "Path=/; Secure; HttpOnly; SameSite=Lax"


def sets(*cookies, status=200):
    return {"/": (status, [("Set-Cookie", cookie) for cookie in cookies])}


def flaws(*cookies, scheme="https"):
    """Which checks find what in an answer that sets these cookies over one scheme."""
    report = scanned(*COOKIES, **{scheme: sets(*cookies)})
    assert not report.unanswered
    return {finding.id: finding.severity for finding in report.findings}


@pytest.mark.parametrize(
    "cookie",
    [
        f"session={RANDOM}; {ALL}",
        f"session={RANDOM}; path=/; SECURE; httponly; samesite=STRICT",
        f"session={RANDOM}; Secure; HttpOnly; SameSite=None",  # a choice, made explicitly
        f"session={RANDOM}; SameSite=x; Secure; HttpOnly; SameSite=Lax",  # the last counts
        f"csrf_token={RANDOM}; Secure",  # read by the page's own script by design
        f"XSRF-TOKEN={RANDOM}; Secure; Path=/",
        "theme=dark; Secure",
        "theme=dark; Secure; SameSite=sometimes",
        f"AWSALB={RANDOM}; Secure; Path=/",  # names a server, not a visitor
        f"__Host-session={RANDOM}; {ALL}",
        f"__Secure-session={RANDOM}; {ALL}; Domain=example.com",
        "session=; Max-Age=0; Path=/",  # a deletion, as Flask sends it
        "session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/",
        "__Host-session=; Max-Age=-1",
        "=; Path=/",  # neither name nor value: no browser keeps it
        "session=\x01abc",
        "session=" + "a" * 5000,
    ],
)
def test_a_cookie_in_order_over_https_is_no_flaw(cookie):
    assert flaws(cookie) == {}


@pytest.mark.parametrize(
    "cookie",
    ["session=; Max-Age=0", "session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure"],
)
def test_a_deletion_over_http_is_no_flaw(cookie):
    assert flaws(cookie, scheme="http") == {}


def test_max_age_wins_over_expires():
    past = "Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    assert flaws(f"theme=dark; Max-Age=60; {past}") == {"cookie-without-secure": Severity.LOW}


@pytest.mark.parametrize(
    "cookie",
    [
        "session=opaque",
        "connect.sid=s%3Aopaque",
        "PHPSESSID=opaque",
        "auth_token=opaque",
        f"x={RANDOM}",
        f"__Host-x={RANDOM}",
    ],
)
def test_what_stands_for_a_session_is_high_without_secure(cookie):
    (finding,) = found("cookie-without-secure", https=sets(cookie))
    assert finding.severity == Severity.HIGH


@pytest.mark.parametrize(
    "cookie",
    [
        "theme=dark",
        "_ga=GA1.2.1234567890.1234567890",
        f"csrf_token={RANDOM}",
        f"AWSALBCORS={RANDOM}",
        f"ARRAffinity={RANDOM}",
        f"route={RANDOM[:32]}",
    ],
)
def test_other_cookies_are_low(cookie):
    assert flaws(cookie) == {"cookie-without-secure": Severity.LOW}
    assert flaws(cookie, scheme="http") == {"cookie-set-over-http": Severity.LOW}


def test_a_session_without_anything_is_one_finding_a_flaw():
    assert flaws(f"session={RANDOM}") == {
        "cookie-without-secure": Severity.HIGH,
        "cookie-without-httponly": Severity.MEDIUM,
        "cookie-without-samesite": Severity.LOW,
    }


def test_one_finding_a_name_and_the_name_is_its_parameter():
    lines = [("Set-Cookie", f"{name}={RANDOM}; Secure; SameSite=Lax") for name in ("sid", "jwt")]
    answers = {"/": (200, lines), "/a": (200, lines)}
    findings = found("cookie-without-httponly", https=answers, http=answers)
    assert sorted(finding.parameter for finding in findings) == ["jwt", "sid"]
    assert len({finding.fingerprint for finding in findings}) == 2


def test_one_answer_without_secure_is_enough():
    answers = {
        "/": (200, [("Set-Cookie", f"sid=x; {ALL}")]),
        "/a": (200, [("Set-Cookie", "sid=x")]),
    }
    (finding,) = found("cookie-without-secure", https=answers)
    assert [place.url for place in finding.locations] == ["https://api.example.com/a"]


def test_the_value_that_looks_like_a_session_counts():
    (finding,) = found("cookie-without-secure", https=sets("x=1", f"x={RANDOM}"))
    assert finding.severity == Severity.HIGH
    (finding,) = found("cookie-set-over-http", http=sets("x=1", f"x={RANDOM}"))
    assert finding.severity == Severity.HIGH


def test_same_site_none_without_secure_is_told_with_secure():
    cookie = f"session={RANDOM}; HttpOnly; SameSite=None"
    assert flaws(cookie) == {"cookie-without-secure": Severity.HIGH}
    (finding,) = found("cookie-without-secure", https=sets(cookie))
    assert "browsers refuse SameSite=None without Secure" in finding.message


@pytest.mark.parametrize(
    "sent", ["SameSite", "SameSite=", "SameSite=Lax,Strict", "SameSite=yes\t\xff"]
)
def test_a_same_site_that_is_none_of_three_counts_as_absent(sent):
    (finding,) = found("cookie-without-samesite", https=sets(f"session=x; {sent}"))
    assert finding.severity == Severity.LOW
    assert "counts as none" in finding.message and finding.message.isascii()


def test_a_redirect_that_sets_a_cookie_in_clear_is_seen():
    (finding,) = found("cookie-set-over-http", http=sets(f"session={RANDOM}", status=308))
    assert finding.severity == Severity.HIGH
    assert "(308)" in finding.message and "refuse" not in finding.message


def test_secure_over_http_is_refused_by_browsers_and_readable_all_the_same():
    (finding,) = found("cookie-set-over-http", http=sets(f"session={RANDOM}; {ALL}"))
    assert finding.severity == Severity.HIGH
    assert "anyone on the way reads it" in finding.message and "refuse" in finding.message


def test_each_scheme_has_its_own_check_for_secure():
    assert found("cookie-set-over-http", https=sets("session=x")) == ()
    assert found("cookie-without-secure", http=sets("session=x")) == ()


@pytest.mark.parametrize("id", ["cookie-without-httponly", "cookie-without-samesite"])
def test_a_session_in_clear_is_judged_too(id):
    assert len(found(id, http=sets("session=x; Secure"))) == 1


@pytest.mark.parametrize(
    ("cookie", "why"),
    [
        ("__Secure-a=1", "__Secure- without Secure"),
        ("__Host-a=1; Path=/", "__Host- without Secure"),
        ("__Host-a=1; Path=/; SameSite=None", "__Host- without Secure"),
        ("__Host-a=1; Path=/; Secure; Domain=example.com", "__Host- with Domain"),
        ("__Host-a=1; Secure", "__Host- without Path=/"),
        ("__HOST-a=1; Secure; Path=/x", "__Host- without Path=/"),
    ],
)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_what_a_prefix_promises_must_be_kept(cookie, why, scheme):
    (finding,) = found("cookie-prefix-broken", **{scheme: sets(cookie)})
    assert why in finding.message and finding.severity == Severity.LOW


@pytest.mark.parametrize("cookie", ["__Host_a=1", "Host-a=1", "a__Host-=1", "__Hosta=1"])
def test_a_name_that_only_resembles_a_prefix_promises_nothing(cookie):
    assert found("cookie-prefix-broken", https=sets(cookie)) == ()


@pytest.mark.parametrize("id", COOKIES)
@pytest.mark.parametrize("name", ["session", "__Host-session", "\x9b31m\xe9session" * 20, ""])
def test_values_never_show_and_names_are_escaped_and_cut(id, name):
    cookie = f"{name}=__Host-{RANDOM}; SameSite=x"
    for finding in found(id, https=sets(cookie), http=sets(cookie)):
        assert RANDOM[:8] not in finding.message and finding.message.isascii()
        assert finding.message.isprintable()
        assert 0 < len(finding.parameter) <= 64 and finding.parameter in finding.message


def test_a_prefix_without_secure_is_told_with_secure():
    (finding,) = found("cookie-without-secure", https=sets("__Host-session=x; Path=/"))
    assert "browsers refuse __Host- without Secure" in finding.message


def test_more_cookies_than_any_browser_keeps_are_left_out():
    assert found("cookie-without-secure", https=sets(*["a=1; Secure"] * 180, "b=1")) == ()
    answers = {
        path: (200, [("Set-Cookie", f"{name}{n}=1") for n in range(150)])
        for path, name in (("/", "a"), ("/b", "b"))
    }
    assert len(found("cookie-without-secure", https=answers)) == 180
