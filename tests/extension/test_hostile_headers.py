"""Requests made to hurt: any bytes in them give an answer, many at once the same one."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from flask_plainwire import ConfigurationError, forwarded, tls_exempt, tls_redirect
from guarded import application

# What a server may put into an environ: bytes as latin-1 (PEP 3333).
TEXT = st.text(st.characters(min_codepoint=0, max_codepoint=255), max_size=80)
KEYS = (
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_FORWARDED",
    "HTTP_HOST",
    "HTTP_AUTHORIZATION",
    "HTTP_COOKIE",
    "PATH_INFO",
    "QUERY_STRING",
    "REMOTE_ADDR",
    "REQUEST_METHOD",
)


def guarded(**config):
    app = application(**config)
    app.add_url_rule("/health", "health", tls_exempt(lambda: "up"))
    app.add_url_rule("/page/<name>", "page", tls_redirect(lambda name: name))
    return app


APPS = [
    guarded(),
    guarded(TLS_PROXY_HEADER="Forwarded", TLS_MODE="redirect", TLS_REDIRECT_HOSTS=".example.com"),
    guarded(TLS_TERMINATION="server"),
]


@given(st.dictionaries(st.sampled_from(KEYS), TEXT), st.sampled_from(APPS))
def test_any_request_in_clear_is_refused_or_redirected(odd, app):
    environ = EnvironBuilder(path="/", environ_base={"REMOTE_ADDR": "127.0.0.1"}).get_environ()
    environ |= odd
    if (
        odd.get("PATH_INFO") == "/health"
        or "https" in str(odd).lower()
        or "wss" in str(odd).lower()
    ):
        return
    told = []
    body = app.wsgi_app(environ, lambda status, headers: told.append((status[:3], dict(headers))))
    list(body)
    ((status, headers),) = told
    assert status in ("403", "308")
    if status == "308":
        host = headers["Location"].removeprefix("https://").partition("/")[0]
        assert host.endswith("example.com") and headers["Location"].isascii()
        assert not set(headers["Location"]) & set("\r\n\0 ")


@given(TEXT)
def test_any_forwarded_header_is_read(value):
    found = forwarded.protos(value)
    assert found is None or len(found) >= 1


@pytest.mark.parametrize("is_configured", [True, False])
def test_first_requests_at_once(is_configured):
    """Threads that come together while the configuration is read."""
    app = application(**({} if is_configured else {"TLS_TERMINATION": None}))
    start, answers = threading.Barrier(16), []

    def ask():
        start.wait()
        try:
            answers.append(app.test_client().get("/").status_code)
        except ConfigurationError:
            answers.append("raised")

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [403 if is_configured else "raised"] * 16
