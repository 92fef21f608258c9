"""What a body says is found whatever it is wrapped in; what cannot be read is never a pass."""

import ast
import asyncio
import json
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from plainwire import catalog
from plainwire.judging import Outcome
from plainwire.live.connector import NoListenerError
from plainwire.live.notes import Notes
from plainwire.live.settings import Settings
from plainwire.model import Exchange, Request, TlsEndpoint
from plainwire.scan import scan, scan_async
from plainwire.wire.target import parse_target
from servers.recording import recording

PAGE = (
    "<!doctype html><title>Accounts</title><script src='http://cdn.example/a.js'></script>"
    "<img src='http://cdn.example/a.png'><form action='http://api.example.com/'><input></form>"
    "<a href='http://api.example.com/'>there</a><script>new WebSocket('ws://a.example/')</script>"
    "<script>const key = 'amqp://orders:kf83hfkq92@rabbit.internal:5672/'</script>"
)
IN_PAGE = {
    "mixed-content-active",
    "mixed-content-passive",
    "form-posts-to-http",
    "cleartext-link",
    "cleartext-websocket",
    "secret-in-answer",
}
DATA = '{"next": "http://api.example.com/?page=2", "live": "ws://api.example.com/"}'
IN_DATA = {"cleartext-link", "cleartext-websocket"}
LIMIT = 20_000


CHECKS = {check.id: check for check in catalog.load()}


def report(body, *headers, is_cut=False, limit=LIMIT, status=200, checks=None):
    """The report on a site that answers so everywhere, over https only."""

    async def send(request):
        if request.origin.scheme == "http":
            raise NoListenerError("connection refused")
        return Exchange(request, status, headers, body[:limit], is_cut, address="127.0.0.1")

    async def look(site, origin):
        return TlsEndpoint(origin.host, origin.port, speaks_tls=True)

    target = replace(parse_target("https://api.example.com/")[0], address="127.0.0.1")
    settings = Settings(body_limit=limit)
    return asyncio.run(scan_async(target, settings=settings, send=send, look=look, checks=checks))


def kind(value):
    return ("Content-Type", value)


@pytest.mark.parametrize(
    ("body", "headers", "ids"),
    [
        (PAGE.encode(), (kind("text/html"),), IN_PAGE),
        (PAGE.encode(), (), IN_PAGE),
        (PAGE.encode("utf-16"), (kind("text/html"),), IN_PAGE),
        (PAGE.encode("utf-16-be"), (kind("text/html; charset=utf-16be"),), IN_PAGE),
        (DATA.encode(), (kind("application/json"),), IN_DATA),
        (DATA.encode("utf-8-sig"), (kind("application/json"),), IN_DATA),
        (DATA.encode("utf-16"), (kind("application/json"),), IN_DATA),
        (DATA.encode(), (), IN_DATA),
        (DATA.encode(), (kind("text/html; charset=utf-8"),), IN_DATA),
        (DATA.encode(), (kind("text/plain"),), IN_DATA),
    ],
)
def test_what_a_body_says_is_found_whatever_it_is_wrapped_in(body, headers, ids):
    found = report(body, *headers)
    assert ids <= {finding.id for finding in found.findings}
    assert not found.unanswered


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"<!doctype html>" + b" " * LIMIT + PAGE.encode(), (kind("text/html"),)),
        (b"<!doctype html>" + b" " * LIMIT + PAGE.encode(), ()),
        (b"\x0b\x02\x80", (kind("text/html"), ("Content-Encoding", "br"))),
        (PAGE.encode("cp037"), (kind("text/html; charset=ibm037"),)),
    ],
)
def test_a_body_that_is_not_known_whole_is_a_gap_for_every_check_that_reads_it(body, headers):
    found = report(body, *headers, is_cut=len(body) > LIMIT)
    gaps = {gap.check for gap in found.unanswered if "its body" in gap.reason}
    assert gaps >= IN_PAGE
    assert "hsts-missing" in {f.id for f in found.findings}
    assert not gaps & {check.id for check in catalog.load() if not check.reads_bodies}
    assert {c.id: c.status for c in found.categories}["data-exposure"] != "pass"
    assert found.grade.is_upper_bound


