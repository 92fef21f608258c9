"""The demo's two APIs, asked by curl: what each does, and what each `DEMO_BREAK` breaks."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from bounded import PATIENCE_S, child
from servers.ports import members
from test_servers import Reply, curl

DEMO = Path(__file__).parent.parent / "demo"
HSTS = "max-age=31536000; includeSubDomains"
PATHS = ("/", "/login", "/account", "/items", "/docs", "/openapi.json", "/no-such-path")

sys.path.insert(0, str(DEMO))

import stack  # noqa: E402


class Asked:
    """The hardened stack, asked by the name of its certificate."""

    def __init__(self, at: stack.Hardened) -> None:
        self.at = at

    def https(self, path: str, *options: str) -> Reply:
        return curl(f"https://{stack.NAME}:{self.at.https_port}{path}", *options, ca=self.at.ca)

    def http(self, path: str, *options: str) -> Reply:
        return curl(f"http://{stack.NAME}:{self.at.http_port}{path}", *options)


@pytest.fixture(scope="module")
def hardened(tmp_path_factory):
    with stack.hardened(tmp_path_factory.mktemp("demo") / "ca.pem") as at:
        yield Asked(at)


def broken(name: str, folder: Path):
    return stack.hardened(folder / "ca.pem", name)


JSON = ("-H", "Content-Type: application/json")
LOGIN = json.dumps({"username": "alice", "password": "correct horse battery staple"})


def test_a_login_gives_a_token_that_opens_the_account(hardened):
    reply = hardened.https("/login", *JSON, "-d", LOGIN)
    assert reply.status == 200
    token = json.loads(reply.body)["token"]
    account = hardened.https("/account", "-H", f"Authorization: Bearer {token}")
    assert (account.status, json.loads(account.body)["name"]) == (200, "alice")


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"username": [], "password": {}}', "]"])
def test_a_login_without_the_right_words_is_refused(hardened, body):
    assert hardened.https("/login", *JSON, "-d", body).status == 401


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x", "Basic YTpi"])
def test_the_account_wants_a_token(hardened, token):
    reply = hardened.https("/account", "-H", f"Authorization: {token}")
    assert reply.status == 401
    assert reply.all("www-authenticate") == ['Bearer realm="demo"']


def test_the_openapi_document_names_every_path(hardened):
    document = json.loads(hardened.https("/openapi.json").body)
    assert sorted(document["paths"]) == ["/", "/account", "/docs", "/items", "/login"]


@pytest.mark.parametrize("path", PATHS)
def test_hardened_refuses_every_path_in_clear_with_the_same_answer(hardened, path):
    reply, root = hardened.http(path), hardened.http("/")
    assert reply.status == 403
    assert reply.body == root.body
    assert reply.all("content-type") == ["application/problem+json"]
    assert reply.all("strict-transport-security") == reply.all("set-cookie") == []


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-Proto: https",
        "X-Forwarded-Ssl: on",
        "X-Forwarded-Protocol: ssl",
        "Forwarded: proto=https",
        "X_Forwarded_Proto: https",
    ],
)
def test_hardened_believes_no_forwarded_header(hardened, header):
    assert hardened.http("/items", "-H", header).status in (400, 403)


@pytest.mark.parametrize("path", PATHS)
def test_hardened_says_hsts_once_on_every_answer(hardened, path):
    assert hardened.https(path).all("strict-transport-security") == [HSTS]


def test_hardened_marks_its_cookie(hardened):
    (cookie,) = hardened.https("/docs").all("set-cookie")
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))


def test_hardened_writes_no_cleartext_link(hardened):
    assert all("http:" not in hardened.https(path).body for path in PATHS)


def test_hardened_speaks_nothing_below_tls_1_2(hardened):
    old = ("--tlsv1.0", "--tls-max", "1.1", "--ciphers", "ALL:@SECLEVEL=0")
    with pytest.raises(ConnectionError, match=r"curl 35.*alert protocol version"):
        hardened.https("/", *old)


def test_weak_serves_everything_in_clear_with_links_to_match():
    with stack.weak() as port:
        url = f"http://127.0.0.1:{port}"
        page = curl(f"{url}/docs")
        login = curl(f"{url}/login", *JSON, "-d", LOGIN)
        with pytest.raises(ConnectionError, match="curl 35"):
            curl(f"https://127.0.0.1:{port}/")
    assert (page.status, login.status) == (200, 200)
    assert f'action="{url}/login"' in page.body
    (cookie,) = page.all("set-cookie")
    assert not {"Secure", "HttpOnly", "SameSite=Lax"} & set(cookie.split("; "))


def test_a_broken_redirect_serves_the_api_in_clear(tmp_path):
    with broken("redirect", tmp_path) as at:
        assert Asked(at).http("/items").status == 200


def test_broken_hsts_is_short_and_said_twice(tmp_path):
    with broken("hsts", tmp_path) as at:
        reply = Asked(at).https("/")
    assert reply.all("strict-transport-security") == ["max-age=300; preload"] * 2


def test_a_broken_certificate_has_expired(tmp_path):
    with broken("cert", tmp_path) as at, pytest.raises(ConnectionError, match="has expired"):
        Asked(at).https("/")


def test_a_broken_cookie_has_no_mark(tmp_path):
    with broken("cookie", tmp_path) as at:
        (cookie,) = Asked(at).https("/docs").all("set-cookie")
    assert not {"Secure", "HttpOnly", "SameSite=Lax"} & set(cookie.split("; "))


def test_broken_forwarding_believes_a_forged_header(tmp_path):
    with broken("forwarded", tmp_path) as at:
        asked = Asked(at)
        assert asked.http("/items").status == 403
        assert asked.http("/items", "-H", "X-Forwarded-Proto: https").status == 200


@pytest.mark.parametrize("name", stack.BREAKS)
def test_each_break_breaks_one_thing_only(name, tmp_path):
    with broken(name, tmp_path) as at:
        asked = Asked(at)
        is_valid = name != "cert"
        https = asked.https if is_valid else lambda path: asked.https(path, "--insecure")
        page, in_clear = https("/docs"), asked.http("/docs")
        forged = asked.http("/docs", "-H", "X-Forwarded-Proto: https")
    (cookie,) = page.all("set-cookie")
    assert page.status == 200
    found = {
        "redirect": in_clear.status != 403,
        "hsts": page.all("strict-transport-security") != [HSTS],
        "cookie": "Secure" not in cookie,
        "forwarded": forged.status != 403 and in_clear.status == 403,
    }
    assert [flaw for flaw, is_there in found.items() if is_there] == [name] * is_valid


def test_the_certificate_is_what_a_careful_operator_would_have(hardened):
    context = ssl.create_default_context(cafile=str(hardened.at.ca))
    with (
        socket.create_connection(("127.0.0.1", hardened.at.https_port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname=stack.NAME) as peer,
    ):
        certificate = peer.getpeercert()
    start, end = (ssl.cert_time_to_seconds(certificate[word]) for word in ("notBefore", "notAfter"))
    assert round((end - start) / 86400) == 90
    assert certificate["subjectAltName"] == (("DNS", stack.NAME),)


def test_an_unknown_break_is_named():
    done = subprocess.run(
        [sys.executable, DEMO / "run.py"],
        env={**os.environ, "DEMO_BREAK": "everything"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "DEMO_BREAK=everything: not one of redirect, hsts, cert, cookie, forwarded\n"
    )


# Stands for `make demo` in the middle of its work: both stacks are up, and a command runs.
INTERRUPTED = """
import signal, sys, time
from pathlib import Path
import run, stack
for kind in (signal.SIGINT, signal.SIGTERM):
    signal.signal(kind, run._interrupted)
