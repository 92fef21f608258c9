"""The extension on real servers behind real proxies; the truth is the proxy's configuration."""

import contextlib
import http.client
import json
import socket

import pytest

import servers
from spoof_matrix import (
    CASES,
    ELSEWHERE,
    GOOD,
    PLAINWIRE,
    SPOOFS,
    Case,
    ask,
)

REFUSAL = {
    "type": "about:blank",
    "title": "HTTPS required",
    "status": 403,
    "detail": "This server answers over HTTPS only. A credential that was sent with this "
    "request has been exposed and should be replaced.",
}
WSGI = ("gunicorn", "waitress", "uwsgi", "gevent", "flask")
PROXIES = ("nginx", "apache", "haproxy", "caddy")
HEALTH = Case("health", [GOOD], path="/health")


def stacks(unix, names=WSGI):
    """The parameters of `stack` for these servers."""
    needed = {"uwsgi": pytest.mark.server("uwsgi")}
    return [pytest.param((name, unix), id=name, marks=needed.get(name, ())) for name in names]


@pytest.fixture(scope="module")
def stack(request):
    """A server's name, whether by unix socket, and its place: started once for all its proxies."""
    wsgi, unix = request.param
    with servers.wsgi(wsgi, PLAINWIRE, unix) as (_, place):
        yield wsgi, unix, place


def is_refused(wsgi, case, answer):
    """gunicorn itself refuses two headers that contradict each other, with 400."""
    if answer.status == 400 and wsgi == "gunicorn" and case in SPOOFS:
        return b"Contradictory scheme headers" in answer.body
    return answer.status == 403 and json.loads(answer.body) == REFUSAL


# Two decorators: with one, the server would be started again for each proxy.
@pytest.mark.mission("16")
@pytest.mark.parametrize("stack", stacks(unix=False), indirect=True)
@pytest.mark.parametrize("proxy", [pytest.param(p, marks=pytest.mark.server(p)) for p in PROXIES])
def test_the_matrix(stack, proxy, certificate):
    assert_matrix(stack, proxy, certificate)


@pytest.mark.mission("16")
@pytest.mark.server("nginx")
@pytest.mark.parametrize("stack", stacks(unix=True), indirect=True)
def test_the_matrix_by_unix_socket(stack, certificate):
    assert_matrix(stack, "nginx", certificate)


def assert_matrix(stack, proxy, certificate):
    wsgi, unix, place = stack
    with getattr(servers, proxy)(https=certificate, http="serve", app=place) as server:
        in_clear = {case.name: (case, ask(server.http_port, case)) for case in CASES}
        past = {} if unix else {c.name: (c, ask(place, c, source=ELSEWHERE)) for c in CASES}
        served = ask(server.https_port, ca=certificate.ca)
        over_tls = {c.name: ask(server.https_port, c, ca=certificate.ca) for c in CASES}
        health = ask(server.http_port, HEALTH)
    for answers in (in_clear, past):
        assert [n for n, (case, a) in answers.items() if not is_refused(wsgi, case, a)] == []
    assert_same_whatever_the_token(in_clear)
    assert_served(served, server)
    assert_over_tls(over_tls, server)
    assert (health.status, json.loads(health.body)) == (200, {"authorization": None})
    assert health.all("Strict-Transport-Security") == []


def assert_same_whatever_the_token(answers):
    none, good, bad = (answers[name][1] for name in ("GET", "good token", "bad token"))
    differing = {"date"}
    kept = [
        (a.status, a.body, [(k, v) for k, v in a.headers if k.lower() not in differing])
        for a in (none, good, bad)
    ]
    assert kept[0] == kept[1] == kept[2]
    assert none.all("Cache-Control") == ["no-store"]
    assert none.all("Set-Cookie") == none.all("Strict-Transport-Security") == []


def assert_served(answer, server):
    told = json.loads(answer.body)
    assert (answer.status, told["scheme"]) == (200, "https")
    assert told["url"] == f"https://localhost:{server.https_port}/"
    cookies = answer.all("Set-Cookie")
    assert len(cookies) == 2
    assert [cookie for cookie in cookies if "; Secure" not in cookie] == []


def assert_over_tls(answers, server):
    """What came over TLS is the application's to answer, whatever it claims besides."""
    statuses = {name: answer.status for name, answer in answers.items()}
    assert (statuses["POST"], statuses["PUT"], statuses["mounted application"]) == (200, 200, 200)
    assert (statuses["bad token"], statuses["404"], statuses["/static"]) == (401, 404, 200)
    (location,) = answers["slash redirect"].all("Location")
    assert location in ("/slash/", f"https://localhost:{server.https_port}/slash/")
    evil = json.loads(answers["X-Forwarded-Host: evil"].body)
    assert evil["url"] == f"https://localhost:{server.https_port}/"


