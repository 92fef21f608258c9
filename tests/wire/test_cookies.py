"""Set-Cookie: RFC 6265bis, its examples and its storage rules, and frameworks' cookie names."""

import base64
import hashlib
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plainwire.model import WireError
from plainwire.wire.cookies import Cookie, cookie_date, parse
from plainwire.wire.session_names import is_session_like, looks_random

NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)
WDY = datetime(2021, 6, 9, 10, 18, 14, tzinfo=UTC)

FIELDS: list[tuple[str, str, str, dict[str, Any]]] = [
    # RFC 6265bis, section 3.1
    ("SID=31d4d96e407aad42", "SID", "31d4d96e407aad42", {}),
    (
        "SID=31d4; Path=/; Secure; HttpOnly",
        "SID",
        "31d4",
        {"path": "/", "is_secure": True, "is_http_only": True},
    ),
    (
        "lang=en-US; Path=/; Domain=site.example",
        "lang",
        "en-US",
        {"path": "/", "domain": "site.example"},
    ),
    ("lang=en-US; Expires=Wed, 09 Jun 2021 10:18:14 GMT", "lang", "en-US", {"expires": WDY}),
    # case, spaces, values on valueless attributes, unknown attributes, empty ones
    ("a = b ;SECURE=no ;httponly=; x=y;;", "a", "b", {"is_secure": True, "is_http_only": True}),
    ("a=b=c", "a", "b=c", {}),
    ('a="b c, d"', "a", '"b c, d"', {}),
    ("nameless", "", "nameless", {}),
    ("=value", "", "value", {}),
    ("name=", "name", "", {}),
    # the last of equal attributes counts, an invalid one does not count at all
    ("a=b; Path=/x; Path=/", "a", "b", {"path": "/"}),
    ("a=b; Path=relative", "a", "b", {}),
    ("a=b; Domain=.Site.Example", "a", "b", {"domain": "site.example"}),
    ("a=b; Domain=", "a", "b", {}),
    ("a=b; Path=/" + "x" * 1024, "a", "b", {}),
    ("a=b; Max-Age=60; Max-Age=1h", "a", "b", {"max_age_s": 60}),
    ("a=b; Max-Age=-60", "a", "b", {"max_age_s": 0}),
    ("a=b; Max-Age=+60", "a", "b", {}),
    ("a=b; Max-Age=" + "9" * 500, "a", "b", {"max_age_s": 34_560_000}),
    ("a=b; Expires=never", "a", "b", {}),
    # SameSite
    ("a=b; samesite=LAX", "a", "b", {"same_site": "Lax", "same_site_sent": "LAX"}),
    (
        "a=b; SameSite=None; Secure",
        "a",
        "b",
        {"same_site": "None", "same_site_sent": "None", "is_secure": True},
    ),
    ("a=b; SameSite=Relaxed", "a", "b", {"same_site_sent": "Relaxed"}),
    ("a=b; SameSite", "a", "b", {"same_site_sent": ""}),
    ("a=b; Partitioned; Secure", "a", "b", {"is_partitioned": True, "is_secure": True}),
]


@pytest.mark.parametrize(("header", "name", "value", "rest"), FIELDS)
def test_a_field_is_read_as_a_browser_reads_it(
    header: str, name: str, value: str, rest: dict[str, Any]
) -> None:
    assert parse(header) == Cookie(name, value, **rest)


@pytest.mark.parametrize(
    "header", ["", ";", "=", " = ; Secure", "a=\x00", "a=b\x7f", "a=b\r", "a=" + "b" * 4096]
)
def test_a_field_that_a_browser_ignores_is_an_error(header: str) -> None:
    with pytest.raises(WireError):
        parse(header)


def test_a_pair_of_just_4096_octets_is_kept() -> None:
    assert len(parse("a=" + "b" * 4095).value) == 4095


REJECTED = [
    ("a=b; Secure", "http", "Secure is set over http"),
    ("a=b; SameSite=None", "https", "SameSite=None without Secure"),
    ("a=b; Partitioned", "https", "Partitioned without Secure"),
    ("__Secure-a=b", "https", "__Secure- without Secure"),
    ("__host-a=b; Secure; Path=/; Domain=x.example", "https", "__Host- with Domain"),
    ("__Host-a=b; Secure", "https", "__Host- without Path=/"),
    ("__Host-a=b; Secure; Path=/x", "https", "__Host- without Path=/"),
    ("__Host-a", "https", "__Host- without Secure"),
    ("__Host-a=b; Secure; Path=/", "https", None),
    ("__Secure-a=b; Secure; Domain=x.example", "https", None),
    ("a=b; SameSite=None; Secure", "https", None),
    ("a=b", "http", None),
]


@pytest.mark.parametrize(("header", "scheme", "reason"), REJECTED)
def test_what_a_browser_will_not_store_is_told_with_the_reason(
    header: str, scheme: Any, reason: str | None
) -> None:
    assert parse(header).rejection(scheme) == reason


