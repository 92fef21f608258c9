"""Headers that claim HTTPS, forged through real proxies; the truth is their configuration."""

import sys

import pytest

import servers
from plainwire import catalog
from scanning import HSTS, ids, letter, scanned
from servers.process import place, running
from test_servers import curl

# Flask as the documentation of Werkzeug tells to deploy it: one proxy is trusted for the scheme.
APPLICATION = """
from flask import Flask, jsonify, redirect, request
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1)

@app.before_request
def to_https():
    if not request.is_secure:
        return redirect(request.url.replace("http://", "https://", 1), code=308)

@app.get("/")
def root():
    return jsonify(status="ok")
"""
NGINX_PASSES = """location ~ ^/ {
    proxy_pass http://127.0.0.1:@{app};
    proxy_set_header Host $http_host;
}"""
CADDY_PASSES = """reverse_proxy 127.0.0.1:@{app} {
    header_up X-Forwarded-Proto {http.request.header.X-Forwarded-Proto}
}"""
PASSING = {
    "nginx": {"extra_http": NGINX_PASSES},
    "haproxy": {"overwrites_scheme": False},
    "caddy": {"extra_http": CADDY_PASSES},
}
PROXIES = [pytest.param(name, marks=pytest.mark.server(name)) for name in PASSING]


@pytest.fixture(scope="module")
def application():
    with servers.gunicorn(application=APPLICATION) as app:
        yield app


@pytest.mark.mission("11")
@pytest.mark.parametrize("name", PROXIES)
def test_a_proxy_that_passes_the_clients_header_is_found(name, application, certificate):
    front = getattr(servers, name)
    ports = {"https": certificate, "http": "serve", "app": application.http_port, "hsts": HSTS}
    with front(**ports, **PASSING[name]) as server:
        report = scanned(server, certificate.ca)
    assert ids(report) == {"forwarded-header-trusted"}
    assert letter(report) == "C"
    message = report.findings[0].message
    assert "the answer is 308" in message
    assert "and 404 with 'X-Forwarded-Proto: https'" in message


@pytest.mark.mission("11")
@pytest.mark.parametrize("name", PROXIES)
def test_a_proxy_that_overwrites_the_header_is_not(name, application, certificate):
    front = getattr(servers, name)
    ports = {"https": certificate, "http": "serve", "app": application.http_port, "hsts": HSTS}
    with front(**ports) as server:
        report = scanned(server, certificate.ca)
    assert (report.tls_status, letter(report), ids(report)) == ("PASS", "A", set())
    assert report.unanswered == ()


# The server of the standard library joins `X-Forwarded-Proto` and `X_Forwarded_Proto` with a comma
# (wsgiref.simple_server, get_environ), as hypercorn and uvicorn do; of the two ProxyFix takes the
# last, which behind Caddy before 2.11 is the client's.
MERGING = """
import sys
from wsgiref.simple_server import make_server

from application import app

make_server("127.0.0.1", int(sys.argv[1]), app).serve_forever()
"""


@pytest.fixture(scope="module")
def merging():
    with place() as where:
        where.write("application.py", APPLICATION)
        script = where.write("serve.py", MERGING)
        words = [sys.executable, script, str(where.http_port)]
        with running("wsgiref", where, words, [where.http_port]) as server:
            yield server


@pytest.mark.server("caddy")
def test_a_header_spelt_with_underscores_is_found_where_it_gets_through(merging, certificate):
    with servers.caddy(https=certificate, http="serve", app=merging.http_port, hsts=HSTS) as server:
        report = scanned(server, certificate.ca)
    # wsgiref says its version, and Caddy passes it on.
    assert ids(report) == {"forwarded-header-trusted"}
    assert report.findings[0].message.endswith("and 404 with 'X_Forwarded_Proto: https'")


@pytest.mark.server("nginx")
def test_nginx_drops_a_header_spelt_with_underscores(merging, certificate):
    with servers.nginx(https=certificate, http="serve", app=merging.http_port, hsts=HSTS) as server:
        report = scanned(server, certificate.ca)
    assert (ids(report), report.unanswered) == (set(), ())


