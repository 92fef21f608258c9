"""What an application and its log are told of refusals, exposed credentials and forged headers."""

import base64
import hashlib
import logging
import threading

import pytest

from flask_plainwire import cleartext_refused, credential_exposed, untrusted_forwarded_header
from flask_plainwire.rates import Rate, Recent
from guarded import application, sent

SIGNALS = (cleartext_refused, credential_exposed, untrusted_forwarded_header)


@pytest.fixture
def told():
    got = []
    receivers = []
    for signal in SIGNALS:

        def receive(sender, signal=signal, **words):
            got.append((signal.name, sender, words))

        receivers.append(receive)
        signal.connect(receive)
    yield got
    for signal, receive in zip(SIGNALS, receivers, strict=True):
        signal.disconnect(receive)


def named(told, name):
    return [words for its_name, _, words in told if its_name == name]


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_refusal_is_told_with_its_reason(told):
    app = application()
    sent(app, "http", "/a", "POST")
    sent(app, "https,http", environ_base={"REMOTE_ADDR": "127.0.0.1"})
    assert [sender for _, sender, _ in told] == [app, app]
    assert named(told, "cleartext-refused") == [
        {"reason": "cleartext", "method": "POST", "path": "/a", "peer": "127.0.0.1"},
        {"reason": "hop-count", "method": "GET", "path": "/", "peer": "127.0.0.1"},
    ]


BASIC = base64.b64encode(b"alice:pass:word").decode()


@pytest.mark.parametrize(
    ("headers", "query", "expected"),
    [
        (
            {"Authorization": "Bearer t0ken"},
            "",
            [("bearer", "Authorization", digest("t0ken"), None)],
        ),
        (
            {"Authorization": "bearer  t0ken "},
            "",
            [("bearer", "Authorization", digest("t0ken"), None)],
        ),
        (
            {"Authorization": f"Basic {BASIC}"},
            "",
            [("basic", "Authorization", digest("alice:pass:word"), "alice")],
        ),
        ({"Authorization": "Basic %%"}, "", [("basic", "Authorization", digest("%%"), None)]),
        ({"Authorization": "t0ken"}, "", [("header", "Authorization", digest("t0ken"), None)]),
        ({"Authorization": "ApiKey k3y"}, "", [("apikey", "Authorization", digest("k3y"), None)]),
        # No scheme that is known: its word may be a part of the secret.
        ({"Authorization": "s3cret k3y"}, "", [("header", "Authorization", digest("k3y"), None)]),
        # Flask-Security and Flask-JWT-Extended
        (
            {"Authentication-Token": "t", "Cookie": "refresh_token_cookie=r"},
            "?auth_token=a&jwt=j",
            [
                ("header", "Authentication-Token", digest("t"), None),
                ("cookie", "refresh_token_cookie", digest("r"), None),
                ("query", "auth_token", digest("a"), None),
                ("query", "jwt", digest("j"), None),
            ],
        ),
        # A signature of the request: the secret itself did not cross the network.
        ({"Authorization": 'Digest username="a"'}, "", []),
        ({"Authorization": "AWS4-HMAC-SHA256 Credential=a"}, "", []),
        ({"X-Api-Key": "k3y"}, "", [("header", "X-Api-Key", digest("k3y"), None)]),
        ({"X-Mine": "k3y"}, "", [("header", "X-Mine", digest("k3y"), None)]),
        (
            {"Cookie": "a=1; session=s3ss; other=2; remember_token=r"},
            "",
            [
                ("cookie", "session", digest("s3ss"), None),
                ("cookie", "remember_token", digest("r"), None),
            ],
        ),
        ({}, "?access_token=q&page=2", [("query", "access_token", digest("q"), None)]),
        ({"X-Csrf-Token": "c"}, "?q=1", []),
        ({}, "", []),
    ],
)
def test_an_exposed_credential_is_told_by_its_hash(told, headers, query, expected):
    app = application(TLS_CREDENTIAL_HEADERS="X-Mine")
    sent(app, "http", f"/{query}", headers=headers)
    found = [
        (w["kind"], w["name"], w["sha256"], w["username"])
        for w in named(told, "credential-exposed")
    ]
    assert found == expected


