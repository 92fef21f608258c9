"""How many connections one listener is given, and how fast one host is asked.

A synchronous worker (gunicorn's default) serves one connection at a time and is killed by an
idle one. So nothing is connected ahead, and no second connection is held, until two were seen
served at once: the second is opened with its question while the first lies idle for as long as
four answers take, a second at most, and only if it hears something meanwhile is the listener
called parallel.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import SupportsIndex

# A trial lasts as long as so many first answers took, within bounds in seconds; a listener that
# fails so many of them is serial.
ANSWERS, LEAST_TRIAL_S, TRIAL_S = 4.0, 0.25, 1.0
TRIALS = 2
# What was under way when a host said that it was too much is refused too: one excess.
EXCESS_S = 1.0
# Hellos at a time beside requests, once two connections were seen served at once.
HELLOS = 25


@dataclass(eq=False)
class Connection:
    """An open connection to a listener; ``chain`` is what the peer served, leaf first, as DER."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    address: str
    chain: tuple[bytes, ...] = ()
    tls_version: str | None = None
    has_spoken: bool = False
    served: int = 0

    @property
    def is_open(self) -> bool:
        """True while neither side has closed."""
        return not self.reader.at_eof() and not self.writer.is_closing()

    def abort(self) -> None:
        """Close at once, without lingering."""
        self.writer.transport.abort()


class HeardReader(asyncio.StreamReader):
    """A stream reader that tells when the first byte came, and knows when the last did."""

    on_first_byte: Callable[[], None] | None = None
    has_ended = False

    def feed_eof(self) -> None:
        """Take the end from the transport."""
        self.has_ended = True
        super().feed_eof()

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        """Take bytes from the transport."""
        if self.on_first_byte is not None:
            heard, self.on_first_byte = self.on_first_byte, None
            heard()
        super().feed_data(data)