# An application that believes what it is told, and says that its answers may be kept.
CACHEABLE = """
def app(environ, start_response):
    kept = [("Cache-Control", "public, max-age=60")]
    if environ.get("HTTP_X_FORWARDED_PROTO") == "https":
        start_response("200 OK", [("Content-Type", "application/json"), *kept])
        return [b"{}"]
    location = "https://api.plainwire.test" + environ["PATH_INFO"]
    start_response("308 Permanent Redirect", [("Location", location), *kept])
    return [b""]
"""
CACHE = "proxy_cache_path @{folder}/cache keys_zone=pages:1m;"
CACHED = """location ~ ^/ {
    proxy_pass http://127.0.0.1:@{app};
    proxy_set_header Host $http_host;
    proxy_cache pages;
    proxy_cache_key $scheme$host@{key};
    proxy_cache_valid any 1m;
    add_header X-Cache-Status $upstream_cache_status always;
}"""
SEEN = "%(r)s told=%({x-forwarded-proto}i)s|%({forwarded}i)s|%({x-forwarded-ssl}i)s"


# The same for the root only: no random path beside it tells anything.
CACHEABLE_ROOT = CACHEABLE.replace(
    "    kept = ",
    """    if environ["PATH_INFO"] != "/":
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"no"]
    kept = """,
)


def cached(key, certificate, application=CACHEABLE_ROOT, cache=CACHED):
    """A scan through a cache; what the application saw in clear, and what is cached afterwards."""
    with (
        servers.gunicorn(application=application, options=["--access-logformat", SEEN]) as app,
        servers.nginx(
            https=certificate,
            http="serve",
            app=app.http_port,
            hsts=HSTS,
            extra_general=CACHE,
            extra_http=cache.replace("@{key}", key),
        ) as server,
    ):
        # Checks of what an API does over https send queries of their own, and nothing forged.
        checks = [each for each in catalog.load() if each.category == "encryption"]
        report = scanned(server, certificate.ca, checks=checks)
        afterwards = curl(f"http://api.plainwire.test:{server.http_port}/")
        seen = [line for line in app.log().splitlines() if " told=" in line]
    return report, [line for line in seen if "/?plainwire=" in line], afterwards


@pytest.mark.server("nginx")
def test_nothing_forged_is_sent_to_a_cache_that_ignores_the_query(certificate):
    _, seen, afterwards = cached("$uri", certificate)
    assert [line.partition(" told=")[2] for line in seen] in ([], ["-|-|-"])
    assert afterwards.status == 308
    assert afterwards.all("x-cache-status") == ["HIT"]


@pytest.mark.server("nginx")
def test_a_question_left_unasked_because_of_a_cache_is_unanswered_and_not_a_pass(certificate):
    report, _, _ = cached("$uri", certificate)
    assert [(u.check, u.reason.partition(":")[0]) for u in report.unanswered] == [
        ("forwarded-header-trusted", "not asked")
    ]
    assert report.grade.is_upper_bound
    encryption = next(c for c in report.categories if c.id == "encryption")
    assert encryption.status != "pass"  # a flaw of the TLS library is there beside it


@pytest.mark.server("nginx")
def test_behind_a_cache_that_keeps_queries_apart_the_forged_header_is_found(certificate):
    report, _, afterwards = cached("$request_uri", certificate)
    assert ids(report) == {"forwarded-header-trusted", "http-enforcement-incomplete"}
    assert report.unanswered == ()
    assert afterwards.status == 308


# nginx as it is mostly set up: only good answers are kept, without a word that they are.
SILENT = CACHED.replace("valid any 1m", "valid 200 1m").replace(
    "add_header X-Cache-Status $upstream_cache_status always;",
    "proxy_ignore_headers Cache-Control;",
)


@pytest.mark.server("nginx")
def test_a_cache_that_ignores_the_query_in_silence_keeps_nothing_forged(certificate):
    report, _, afterwards = cached("$uri", certificate, CACHEABLE, SILENT)
    assert ids(report) == {"forwarded-header-trusted"}
    assert report.unanswered == ()
    assert afterwards.status == 308
