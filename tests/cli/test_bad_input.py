"""Bad input and hostile targets, as a user meets them: a clear error, the right exit code."""

import base64
import json
from contextlib import ExitStack

import pytest

from cli.process import QUICK, environment, plainwire
from servers.hostile import BEHAVIOURS, bomb
from servers.recording import listening, recording, response

MEMORY_MB = 150
WORDS = {
    "no command": ((), "usage: plainwire COMMAND"),
    "unknown command": (("scna",), "no command 'scna'; did you mean scan?"),
    "a target for a command": (("example.com",), "to scan it: plainwire scan TARGET"),
    "escapes in a command": (("a\x1b[31m",), "no command 'a\\x1b[31m'"),
    "no target": (("scan",), "no target: name a URL, a host or host:port"),
    "unknown option": (("scan", "--fail-belwo", "B"), "unrecognized arguments: --fail-belwo"),
    "a secret behind an unknown option": (("scan", "--tokn=hunter2hunter2"), "--tokn=…"),
    "no such letter": (("scan", "h.test", "--fail-below", "Q"), "not a letter from A to E: 'Q'"),
    "nothing is below F": (("scan", "h.test", "--fail-below", "F"), "not a letter from A to E"),
    "no such severity": (("scan", "h.test", "--fail-on", "bad"), "not a severity: 'bad'"),
    "no such category": (("scan", "h.test", "--require", "tls"), "no category 'tls'"),
    "no such format": (("scan", "h.test", "--format", "xml"), "no format 'xml'; there are text"),
    "two to standard output": (
        ("scan", "h.test", "--format", "json", "--format", "text"),
        "only one output can go to standard output",
    ),
    "two to one file": (
        ("scan", "h.test", "--format", "json:a", "--format", "text:a"),
        "two outputs go to one file",
    ),
    "another scheme": (("scan", "ftp://h.test"), "not an http or https URL: 'ftp://h.test'"),
    "half an address": (("scan", "http://[::1"), "not a target: 'http://[::1'"),
    "no such port": (("scan", "h.test:99999"), "port out of range in 'h.test:99999'"),
    "escapes in a target": (("scan", "http://h.test/\x1b[31m"), "not a target"),
    "no time": (("scan", "h.test", "--timeout", "soon"), "not a time such as 60s or 500ms: 'soon'"),
    "no size": (("scan", "h.test", "--body-limit", "1K"), "not a size such as 16M, from 64K"),
    "no pin": (("scan", "h.test", "--resolve", "h.test"), "--resolve: not HOST:ADDR: 'h.test'"),
    "no CA file": (("scan", "h.test", "--ca", "none.pem"), "--ca none.pem:"),
    "no targets file": (("scan", "--targets", "none"), "cannot read the targets in none: No such"),
    "no paths file": (("scan", "h.test", "--paths", "none"), "cannot read the paths in none"),
    "no config": (("scan", "h.test", "--config", "none.toml"), "cannot read none.toml: No such"),
    "a config that is a folder": (("scan", "h.test", "--config", "."), "cannot read .: Is a dir"),
    "no baseline": (("scan", "h.test", "--baseline", "none"), "cannot read the baseline none"),
    "nowhere to write": (("scan", "h.test", "--format", "json:a/b/c"), "cannot write a/b/c"),
    "nowhere to trace": (("scan", "h.test", "--trace", "a/b/c"), "--trace: cannot write a/b/c"),
    "a literal secret": (
        ("scan", "h.test", "--bearer", "hunter2hunter2"),
        "a secret is not taken from the command line; use env:NAME, file:PATH, or -",
    ),
    "a literal secret in a header": (
        ("scan", "h.test", "--header", "X-Api-Key: hunter2hunter2"),
        "a secret is not taken from the command line",
    ),
    "no such variable": (("scan", "h.test", "--bearer", "env:NONE"), "no environment variable NON"),
    "no secret file": (("scan", "h.test", "--basic", "file:none"), "cannot read none: No such"),
    "half a header": (("scan", "h.test", "--header", "X"), "not 'Name: SOURCE': 'X'"),
    "a secret for two hosts": (
        ("scan", "a.test", "b.test", "--bearer", "env:HOME"),
        "a credential is given for one origin, and several targets are named",
    ),
    "unknown check": (("explain", "hsts-mising"), "did you mean hsts-missing"),
    "a part of checks' names": (("explain", "hsts"), "hsts-missing"),
    "nothing to explain": (("explain",), "plainwire explain --help"),
    "no such category of checks": (("checks", "--category", "tls"), "invalid choice: 'tls'"),
}


