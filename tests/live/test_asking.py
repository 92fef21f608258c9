"""How a check asks: as whom, against which control, and once more when it must be sure."""

import asyncio
from dataclasses import replace

from plainwire.live.connector import NoListenerError
from plainwire.live.credentials import Credentials
from plainwire.live.lane import Pace
from plainwire.live.settings import Settings
from plainwire.live.site import LiveSite
from plainwire.model import Exchange, Request
from plainwire.wire.target import parse_target
from servers.recording import recording, response

TARGET, _ = parse_target("https://127.0.0.1/")
HTTPS = TARGET.https[0]


def site_of(answer, **options):
    """A site in memory and the requests that it was sent, in order."""
    sent = []

    async def send(request):
        sent.append(request)
        if request.origin.scheme == "http":
            raise NoListenerError("connection refused")
        status, body, kind = answer(request)
        return Exchange(request, status, (("Content-Type", kind),), body)

    return LiveSite(TARGET, Settings(), send=send, **options), sent


def catch_all(request):
    """A single-page application: 200 for everything, with the path and the time in it."""
    if request.path == "/api/users":
        return 200, b'{"users": []}', "application/json"
    page = f"<p>{request.path} at 2026-11-26T01:02:03Z</p>"
    return 200, page.encode(), "text/html"


def test_a_catch_all_page_is_missing_whatever_its_status_says():
    async def scenario():
        site, sent = site_of(catch_all)
        async with site:
            found = {}
            for path in ("/api/users", "/api/.env", "/api/admin", "/a/b/"):
                exchange = await site.ask(Request(HTTPS, "GET", path))
                found[path] = await site.is_missing(exchange)
            assert found == {
                "/api/users": False,
                "/api/.env": True,
                "/api/admin": True,
                "/a/b/": True,
            }
            # one control for the place of the first three; ".env" has no ending
            assert len(sent) == 4 + 2

    asyncio.run(scenario())


def test_the_control_stands_beside_with_the_same_depth_ending_and_query():
    async def scenario():
        site, _ = site_of(catch_all)
        async with site:
            control = site.control_of(Request(HTTPS, "GET", "/a/b.json?x=1", (("X", "y"),)))
            assert control.path.startswith("/a/") and control.path.endswith(".json?x=1")
            assert control.headers == (("X", "y"),)
            assert control == site.control_of(Request(HTTPS, "GET", "/a/c.json?x=1", (("X", "y"),)))
            assert control != site.control_of(Request(HTTPS, "GET", "/b/c.json?x=1", (("X", "y"),)))

    asyncio.run(scenario())


def test_a_confirmation_is_two_more_requests_and_is_shared():
    async def scenario():
        site, sent = site_of(catch_all)
        async with site:
            request = Request(HTTPS, "GET", "/x")
            await site.ask(request)
            await asyncio.gather(site.confirm(request), site.confirm(request))
            assert len(sent) == 3

    asyncio.run(scenario())


def test_without_credentials_all_identities_are_one_question():
    async def scenario():
        site, sent = site_of(catch_all)
        async with site:
            for identity in ("given", None, "canary", "alice"):
                await site.ask(Request(HTTPS, "GET", "/x", identity=identity))
            assert len(sent) == 1
            assert site.identities == ()

    asyncio.run(scenario())


def test_each_identity_shows_its_own_credential_and_the_canary_shows_none(pem_files):
    from certificates import issue

    root = issue("Root", ca=True)
    files = pem_files(issue("api.plainwire.test", by=root))

    async def scenario(port):
        target, _ = parse_target(f"https://api.plainwire.test:{port}/")
        target = replace(target, address="127.0.0.1")
        origin = target.https[0]
        given = Credentials((("Authorization", "Bearer given-secret"),), origin)
        alice = Credentials((("Cookie", "session=alices-own"),), origin)
        async with LiveSite(
            target, Settings(), credentials=given, identities={"alice": alice}
        ) as site:
            assert site.identities == ("given", "alice")
            for identity in ("given", None, "canary", "alice", "nobody"):
                await site.ask(Request(origin, "GET", f"/{identity}", identity=identity))

    with recording(lambda _: response(), https=files) as server:
        asyncio.run(scenario(server.port))
    shown = {}
    for request in server.requests:
        head = request.decode("latin-1")
        lines = [each for each in head.split("\r\n") if each.startswith(("Auth", "Cookie"))]
        shown[head.split(" ")[1]] = lines
    (canary,) = shown.pop("/canary")
    assert canary.startswith("Authorization: Bearer ") and "given-secret" not in canary
    assert shown == {
        "/given": ["Authorization: Bearer given-secret"],
        "/None": [],
        "/alice": ["Cookie: session=alices-own"],
        "/nobody": [],
    }


def test_an_exclusive_question_has_the_host_to_itself():
    async def scenario():
        pace, under_way, seen = Pace(8, None), set(), []

        async def ask(name, **options):
            async with pace.place(**options):
                under_way.add(name)
                seen.append((name, len(under_way)))
                await asyncio.sleep(0.01)
                under_way.discard(name)

        async with asyncio.TaskGroup() as group:
            for number in range(6):
                group.create_task(ask(f"a{number}"))
            await asyncio.sleep(0)
            group.create_task(ask("alone", is_exclusive=True))
            await asyncio.sleep(0)
            for number in range(6):
                group.create_task(ask(f"b{number}"))
        counts = dict(seen)
        assert counts["alone"] == 1
        assert max(counts.values()) > 1
        assert [name for name, _ in seen].index("alone") == 6, "those that came later wait"

    asyncio.run(scenario())


def test_an_exclusive_question_that_is_given_up_lets_the_others_go():
    async def scenario():
        pace = Pace(8, None)
        async with pace.place():
            waiting = asyncio.create_task(hold(pace, is_exclusive=True))
            await asyncio.sleep(0)
            other = asyncio.create_task(hold(pace))
            await asyncio.sleep(0)
            assert not other.done()
            waiting.cancel()
            await asyncio.wait({other}, timeout=10)
            assert other.done()

    async def hold(pace, **options):
        async with pace.place(**options):
            pass

    asyncio.run(scenario())
