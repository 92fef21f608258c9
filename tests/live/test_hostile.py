"""Hostile and broken targets: an answer or a reason, within bounds, never a traceback."""

import asyncio
import errno
import json
import os
import socket
import time
import zlib

import pytest

from plainwire.live import dial
from plainwire.live.connector import NotSentError
from plainwire.live.settings import Settings
from plainwire.live.site import LiveSite
from plainwire.model import Exchange, Request, TargetError, Unanswered
from plainwire.scan import scan
from plainwire.wire.target import parse_target
from servers.hostile import BEHAVIOURS
from servers.recording import listening, recording, response

QUICK = Settings(connect_timeout_s=0.5, answer_timeout_s=0.5)
PATIENT = Settings(answer_timeout_s=5.0)  # where no silence is asked for: machines are busy
SILENT = {
    "never answers": "no complete answer within 0.5 s: nothing came",
    "answers a byte a second": "no complete answer within 0.5 s: ",
    "closes at once": "closed before an answer, twice",
    "resets": "twice",
    "sends garbage": "not HTTP/1.x",
    "endless header": "head over 65536 bytes",
    "endless headers": "head over 65536 bytes",
    "endless interim responses": "",
    "header of 16 megabytes": "head over 65536 bytes",
}
CUT = {"resets in the body", "ends in the body", "endless body", "endless chunks", "gzip bomb"}


def ask(port, path="/", settings=QUICK):
    async def scenario():
        target, _ = parse_target(f"http://127.0.0.1:{port}/")
        async with LiveSite(target, settings) as site:
            return await site.ask(Request(target.http[0], "GET", path))

    return asyncio.run(scenario())


@pytest.mark.parametrize("name", sorted(SILENT))
def test_a_target_that_gives_no_answer_is_unanswered_with_a_reason(name):
    with listening(BEHAVIOURS[name]) as server:
        answer = ask(server.port)
    assert isinstance(answer, Unanswered)
    assert SILENT[name] in answer.reason


@pytest.mark.parametrize("name", sorted(CUT))
def test_a_body_without_end_is_cut(name):
    with listening(BEHAVIOURS[name]) as server:
        answer = ask(server.port, settings=PATIENT)
    assert isinstance(answer, Exchange)
    assert answer.is_cut
    assert len(answer.body) <= QUICK.body_limit


@pytest.mark.parametrize("name", sorted(BEHAVIOURS))
def test_a_scan_of_a_hostile_target_ends_with_a_report(name):
    """The endless answers take the bounds, not more; nothing raises."""
    with listening(BEHAVIOURS[name]) as server:
        report = scan(f"http://127.0.0.1:{server.port}/", settings=QUICK)
    assert report.grade is None or report.grade.letter == "F" or report.grade.is_upper_bound
    assert report.tls_status != "PASS"
    assert not [u for u in report.unanswered if "crashed" in u.reason]


def test_nothing_listens_is_an_answer_and_leaves_no_grade():
    report = scan("http://127.0.0.1:1/", settings=QUICK)
    assert report.grade is None
    assert report.tls_status != "PASS"


def test_an_unknown_host_leaves_no_grade():
    report = scan("https://no-such-host.invalid/", settings=QUICK)
    assert report.grade is None
    assert any("no address" in u.reason for u in report.unanswered)


def test_a_silent_port_is_not_asked_for_ever():
    """Two questions without an answer are enough of an origin that never answered."""

    async def scenario(port):
        target, _ = parse_target(f"http://127.0.0.1:{port}/")
        async with LiveSite(target, QUICK) as site:
            questions = [Request(target.http[0], "GET", f"/{n}") for n in range(20)]
            answers = await asyncio.gather(*(site.ask(q) for q in questions))
            return [a.reason for a in answers], site.requests

    with listening(BEHAVIOURS["never answers"]) as server:
        reasons, requests = asyncio.run(scenario(server.port))
    assert requests == 2
    assert sum("not asked" in reason for reason in reasons) == 18


def connections(port, *others):
    """What comes of one connection to a port after the other; each of ``others`` comes between."""

    async def scenario():
        target, _ = parse_target(f"http://127.0.0.1:{port}/")
        said = []
        async with LiveSite(target, QUICK) as site:
            for between in (None, *others):
                if between is not None:
                    between()
                try:
                    connection = await site.transport.connector.tcp(target.http[0])
                    connection.abort()
                    said.append("open")
                except TargetError as error:
                    said.append((type(error), str(error)))
        return said

    return asyncio.run(scenario())


