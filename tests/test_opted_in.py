"""What leaves only after `--allow`: announced, counted by a server that keeps every byte, and found
where it is there and nowhere else."""

import asyncio
import json
import re
import sqlite3
from urllib.error import URLError
from urllib.parse import parse_qs, unquote, urlsplit
from urllib.request import urlopen

import pytest

from examples import made_token, recipe
from plainwire import catalog
from plainwire.checks.ssrf.server_asks_any_host import server_asks_any_host
from plainwire.cli import main
from plainwire.live.settings import Settings
from plainwire.live.site import LiveSite
from plainwire.model import ApiOperation, Exchange, Origin, Request, Severity
from plainwire.wire.target import parse_target
from served import Body, served
from servers.recording import recording, response

HELLO = b"\x16\x03"
JSON = [("Content-Type", "application/json")]
PROBES = ("server-asks-any-host", "port-state-told")
WORD = re.compile(r"[a-z0-9]+")
READING = ("GET", "HEAD", "OPTIONS", "TRACE")
LOGIN = """
[identity.ann.login]
path = "/login"
json = { username = "ann", password = "env:PASSWORD" }
token = "token"
"""


def answer(status, value):
    return response(status, json.dumps(value).encode(), JSON)


def document(path, name, example):
    given = {"name": name, "in": "query", "required": True, "example": example}
    return {"openapi": "3.0.3", "paths": {path: {"get": {"parameters": [given]}}}}


def api(path, name, example, value):
    """A server of one operation with one parameter; ``value`` makes its answer of the value."""

    def behave(request):
        if request.startswith(HELLO):
            return response(400)
        place = urlsplit(request.split(b" ")[1].decode())
        if place.path == "/openapi.json":
            return answer(200, document(path, name, example))
        if place.path != path:
            return answer(404 if place.path != "/" else 200, {"of": "it"})
        return value(parse_qs(place.query).get(name, [""])[0])

    return behave


@pytest.fixture
def scanned(tmp_path, monkeypatch, capsys):
    """Scans a server with options, and gives what was found, what was said and the server."""

    def scan(behave, *options, config=""):
        (tmp_path / "plainwire.toml").write_text(config)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PASSWORD", "correct-horse-4711")
        with recording(behave) as server:
            words = ["scan", f"http://127.0.0.1:{server.port}/", "--format", "json:r.json", "-q"]
            main([*words, "--allow-incomplete", "--timeout", "4s", *options])
        report = json.loads((tmp_path / "r.json").read_text())
        said = capsys.readouterr().err.splitlines()
        return {each["id"] for each in report["findings"]}, said, server

    return scan


def paths(server):
    """The decoded path and query of every request in clear."""
    lines = [r.split(b"\r\n")[0].decode("latin-1") for r in server.requests if r[:2] != HELLO]
    assert all(line.startswith((*READING, "POST ")) for line in lines)
    return [unquote(line.split(" ")[1]) for line in lines]


def users(name, *, joined=True):
    data = sqlite3.connect(":memory:")
    data.executescript("CREATE TABLE users (name); INSERT INTO users VALUES ('ann'), ('bob')")
    try:
        if joined:
            rows = data.execute(f"SELECT name FROM users WHERE name = '{name}'")
        else:
            rows = data.execute("SELECT name FROM users WHERE name = ?", (name,))
        return answer(200, {"users": rows.fetchall()})
    except sqlite3.Error:
        return answer(200, {"users": []})


def test_conditions_leave_only_with_injection_probes(scanned):
    found, said, server = scanned(api("/users", "name", "ann", users))
    assert not [path for path in paths(server) if " AND " in path or " AMD " in path]
    assert "blind-sql-injection" not in found
    assert not [line for line in said if line.startswith("will send")]
    found, said, server = scanned(
        api("/users", "name", "ann", users), "--allow", "injection-probes"
    )
    conditions = [path for path in paths(server) if " AND " in path or " AMD " in path]
    assert len(conditions) == 10, "five of the first way, and once more"
    assert not [path for path in conditions if " OR " in path or ";" in path or "--" in path]
    assert "blind-sql-injection" in found
    assert [line for line in said if "GET with conditions behind values" in line]


