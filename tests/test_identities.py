"""Identities on the wire: who logs in, what of it leaves, and what becomes of a login that fails.

A server that keeps every byte shows what was sent; its users and their objects are its own.
"""

import asyncio
import base64
import json
from urllib.parse import parse_qsl, quote, quote_plus

import pytest

from certificates import issue
from examples import made_token
from plainwire.cli import main
from plainwire.live.credentials import Credentials
from plainwire.live.settings import Settings
from plainwire.live.site import LiveSite
from plainwire.wire.target import parse_target
from servers.recording import recording, response

PASSWORDS = {"ann": "correct-horse-battery-1", "bob": "correct-horse-battery-2"}
TOKENS = {"ann": "tokenOfAnn.3f9c1b7e5d2a8046", "bob": "tokenOfBob.77ab12cd34ef5690"}
ORDERS = {"1": {"id": 1, "owner": "ann"}, "2": {"id": 2, "owner": "bob"}}
READING = ("GET", "HEAD", "OPTIONS", "TRACE")
CLEAR = ("--allow-incomplete", "--timeout", "2s")  # hellos wait in vain on a cleartext server
JSON = [("Content-Type", "application/json")]
ONE = {"get": {"parameters": [{"name": "id", "in": "path"}]}}
DOCUMENT = {"openapi": "3.0.0", "paths": {"/orders": {"get": {}}, "/orders/{id}": ONE}}
RECIPE = """
[identity.{who}.login]
path = "/login"
json = {{ username = "{who}", password = "env:PASSWORD_{who}" }}
token = "data.token"
"""


def answer(status, value):
    return response(status, json.dumps(value).encode(), JSON)


def api(request, *, checks_owner=False, logs_in=True):
    if request.startswith(b"\x16\x03"):  # TLS is tried on the same port
        return response(400)
    head, _, body = request.partition(b"\r\n\r\n")
    method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
    shown = [ln for ln in head.decode("latin-1").split("\r\n") if ln.startswith("Authorization: ")]
    by_line = {f"Authorization: Bearer {token}": name for name, token in TOKENS.items()}
    user = by_line.get(shown[0]) if shown else None
    if path == "/login":
        fields = json.loads(body or b"{}")
        name = fields.get("username")
        if method != "POST" or not logs_in or PASSWORDS.get(name) != fields.get("password"):
            return answer(401, {"error": "wrong"})
        return answer(200, {"data": {"token": TOKENS[name], "echo": fields}})
    if path == "/openapi.json":
        return answer(200, DOCUMENT)
    if not path.startswith("/orders"):
        return answer(404, {"error": "no such page"})
    if user is None:
        return answer(401, {"error": "token required"})
    if path == "/orders":
        mine = [order for order in ORDERS.values() if order["owner"] == user]
        return answer(200, {"orders": mine})
    order = ORDERS.get(path.rpartition("/")[2])
    if order is None or (checks_owner and order["owner"] != user):
        return answer(404, {"error": "no such order"})
    return answer(200, order)


@pytest.fixture
def scanned(pem_files, tmp_path, monkeypatch, capsys):
    """Scans the server as ann and bob, and gives exit code, report, what was said, the server."""

    def scan(behaviour=api, *, config="", https=True, options=("--allow-incomplete",)):
        served = pem_files(issue("localhost", by=issue("Root", ca=True))) if https else None
        (tmp_path / "plainwire.toml").write_text(
            config or "".join(RECIPE.format(who=who) for who in PASSWORDS)
        )
        monkeypatch.chdir(tmp_path)
        for who, password in PASSWORDS.items():
            monkeypatch.setenv(f"PASSWORD_{who}", password)
        with recording(behaviour, https=served) as server:
            url = f"http{'s' if https else ''}://127.0.0.1:{server.port}/"
            words = ["scan", url, "--as", "ann", "--as", "bob", "--format", "json:r.json"]
            words += ["--format", "text", "--trace", "t.har", "--trace-bodies", *options]
            code = main(words)
        said = capsys.readouterr()
        report = json.loads((tmp_path / "r.json").read_text())
        return code, report, said, server

    return scan


