"""Connections to one listener: side by side only where the server showed that it can."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from plainwire.live.lane import Pace, Service
from plainwire.live.settings import Settings
from plainwire.live.site import LiveSite
from plainwire.model import Exchange, Request
from plainwire.wire.target import parse_target

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Counting:
    """A keep-alive server that counts its connections; `at_once` of them are served together."""

    def __init__(self, at_once: int) -> None:
        self.places = asyncio.Semaphore(at_once)
        self.open = self.most_open = self.total = 0
        self.handlers = set()

    async def handle(self, reader, writer):
        self.handlers.add(asyncio.current_task())
        self.total += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        with contextlib.suppress(
            ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError
        ):
            async with self.places:
                while True:
                    await reader.readuntil(b"\r\n\r\n")
                    await asyncio.sleep(0.002)
                    writer.write(OK)
                    await writer.drain()
        self.open -= 1
        writer.transport.abort()


@contextlib.asynccontextmanager
async def served(at_once):
    counting = Counting(at_once)
    server = await asyncio.start_server(counting.handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield counting, port
    finally:
        server.close()
        for handler in counting.handlers:
            handler.cancel()
        await asyncio.gather(*counting.handlers, return_exceptions=True)


async def ask_many(port, count, **settings):
    target, _ = parse_target(f"http://127.0.0.1:{port}/")
    async with LiveSite(target, replace(Settings(), **settings)) as site:
        questions = [Request(target.http[0], "GET", f"/{n}") for n in range(count)]
        answers = await asyncio.gather(*(site.ask(q) for q in questions))
        lane = await site.transport.lane(target.http[0])
        return answers, lane.service


def test_a_server_that_serves_side_by_side_is_asked_side_by_side():
    async def scenario():
        async with served(at_once=100) as (counting, port):
            answers, service = await ask_many(port, 40)
            assert all(isinstance(a, Exchange) for a in answers)
            assert service is Service.PARALLEL
            assert 2 < counting.most_open <= 9

    asyncio.run(scenario())


def test_a_server_that_serves_one_connection_at_a_time_loses_no_question():
    async def scenario():
        async with served(at_once=1) as (counting, port):
            answers, service = await ask_many(port, 10)
            assert all(isinstance(a, Exchange) for a in answers)
            assert service is Service.SERIAL
            assert counting.most_open <= 2

    asyncio.run(scenario())


def test_the_concurrency_asked_for_is_kept():
    async def scenario():
        async with served(at_once=100) as (counting, port):
            await ask_many(port, 40, concurrency=3)
            assert counting.most_open <= 4

    asyncio.run(scenario())


def test_a_429_halves_the_pace():
    pace = Pace(8, 50.0)
    pace.halve()
    assert (pace.limit, pace.rate_per_s) == (4, 25.0)


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (5, 1)])
def test_equal_questions_cost_one_request(count, expected):
    async def scenario():
        async with served(at_once=100) as (counting, port):
            target, _ = parse_target(f"http://127.0.0.1:{port}/")
            async with LiveSite(target, Settings()) as site:
                question = Request(target.http[0], "GET", "/same")
                await asyncio.gather(*(site.ask(question) for _ in range(count)))
                assert site.requests == expected
                assert counting.total == 1

    asyncio.run(scenario())