DELETIONS = [
    ("a=; Max-Age=0", True),
    ("a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", True),
    # Werkzeug's delete_cookie sends both
    ("a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/", True),
    ("a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60", False),
    ("a=b; Expires=Wed, 01 Jan 2031 00:00:00 GMT; Max-Age=0", True),
    ("a=b; Expires=Wed, 01 Jan 2031 00:00:00 GMT", False),
    ("a=", False),
]


@pytest.mark.parametrize(("header", "is_deletion"), DELETIONS)
def test_a_deletion_is_told_by_age_and_time(header: str, is_deletion: bool) -> None:
    assert parse(header).is_deletion(NOW) is is_deletion


DATES = [
    ("Wed, 09 Jun 2021 10:18:14 GMT", WDY),
    ("Wednesday, 09-Jun-21 10:18:14 GMT", WDY),
    ("Wed Jun  9 10:18:14 2021", WDY),
    ("9 june 2021 10:18:14 PST", WDY),
    ("01 Jan 70 00:00:00", datetime(1970, 1, 1, tzinfo=UTC)),
    ("01 Jan 69 00:00:00", datetime(2069, 1, 1, tzinfo=UTC)),
    ("31 Feb 2021 00:00:00", None),
    ("01 Jan 1600 00:00:00", None),
    ("01 Jan 2021 24:00:00", None),
    ("01 Jan 2021", None),
    ("0", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "time"), DATES)
def test_an_expires_date_is_read_by_the_cookie_date_algorithm(
    text: str, time: datetime | None
) -> None:
    assert cookie_date(text) == time


SESSIONS = (
    "session sess sid connect.sid PHPSESSID JSESSIONID laravel_session ASP.NET_SessionId "
    "ASPSESSIONIDQQDACSTB sessionid express:sess __Host-session remember_token rememberMe "
    "access_token authToken jwt wordpress_logged_in_0123 koa.sess _myapp_session CFID"
)
OTHERS = (
    "csrftoken XSRF-TOKEN csrf_session _csrf __RequestVerificationToken theme lang author "
    "tokenizer sidebar cookie_consent _ga _gid assessment side"
)


@pytest.mark.parametrize("name", SESSIONS.split())
def test_a_session_is_known_by_its_name(name: str) -> None:
    assert is_session_like(Cookie(name, "x"))


@pytest.mark.parametrize("name", OTHERS.split())
def test_a_cookie_of_another_use_is_no_session(name: str) -> None:
    assert not is_session_like(Cookie(name, "x"))


DIGESTS = [hashlib.sha256(bytes([n])).digest() for n in range(20)]
RANDOM = [
    *(digest.hex() for digest in DIGESTS),
    *(base64.urlsafe_b64encode(digest).decode() for digest in DIGESTS),
    *(str(uuid.UUID(bytes=digest[:16])) for digest in DIGESTS),
    # the example of RFC 7519, section 3.1
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODB9",
]
PLAIN = [
    "dark_mode_enabled_v2",
    "darkModeEnabledByDefault",
    "GA1.2.1234567890.1700000000",
    "2026-11-23T18:00:00Z",
    "1700000000000000000",
    "accepted-analytics-2024-01-02",
    "Europe/Amsterdam-and-more",
    "aaaaaaaaaaaaaaaaaaaaaaaa1",
    "short1A",
]


@pytest.mark.parametrize("value", RANDOM)
def test_digests_tokens_and_uuids_look_random(value: str) -> None:
    assert looks_random(value)


@pytest.mark.parametrize("value", PLAIN)
def test_words_dates_and_counters_do_not_look_random(value: str) -> None:
    assert not looks_random(value)


def test_a_random_value_makes_a_session_unless_its_name_says_another_use() -> None:
    assert is_session_like(Cookie("x", RANDOM[0]))
    assert not is_session_like(Cookie("csrftoken", RANDOM[0]))


def test_the_value_is_in_no_repr_and_no_error() -> None:
    assert "31d4d96e" not in repr(parse("SID=31d4d96e; Path=/"))
    with pytest.raises(WireError) as caught:
        parse("SID=31d4d96e\x01")
    assert "31d4d96e" not in str(caught.value)


@settings(deadline=None)
@given(st.one_of(st.text(), st.text(alphabet="ab=; \t_-Secure:09JanMx,")))
def test_any_text_gives_a_cookie_or_a_wire_error(header: str) -> None:
    try:
        cookie = parse(header)
    except WireError:
        return
    assert cookie.name or cookie.value
    is_session_like(cookie)
    cookie.is_deletion(NOW)
    cookie.rejection("https")


@settings(deadline=None)
@given(st.datetimes(min_value=datetime(1601, 1, 1), timezones=st.just(UTC)))
def test_every_http_date_is_read_back(time: datetime) -> None:
    whole = time.replace(microsecond=0)
    names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
    months = names.split()
    text = f"{whole.day:02} {months[whole.month - 1]} {whole.year} {whole:%H:%M:%S} GMT"
    assert cookie_date(text) == whole
