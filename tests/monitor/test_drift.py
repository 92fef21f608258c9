"""Each kind of change in words, and whether it is worse."""

import pytest

from plainwire.monitor.drift import changes, direction

FOUND = {"id": "weak-hsts", "severity": "medium", "words": "weak-hsts at GET /"}


def tls(**parts):
    return {"tls": {"h:443": parts}}


def http(url, **said):
    return {"http": {url: said}}


@pytest.mark.parametrize(
    ("old", "new", "words", "how"),
    [
        (
            tls(protocols={"TLSv1.0": False}),
            tls(protocols={"TLSv1.0": True}),
            "TLSv1.0: off -> on",
            "worse",
        ),
        (
            tls(protocols={"TLSv1.3": False}),
            tls(protocols={"TLSv1.3": True}),
            "TLSv1.3: off -> on",
            "better",
        ),
        (tls(speaks_tls=True), tls(speaks_tls=False), "TLS: spoken -> not spoken", "worse"),
        (
            http("https://h/", status=200, hsts={"max-age": 31536000}),
            http("https://h/", status=200, hsts={"max-age": 300}),
            "HSTS max-age (https://h/): 31536000 -> 300",
            "worse",
        ),
        (
            http("https://h/", status=200, hsts={"max-age": 31536000}),
            http("https://h/", status=200, hsts=None),
            "HSTS max-age (https://h/): 31536000 -> none",
            "worse",
        ),
        (
            http("http://h/login", status=403),
            http("http://h/login", status=200),
            "http://h/login: 403 -> 200",
            "worse",
        ),
        (
            http("http://h/", status=200),
            http("http://h/", status=308, location="https://h/"),
            "http://h/: 200 -> 308 https://h/",
            "better",
        ),
        (
            http("http://h/", status=301, location="https://h/"),
            http("http://h/", status=301, location="http://other/"),
            "http://h/: 301 https://h/ -> 301 http://other/",
            "worse",
        ),
        (
            http("https://h/", status=200, hsts=None),
            http("https://h/", status=500, hsts=None),
            "https://h/: 200 -> 500",
            "neutral",
        ),
        ({"grade": "A"}, {"grade": "C"}, "grade: A -> C", "worse"),
        ({"grade": "C"}, {"grade": "B"}, "grade: C -> B", "better"),
        (
            {"findings": {}},
            {"findings": {"f": FOUND}},
            "weak-hsts at GET /: none -> medium",
            "worse",
        ),
        (
            {"findings": {"f": FOUND}},
            {"findings": {}},
            "weak-hsts at GET /: medium -> none",
            "better",
        ),
        (
            {"findings": {"f": FOUND}},
            {"findings": {"f": FOUND | {"severity": "high"}}},
            "weak-hsts at GET /: medium -> high",
            "worse",
        ),
        (
            {"issuers": {"h:443": {"RSA": "Let's Encrypt"}}},
            {"issuers": {"h:443": {"RSA": "Nobody Ltd"}}},
            "issuer of the certificate (RSA): Let's Encrypt -> Nobody Ltd",
            "worse",
        ),
    ],
)
def test_a_change_is_told_in_words(old, new, words, how):
    (change,) = changes(old, new)
    assert (str(change), change.direction) == (words, how)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"grade": "A"}, {}),
        ({}, {"findings": {"f": FOUND}}),
        (tls(protocols={"TLSv1.0": True}), tls()),
        (http("https://h/a", status=200), http("https://h/b", status=404)),
    ],
)
def test_what_one_side_did_not_look_at_is_no_change(old, new):
    assert changes(old, new) == ()


def test_worse_counts_more_than_better():
    old = {"grade": "A", **http("http://h/", status=200)}
    new = {"grade": "B", **http("http://h/", status=403)}
    found = changes(old, new)
    assert [change.direction for change in found] == ["worse", "better"]
    assert direction(found) == "worse"