def lines(server):
    return [r.split(b"\r\n")[0].decode("latin-1") for r in server.requests if r[:1] != b"\x16"]


def ids(report):
    return {finding["id"] for finding in report["findings"]}


def test_each_logs_in_once_and_what_one_has_of_the_other_is_found(scanned):
    _, report, said, server = scanned()
    posts = [line for line in lines(server) if not line.startswith(READING)]
    assert posts == ["POST /login HTTP/1.1"] * 2
    assert [line for line in said.err.splitlines() if line.startswith("will send")] == [
        "will send POST /login to log in as ann",
        "will send POST /login to log in as bob",
    ]
    assert "object-of-another-user-readable" in ids(report)
    assert report["notes"][:2] == [
        "sent POST /login to log in as ann: done",
        "sent POST /login to log in as bob: done",
    ]


def test_an_api_that_looks_at_the_owner_is_not_found(scanned):
    _, report, *_ = scanned(lambda request: api(request, checks_owner=True))
    assert not {i for i in ids(report) if "object" in i}
    (bola,) = [each for each in report["categories"] if each["id"] == "bola"]
    assert bola["status"] == "pass"


def test_no_password_and_no_token_is_written_anywhere(scanned, tmp_path):
    _, _, said, server = scanned()
    for secret in (*PASSWORDS.values(), *TOKENS.values()):
        assert secret.encode() in server.received, "it was sent"
        assert secret.encode() not in server.wire, "over TLS"
        for text in (said.out, said.err, *(f.read_text() for f in tmp_path.glob("[rt].*"))):
            assert secret not in text


def test_no_login_leaves_in_clear_unless_it_is_allowed(scanned):
    _, report, _, server = scanned(https=False, options=CLEAR)
    assert not [line for line in lines(server) if line.startswith("POST")]
    for secret in PASSWORDS.values():
        assert secret.encode() not in server.wire
    (bola,) = [each for each in report["categories"] if each["id"] == "bola"]
    assert bola["status"] in ("not-tested", "unanswered") and bola["reason"]
    allowed = (*CLEAR, "--allow", "cleartext-credentials")
    _, report, _, server = scanned(https=False, options=allowed)
    assert len([line for line in lines(server) if line.startswith("POST")]) == 2
    assert "object-of-another-user-readable" in ids(report)


FAILURES = {
    "refused": (lambda r: api(r, logs_in=False), "answered 401"),
    "another place": (
        lambda r: answer(200, {"token": "x"}) if b"/login" in r[:20] else api(r),
        "the answer (200) has no data.token",
    ),
    "not a text": (
        lambda r: answer(200, {"data": {"token": {"a": 1}}}) if b"/login" in r[:20] else api(r),
        "has no data.token",
    ),
    "lines in it": (
        lambda r: (
            answer(200, {"data": {"token": "a\r\nX-Evil: 1"}}) if b"/login" in r[:20] else api(r)
        ),
        "has no data.token",
    ),
    "no JSON": (
        lambda r: response(200, b"[" * 50_000, JSON) if b"/login" in r[:20] else api(r),
        "has no data.token",
    ),
}


@pytest.mark.parametrize("how", FAILURES)
def test_a_login_that_fails_leaves_the_identitys_checks_unanswered(how, scanned):
    behaviour, why = FAILURES[how]
    code, report, _, server = scanned(behaviour, options=("--fail-on", "none"))
    assert code == 4, "incomplete is no pass"
    status = {each["id"]: each["status"] for each in report["categories"]}
    assert status["bola"] == "unanswered"
    assert status["property-authorization"] != "pass"
    assert any(why in each["reason"] for each in report["unanswered"])
    assert len([line for line in lines(server) if line.startswith("POST")]) == 2
    assert b"X-Evil" not in server.received