def test_a_port_that_closes_after_it_was_open_is_no_answer():
    """A server that crashes or restarts under the scan: what it would have said is not known."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        first, *later = connections(listener.getsockname()[1], listener.close, lambda: None)
    assert first == "open"
    assert later == [(TargetError, "connection refused, though it had listened")] * 2


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EADDRNOTAVAIL])
def test_what_this_machine_lacks_says_nothing_of_a_port(number, monkeypatch):
    async def fails(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(dial, "tcp", fails)
    ((kind, words),) = connections(1)
    assert kind is NotSentError
    assert words == f"this machine cannot connect: {os.strerror(number).lower()}"


def coded(coding, body):
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: {coding}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def test_deflate_without_its_wrapper_is_read_all_the_same():
    page = b"<p>" + b"plain " * 50
    packer = zlib.compressobj(wbits=-15)
    answer = coded("deflate", packer.compress(page) + packer.flush())
    with recording(lambda _: answer) as server:
        assert ask(server.port, settings=PATIENT).body == page


def test_a_body_in_a_coding_that_was_not_asked_for_is_no_pass():
    with recording(lambda _: coded("br", b"\x0b\x02\x80hello\x03")) as server:
        report = scan(f"http://127.0.0.1:{server.port}/", settings=PATIENT)
    gaps = [gap for gap in report.unanswered if "'br', which was not asked for" in gap.reason]
    assert {"browser-policy-missing", "secret-in-answer"} <= {gap.check for gap in gaps}
    assert report.grade.is_upper_bound


def asked_in_turn(behaviour, *questions):
    """The answers to (method, path) pairs asked in turn, and the requests that came."""

    async def scenario(port):
        target, _ = parse_target(f"http://127.0.0.1:{port}/")
        async with LiveSite(target, QUICK) as site:
            return [await site.ask(Request(target.http[0], *each)) for each in questions]

    with recording(behaviour) as server:
        answers = asyncio.run(scenario(server.port))
        return answers, [request.split(b" HTTP", 1)[0].decode() for request in server.requests]


DOCUMENT_PATHS = ("/größe", "/a b", "/x\x1b[31m", "/{größe}", "/\ud800")
DOCUMENT = json.dumps(
    {
        "openapi": "3.0.3",
        "info": {"title": "x", "version": "1"},
        "paths": {
            path: {
                "get": {
                    "parameters": [
                        {"name": "größe", "in": "path", "required": True, "example": "\ud800 ü"}
                    ],
                    "responses": {"200": {"description": "x"}},
                }
            }
            for path in DOCUMENT_PATHS
        },
    }
).encode()


def test_a_document_may_name_paths_that_are_no_request_target():
    """RFC 3987, section 3.1: UTF-8, percent-encoded; RFC 9112, section 3.2: no spaces."""

    def behaviour(request):
        is_document = request.startswith(b"GET /openapi.json ")
        body = DOCUMENT if is_document else b"{}"
        return response(body=body, headers=[("Content-Type", "application/json")])

    with recording(behaviour) as server:
        report = scan(f"http://127.0.0.1:{server.port}/")
    asked = {each.split(b" ")[1] for each in server.requests if each.startswith(b"GET ")}
    wanted = {b"/gr%C3%B6%C3%9Fe", b"/a%20b", b"/x%1B[31m", b"/%3F%20%C3%BC", b"/%3F"}
    assert wanted <= asked
    assert report.grade is not None


def test_a_request_that_has_no_form_is_a_gap_and_no_silence():
    with listening(BEHAVIOURS["redirect loop"]) as server:
        answer = ask(server.port, "/a b")
    assert answer.reason == "not sent, HTTP/1.1 has no form for it: Illegal target characters"


def silent_for(*silent):
    """A server that lets the requests wait whose first line begins so."""

    def answer(request):
        if request.startswith(silent):
            time.sleep(1.0)
            return b""
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    return answer


def test_the_silence_of_one_method_is_not_held_against_another():
    """As `openssl s_server -www` does: GET is answered, OPTIONS never."""
    options = [("OPTIONS", f"/{n}") for n in range(6)]
    answers, sent = asked_in_turn(silent_for(b"OPTIONS"), ("GET", "/"), *options, ("GET", "/last"))
    assert isinstance(answers[-1], Exchange)
    assert sum(line.startswith("OPTIONS") for line in sent) == 3
    assert "3 questions by OPTIONS" in answers[-2].reason


def test_paths_that_hang_are_not_held_against_a_server_that_lives():
    hanging = [("GET", f"/slow/{n}") for n in range(20)]
    answers, sent = asked_in_turn(silent_for(b"GET /slow"), ("GET", "/"), *hanging, ("GET", "/x"))
    # Three rounds of three with a sign of life after each, and three more: then it is enough.
    assert sum(line.startswith("GET /slow") for line in sent) == 12
    assert sent.count("GET /") == 4
    assert "not asked" in answers[-1].reason
    answers, _ = asked_in_turn(silent_for(b"GET /slow"), ("GET", "/"), *hanging[:5], ("GET", "/x"))
    assert isinstance(answers[-1], Exchange)


def test_a_server_that_died_gives_no_sign_of_life():
    alive = [True]

    def answer(request):
        if request.startswith(b"GET /last"):
            alive[0] = False
        if not alive[0]:
            time.sleep(1.0)
            return b""
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    questions = [("GET", f"/{n}") for n in range(8)]
    answers, sent = asked_in_turn(answer, ("GET", "/"), ("GET", "/last"), *questions)
    assert sum("not asked" in each.reason for each in answers[1:]) == 6
    assert len(sent) == 5  # the first, three without an answer, one for a sign of life