def test_what_was_found_in_the_part_that_was_read_stands_and_is_no_gap():
    found = report(PAGE.encode() + b" " * LIMIT, kind("text/html"), is_cut=True)
    assert {finding.id for finding in found.findings} >= IN_PAGE
    assert not {gap.check for gap in found.unanswered} & IN_PAGE


SECRET = "amqp://orders:kf83hfkq92@rabbit.internal:5672/"
TRACE = 'Traceback (most recent call last):\n  File "/srv/app.py", line 7, in index\n'
# Each has what the check is after, behind more than it looks at.
LEFT_OUT = [
    ("secret-in-answer", 200, "text/plain", " " * (1 << 20) + SECRET),
    ("stack-trace-shown", 500, "text/plain", " " * (512 << 10) + TRACE),
    (
        "stack-trace-shown",
        200,
        "application/json",
        json.dumps({"trace": " " * (512 << 10) + TRACE}),
    ),
    ("cleartext-link", 200, "text/html", "<a href=/a>a</a>" * 2000 + PAGE),
    ("mixed-content-active", 200, "text/html", "<a href=/a>a</a>" * 2000 + PAGE),
    ("cleartext-link", 200, "application/json", json.dumps([0] * 500_000 + [json.loads(DATA)])),
    (
        "personal-data-without-authentication",
        200,
        "application/json",
        json.dumps([{}] * 20_000 + [{"email": f"ann{n}@example.net"} for n in range(9)]),
    ),
    (
        "payment-number-shown",
        200,
        "application/json",
        json.dumps({"card_number": "4929420573595709", "all": [0] * 50_000}),
    ),
    (
        "payment-number-shown",
        200,
        "application/json",
        '{"a":' * 17 + '{"card_number": "4929420573595709"}' + "}" * 17,
    ),
]


@pytest.mark.parametrize(("check", "status", "kind_of", "body"), LEFT_OUT)
def test_what_a_check_does_not_look_at_is_a_gap_and_no_pass(check, status, kind_of, body):
    alone = [CHECKS[check]]
    found = report(body.encode(), kind(kind_of), limit=4 << 20, status=status, checks=alone)
    assert check not in {finding.id for finding in found.findings}
    assert {gap.check for gap in found.unanswered} >= {check}


@pytest.mark.parametrize(("check", "status", "kind_of", "body"), LEFT_OUT)
def test_what_a_check_looks_at_whole_leaves_nothing_open(check, status, kind_of, body):
    begin = {"text/plain": body[-150:], "text/html": PAGE}.get(kind_of, '{"a": "b"}')
    alone = [CHECKS[check]]
    found = report(begin.encode(), kind(kind_of), limit=4 << 20, status=status, checks=alone)
    assert any(each.checks_run for each in found.categories)
    assert check not in {gap.check for gap in found.unanswered}


PART_READERS = {
    "mixed-content-active",
    "mixed-content-passive",
    "cleartext-websocket",
    "secret-in-answer",
    "model-key-in-answer",
}


@pytest.mark.parametrize("number", [20, 22])
def test_more_scripts_than_are_asked_for_are_a_gap(number):
    page = "<!doctype html>" + "".join(f"<script src=/s{n}.js></script>" for n in range(number))
    found = report(page.encode(), kind("text/html"))
    gaps = {gap.check: gap.question for gap in found.unanswered if ".js" in gap.question}
    more = "GET https://api.example.com/s20.js and 1 more"
    assert gaps == (dict.fromkeys(PART_READERS, more) if number > 20 else {})


