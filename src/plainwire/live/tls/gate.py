"""How many connections one TLS listener is given at a time.

One, until two were seen served at once: a synchronous gunicorn worker and ``openssl s_server``
serve one connection, and the worker is killed while an idle one occupies it. Then up to a limit,
halved when the listener resets or is silent, and growing again by one for each limit's worth of
answers (additive increase, multiplicative decrease, as RFC 5681 has it for segments).

One that answered again after a pause counts connections in time, perhaps: then they keep a
distance, wider than they had when it stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections import deque
from collections.abc import AsyncIterator, Callable
from itertools import count
from time import monotonic

TRIALS = 3
# A trial lasts as long as so many answers take, within bounds in seconds.
ANSWERS, LEAST_S, MOST_S = 4.0, 0.15, 1.0
# How much further apart than they were when it was too much for a listener; at most.
WIDER, MOST_SPACING_S = 1.3, 0.5
MOST_COUNTED = 256


class Gate:
    """Places for connections, given in the order of priority (low first), then of asking.

    ``is_parallel`` says that somebody else limits the connections, or has seen two served at once.
    """

    def __init__(self, limit: int, *, is_parallel: bool = False) -> None:
        self._most = limit
        self._limit = float(limit)
        self._is_parallel = is_parallel
        self._in_use = 0
        self._is_exclusive = False
        self._waiting: list[tuple[int, int, bool, asyncio.Future[None]]] = []
        self._number = count()
        self._slowed_at = 0
        self._begun = 0
        self._witness: Callable[[], None] | None = None
        self._is_witness_open: Callable[[], bool] = lambda: False
        self._trials = TRIALS
        self._spacing_s = 0.0
        self._next_s = 0.0
        self._answered_s: deque[float] = deque(maxlen=MOST_COUNTED)
        self._trial: asyncio.TimerHandle | None = None

    @property
    def is_parallel(self) -> bool:
        """True if two connections were seen served at once."""
        return self._is_parallel

    @property
    def capacity(self) -> int:
        """How many connections may be open now."""
        return max(1, int(self._limit)) if self._is_parallel else 1

    @contextlib.asynccontextmanager
    async def place(self, priority: int = 0, *, is_alone: bool = False) -> AsyncIterator[int]:
        """Hold a place; ``is_alone`` waits until no other is held, and keeps others waiting.

        Yields the connection's number, for `slow_down`.
        """
        if self._waiting or not self._fits(is_alone):
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (priority, next(self._number), is_alone, future))
            try:
                await future
            except asyncio.CancelledError:
                if future.done() and not future.cancelled():
                    self._release()
                raise
        else:
            self._occupy(is_alone)
        try:
            await self._keep_distance()
            self._begun += 1
            yield self._begun
        finally:
            self._release()

    async def _keep_distance(self) -> None:
        now_s = monotonic()
        wait_s = self._next_s - now_s
        self._next_s = max(now_s, self._next_s) + self._spacing_s
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    def _fits(self, is_alone: bool) -> bool:
        most = 1 if is_alone else self.capacity
        return not self._is_exclusive and self._in_use < most

    def _occupy(self, is_alone: bool) -> None:
        self._in_use += 1
        self._is_exclusive = is_alone

    def _release(self) -> None:
        self._in_use -= 1
        self._is_exclusive = False
        self._admit()

    def _admit(self) -> None:
        while self._waiting:
            _, _, is_alone, future = self._waiting[0]
            if future.done():  # its waiter was cancelled
                heapq.heappop(self._waiting)
                continue
            if not self._fits(is_alone):
                return
            heapq.heappop(self._waiting)
            self._occupy(is_alone)
            future.set_result(None)

    def keep(
        self, close: Callable[[], None], is_open: Callable[[], bool], took_s: float = MOST_S
    ) -> bool:
        """Keep an answered connection open beside the next one, to see whether both are served.

        ``took_s`` is how long it took to be answered: one that serves both takes no longer.
        Returns False if it is not needed: the caller then closes it.
        """
        if self._is_parallel or self._witness is not None or self._trials <= 0:
            return False
        self._trials -= 1
        self._witness, self._is_witness_open = close, is_open
        trial_s = min(MOST_S, max(LEAST_S, ANSWERS * took_s))
        self._trial = asyncio.get_running_loop().call_later(trial_s, self.end_trial)
        return True

    def heard(self) -> None:
        """Note that the listener spoke on a connection; beside an open one, it serves both."""
        if self._witness is None or self._is_parallel:
            return
        if self._is_witness_open():
            self._is_parallel = True
        self.end_trial()
        self._admit()

    def end_trial(self) -> None:
        """Close the connection that was kept."""
        if self._trial is not None:
            self._trial.cancel()
        if self._witness is not None:
            self._witness()
            self._witness = None

    def answered(self) -> None:
        """Grow by one for a limit's worth of answers."""
        self._limit = min(self._most, self._limit + 1 / self._limit)
        self._answered_s.append(monotonic())

    @property
    def answers_a_second(self) -> int:
        """How many answers there were in the second that ended with the last one."""
        last_s = self._answered_s[-1] if self._answered_s else 0.0
        return sum(at_s > last_s - 1.0 for at_s in self._answered_s)

    def space(self, most_a_second: int) -> None:
        """Keep below a rate that was too high; each further time at half of the last one."""
        spacing_s = max(WIDER / max(1, most_a_second), 2 * self._spacing_s)
        self._spacing_s = min(spacing_s, MOST_SPACING_S)

    def slow_down(self, number: int) -> None:
        """Halve the limit for the fault of a connection, once for all that were open with it."""
        if number > self._slowed_at:
            self._limit = max(1.0, self._limit / 2)
            self._slowed_at = self._begun

    def restore(self) -> None:
        """Take the slowing back: what looked like a fault is this listener's way to refuse."""
        self._limit = float(self._most)
        self._admit()
