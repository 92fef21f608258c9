"""How much is read of bodies: an ordinary large one whole, and all of them within bounds."""

import asyncio
import json
import tracemalloc

import pytest

from plainwire.live.room import BODIES, SMALL, Room
from plainwire.live.settings import Settings
from plainwire.live.site import LiveSite
from plainwire.model import Exchange, Origin, Request
from plainwire.scan import scan
from plainwire.wire import links
from plainwire.wire.readable import readable
from plainwire.wire.target import parse_target
from servers.recording import recording, response

JSON = [("Content-Type", "application/json")]
# Fewer than the objects that are looked at (wire/members.py): a longer list is a gap of its own.
ROWS = [{"id": n, "name": f"thing {n}", "note": "x" * 130} for n in range(18_000)]
EXPORT = json.dumps(ROWS).encode()
DOCUMENT = json.dumps(
    {
        "openapi": "3.0.3",
        "info": {"title": "x", "version": "1"},
        "paths": {"/export": {"get": {"responses": {"200": {"description": "all"}}}}},
    }
).encode()


def test_an_api_that_exports_three_megabytes_is_read_to_its_end():
    def answer(request):
        path = [*request.split(b" "), b""][1].partition(b"?")[0]
        known = {b"/": b"{}", b"/openapi.json": DOCUMENT, b"/export": EXPORT}
        return response(200 if path in known else 404, known.get(path, b"{}"), JSON)

    assert len(EXPORT) > 3_000_000
    with recording(answer) as server:
        found = scan(f"http://127.0.0.1:{server.port}/")
    assert "/export" in {f.operation.path for f in found.findings if f.operation}
    # All of it came; what stays open is what some readers do not look at.
    assert {gap.reason for gap in found.unanswered if "/export" in gap.question} == {
        "only the first 1024 Ki characters of its body are looked at",
        "its JSON has more than 50,000 values",
    }


def asked(bodies, limit):
    """The answers of a server at as many paths as there are bodies, each read by one question."""
    with recording(lambda request: response(200, bodies[int(request[5:7])], JSON)) as server:

        async def scenario():
            target, _ = parse_target(f"http://127.0.0.1:{server.port}/")
            async with LiveSite(target, Settings(body_limit=limit)) as site:
                origin = target.http[0]
                paths = [f"/{number:02}" for number in range(len(bodies))]
                return [await site.ask(Request(origin, "GET", path)) for path in paths]

        return asyncio.run(scenario())


def test_all_bodies_together_have_room_for_six_and_each_for_a_small_one():
    limit = 4 * SMALL
    answers = asked([bytes([65 + n]) * limit for n in range(12)], limit)
    sizes = [len(answer.body) for answer in answers]
    assert sizes[:BODIES] == [limit] * BODIES
    assert all(SMALL <= size < 3 * SMALL for size in sizes[-3:])
    assert "longer than" in answers[-1].unread


def test_equal_bodies_take_the_room_of_one():
    answers = asked([b"A" * 4 * SMALL] * 20, 4 * SMALL)
    assert {len(answer.body) for answer in answers} == {4 * SMALL}
    assert not any(answer.unread for answer in answers)


def test_what_is_given_back_is_what_was_taken():
    room = Room(SMALL)
    for _ in range(100):
        assert room.take(SMALL)
        room.kept(b"A" * 2 * SMALL)
    assert [room.take(SMALL) for _ in range(BODIES)] == [True] * (BODIES - 1) + [False]


def exchange(body):
    return Exchange(Request(Origin("https", "a.example", 443)), 200, tuple(JSON), body)


@pytest.mark.parametrize("unit", [b"[]", b"{}", b'{"a":[]}', b'{"a":1}'])
def test_json_that_would_fill_the_memory_is_a_gap(unit):
    """Told by measuring what Python takes for it, not by the estimate."""
    body = b"[" + b",".join([unit] * ((1 << 20) // (len(unit) + 1))) + b"]"
    tracemalloc.start()
    json.loads(body)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken > 20 * len(body)
    known = readable(exchange(body), len(body))
    assert (known.unread, known.is_cut) == ("its JSON has more values than are read", True)
    assert len(known.body) <= SMALL


@pytest.mark.parametrize("indent", [None, 2])
def test_ordinary_json_up_to_the_limit_is_read(indent):
    body = json.dumps(ROWS, indent=indent).encode()
    assert readable(exchange(body), len(body)) == exchange(body)
    numbers = json.dumps([n * 1.5 for n in range(300_000)]).encode()
    assert readable(exchange(numbers), len(numbers)) == exchange(numbers)


def test_links_are_looked_for_without_a_copy_of_all_values():
    body = json.dumps([[]] * 100_000)
    tracemalloc.start()
    document = json.loads(body)
    alone = tracemalloc.get_traced_memory()[1]
    del document
    tracemalloc.reset_peak()
    assert links.links(body, "application/json") == ()
    assert tracemalloc.get_traced_memory()[1] < 1.2 * alone
    tracemalloc.stop()