SMUGGLED = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
NAME = "X-Forwarded-Proto"
# What a proxy that says http may let through beside it (RFC 9112, sections 2.2, 3.2.2 and 5).
ODD = {
    "twice": [f"{NAME}: http", f"{NAME}: https"],
    "twice, https first": [f"{NAME}: https", f"{NAME}: http"],
    "empty, then https": [f"{NAME}:", f"{NAME}: https"],
    "with underscores": [f"{NAME}: http", "X_Forwarded_Proto: https"],
    "with underscores before": ["X_Forwarded_Proto: https", f"{NAME}: http"],
    "with one underscore": [f"{NAME}: http", "X-Forwarded_Proto: https"],
    "folded": [f"{NAME}: http\r\n https"],
    "folded, empty": [f"{NAME}:\r\n https,http"],
    "folded into another": [f"X-A: b\r\n {NAME}: https", f"{NAME}: http"],
    "a blank before the colon": [f"{NAME}: http", f"{NAME} : https"],
    "a bare CR": [f"X-A: b\r{NAME}: https", f"{NAME}: http"],
    "a NUL": [f"{NAME}: https\0http"],
    "quoted": [f'{NAME}: "https"'],
    "a parameter": [f"{NAME}: https;http"],
    "Remote-Addr": ["Remote-Addr: 127.0.0.1", "Remote_Addr: 127.0.0.1", "Https: on"],
    "two hosts": [f"{NAME}: http", "Host: other"],
}
LINES = ("GET / HTTP/1.1", "GET / HTTP/1.0", "GET https://localhost/ HTTP/1.1")


def raw(port, line, headers):
    """What comes back of a request that is written as it is."""
    head = "\r\n".join([line, "Host: localhost", "Connection: close", *headers, "", ""])
    with socket.create_connection(("127.0.0.1", port), 20) as opened:
        opened.sendall(head.encode("latin-1"))
        with contextlib.suppress(ConnectionResetError):
            return b"".join(iter(lambda: opened.recv(65536), b""))
    return b""


@pytest.mark.parametrize("stack", stacks(unix=False), indirect=True)
def test_odd_requests_are_nowhere_taken_for_https(stack):
    """By the server, or by the application: the view's answer is what must not come."""
    _, _, port = stack
    served, refused = [], (b"HTTP/1.1 4", b"HTTP/1.0 4")
    for line in LINES:
        for case, headers in (ODD | {"none": []}).items():
            got = raw(port, line, headers)
            # uWSGI closes the connection on a bare CR, without a word.
            if got and b"HTTPS required" not in got and not got.startswith(refused):
                served.append((line, case, got[:200]))
    assert served == []
    for line in LINES[:2]:  # gevent and uWSGI take the third's address for a path
        assert b'"scheme":"https"' in raw(port, line, [f"{NAME}: https"])


NOT_UWSGI = stacks(unix=False, names=[name for name in WSGI if name != "uwsgi"])


@pytest.mark.parametrize("stack", NOT_UWSGI, indirect=True)
def test_what_a_refused_body_holds_is_no_further_request(stack):
    """The body is not read by the application: the server must not take it for what comes next."""
    _, _, port = stack
    head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(SMUGGLED)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), 20) as opened:
        opened.sendall(head.encode() + SMUGGLED)
        opened.shutdown(socket.SHUT_WR)
        got = b"".join(iter(lambda: opened.recv(65536), b""))
    assert (got.count(b"HTTPS required"), got.count(b"authorization")) == (1, 0)


@pytest.mark.parametrize("stack", NOT_UWSGI, indirect=True)
def test_the_connection_is_closed_where_the_server_lets_an_application_say_so(stack):
    wsgi, _, port = stack
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/", headers={"Connection": "keep-alive"})
    response = connection.getresponse()
    response.read()
    connection.close()
    said = {word.strip().lower() for word in (response.getheader("Connection") or "").split(",")}
    # PEP 3333 leaves the header to the server: gunicorn drops it, waitress raises an error.
    assert response.status == 403
    assert ("close" in said) == (wsgi in ("gevent", "flask"))


@pytest.mark.server("nginx")
@pytest.mark.parametrize("stack", stacks(unix=False, names=["uwsgi"]), indirect=True)
def test_a_long_body_is_refused_and_no_502(stack):
    """A body that uWSGI has not read makes it reset the connection, unless it buffers: of that
    nginx makes 502, and takes a server of several for failed, for those who come by TLS too."""
    long = Case("", method="POST", body=bytes(900_000))  # nginx lets 1 MiB through
    with servers.nginx(http="serve", app=stack[2]) as server:
        assert {ask(server.http_port, long).status for _ in range(12)} == {403}


# The inner proxy appends what it sees of the outer one: a value for each.
APPENDED = """location ~ ^/ {
    proxy_pass http://127.0.0.1:@{app};
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-Proto "$http_x_forwarded_proto, $scheme";
}"""
TWO_HOPS = PLAINWIRE + 'app.config["TLS_PROXY_HOPS"] = 2\n'