def test_one_body_in_a_page_and_in_an_error_is_judged_as_each_of_them():
    body = (" " * (512 << 10) + TRACE).encode()  # once in memory, as the network side keeps it
    check = next(each for each in catalog.load() if each.id == "stack-trace-shown")
    target = parse_target("https://api.example.com/")[0]
    notes = Notes()
    for path, status in (("/page", 200), ("/error", 500)):
        request = Request(target.https[0], "GET", path)
        answer = Exchange(request, status, (kind("text/plain"),), body, address="127.0.0.1")
        notes.read[check.id, str(request)] = answer
    outcome = Outcome(finished={check.id})
    assert [gap.question.rpartition("/")[2] for gap in outcome.gaps([check], notes)] == ["error"]


READERS = {
    "members.secrets", "members.people", "members.telling", "members.objects",
    "secret_formats.found", "stack_traces.in_text", "signature(", "json_body.values(json_body",
    "insecure_links(", "insecure_links_of(", "personal_data.cards", "personal_data.ibans",
    "described_answers.",
}  # fmt: skip
# They look at the first objects only, or for what is known from elsewhere.
SAMPLING = {"admin-operation-open-to-users", "rate-limit-missing"}


def source(check):
    path = Path(__file__).parents[1] / "src" / f"{check.module.replace('.', '/')}.py"
    return path.read_text("utf-8")


def test_each_check_that_uses_a_reader_with_a_limit_says_what_it_leaves_out():
    used = set()
    for check in catalog.load():
        readers = {word for word in READERS if word in source(check)}
        if readers and check.id not in SAMPLING:
            assert check.left_out is not None, check.id
        used |= readers
    assert used == READERS, "a reader of another name is looked for in vain"


@pytest.mark.parametrize("content_type", ["image/png", "text/event-stream"])
def test_a_picture_and_a_stream_leave_nothing_open(content_type):
    assert not report(b"\x89PNG" * LIMIT, kind(content_type), is_cut=True).unanswered


def test_over_the_network_the_end_of_a_long_page_is_a_gap():
    page = b"<!doctype html>" + b" " * 3000 + PAGE.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n\r\n"
    with recording(lambda _: head.encode() + page) as server:
        settings = Settings(answer_timeout_s=1, body_limit=2000)
        found = scan(f"http://127.0.0.1:{server.port}/", settings=settings)
    reasons = {g.reason for g in found.unanswered if g.check == "secret-in-answer"}
    assert reasons == {"its body is longer than 2000 bytes (--body-limit)"}


def packed(body):
    packer = zlib.compressobj(wbits=31)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (packed(b"<!doctype html>") + packed(PAGE.encode()), None),  # two members are one body
        (packed(PAGE.encode() * 9)[:-30], "its body broke off"),
        (packed(b"") * 40_000 + packed(PAGE.encode()), "its body broke off"),
        (b"\x01\x02 no gzip \x00", "its body is not the gzip that it says"),
        (PAGE.encode(), None),  # said to be packed, and is not
    ],
)
def test_gzip_is_read_whole_or_said_to_be_unread(body, reason):
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n"
    whole = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    with recording(lambda _: whole) as server:
        settings = Settings(answer_timeout_s=1)
        found = scan(f"http://127.0.0.1:{server.port}/", settings=settings)
    reasons = {g.reason for g in found.unanswered if "its body" in g.reason}
    if reason is None:
        assert "secret-in-answer" in {f.id for f in found.findings}
        assert not reasons
    else:
        assert any(each.startswith(reason) for each in reasons)


def test_a_check_that_says_it_reads_no_bodies_has_no_word_of_them():
    heads = [check for check in catalog.load() if not check.reads_bodies]
    assert len(heads) > 20
    for check in heads:
        tree = ast.parse(source(check))
        read = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
        modules = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        assert not read & {"body", "text", "content_type", "is_missing", "documents"}, check.id
        readers = ("links", "members", "json_body", "page_parts", "insecure_links", "forms")
        assert not [m for m in modules if m and m.endswith(readers)], check.id