def test_a_credential_over_tls_is_not_exposed(told):
    sent(application(), "https", headers={"Authorization": "Bearer t0ken"})
    assert told == []


def test_a_credential_is_exposed_where_the_request_is_served_too(told):
    for config in ({"TLS_EXEMPT_ENDPOINTS": "root"}, {"TLS_MODE": "report"}):
        sent(application(**config), "http", headers={"X-Api-Key": "k"})
    assert len(named(told, "credential-exposed")) == 2


def test_signals_come_after_the_answer_and_cannot_change_it():
    app = application()
    order = []

    def receive(sender, **words):
        order.append("signal")
        raise ValueError("a receiver's mistake")

    environ = app.test_request_context("/", headers={"X-Api-Key": "k"}).request.environ
    for signal in (cleartext_refused, credential_exposed):
        signal.connect(receive)
    try:
        body = app.wsgi_app(environ, lambda *words: order.append(words[0]))
        first = next(iter(body))
        order.append("body")
        body.close()
    finally:
        for signal in (cleartext_refused, credential_exposed):
            signal.disconnect(receive)
    assert order == ["403 FORBIDDEN", "body", "signal", "signal"]
    assert b"HTTPS required" in first


def test_a_flood_of_credentials_is_no_flood_of_revocations(told, caplog):
    app = application(TLS_EXPOSURES_PER_MINUTE=3)
    for number in range(50):
        sent(app, "http", headers={"X-Api-Key": str(number)})
    assert len(named(told, "credential-exposed")) == 3
    assert "credentials exposed and not signalled: 1" in caplog.text


def test_a_forged_header_is_told_and_taken_away(told):
    app = application()
    forged = {"X-Forwarded-Host": "evil.example"}
    got = sent(app, "https", headers=forged, environ_base={"REMOTE_ADDR": "9.9.9.9"})
    assert got.status_code == 403
    assert named(told, "untrusted-forwarded-header") == [
        {"headers": ("X-Forwarded-Host", "X-Forwarded-Proto"), "path": "/", "peer": "9.9.9.9"}
    ]
    assert named(told, "cleartext-refused")[0]["reason"] == "peer-untrusted"


def test_the_log_says_why_and_prints_nothing_raw(caplog):
    app = application()
    sent(app, "http\x1b[31m,https", "/a\x1b[0m?token=s3cret", headers={"X-Api-Key": "s3cret"})
    assert "X-Forwarded-Proto has 2 values, TLS_PROXY_HOPS is 1" in caplog.text
    assert "\x1b" not in caplog.text and "s3cret" not in caplog.text


def test_the_log_is_bounded_a_reason(caplog):
    app = application()
    for _ in range(100):
        sent(app, "http")
        sent(app, "gopher")
    refused = [record for record in caplog.records if record.getMessage().startswith("refused")]
    assert len(refused) == 6
    assert {record.levelno for record in refused} == {logging.WARNING}


def test_a_rate_lets_through_so_many_a_minute_and_counts_the_rest():
    clock = [0.0]
    rate = Rate(2, lambda: clock[0])
    assert [rate.passes("a") for _ in range(4)] == [(True, 0), (True, 0), (False, 1), (False, 2)]
    assert rate.passes("b") == (True, 0)
    clock[0] = 60.0
    assert [rate.passes("a") for _ in range(3)] == [(True, 2), (True, 0), (False, 1)]


def test_what_was_said_is_remembered_for_a_minute_and_in_bounds():
    clock = [1000.0]
    recent = Recent(2, lambda: clock[0])
    recent.add("a")
    clock[0] += 59.9
    recent.add("a")
    assert "a" in recent
    clock[0] = 1060.0
    assert "a" not in recent
    recent.add("b")
    assert "b" in recent and "a" not in recent
    recent.add("c")
    recent.add("d")
    assert [word in recent for word in "bcd"] == [False, False, True]


def test_a_rate_holds_for_threads():
    rate, passed = Rate(100, lambda: 0.0), []

    def many():
        passed.extend(rate.passes("a")[0] for _ in range(500))

    threads = [threading.Thread(target=many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(passed), len(passed)) == (100, 4000)
