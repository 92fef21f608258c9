"""``monitor run`` whole: looking, delivering, showing how it goes, and saying that it lives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial

from plainwire.monitor import metrics, secrets
from plainwire.monitor.channels import http
from plainwire.monitor.channels.outcome import SendError
from plainwire.monitor.delivery import LEASE, RETRIES, Deliverer
from plainwire.monitor.keeper import Keeper
from plainwire.monitor.loop import Loop, Pace
from plainwire.monitor.observing import Observe
from plainwire.monitor.store import Store, reading
from plainwire.monitor.times import SECOND, Clock

BEAT_S = 60.0


@dataclass(frozen=True, slots=True)
class Duties:
    """What a process does.

    ``port`` of loopback shows metrics; ``heartbeat`` names the secret that holds a URL.
    """

    looks: bool = True
    delivers: bool = True
    port: int | None = None
    heartbeat: str | None = None
    pace: Pace = field(default_factory=Pace)
    retries: tuple[int, ...] = RETRIES
    delivery_lease_ms: int = LEASE


class Service:
    """A store, a loop and a delivery loop that run until they are stopped."""

    def __init__(
        self,
        words: str | None,
        duties: Duties,
        observe: Observe,
        clock: Clock,
        tell: Callable[[str], None],
    ) -> None:
        self._duties, self._clock, self._tell = duties, clock, tell
        # Delivery waits for nobody who looks: each has a connection of its own.
        self._keepers = [Keeper(Store(words), tell) for _ in range(2)]
        looking, delivering = self._keepers
        self.loop = Loop(looking, observe, clock, duties.pace, tell)
        self.deliverer = Deliverer(
            delivering,
            clock,
            tick_s=duties.pace.tick_s,
            retries=duties.retries,
            lease_ms=duties.delivery_lease_ms,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Run until ``stop`` is set.

        Raises:
            UsageError: if the port for metrics is taken.
        """
        try:
            async with await self._server(), asyncio.TaskGroup() as group:
                group.create_task(self._give_up(stop))
                if self._duties.looks:
                    group.create_task(self.loop.run(stop))
                if self._duties.delivers:
                    group.create_task(self.deliverer.run(stop))
                if self._duties.heartbeat is not None:
                    group.create_task(self._beat(self._duties.heartbeat, stop))
        finally:
            for keeper in self._keepers:
                keeper.close()

    async def _server(self) -> AbstractAsyncContextManager[object]:
        """What shows metrics, if anything does."""
        if self._duties.port is None:
            return nullcontext()
        return await metrics.serve(self._duties.port, self._keepers[1], self._clock)

    async def _give_up(self, stop: asyncio.Event) -> None:
        """Let nothing insist on a store that fails once it is time to leave."""
        await stop.wait()
        for keeper in self._keepers:
            keeper.gives_up = True

    async def once(self) -> None:
        """Do everything that is due now, and deliver what there is to be said.

        If it is cancelled, what it had not looked at is given back: nobody waits for its leases.
        """
        try:
            try:
                await self.loop.work_off()
            finally:
                await self.loop.leave()
            await self.deliverer.work_off()
        finally:
            for keeper in self._keepers:
                keeper.close()

    async def _beat(self, reference: str, stop: asyncio.Event) -> None:
        """Post to a dead man's switch while the monitor does what it should.

        Whoever waits for it raises the alarm that the monitor itself cannot raise any more.
        """
        place = http.Place(secrets.read(reference), may_be_private=True)
        while not stop.is_set():
            now = self._clock()
            status = await self._keepers[0].read(partial(reading.status, now=now))
            is_well = status is not None and not metrics.troubles(status)
            if is_well and not any(keeper.trouble for keeper in self._keepers):
                try:
                    http.checked(await http.post(place, b"{}", {}, now / SECOND))
                except SendError as error:
                    self._tell(f"the heartbeat was not taken: {error}")
            await self._keepers[0].pause(stop, BEAT_S)