class Pace:
    """The politeness for one host: requests at a time and a second; one 429 halves both.

    Hellos have a limit of their own beside them: they end before there is a request to serve.
    """

    def __init__(self, concurrency: int, rate_per_s: float | None) -> None:
        self.limit = concurrency
        self.rate_per_s = rate_per_s
        self._next_at = 0.0
        self._halved_at: float | None = None
        self._in_use = 0
        self._in_company = 0
        self._exclusive = 0
        self._hello_limit = HELLOS
        self._hellos = 0
        self.serial_lanes = 0
        self._free = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def place(
        self, *, is_alone: bool = False, is_exclusive: bool = False
    ) -> AsyncIterator[None]:
        """Hold one of the host's places, then wait for this question's turn.

        A question that is alone on its listener finds a place: all others there wait for it, so
        those that have company elsewhere leave one free for each such listener. One that is
        exclusive holds the whole host: it waits for those under way, and all others for it.
        """
        async with self._free:
            self._exclusive += is_exclusive
            try:
                await self._free.wait_for(lambda: self._is_free(is_alone, is_exclusive))
            except BaseException:
                self._exclusive -= is_exclusive
                self._free.notify_all()
                raise
            self._in_use += 1
            self._in_company += not is_alone
        try:
            await self.turn()
            yield
        finally:
            async with self._free:
                self._in_use -= 1
                self._in_company -= not is_alone
                self._exclusive -= is_exclusive
                self._free.notify_all()

    def _is_free(self, is_alone: bool, is_exclusive: bool) -> bool:
        if is_exclusive:
            return self._in_use == self._hellos == 0
        if self._exclusive:
            return False
        in_company = max(1, self.limit - self.serial_lanes)
        return self._in_use < self.limit and (is_alone or self._in_company < in_company)

    @contextlib.asynccontextmanager
    async def hello(self) -> AsyncIterator[None]:
        """Hold one of the host's places for hellos; none is given while a question is exclusive."""
        async with self._free:
            await self._free.wait_for(
                lambda: not self._exclusive and self._hellos < self._hello_limit
            )
            self._hellos += 1
        try:
            yield
        finally:
            async with self._free:
                self._hellos -= 1
                self._free.notify_all()

    async def turn(self) -> None:
        """Wait for this question's turn."""
        if self.rate_per_s is None:
            return
        now = asyncio.get_running_loop().time()
        self._next_at = max(self._next_at, now)
        wait, self._next_at = self._next_at - now, self._next_at + 1 / self.rate_per_s
        if wait > 0:
            await asyncio.sleep(wait)

    @property
    def is_halved(self) -> bool:
        """True if the host said once that it was too much."""
        return self._halved_at is not None

    def halve(self) -> None:
        """Ask half as much from now on: the host said that it was too much.

        It says so to each question under way: what comes within a second halves once.
        """
        now = time.monotonic()
        if self._halved_at is not None and now - self._halved_at < EXCESS_S:
            return
        self._halved_at = now
        self.limit = max(1, self.limit // 2)
        self._hello_limit = max(1, self._hello_limit // 2)
        self.rate_per_s = max(1.0, (self.rate_per_s or 50.0) / 2)


class Service(Enum):
    """What is known of a listener's way to serve."""

    UNKNOWN = "unknown"
    SERIAL = "serial"
    PARALLEL = "parallel"


Connect = Callable[[], Awaitable[Connection]]


class Lane:
    """The connections to one listener."""

    def __init__(self, pace: Pace) -> None:
        self.service = Service.UNKNOWN
        self._pace = pace
        pace.serial_lanes += 1
        self._busy: set[Connection] = set()
        self._in_use = 0
        self._hurried = 0
        self._idle: dict[ssl.SSLContext | None, list[Connection]] = {}
        self._free = asyncio.Condition()
        self._timers: set[asyncio.Task[None]] = set()
        self._trials = TRIALS
        self._took_s: float | None = None
        self.closes = False

    @property
    def is_frugal(self) -> bool:
        """True if each connection counts: the listener serves one at a time, or closes each after
        its answer, so that it never shows to serve two."""
        is_closing = self.service is Service.UNKNOWN and self.closes
        return self.service is Service.SERIAL or is_closing

    @property
    def _capacity(self) -> int:
        return self._pace.limit if self.service is Service.PARALLEL else 1

    @contextlib.asynccontextmanager
    async def hello_slot(self) -> AsyncIterator[None]:
        """Hold a place for a hello: beside requests if the listener serves so, else behind them."""
        async with self._free:
            await self._free.wait_for(
                lambda: self.service is Service.PARALLEL or not (self._in_use or self._hurried)
            )
        is_beside = self.service is Service.PARALLEL
        async with self._pace.hello() if is_beside else self.slot(is_last=True):
            yield

    @contextlib.asynccontextmanager
    async def slot(
        self, *, is_last: bool = False, is_exclusive: bool = False
    ) -> AsyncIterator[None]:
        """Hold one of the listener's places while a question is asked.

        ``is_last`` lets every other question go first that waits for a place; one that
        ``is_exclusive`` has the whole host to itself.
        """
        async with self._free:
            self._hurried += not is_last
            try:
                await self._free.wait_for(
                    lambda: self._in_use < self._capacity and not (is_last and self._hurried)
                )
            finally:
                self._hurried -= not is_last
            self._in_use += 1
            self._free.notify_all()
        try:
            is_alone = self.service is not Service.PARALLEL
            async with self._pace.place(is_alone=is_alone, is_exclusive=is_exclusive):
                yield
        finally:
            async with self._free:
                self._in_use -= 1
                self._free.notify_all()

    async def take(self, connect: Connect, kind: ssl.SSLContext | None = None) -> Connection:
        """A connection for one question, inside a slot: a kept one of ``kind``, or a new one.

        Raises:
            OSError: if it cannot be opened.
            TimeoutError: if nothing answers in time.
        """
        kept = self._idle.get(kind, [])
        if self.service is not Service.UNKNOWN or not any(self._idle.values()):
            while kept:
                connection = kept.pop()
                if connection.is_open:
                    self._busy.add(connection)
                    return connection
                connection.abort()
        if self.service is Service.SERIAL:
            self._close_idle()
        if any(self._idle.values()):
            self._watch_trial()
        begun_s = asyncio.get_running_loop().time()
        connection = await connect()
        self._busy.add(connection)
        if connection.has_spoken:
            self._heard(connection, begun_s)
        elif isinstance(connection.reader, HeardReader):
            connection.reader.on_first_byte = lambda: self._heard(connection, begun_s)
        return connection

    def give_back(
        self, connection: Connection, *, kind: ssl.SSLContext | None = None, is_reusable: bool
    ) -> None:
        """Return a connection after its question: kept for the next one, or closed."""
        self._busy.discard(connection)
        connection.served += 1
        if not is_reusable or not connection.is_open:
            connection.abort()
            return
        self._idle.setdefault(kind, []).append(connection)
        if self.service is not Service.PARALLEL:
            self._watch_trial()

    def _heard(self, connection: Connection, begun_s: float) -> None:
        """Note that the peer spoke on a connection; two at once make the listener parallel."""
        connection.has_spoken = True
        if self._took_s is None:
            self._took_s = asyncio.get_running_loop().time() - begun_s
        others = [c for kept in self._idle.values() for c in kept if c is not connection]
        if self.service is Service.UNKNOWN and any(c.has_spoken and c.is_open for c in others):
            self.service = Service.PARALLEL
            self._pace.serial_lanes -= 1
            self._spawn(self._wake())

    async def _wake(self) -> None:
        async with self._free:
            self._free.notify_all()

    def _watch_trial(self) -> None:
        """Let no connection lie idle, beside another or alone, for longer than a trial lasts."""
        for task in self._timers:
            task.cancel()
        self._spawn(self._end_trial())

    async def _end_trial(self) -> None:
        answer_s = TRIAL_S if self._took_s is None else self._took_s
        await asyncio.sleep(min(TRIAL_S, max(LEAST_TRIAL_S, ANSWERS * answer_s)))
        if self.service is not Service.PARALLEL:
            self._trials -= bool(self._in_use)
            if self._trials <= 0:
                self.service = Service.SERIAL
            self._close_idle()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._timers.add(task)
        task.add_done_callback(self._timers.discard)

    def _close_idle(self) -> None:
        for kept in self._idle.values():
            for connection in kept:
                connection.abort()
            kept.clear()

    def close(self) -> None:
        """Close every connection and stop every timer."""
        for task in self._timers:
            task.cancel()
        self._close_idle()
        for connection in self._busy:
            connection.abort()
