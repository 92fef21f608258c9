"""Captures: what is judged of them, that nothing is sent, and that a hostile one does no harm."""

import asyncio
import base64
import json
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire import har as judging
from plainwire.cli import scan as command
from plainwire.model import UsageError, WireError
from plainwire.wire import har

JSON = [{"name": "content-type", "value": "application/json"}]
PEOPLE = json.dumps([{"email": "ann.lee@mailbox.org"}, {"email": "bob.ray@mailbox.org"}])
TRACE = 'Traceback (most recent call last):\n  File "/srv/app.py", line 7, in index\n    1 / 0\n'


def entry(url, text="{}", status=200, method="GET", sent=(), headers=JSON, **content):
    return {
        "request": {
            "method": method,
            "url": url,
            "headers": [{"name": name, "value": value} for name, value in sent],
        },
        "response": {"status": status, "headers": headers, "content": {"text": text, **content}},
    }


def capture(*entries):
    return har.read(json.dumps({"log": {"version": "1.2", "entries": entries}}).encode())


def judged(*entries, **options):
    return asyncio.run(judging.judge_async(capture(*entries), **options))


def ids(report):
    return {finding.id for finding in report.findings}


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a capture is judged without a socket")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_passive_checks_judge_what_was_recorded():
    report = judged(
        entry("https://api.example.com/users", PEOPLE),
        entry("https://api.example.com/users/17", json.dumps({"trace": TRACE}), 500),
        entry("https://api.example.com/users/18", json.dumps({"trace": TRACE}), 500),
    )
    assert {"personal-data-without-authentication", "stack-trace-shown", "json-sniffable"} <= ids(
        report
    )
    places = {f.operation.path for f in report.findings if f.id == "stack-trace-shown"}
    assert places == {"/users/{id}"}
    assert (report.requests, report.connections) == (0, 0)
    assert report.tls_status == "UNKNOWN"
    assert not report.unanswered


def test_what_the_capture_does_not_hold_is_not_tested():
    report = judged(entry("https://api.example.com/status"))
    ended = {each.id: each for each in report.categories}
    assert ended["data-exposure"].status == "pass"
    assert ended["data-exposure"].operations == 1
    assert ended["rate-limiting"].checks_run == 1, "no burst was recorded"
    assert "rate-limit-missing" not in ids(report)


def test_what_came_with_a_credential_is_not_public_and_the_credential_is_not_shown():
    token = "Bearer 9f8c7b6a5d4e3f2a1b0c"
    report = judged(
        entry("https://api.example.com/users", PEOPLE, sent=[("Authorization", token)]),
        entry("https://api.example.com/echo", json.dumps({"trace": TRACE, "you": token}), 500),
    )
    assert "personal-data-without-authentication" not in ids(report)
    assert token.split()[1] not in repr(report)


def test_only_one_host_is_judged_and_the_others_are_named():
    report = judged(
        entry("https://api.example.com/a"),
        entry("https://api.example.com/b"),
        entry("https://cdn.example.net/users", PEOPLE),
    )
    assert report.target.startswith("https://api.example.com")
    assert "personal-data-without-authentication" not in ids(report)
    assert any("cdn.example.net" in note for note in report.notes)


def test_a_capture_in_clear_does_not_say_that_https_is_closed():
    report = judged(entry("http://api.example.com/a"))
    assert "plain-http-served" in ids(report)
    assert "no-https-listener" not in ids(report)


def test_a_description_in_the_capture_gives_operations_their_names():
    description = json.dumps({"openapi": "3.0.3", "paths": {"/users/{name}": {"get": {}}}})
    report = judged(
        entry("https://api.example.com/openapi.json", description),
        entry("https://api.example.com/users/ann", json.dumps({"trace": TRACE}), 500),
    )
    (found,) = [f for f in report.findings if f.id == "stack-trace-shown"]
    assert found.operation.path == "/users/{name}"


def test_a_body_in_base64_is_read():
    text = base64.b64encode(PEOPLE.encode()).decode()
    report = judged(entry("https://api.example.com/users", text, encoding="base64"))
    assert "personal-data-without-authentication" in ids(report)


def test_the_command_judges_a_file(tmp_path, capsys):
    file = tmp_path / "capture.har"
    log = {"log": {"entries": [entry("https://api.example.com/users", PEOPLE)]}}
    file.write_text(json.dumps(log))
    code = command.run(["--har", str(file), "--format", "json", "--fail-on", "medium"])
    report = json.loads(capsys.readouterr().out)
    assert code == 1
    assert report["requests"] == 0
    assert "personal-data-without-authentication" in {each["id"] for each in report["findings"]}


@pytest.mark.parametrize(
    "content",
    ["", "{}", '{"log": 7}', '{"log": {"entries": []}}', "[" * 100_000, '{"log":{"entries":[7]}}'],
)
def test_what_is_no_capture_is_said(tmp_path, content):
    file = tmp_path / "capture.har"
    file.write_text(content)
    with pytest.raises(UsageError, match="--har"):
        judging.read(str(file))


def test_a_target_that_was_not_recorded_is_said(tmp_path):
    file = tmp_path / "capture.har"
    file.write_text(json.dumps({"log": {"entries": [entry("https://api.example.com/")]}}))
    assert command.run(["--har", str(file), "https://other.example.com/"]) == 2


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["log", "entries", "request", "response", "url", "status", "headers"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.binary(max_size=200) | ODD.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_give_a_capture_or_a_wire_error(data):
    try:
        har.read(data)
    except WireError:
        return


@given(ODD, ODD)
def test_any_entry_is_an_exchange_or_none(asked, told):
    url = {"url": "https://api.example.com/", "method": "GET", "headers": asked}
    found = capture({"request": url, "response": {"status": 200, "content": told}})
    assert len(found.exchanges) + len(found.skipped) == 1


def test_bodies_and_entries_are_bounded():
    big = "a" * (har.MAX_BODY + 10)
    (exchange,) = capture(entry("https://api.example.com/", big)).exchanges
    assert exchange.is_cut and len(exchange.body) == har.MAX_BODY
    many = [entry("https://api.example.com/")] * (har.MAX_ENTRIES + 1)
    found = capture(*many)
    assert len(found.exchanges) == har.MAX_ENTRIES and found.skipped


def test_a_body_that_the_recorder_dropped_is_a_gap():
    """Browsers keep sizes of what they forgot: a check that reads bodies has read nothing then."""
    lost = judged(entry("https://api.example.com/users", None, size=5120))
    reasons = {gap.reason for gap in lost.unanswered if gap.check == "secret-in-answer"}
    assert reasons == {"the capture does not hold its body"}
    empty = judged(entry("https://api.example.com/users", "", size=0))
    assert not [gap for gap in empty.unanswered if gap.check == "secret-in-answer"]


def test_a_body_in_another_encoding_is_read():
    packed = base64.b64encode(PEOPLE.encode("utf-16")).decode()
    packing = [*JSON, {"name": "content-encoding", "value": "br"}]  # undone by the browser
    found = judged(
        entry("https://api.example.com/users", packed, headers=packing, encoding="base64")
    )
    assert "personal-data-without-authentication" in ids(found)
    assert not [gap for gap in found.unanswered if "'br'" in gap.reason]
