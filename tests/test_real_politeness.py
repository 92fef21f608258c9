"""What a whole scan does to servers that cannot take much: nothing breaks, and nothing is lost."""

from collections import Counter

import pytest

import servers
from plainwire import catalog
from scanning import HSTS, At, command, ids, scanned
from servers.recording import recording, response

# An application with something to ask: links, a document, a login, a route that wants a token.
APPLICATION = """
from flask import Flask, jsonify

app = Flask(__name__)
DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Accounts", "version": "1"},
    "paths": {
        "/login": {"post": {"responses": {"200": {"description": "a token"}}}},
        "/account": {
            "get": {"security": [{"bearer": []}], "responses": {"200": {"description": "yours"}}}
        },
        **{f"/items/{n}": {"get": {"responses": {"200": {"description": "one"}}}} for n in "abcde"},
    },
    "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
}

@app.after_request
def hsts(response):
    response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return response

@app.get("/")
def root():
    return jsonify(status="ok")

@app.get("/openapi.json")
def document():
    return jsonify(DOCUMENT)

@app.post("/login")
def login():
    return jsonify(token="t")

@app.get("/account")
def account():
    return jsonify(error="who are you?"), 401, {"WWW-Authenticate": "Bearer"}

@app.get("/items/<name>")
def item(name):
    return jsonify(name=name)
"""
# One synchronous worker, which the arbiter kills if it is held for longer than this.
ENCRYPTION = [check for check in catalog.load() if check.category == "encryption"]
FRAIL = ["--timeout", "2", "--worker-class", "sync"]


@pytest.mark.parametrize("keep_alive", [[], ["--keep-alive", "0"]], ids=["default", "closing"])
@pytest.mark.parametrize("is_tls", [True, False], ids=["tls", "cleartext"])
def test_one_synchronous_worker_with_a_short_timeout_survives_a_whole_scan(
    is_tls, keep_alive, certificate
):
    with servers.gunicorn(
        https=certificate if is_tls else None,
        application=APPLICATION,
        options=[*FRAIL, *keep_alive],
    ) as server:
        report = scanned(server, certificate.ca)
        log = server.log()
    assert "WORKER TIMEOUT" not in log
    assert log.count("Booting worker") == 1
    assert report.unanswered == ()
    assert report.coverage.exercised == 7  # the root, the account and the five items
    assert report.tls_status == ("PASS" if is_tls else "FAIL")


def test_both_protocols_tried_on_the_port_of_one_synchronous_worker(certificate):
    with servers.gunicorn(https=certificate, application=APPLICATION, options=FRAIL) as server:
        said = command(server, certificate.ca, "--format", "json")
        assert "WORKER TIMEOUT" not in server.log()
    assert (said.code, said.report["unanswered"]) == (0, []), said.err
    assert said.report["tls_status"] == "PASS"


@pytest.mark.server("openssl")
def test_a_server_that_takes_one_connection_at_a_time_answers_every_question(certificate):
    with servers.s_server(certificate) as server:
        # Other categories ask with OPTIONS, and s_server -www answers nothing but GET.
        report = scanned(server, certificate.ca, checks=ENCRYPTION)
    assert report.unanswered == ()
    assert report.tls_status == "PASS"
    assert ids(report) <= {"hsts-missing"}


ANSWERS = {
    b"/": response(
        headers=[("Content-Type", "text/html"), ("Strict-Transport-Security", HSTS)],
        body=b'<a href="/a">a</a><a href="/b">b</a><a href="/logout">leave</a>'
        b'<form action="/login" method="post"><input type="password" name="p"></form>',
    ),
    b"/a": response(headers=[("Content-Type", "application/json")], body=b"{}"),
    b"/b": response(status=401, headers=[("WWW-Authenticate", "Bearer")], body=b"{}"),
}


def answer(request: bytes) -> bytes:
    path = request.split(b" ")[1].partition(b"?")[0]
    return ANSWERS.get(path, response(status=404, body=b"no such thing"))


def heads(recorder) -> list[bytes]:
    """The requests in HTTP: what began as a ClientHello is left out."""
    return [request for request in recorder.requests if not request.startswith(b"\x16")]


def recorded(certificate, **options):
    """The requests over TLS and in clear of one scan."""
    with recording(answer, https=certificate) as tls, recording(in_clear) as clear:
        report = scanned(At(tls.port, clear.port), certificate.ca, **options)
    assert report.unanswered == ()
    assert {"plain-http-served", "credentials-over-http"} <= ids(report)
    return heads(tls), heads(clear)


@pytest.fixture(scope="module")
def whole(certificate):
    """The requests of a whole scan."""
    return [head for heads_ in recorded(certificate) for head in heads_]


def in_clear(request: bytes) -> bytes:
    return response(status=400) if request.startswith(b"\x16") else answer(request)


def test_equal_questions_are_one_request(certificate):
    """Other categories ask some questions again on purpose: to confirm, to see a limit."""
    for requests in recorded(certificate, checks=ENCRYPTION):
        assert len(requests) > 5
        again = {head: times for head, times in Counter(requests).items() if times > 1}
        assert again == {}


def test_nothing_is_sent_that_could_change_anything(whole):
    assert {head.split(b" ")[0] for head in whole} <= {b"GET", b"HEAD", b"OPTIONS"}
    assert b"/logout" not in {head.split(b" ")[1] for head in whole}
    assert all(head.endswith(b"\r\n\r\n") for head in whole)  # no body


def test_every_request_says_who_asks(whole):
    for head in whole:
        assert b"\r\nUser-Agent: plainwire/" in head


@pytest.mark.parametrize(
    ("options", "is_spared"),
    [(FRAIL, True), (["--worker-class", "gthread", "--threads", "4"], False)],
    ids=["serial", "parallel"],
)
def test_where_each_connection_counts_the_costliest_parts_are_left_to_the_probe(
    options, is_spared, certificate
):
    with servers.gunicorn(https=certificate, application=APPLICATION, options=options) as server:
        report = scanned(server, certificate.ca)
    (endpoint,) = report.tls
    told = [note for note in report.notes if "`plainwire tls " in note]
    assert bool(told) is is_spared
    assert (endpoint.groups is None) is is_spared
    assert (endpoint.signature_algorithms is None) is is_spared
    assert endpoint.ciphers and endpoint.certificates and endpoint.features
    assert (endpoint.post_quantum is None) is is_spared
    assert report.unanswered == ()
