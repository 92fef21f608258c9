"""What is said of what was sent: the record, the rehearsal, the progress."""

import json
import re
import stat

import pytest

from cli.process import environment, plainwire
from servers.recording import recording, response

SECRET = "Zq7Xv2Kp9Lm4Wt8Rb3Yc6Nd5Hf1Jg0Sa"
FOUND = "sess-5Kd0Wq8Zr3Lm7Xv1"
METHOD = re.compile(r"(?m)^(GET|HEAD|OPTIONS|TRACE|POST) (https?://\S+)")


def telling(request):
    """Throws back what it was sent, sets a cookie, and links to a token."""
    lines = request.decode("latin-1").split("\r\n")
    given = [line for line in lines if line.startswith(("Authorization", "X-Api-Key"))]
    headers = [("Content-Type", "text/html"), ("Set-Cookie", f"session={FOUND}")]
    headers += [("X-Echo", line) for line in given]
    body = f"<p>hello {' '.join(given)}</p><a href='/next?token={FOUND}'>next</a>"
    return response(200, body.encode(), headers)


@pytest.fixture(scope="module")
def traced(certificate, tmp_path_factory):
    """A scan with credentials, recorded by itself and by the servers; bodies are asked for."""
    folder = tmp_path_factory.mktemp("traced")
    (folder / "trace.har").write_text("old")
    (folder / "trace.har").chmod(0o644)
    with recording(telling, https=certificate) as tls, recording(telling) as clear:
        words = (f"https://127.0.0.1:{tls.port}/", "--http-port", clear.port)
        who = ("--bearer", "env:T", "--header", "X-Api-Key: env:T")
        how = ("--trace", "trace.har", "--trace-bodies", "-v", "--ca", certificate.ca)
        env = environment(T=SECRET)
        done = plainwire("scan", *words, *who, *how, cwd=folder, env=env)
    return done, folder / "trace.har", tls, clear


def test_the_record_is_for_its_owner_alone_even_where_the_file_was_not(traced):
    assert stat.S_IMODE(traced[1].stat().st_mode) == 0o600


def test_the_record_is_like_har_and_holds_every_request(traced):
    """https://w3c.github.io/web-performance/specs/HAR/Overview.html, "entries"."""
    _, path, tls, clear = traced
    log = json.loads(path.read_text())["log"]
    assert (log["version"], log["creator"]["name"]) == ("1.2", "plainwire")
    entries = [entry for entry in log["entries"] if "request" in entry]
    for server, scheme in ((tls, "https"), (clear, "http")):
        place = f"{scheme}://127.0.0.1:{server.port}/"
        noted = [e["request"] for e in entries if e["request"]["url"].startswith(place)]
        lines = [f"{r['method']} {r['url'].removeprefix(place[:-1])}" for r in noted]
        got = [first_line(request) for request in server.requests if request[:1].isalpha()]
        assert sorted(map(without_values, lines)) == sorted(map(without_values, got))
    assert all(e["response"]["status"] == 200 for e in entries if "response" in e)
    assert any("hello" in e["response"]["content"]["text"] for e in entries if "response" in e)
    assert [entry for entry in log["entries"] if "hello" in entry]


def without_values(line):
    return line.partition("=")[0]


def first_line(request):
    method, _, rest = request.decode("latin-1").partition(" ")
    return f"{method} {rest.partition(' ')[0]}"


def test_each_question_is_told_as_it_is_sent(traced):
    done, path, _, _ = traced
    entries = json.loads(path.read_text())["log"]["entries"]
    asked = [(e["request"]["method"], e["request"]["url"]) for e in entries if "request" in e]
    assert METHOD.findall(done.err.replace(", ", " ")) == [
        (method, url.partition(" ")[0]) for method, url in asked
    ]


def test_no_secret_is_in_the_record_nor_in_what_is_told(traced):
    done, path, tls, _ = traced
    assert SECRET.encode() in tls.received
    for text in (path.read_text(), done.out, done.err):
        assert SECRET not in text and SECRET[4:12] not in text
    assert FOUND not in done.out + done.err
    assert not [
        line for line in path.read_text().splitlines() if FOUND in line and "text" not in line
    ]


def test_bodies_are_in_the_record_only_where_they_are_asked_for(tmp_path):
    with recording(telling) as server:
        url = f"http://127.0.0.1:{server.port}/"
        plainwire("scan", url, "--trace", "trace.har", cwd=tmp_path)
    text = (tmp_path / "trace.har").read_text()
    assert '"size"' in text and "hello" not in text.replace('"hello"', "")
    assert FOUND not in text


def test_a_rehearsal_sends_nothing_and_names_what_would_be_sent(tmp_path):
    with recording(telling) as server:
        url = f"http://127.0.0.1:{server.port}/v1?token={FOUND}"
        (tmp_path / "paths").write_text("/further\n")
        words = ("--paths", "paths", "--bearer", "env:T", "--trace", "trace.har")
        done = plainwire("scan", url, "--dry-run", *words, cwd=tmp_path, env=environment(T=SECRET))
        assert server.connections == []
        would = {line.strip() for line in done.out.splitlines()[1:]}
        plainwire("scan", url, "--paths", "paths", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert SECRET not in done.out and FOUND not in done.out
    assert f"GET https://127.0.0.1:{server.port}/further" in would
    assert f"TLS ClientHellos, as many as there is to find out, to 127.0.0.1:{server.port}" in would
    assert any("X-Forwarded-Proto: https" in line for line in would)
    assert not (tmp_path / "trace.har").exists()
    sent = {first_line(r).partition("?")[0] for r in server.requests if r[:3] in (b"GET", b"OPT")}
    named = {re.split(r"[?,]", re.sub(r" https?://[^/]+", " ", line))[0] for line in would}
    unnamed = {line for line in sent - named if not re.search(r"/[0-9a-f]{24}", line)}
    assert unnamed <= {"GET /next"}, "what a page links to cannot be known before"


def test_a_rehearsal_of_a_list_with_a_bad_line_says_so(tmp_path):
    done = plainwire("scan", "-", "--dry-run", cwd=tmp_path, stdin=b"a.test\nhttp://[\n")
    assert done.code == 4
    assert "a.test: at most these" in done.out and "line 2: not a target" in done.err