@pytest.mark.parametrize("name", WORDS)
def test_wrong_words_end_with_2_and_one_line(name, call, tmp_path):
    words, said = WORDS[name]
    done = call(*words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.startswith("plainwire") or not words
    assert "hunter2" not in done.err
    assert len(done.err.splitlines()) == 1 or not words
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["no command", "nothing is below F", "unknown option"])
def test_wrong_words_end_a_process_with_2(name, tmp_path):
    words, said = WORDS[name]
    done = plainwire(*words, cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_nobody_to_ask_for_a_secret_is_told(tmp_path):
    done = plainwire("scan", "h.test", "--cookie", "-", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "--cookie: empty" in done.err


CONFIGS = {
    "not TOML": (b"fail-below", "plainwire.toml: not TOML"),
    "not UTF-8": (b"\xff\xfe", "plainwire.toml: not TOML: 'utf-8' codec"),
    "unknown key": (b"fail_below = 'B'", "unknown key 'fail_below'; there are"),
    "no reason": (b"[[suppress]]\nid = 'hsts-missing'", "suppress: entry 1: no reason"),
    "a wrong letter": (b"fail-below = 'Q'", "fail-below: not a letter from A to E"),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_wrong_configuration_ends_with_2(name, call, tmp_path):
    text, said = CONFIGS[name]
    (tmp_path / "plainwire.toml").write_bytes(text)
    done = call("scan", "h.test")
    assert (done.code, done.out) == (2, "")
    assert said in done.err


# What a target does: exit code, and a word of the reason on standard error or of a finding.
SILENT, FOUND = 3, 1
HOSTILE = {
    "never answers": (SILENT, "no complete answer within 0.4 s: nothing came"),
    "answers a byte a second": (SILENT, "within 0.4 s"),
    "closes at once": (SILENT, "TLS handshake failed"),
    "resets": (SILENT, "TLS handshake failed: Connection reset by peer"),
    "resets in the body": (FOUND, "plain-http-served"),
    "ends in the body": (FOUND, "plain-http-served"),
    "sends garbage": (SILENT, "answer is not HTTP/1.x"),
    "endless header": (SILENT, "answer head over 65536 bytes"),
    "endless headers": (SILENT, "answer head over 65536 bytes"),
    "endless interim responses": (SILENT, "no complete answer within 0.4 s"),
    "endless body": (FOUND, "plain-http-served"),
    "endless chunks": (FOUND, "plain-http-served"),
    "header of 16 megabytes": (SILENT, "answer head over 65536 bytes"),
    "redirect loop": (FOUND, "no-https-listener"),
    "gzip bomb": (FOUND, "plain-http-served"),
    "invalid UTF-8": (SILENT, "answer is not HTTP/1.x"),
    "invalid UTF-8 in the body": (FOUND, "plain-http-served"),
    "control characters": (SILENT, "answer is not HTTP/1.x"),
    "escape characters": (FOUND, "plain-http-served"),
    "JSON of empty lists": (FOUND, "plain-http-served"),
    "a long API description": (FOUND, "plain-http-served"),
}


def test_every_hostile_behaviour_is_in_the_table():
    assert HOSTILE.keys() == BEHAVIOURS.keys()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_target_costs_little_and_ends_in_words(name, tmp_path):
    """Both schemes, whole process: exit code, reason, memory; controls are `plainwire`'s to see."""
    code, said = HOSTILE[name]
    bomb(64)  # made once, and not while the scan waits
    with listening(BEHAVIOURS[name]) as server:
        url = f"http://127.0.0.1:{server.port}/"
        waits = QUICK if "within 0.4 s" in said else ()
        done = plainwire("scan", url, *waits, cwd=tmp_path, is_measured=True)
    assert done.code == code, done.err
    assert said in done.err
    assert ("Security Score: none" in done.out) == (code == SILENT)
    assert ("Security Score: F" in done.out) == (code == FOUND)
    assert done.peak_mb < MEMORY_MB


NOWHERE = {
    "unknown host": (("https://no-such-host.invalid/",), "no address for no-such-host.invalid"),
    "refused port": (("http://127.0.0.1:1",), "connection refused"),
    # What connect() says where there is no route; multicast has none for TCP anywhere.
    "no network": (("http://h.test", "--resolve", "h.test:224.0.0.1"), "network is unreachable"),
}


@pytest.mark.parametrize("name", NOWHERE)
def test_where_nobody_is_ends_with_3_and_no_pass(name, tmp_path):
    words, said = NOWHERE[name]
    done = plainwire("scan", *words, "--format", "json", cwd=tmp_path)
    report = json.loads(done.out)
    assert (done.code, report["grade"], report["tls_status"]) == (3, None, "UNKNOWN")
    assert said in done.err
    states = {category["id"]: category["status"] for category in report["categories"]}
    assert "pass" not in states.values() and states["encryption"] == "unanswered"


def test_a_bad_line_among_the_targets_costs_the_others_nothing(tmp_path):
    with ExitStack() as stack:
        servers = [stack.enter_context(recording(lambda _: response())) for _ in range(2)]
        first, second = (f"http://127.0.0.1:{server.port}/" for server in servers)
        (tmp_path / "targets").write_text(f"{first}\nhttp://[::1\n{second}\n")
        options = ("--fail-on", "none", "--allow-incomplete", "--format", "json")
        done = plainwire("scan", "--targets", "targets", *options, cwd=tmp_path)
    assert done.code == 4
    assert "line 2: not a target: 'http://[::1'" in done.err
    assert "1 bad lines" not in done.err and "1 bad line among the targets" in done.err
    assert [report["target"]["value"] for report in json.loads(done.out)] == [first, second]
    assert all(server.requests for server in servers)


def test_only_bad_lines_are_nothing_scanned_even_with_a_credential(tmp_path):
    (tmp_path / "targets").write_text("http://[::1\n")
    words = ("scan", "--targets", "targets", "--bearer", "env:TOKEN")
    done = plainwire(*words, cwd=tmp_path, env=environment(TOKEN="hunter2hunter2"))
    assert done.code == 4
    assert "line 1: not a target" in done.err


def test_credentials_in_the_url_are_used_and_shown_nowhere(tmp_path):
    """On loopback they may leave over http's twin only as a canary; here TLS is not spoken."""
    with recording(lambda _: response(401, b"", [("WWW-Authenticate", "Basic")])) as server:
        url = f"http://bob:hunter2hunter2@127.0.0.1:{server.port}/"
        forms = ("--format", "text", "--format", "json:out.json", "--format", "sarif:out.sarif")
        done = plainwire("scan", url, *forms, "--trace", "t.har", "-v", cwd=tmp_path)
    assert done.code == 1
    given = base64.b64encode(b"bob:hunter2hunter2")
    texts = [done.out, done.err, *(path.read_text() for path in tmp_path.iterdir())]
    assert len(texts) == 5
    for text in texts:
        assert "hunter2" not in text and given.decode() not in text
    assert b"Authorization: Basic " in server.wire and given not in server.wire


@pytest.mark.parametrize("words", [("scan", "https://127.0.0.1:1"), ("tls", "127.0.0.1:1")])
def test_too_few_files_are_said_before_anything_is_asked(words, tmp_path):
    """One that runs out in the middle cannot even import what it needs to say so."""
    ended = plainwire(*words, cwd=tmp_path, files=20)
    assert ended.code == 2
    assert "only 20 files may be open here, 64 are needed: ulimit -n" in ended.err
    assert plainwire(*words, cwd=tmp_path, files=64).code == 3