TOLERANT = {
    "a parameter of the statement": lambda name: users(name, joined=False),
    "a search that reads the first word": lambda name: users(name.split("'")[0].split(" ")[0]),
    "a search for any word": lambda name: answer(
        200, [n for n in ("ann 7", "bob 8") if any(w in n for w in name.split())]
    ),
    "a search that finds more by a false one, and reads past junk": lambda name: answer(
        200,
        [n for n in ("ann 7 13 pq", "bob 8 14 pr") if set(n.split()) & set(WORD.findall(name))],
    ),
    "an answer that differs each time": lambda name, seen=[]: (
        seen.append(name) or answer(200, {"asked": len(seen)})
    ),
    "one that refuses quotes": lambda name: answer(400 if "'" in name else 200, {"n": 1}),
    "one that refuses what is false": lambda name: answer(403 if "8" in name else 200, {"n": 1}),
}


@pytest.mark.parametrize("what", TOLERANT)
def test_what_only_looks_like_a_believed_condition_is_not_found(what, scanned):
    served = api("/users", "name", "ann", TOLERANT[what])
    found, _, server = scanned(served, "--allow", "injection-probes")
    assert "blind-sql-injection" not in found
    assert [path for path in paths(server) if " AND " in path], "it was asked"


def fetched(url):
    try:
        with urlopen(url, timeout=3) as got:
            return answer(200, {"status": got.status})
    except (URLError, ValueError) as error:
        return answer(502, {"error": str(error)})


def test_a_server_that_asks_what_it_is_told_to_is_found_with_ssrf_probes_alone(scanned):
    served = api("/preview", "url", "none", fetched)
    found, said, server = scanned(served)
    assert not [path for path in paths(server) if "127.0.0.1" in path]
    assert not found & {"server-asks-any-host", "port-state-told"}
    found, said, server = scanned(served, "--allow", "ssrf-probes")
    asked = [path.partition("url=")[2] for path in paths(server) if "url=" in path]
    named = [url for url in asked if url.startswith("http://127.0.0.1:")]
    closed = [url for url in named if url == "http://127.0.0.1:9/"]
    assert (len(named) - len(closed), len(closed)) == (2, 3)
    assert {"server-asks-any-host", "port-state-told"} <= found
    assert [line for line in said if "a listener of plainwire's own" in line]


@pytest.mark.parametrize(
    ("address", "severity"),
    [
        ("93.184.215.14", Severity.LOW),
        ("10.1.2.3", Severity.CRITICAL),
        ("[::1]", Severity.CRITICAL),
    ],
)
def test_who_asks_a_public_address_is_not_seen_to_ask_inside(address, severity):
    class Called:
        """A site whose server asks whatever it is told to."""

        random_path = "/b7e1"
        origin = Origin("https", "h.test", 443)

        def allows(self, what):
            return True

        async def operations(self):
            request = Request(self.origin, "GET", "/preview?url=https://a.example/")
            return (ApiOperation("GET", "/preview", request=request),)

        async def callback(self, token):
            return f"http://{address}:8080/{token}"

        async def ask(self, request):
            return Exchange(request, 200, (), b"{}")

        async def was_called_back(self, token):
            return True

    async def found():
        return [each async for each in server_asks_any_host.run(Called())]

    (finding,) = asyncio.run(found())
    assert finding.severity == severity


def test_the_listener_knows_its_own_words_and_drops_all_else():
    async def told():
        target, _ = parse_target("http://127.0.0.1/")
        settings = Settings(allow=frozenset({"ssrf-probes"}))
        async with LiveSite(target, settings) as site:
            place = urlsplit(await site.callback("word4711"))
            for line in (
                b"GET /other HTTP/1.1",
                b"\x16\x03\x01",
                b"A" * 9000,
                b"GET /word4711x HTTP/1.1",
            ):
                reader, writer = await asyncio.open_connection(place.hostname, place.port)
                writer.write(line + b"\r\n\r\n")
                assert not (await reader.read()).startswith(b"HTTP/1.1 2")
                writer.close()
            before = await site.was_called_back("word4711")
            reader, writer = await asyncio.open_connection(place.hostname, place.port)
            writer.write(b"GET /word4711 HTTP/1.1\r\nHost: x\r\n\r\n")
            first = await reader.readline()
            writer.close()
            return before, await site.was_called_back("word4711"), first

    assert asyncio.run(told()) == (False, True, b"HTTP/1.1 204 No Content\r\n")