def test_what_would_be_sent_is_listed_and_nothing_leaves(tmp_path, monkeypatch, capsys):
    (tmp_path / "plainwire.toml").write_text(RECIPE.format(who="ann"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PASSWORD_ann", PASSWORDS["ann"])
    assert main(["scan", "https://h.test/", "--as", "ann", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "POST /login to log in as ann" in said and PASSWORDS["ann"] not in said


def path_of(request):
    return request.split(b" ", 2)[1].decode()


def with_login(way):
    """The API with another login: tokens for Basic, or for parameters of the URL."""

    def behave(request):
        head = request.partition(b"\r\n\r\n")[0].decode("latin-1")
        place, _, query = path_of(request).partition("?") if request[:1] != b"\x16" else ("",) * 3
        if place != "/api/tokens":
            return api(request)
        name, word = None, None
        if way == "basic" and "Authorization: Basic " in head:
            given = head.partition("Authorization: Basic ")[2].split("\r\n")[0]
            name, _, word = base64.b64decode(given).decode().partition(":")
        elif way == "query":
            told = dict(parse_qsl(query))
            name, word = told.get("username"), told.get("password")
            if told.get("tenant") != "a b" or told.get("v") != "1":
                return answer(400, {"error": "no tenant"})
        if name not in PASSWORDS or PASSWORDS[name] != word:
            return answer(401, {"error": "wrong"})
        return answer(200, {"data": {"token": TOKENS[name]}, "echo": path_of(request), "of": head})

    return behave


LOGINS = {
    "basic": """
[identity.{who}.login]
path = "/api/tokens"
basic = "env:LOGIN_{who}"
token = "data.token"
""",
    "query": """
[identity.{who}.login]
path = "/api/tokens?v=1"
method = "GET"
query = {{ username = "{who}", password = "env:PASSWORD_{who}", tenant = "a b" }}
token = "data.token"
""",
}


@pytest.mark.parametrize("way", LOGINS)
def test_a_login_may_use_basic_or_the_url_and_tells_nobody(way, scanned, tmp_path, monkeypatch):
    monkeypatch.setitem(PASSWORDS, "ann", "correct horse/battery&1")
    for who, password in PASSWORDS.items():
        monkeypatch.setenv(f"LOGIN_{who}", f"{who}:{password}")
    config = "".join(LOGINS[way].format(who=who) for who in PASSWORDS)
    _, report, said, server = scanned(with_login(way), config=config)
    sent = [line for line in lines(server) if "/api/tokens" in line]
    assert len(sent) == 2, "each is sent once"
    assert "object-of-another-user-readable" in ids(report)
    method = "GET" if way == "query" else "POST"
    assert f"will send {method} /api/tokens" in said.err
    written = [(tmp_path / name).read_text() for name in ("r.json", "t.har")]
    for text in (*written, said.out, said.err):
        for who, password in PASSWORDS.items():
            pair = base64.b64encode(f"{who}:{password}".encode()).decode()
            for secret in (password, quote(password, safe=""), quote_plus(password), pair):
                assert secret not in text


WRONG = {
    "basic without a password": (
        '[identity.ann.login]\npath = "/l"\ntoken = "t"\nbasic = "env:NO_COLON"',
        "login: basic: not user:password",
    ),
    "a literal password in the URL": (
        '[identity.ann.login]\npath = "/l"\ntoken = "t"\nquery = { password = "hunter2hunter2" }',
        "a secret is not taken from the command line",
    ),
    "two credentials for one login": (
        '[identity.ann.login]\npath = "/l"\ntoken = "t"\nbasic = "env:A_PAIR"\n'
        'header = ["Authorization: env:NO_COLON"]',
        "more than one Authorization",
    ),
    "nobody of that name": ("", "--as ann: no [identity.ann] in "),
    "a literal password": (
        '[identity.ann.login]\npath = "/l"\ntoken = "t"\njson = { password = "hunter2hunter2" }',
        "a secret is not taken from the command line",
    ),
    "no credential": ("[identity.ann]\nadmin = true", "identity.ann: no credential"),
    "no token": ('[identity.ann.login]\npath = "/l"', "login: no token"),
    "no path": ('[identity.ann.login]\npath = "l"\ntoken = "t"', "login: path: not a path"),
    "an unknown key": ('[identity.ann]\nbaerer = "env:X"', "unknown key 'baerer'"),
    "both": (
        '[identity.ann]\nbearer = "env:HOME"\n[identity.ann.login]\npath = "/l"\ntoken = "t"',
        "a login beside credentials",
    ),
    "another method": (
        '[identity.ann.login]\npath = "/l"\ntoken = "t"\nmethod = "DELETE"',
        "neither POST nor GET",
    ),
    "another way to show it": (
        '[identity.ann.login]\npath = "/l"\ntoken = "t"\nshow-as = "query"',
        "show-as: not bearer",
    ),
    "no certificate": ('[identity.ann]\ncertificate = "none.pem"', "cannot read none.pem"),
    "no table": ("identity = 3", "not tables ([identity.alice])"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_identity_ends_with_2_and_one_line(name, tmp_path, monkeypatch, capsys):
    text, said = WRONG[name]
    monkeypatch.setenv("NO_COLON", "ann")
    monkeypatch.setenv("A_PAIR", "ann:hunter2")
    (tmp_path / "plainwire.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    assert main(["scan", "https://h.test/", "--as", "ann"]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert "hunter2" not in error


def attempts(server):
    """User and password of every login that came, in order."""
    bodies = [r.partition(b"\r\n\r\n")[2] for r in server.requests if r.startswith(b"POST /login")]
    return [tuple(json.loads(body).values()) for body in bodies]


def test_wrong_passwords_leave_only_with_login_probes_and_so_many_as_were_announced(scanned):
    _, report, _, server = scanned()
    assert attempts(server) == list(PASSWORDS.items())
    assert "login-attempts-unlimited" not in ids(report)
    options = ("--allow-incomplete", "--allow", "login-probes")
    _, report, said, server = scanned(options=options)
    given, wrong = attempts(server)[:2], attempts(server)[2:]
    assert given == list(PASSWORDS.items())
    assert len(wrong) == 12
    assert not {password for _, password in wrong} & set(PASSWORDS.values())
    assert sorted(user == "ann" for user, _ in wrong) == [False] * 10 + [True] * 2
    assert "bob" not in {user for user, _ in wrong}
    announced = "POST /login with wrong passwords: twice as ann, ten times as a user that nobody is"
    assert f"will send {announced}" in said.err.splitlines()
    assert "login-attempts-unlimited" in ids(report)
    assert "login-tells-users" not in ids(report), "both are answered alike"
    methods = {line.split(" ")[0] for line in lines(server)}
    assert methods <= {*READING, "POST"}


def test_a_login_that_tells_its_users_or_stops_is_told(scanned):
    tried = []

    def telling(request):
        head, _, body = request.partition(b"\r\n\r\n")
        if head.startswith(b"POST /login") and json.loads(body).get("username") not in PASSWORDS:
            tried.append(body)
            if len(tried) > 5:
                return answer(429, {"error": "slow down"})
            return answer(404, {"error": "no such user"})
        return api(request)

    _, report, _, _ = scanned(telling, options=("--allow-incomplete", "--allow", "login-probes"))
    assert "login-tells-users" in ids(report)
    assert "login-attempts-unlimited" not in ids(report)
    assert len(tried) == 6, "the first refusal is the last"


def test_the_wrong_passwords_are_listed_by_a_rehearsal(tmp_path, monkeypatch, capsys):
    (tmp_path / "plainwire.toml").write_text(RECIPE.format(who="ann"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PASSWORD_ann", PASSWORDS["ann"])
    words = ["scan", "https://h.test/", "--as", "ann", "--dry-run", "--allow", "login-probes"]
    assert main(words) == 0
    assert "POST /login with wrong passwords: twice as ann" in capsys.readouterr().out


def test_nobody_waits_for_a_secret_that_is_looked_for_among_numbers():
    async def known():
        target, _ = parse_target("https://h.test/")
        line = ("Authorization", f"Bearer {made_token('0042', sub='ann', exp=4600)}")
        given = Credentials((line,), target.https[0])
        settings = Settings(is_deep=True, resolve={"h.test": "127.0.0.1"})
        async with LiveSite(target, settings, credentials=given) as site:
            looking = asyncio.create_task(site.secret_is_known("given"))
            await asyncio.sleep(0)
            identity = await site.identity("given")
            return identity.token.expires_at, looking.done(), await looking

    assert asyncio.run(known()) == (4600, False, True)
