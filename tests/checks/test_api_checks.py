"""What the pages of the first API checks do not show: above all what looks like the flaw."""

import json

import pytest

from plainwire import catalog
from plainwire.model import Severity
from served import JSON, Body, served

CHECKS = {check.id: check for check in catalog.load()}
TRACE = 'Traceback (most recent call last):\n  File "/srv/app.py", line 7, in index\n    1 / 0\n'
DEBUG = "<title>ZeroDivisionError // Werkzeug Debugger</title><script>EVALEX = true</script>"


def described(paths):
    return Body(json.dumps({"openapi": "3.0.0", "paths": paths}), JSON)


BANNERS = [
    (("Server", "nginx/1.22.1"), True),
    (("server", "Apache/2.4.57 (Debian) OpenSSL/3.0.11"), True),
    (("Server", "Werkzeug/3.0.1 Python/3.11.7"), True),
    (("Server", "Jetty(9.4.51.v20230217)"), True),
    (("X-AspNet-Version", "4.0.30319"), True),
    (("X-Powered-By", "PHP/8.1.2-1ubuntu2.14"), True),
    (("Server", "nginx"), False),
    (("Server", "gunicorn"), False),
    (("Server", "Apache/2"), False),
    (("X-Powered-By", "Express"), False),
    (("Via", "1.1 varnish (Varnish/6.0)"), False),
    (("X-Request-Id", "build/1.22.1"), False),
]


@pytest.mark.parametrize(("header", "is_flaw"), BANNERS)
def test_a_product_with_its_version_is_a_banner(header, is_flaw):
    seen = served(CHECKS["version-banner"], {"/": Body("{}", JSON, headers=(header,))})
    assert bool(seen.findings) is is_flaw


def test_many_pages_are_one_finding():
    line = ("Server", "nginx/1.22.1")
    pages = {
        "/": Body('<a href="/a">', headers=(line,)),
        "/a": Body("a", headers=(line, ("X-Powered-By", "PHP/8.1.2"))),
    }
    seen = served(CHECKS["version-banner"], pages)
    assert seen.finding.message == "answers carry Server: nginx/1.22.1, X-Powered-By: PHP/8.1.2"


def test_a_debug_page_is_worse_than_a_trace():
    seen = served(CHECKS["stack-trace-shown"], {"/": Body(DEBUG, status=500)})
    assert seen.finding.severity == Severity.HIGH
    seen = served(CHECKS["stack-trace-shown"], {"/": Body(TRACE, "text/plain", 500)})
    assert seen.finding.severity == Severity.MEDIUM


@pytest.mark.parametrize(
    "body",
    [
        Body(TRACE, "text/plain"),  # a tutorial
        Body(f"<pre>{TRACE}</pre>"),
        Body(json.dumps({"article": TRACE}), JSON),
        Body(json.dumps({"error": "Traceback hidden"}), JSON, 500),
    ],
)
def test_a_trace_that_is_content_is_no_finding(body):
    assert not served(CHECKS["stack-trace-shown"], {"/": body}).findings


def test_a_value_with_a_quote_provokes_what_the_example_does_not():
    one = {"get": {"parameters": [{"name": "id", "in": "path", "example": "7"}]}}
    pages = {
        "/": Body("{}", JSON),
        "/openapi.json": described({"/users/{id}": one}),
        "/users/7": Body("{}", JSON),
        "/users/7%27": Body(json.dumps({"detail": TRACE}), JSON, 500),
    }
    seen = served(CHECKS["stack-trace-shown"], pages)
    assert seen.finding.operation.path == "/users/{id}"
    assert seen.finding.parameter == "id"
    assert seen.paths.count("/users/7%27") == 3, "seen once, and confirmed twice"


def test_an_error_page_of_the_site_is_looked_at_too():
    # the control is asked at a path of its own: nothing else is served there
    seen = served(CHECKS["stack-trace-shown"], {"/": Body("{}", JSON)})
    assert not seen.findings
    assert len([path for path in seen.paths if len(path) == 25]) == 1


ALLOW, CREDENTIALS = "Access-Control-Allow-Origin", ("Access-Control-Allow-Credentials", "true")


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (CREDENTIALS,),
        ((ALLOW, "*"), CREDENTIALS),
        ((ALLOW, "https://app.example.com"), CREDENTIALS),
    ],
)
def test_what_no_browser_obeys_or_a_fixed_origin_is_no_finding(headers):
    class Everywhere(dict):
        def get(self, path, default=None):
            return Body("{}", JSON, headers=headers)

    assert not served(CHECKS["cors-reflects-origin"], Everywhere()).findings