REFUSING = {
    "one that repeats the URL": lambda url: answer(400, {"error": f"not allowed: {url}"}),
    "one that says it whatever it is": lambda url: answer(502, {"error": "Connection refused"}),
    "one with an allowed list": lambda url: (
        fetched(url) if url.startswith("https://a.example/") else answer(403, {"error": "no"})
    ),
}


@pytest.mark.parametrize("what", REFUSING)
def test_a_server_that_does_not_ask_is_not_found(what, scanned):
    found, *_ = scanned(api("/preview", "url", "x", REFUSING[what]), "--allow", "ssrf-probes")
    assert not found & {"server-asks-any-host", "port-state-told"}


@pytest.mark.parametrize(
    ("callback", "why"),
    [
        (None, "needs --callback ADDRESS, where the target reaches this machine"),
        (("192.0.2.7", 0), "cannot listen on 192.0.2.7:0"),  # TEST-NET-1: no address of ours
    ],
)
def test_a_target_elsewhere_is_given_a_listener_only_where_it_is_told_one(callback, why):
    async def offered():
        target, _ = parse_target("http://h.test/")
        settings = Settings(
            allow=frozenset({"ssrf-probes"}), callback=callback, resolve={"h.test": "192.0.2.1"}
        )
        async with LiveSite(target, settings) as site:
            return await site.callback("word"), "".join(site.notes.untested.values())

    url, reason = asyncio.run(offered())
    assert url is None and reason.startswith(why)


def limited(by_header):
    """A server that refuses a caller after 45 requests, told by a header or not."""
    counted = {}

    def behave(request):
        if request.startswith(HELLO):
            return response(400)
        fields = dict(
            line.split(": ", 1)
            for line in request.decode("latin-1").split("\r\n")[1:]
            if ": " in line
        )
        who = fields.get("X-Forwarded-For", "-") if by_header else "-"
        path = request.split(b" ")[1].decode().partition("?")[0]
        if path != "/":
            return answer(404, {"error": "none"})
        counted[who] = counted.get(who, 0) + 1
        if counted[who] > 45:
            return answer(429, {"error": "slow down"})
        return answer(200, {"status": "ok"})

    return behave


@pytest.mark.parametrize("by_header", [True, False])
def test_a_limit_that_believes_its_caller_is_found_with_rate_probes_alone(by_header, scanned):
    def named(server):
        return [r for r in server.requests if b"X-Forwarded-For: 203.0.113." in r]

    found, _, server = scanned(limited(by_header))
    assert not named(server) and "rate-limit-believes-caller" not in found
    found, _, server = scanned(limited(by_header), "--allow", "rate-probes")
    assert len(named(server)) == (3 if by_header else 1)
    assert ("rate-limit-believes-caller" in found) is by_header


def logged_in(accounts):
    def behave(request):
        if request.startswith(HELLO):
            return response(400)
        head, _, body = request.partition(b"\r\n\r\n")
        if head.startswith(b"POST /login"):
            fields = json.loads(body)
            if accounts.get(fields["username"]) == fields["password"]:
                return answer(200, {"token": f"tokenOf.{fields['username']}.3f9c1b7e5d2a8046"})
            return answer(401, {"error": "wrong user or password"})
        return answer(200 if head.startswith(b"GET / ") else 404, {"status": "ok"})

    return behave