with stack.weak() as weak, stack.hardened(Path(sys.argv[1])) as hardened:
    with stack.running([sys.executable, "-c", "import time; time.sleep(60)"]):
        print(weak, hardened.https_port, hardened.http_port, flush=True)
        while True:  # not signal.pause: a signal that comes just before it is not seen in it
            time.sleep(0.05)
"""


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_that_was_started(kind, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(DEMO), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path / "ca.pem")]
    with child(command, env=environment, stdout=subprocess.PIPE) as process:
        ports = process.stdout.readline().split()
        children = [int(pid) for pid in _children(process.pid)]
        assert [pid for pid in children if members(pid)] == children
        process.send_signal(kind)
        assert process.wait(PATIENCE_S) == 128 + kind
    assert (len(ports), len(children)) == (3, 4)
    assert [pid for pid in children if members(pid)] == []
    assert [path.name for path in tmp_path.iterdir()] == ["ca.pem"]


# What a break is called by the finding that it makes.
NAMED = {
    "redirect": "plain-http-served",
    "hsts": "hsts",
    "cert": "certificate",
    "cookie": "cookie",
    "forwarded": "forwarded-header-trusted",
}


def scanned(folder: Path, name: str) -> tuple[subprocess.CompletedProcess[str], dict, dict]:
    """`make demo` with a break, and the two reports that it leaves."""
    done = subprocess.run(
        [sys.executable, DEMO / "run.py"],
        env={**os.environ, "DEMO_BREAK": name, "DEMO_OUT": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    weak, hardened = (
        json.loads((folder / f"{stack}.json").read_text()) for stack in ("weak", "hardened")
    )
    return done, weak, hardened


def test_the_weak_api_is_an_f_and_the_hardened_an_a(tmp_path):
    done, weak, hardened = scanned(tmp_path, "")
    assert (weak["grade"]["letter"], hardened["grade"]["letter"]) == ("F", "A")
    assert (weak["tls_status"], hardened["tls_status"]) == ("FAIL", "PASS")
    assert hardened["unanswered"] == []
    assert "weak: F, hardened: A\n" in done.stdout
    for name in ("weak.txt", "hardened.txt"):
        assert (tmp_path / name).read_text().strip() in done.stdout


@pytest.mark.parametrize("name", stack.BREAKS)
def test_each_break_lowers_the_letter_and_is_named(name, tmp_path):
    _, _, hardened = scanned(tmp_path, name)
    assert hardened["grade"]["letter"] > "A"
    assert [finding["id"] for finding in hardened["findings"] if NAMED[name] in finding["id"]]


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