@pytest.mark.server("nginx", "haproxy")
def test_two_proxies_each_with_a_value(certificate):
    with (
        servers.wsgi("gunicorn", TWO_HOPS) as (_, port),
        servers.nginx(http="serve", app=port, extra_http=APPENDED) as inner,
        servers.haproxy(https=certificate, http="serve", app=inner.http_port) as outer,
    ):
        assert_served(ask(outer.https_port, ca=certificate.ca), outer)
        for case in CASES:
            assert ask(outer.http_port, case).status in (400, 403), case


@pytest.mark.server("nginx", "haproxy")
def test_an_inner_proxy_that_overwrites_makes_a_refusal_and_no_loop(certificate):
    with (
        servers.wsgi("gunicorn", TWO_HOPS) as (server, port),
        servers.nginx(http="serve", app=port) as inner,
        servers.haproxy(https=certificate, app=inner.http_port) as outer,
    ):
        assert ask(outer.https_port, ca=certificate.ca).status == 403
        word = "X-Forwarded-Proto has 1 values, TLS_PROXY_HOPS is 2: 'http'"
        assert word in server.told(word)


HEADERLESS = """location ~ ^/ {
    proxy_pass http://127.0.0.1:@{app};
    proxy_set_header Host $http_host;
}"""
REDIRECTING = PLAINWIRE + 'app.config.update(TLS_MODE="redirect", TLS_REDIRECT_HOSTS="localhost")\n'


@pytest.mark.server("nginx")
def test_a_proxy_that_does_not_send_the_header_makes_no_loop_of_redirects(certificate):
    with servers.wsgi("gunicorn", REDIRECTING) as (_, port):
        with servers.nginx(https=certificate, app=port, extra=HEADERLESS) as server:
            assert ask(server.https_port, ca=certificate.ca).status == 403
        with servers.nginx(https=certificate, http="serve", app=port) as server:
            assert ask(server.https_port, ca=certificate.ca).status == 200
            assert ask(server.http_port).status == 308


# RFC 7239's header has no hyphen, so that no spelling with _ can stand for it.
FORWARDED = PLAINWIRE + 'app.config["TLS_PROXY_HEADER"] = "Forwarded"\n'
FORWARDS = 'http-request set-header Forwarded "for=%[src];proto={}"'


@pytest.mark.server("haproxy")
def test_the_forwarded_header_of_a_real_proxy(certificate):
    words = {"extra": FORWARDS.format("https"), "extra_http": FORWARDS.format("http")}
    with (
        servers.wsgi("gunicorn", FORWARDED) as (_, port),
        servers.haproxy(https=certificate, http="serve", app=port, **words) as server,
    ):
        assert_served(ask(server.https_port, ca=certificate.ca), server)
        for case in CASES:
            assert ask(server.http_port, case).status in (400, 403), case


UWSGI_PASS = """location ~ ^/ {
    include /etc/nginx/uwsgi_params;
    uwsgi_pass 127.0.0.1:@{app};
}"""
IN_SERVER = PLAINWIRE + 'app.config["TLS_TERMINATION"] = "server"\n'


@pytest.mark.server("nginx", "uwsgi")
def test_the_uwsgi_protocol_takes_the_scheme_from_nginx_and_from_no_header(certificate):
    with (
        servers.wsgi("uwsgi-protocol", IN_SERVER) as (_, port),
        servers.nginx(
            https=certificate, http="serve", app=port, extra=UWSGI_PASS, extra_http=UWSGI_PASS
        ) as server,
    ):
        served = ask(server.https_port, ca=certificate.ca)
        assert (served.status, json.loads(served.body)["scheme"]) == (200, "https")
        for case in CASES:
            assert ask(server.http_port, case).status == 403, case


@pytest.mark.server("openssl")
def test_tls_in_gunicorn_itself(certificate):
    with servers.gunicorn(https=certificate, application=IN_SERVER) as server:
        assert_served(ask(server.https_port, ca=certificate.ca), server)
        spoof = ask(server.https_port, SPOOFS[0], ca=certificate.ca)
    assert spoof.status == 200  # its socket shows that it is TLS
    with servers.gunicorn(application=IN_SERVER) as server:
        for case in CASES:
            assert ask(server.http_port, case).status in (400, 403), case


SILENT = """
from flask import Flask
from flask_plainwire import TLS

app = Flask(__name__)
TLS(app)
app.add_url_rule("/", view_func=lambda: "ok")
"""


@pytest.mark.parametrize("debug", [True, False])
def test_flask_run_without_a_word_on_tls(debug):
    with servers.wsgi("flask-debug" if debug else "flask", SILENT) as (server, port):
        own, other = ask(port), ask(port, Case("", [("X-Forwarded-For", "1.2.3.4")]))
        elsewhere = ask(port, source=ELSEWHERE)
        said = server.told("GET / HTTP/1.1" if debug else "ProxyFix: ", times=3)
    assert own.status == (200 if debug else 500)
    assert other.status == (403 if debug else 500)
    assert elsewhere.status == own.status  # the whole of 127.0.0.0/8 is this machine
    assert ("TLS_TERMINATION is not set: 'server' or 'proxy'" in said) != debug
    assert debug or "Werkzeug/" in said