@pytest.mark.parametrize("word", ["admin", "a7Jq0vQpX2mT9rLw5ZkYc8"])
def test_usual_users_are_tried_with_default_credentials_alone(word, scanned, tmp_path):
    accounts = {"ann": "correct-horse-4711", "admin": word}
    options = ("--as", "ann", "--allow", "cleartext-credentials")

    def tried(server):
        bodies = [r.partition(b"\r\n\r\n")[2] for r in server.requests if r.startswith(b"POST /l")]
        return [tuple(json.loads(body).values()) for body in bodies]

    _, _, server = scanned(logged_in(accounts), *options, config=LOGIN)
    assert tried(server) == [("ann", "correct-horse-4711")]
    options = (*options, "--allow", "default-credentials")
    found, said, server = scanned(logged_in(accounts), *options, config=LOGIN)
    is_weak = word == "admin"
    assert ("default-credentials-accepted" in found) is is_weak
    names = [name for name, _ in tried(server)[1:]]
    assert len(names) == 9 + is_weak, "a control, eight, and what got in once more"
    assert names.count("admin") == 2 + is_weak
    assert "tokenOf.admin" not in (tmp_path / "r.json").read_text()
    assert [line for line in said if "8 usual users and passwords (admin, administrator" in line]


def test_no_check_sees_what_a_usual_login_gives():
    async def send(request):
        who = json.loads(request.body or b"{}").get("username")
        token = "tokenOfAdmin.3f9c1b7e" if who == "admin" else ""
        lines = (("Content-Type", "application/json"), ("Set-Cookie", f"session={token}"))
        body = json.dumps({"token": token, "again": token}).encode()
        return Exchange(request, 200 if token else 401, lines, body, address="127.0.0.1")

    async def found():
        target, _ = parse_target("https://127.0.0.1/")
        settings = Settings(allow=frozenset({"default-credentials"}))
        async with LiveSite(target, settings, send=send) as site:
            site.recipes = {"given": recipe({"username": "ann", "password": "correct-horse-4711"})}
            return await site.default_logins()

    answers = asyncio.run(found())
    assert len(answers) == 2, "this one takes any password of an admin"
    for each in answers:
        assert "tokenOfAdmin" not in f"{each.headers} {each.body!r}"
        assert b"given-credential" in each.body


@pytest.mark.parametrize("looks", [False, True])
def test_an_expired_token_is_found_where_it_still_opens(looks, scanned, monkeypatch):
    old = made_token("a7Jq0vQpX2mT9rLw5ZkYc8NfHs3UdBe1", sub="ann", iat=1000, exp=4600)
    monkeypatch.setenv("OLD", old)

    def behave(request):
        if request.startswith(HELLO):
            return response(400)
        if not request.startswith(b"GET / "):
            return answer(404, {"error": "none"})
        if f"Authorization: Bearer {old}".encode() in request and not looks:
            return answer(200, {"name": "ann", "balance": 17})
        return answer(401, {"error": "token required"})

    found, *_ = scanned(behave, "--bearer", "env:OLD", "--allow", "cleartext-credentials")
    assert ("expired-token-accepted" in found) is not looks


def test_what_is_opted_in_to_is_listed_by_a_rehearsal(tmp_path, monkeypatch, capsys):
    (tmp_path / "plainwire.toml").write_text(LOGIN)
    (tmp_path / "api.json").write_text(json.dumps(document("/users", "name", "ann")))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PASSWORD", "correct-horse-4711")
    classes = ("default-credentials", "injection-probes", "rate-probes", "ssrf-probes")
    allowed = [word for each in classes for word in ("--allow", each)]
    words = ["scan", "https://127.0.0.1/", "--as", "ann", "--dry-run", "--spec", "api.json"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "with 8 usual" not in shown and "%20AND%20" not in shown
    assert main([*words, *allowed]) == 0
    shown = capsys.readouterr().out
    for line in (
        "POST /login with 8 usual users and passwords",
        "GET with conditions behind values",
        "with and without X-Forwarded-For",
        "the URL of a listener of plainwire's own",
        "%20AND%20",
    ):
        assert line in shown


@pytest.mark.parametrize(("name", "status"), [("url", "not-tested"), ("q", "not-applicable")])
def test_where_nothing_takes_a_url_nothing_is_left_untested(name, status):
    document_of_it = document("/things", name, "x")
    pages = {
        "/": Body("<p>it"),
        "/openapi.json": Body(json.dumps(document_of_it), "application/json"),
        "/things?" + name + "=x": Body('{"n": 1}', "application/json"),
    }
    for check in (each for each in catalog.load() if each.id in PROBES):
        ended = {each.id: each.status for each in served(check, pages).report.categories}
        assert ended["ssrf"] == status
