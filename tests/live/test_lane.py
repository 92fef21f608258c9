"""Connections to one listener: side by side only where the server showed that it can."""

import asyncio
import contextlib
import itertools
from dataclasses import replace

import pytest

from bounded import tcp_server
from plainwire.live.lane import EXCESS_S, LEAST_TRIAL_S, TRIAL_S, Lane, Pace, Service
from plainwire.live.settings import Settings
from plainwire.live.site import LiveSite
from plainwire.live.tls.gate import Gate
from plainwire.model import Exchange, Request
from plainwire.wire.target import parse_target

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Counting:
    """A keep-alive server that counts its connections; `at_once` of them are served together."""

    def __init__(self, at_once: int) -> None:
        self.places = asyncio.Semaphore(at_once)
        self.open = self.most_open = self.total = 0

    async def handle(self, reader, writer):
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
    async with tcp_server(counting.handle) as port:
        yield counting, port


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


class Held:
    """Counts who is inside at a time."""

    def __init__(self):
        self.inside = self.most = 0

    async def hold(self, slot):
        async with slot:
            self.inside += 1
            self.most = max(self.most, self.inside)
            await asyncio.sleep(0.001)
            self.inside -= 1


async def beside_each_other(service, halvings=0):
    """The most hellos and requests at a time, where there are far more of either."""
    pace = Pace(8, None)
    lane = Lane(pace)
    if service is Service.PARALLEL:
        lane.service = service
        pace.serial_lanes -= 1
    for _ in range(halvings):
        pace.halve()
    pace.rate_per_s = None
    hellos, requests = Held(), Held()
    work = [hellos.hold(lane.hello_slot()) for _ in range(60)]
    work += [requests.hold(lane.slot()) for _ in range(60)]
    await asyncio.gather(*work)
    return hellos.most, requests.most


@pytest.mark.parametrize(("halvings", "expected"), [(0, (25, 8)), (1, (12, 4)), (9, (1, 1))])
def test_hellos_have_places_of_their_own_beside_requests(halvings, expected, monkeypatch):
    """Twenty-five and eight (docs/architecture.md), halved by every 429 that is a second apart."""
    seconds = itertools.count(0.0, EXCESS_S)
    monkeypatch.setattr("plainwire.live.lane.time.monotonic", lambda: next(seconds))
    assert asyncio.run(beside_each_other(Service.PARALLEL, halvings)) == expected


def test_on_a_serial_listener_hellos_wait_behind_requests():
    async def scenario():
        lane, order = Lane(Pace(8, None)), []

        async def hold(name, slot):
            async with slot:
                order.append(name)
                await asyncio.sleep(0)

        hellos = [hold("hello", lane.hello_slot()) for _ in range(3)]
        await asyncio.gather(*hellos, *(hold("request", lane.slot()) for _ in range(5)))
        return order

    # The first hello was there before any request.
    assert asyncio.run(scenario())[1:] == ["request"] * 5 + ["hello"] * 2


class Delays(asyncio.SelectorEventLoop):
    """Keeps for how long callbacks were put off."""

    def __init__(self):
        super().__init__()
        self.put_off = []

    def call_later(self, delay, callback, *args, context=None):
        self.put_off.append(delay)
        return super().call_later(delay, callback, *args, context=context)


@pytest.mark.parametrize(("took_s", "trial_s"), [(0.001, 0.15), (0.1, 0.4), (5.0, 1.0)])
def test_a_probes_trial_lasts_four_answers_within_bounds_three_times_at_most(took_s, trial_s):
    async def scenario():
        gate, closed = Gate(10), []
        kept = []
        for _ in range(5):
            kept.append(gate.keep(lambda: closed.append(1), lambda: True, took_s))
            gate.end_trial()
        return kept, len(closed)

    with asyncio.Runner(loop_factory=Delays) as runner:
        assert runner.run(scenario()) == ([True] * 3 + [False] * 2, 3)
        assert runner.get_loop().put_off[:3] == pytest.approx([trial_s] * 3)


def test_a_lanes_trial_is_a_second_at_most_and_then_the_idle_connection_is_closed():
    """It lasts as long as four answers take: no less than a quarter of a second."""

    async def scenario():
        async with served(at_once=1) as (counting, port):
            target, _ = parse_target(f"http://127.0.0.1:{port}/")
            async with LiveSite(target, Settings()) as site:
                await site.ask(Request(target.http[0], "GET", "/"))
                assert counting.open == 1
                async with asyncio.timeout(30):
                    while counting.open:
                        await asyncio.sleep(0.01)

    with asyncio.Runner(loop_factory=Delays) as runner:
        runner.run(scenario())
        assert (LEAST_TRIAL_S, TRIAL_S) == (0.25, 1.0)
        # Nothing else is put off for so long and no longer: polls, time-outs of 5 s and more.
        trials = [s for s in runner.get_loop().put_off if LEAST_TRIAL_S <= s <= TRIAL_S]
        assert len(trials) == 1
