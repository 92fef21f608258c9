"""The loop: claim what is due, look, record; alone or beside others on one store.

Every step is a transaction of the store. A process that dies leaves a lease that ends; what it
had not recorded is looked at again by whoever comes first.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from plainwire.monitor.keeper import Keeper
from plainwire.monitor.observing import Observe
from plainwire.monitor.seen import Look
from plainwire.monitor.store import StoreError, claims, results, upkeep, watched
from plainwire.monitor.store.claims import Claim
from plainwire.monitor.targets import Watched
from plainwire.monitor.times import SECOND, Clock

TIERS = {False: ("light", "light-again"), True: ("full", "full-again")}
MOST_ATTEMPTS = 10  # of a look that nobody survives
BATCH = 50


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is done at once; times in seconds."""

    light: int = 50
    full: int = 4
    tick_s: float = 1.0
    lease_s: float = 120.0
    upkeep_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Done:
    """A claim with what was seen, to be recorded."""

    claim: Claim
    looks: list[Look]
    begun_at: int


class Loop:
    """Looks at what is due until it is stopped."""

    def __init__(
        self,
        keeper: Keeper,
        observe: Observe,
        clock: Clock,
        pace: Pace | None = None,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._keeper, self._observe, self._clock = keeper, observe, clock
        self._pace, self._tell = pace or Pace(), tell
        self.owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._claims: dict[tuple[int, str], Claim] = {}
        self._done: asyncio.Queue[Done] = asyncio.Queue()
        self.recorded = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; what is under way then is given back."""
        async with asyncio.TaskGroup() as group:
            helpers = [
                group.create_task(self._record_all()),
                group.create_task(self._keep_leases()),
                group.create_task(self._keep_up()),
            ]
            looks: dict[bool, set[asyncio.Task[None]]] = {False: set(), True: set()}
            while not stop.is_set():
                claimed = 0
                for is_full, running in looks.items():
                    claimed += await self._begin(is_full, running, group)
                if not claimed:
                    await self._keeper.pause(stop, self._pace.tick_s)
            for task in (*looks[False], *looks[True]):
                task.cancel()
            await self._done.join()
            for helper in helpers:
                helper.cancel()
        await self.leave()

    async def leave(self) -> None:
        """Give back what was not looked at, and say goodbye."""
        held = list(self._claims.values())
        await self._keeper.run(lambda c: claims.release(c, held))
        await self._keeper.run(lambda c: upkeep.leave(c, self.owner))

    async def work_off(self) -> int:
        """Look at whatever is due, record it, and end when nothing is; how much was recorded.

        The clock may stand still meanwhile.
        """
        before = self.recorded
        await self._keep_up_once()
        while True:
            batch: list[Done] = []
            for is_full, tiers in TIERS.items():
                room = self._pace.full if is_full else self._pace.light
                found = await self._claim(tiers, room)
                looked = await asyncio.gather(*(self._seen(c, one, is_full) for c, one in found))
                batch += [done for done in looked if done is not None]
            if not batch:
                return self.recorded - before
            await self._record(sorted(batch, key=lambda each: each.claim.target_id))

    async def _begin(
        self, is_full: bool, running: set[asyncio.Task[None]], group: asyncio.TaskGroup
    ) -> int:
        """Claim as much as there is room for and begin to look; how much it was."""
        running -= {task for task in running if task.done()}
        room = (self._pace.full if is_full else self._pace.light) - len(running)
        if room <= 0 or self._done.qsize() > 2 * BATCH:
            return 0
        found = await self._claim(TIERS[is_full], room)
        for claim, one in found:
            running.add(group.create_task(self._look(claim, one, is_full)))
        return len(found)

    async def _claim(
        self, tiers: tuple[str, ...], count: int
    ) -> list[tuple[Claim, Watched | None]]:
        now = self._clock()
        until = now + round(self._pace.lease_s * SECOND)

        def work(connection: Any) -> list[tuple[Claim, Watched | None]]:
            found = claims.claim(connection, self.owner, tiers, count, now, until)
            targets = watched.by_number(connection, {one.target_id for one in found})
            return [(one, targets.get(one.target_id)) for one in found]

        found = await self._keeper.run(work) or []
        for claim, _ in found:
            self._claims[claim.target_id, claim.tier] = claim
        return found

    async def _look(self, claim: Claim, one: Watched | None, is_full: bool) -> None:
        if (done := await self._seen(claim, one, is_full)) is not None:
            await self._done.put(done)

    async def _seen(self, claim: Claim, one: Watched | None, is_full: bool) -> Done | None:
        """What a claim brings; None if its target was removed meanwhile."""
        begun_at = self._clock()
        if one is None:
            self._claims.pop((claim.target_id, claim.tier), None)
            return None
        if claim.attempts > MOST_ATTEMPTS:
            words = f"given up after {MOST_ATTEMPTS} attempts that nobody survived"
            looks = [Look("", "unknown", begun_at, error=words)]
        else:
            looks = await self._observe(one, is_full)
        return Done(claim, looks, begun_at)

    async def _record_all(self) -> None:
        """Record what was seen, as much as there is in one transaction."""
        while True:
            batch = [await self._done.get()]
            while len(batch) < BATCH and not self._done.empty():
                batch.append(self._done.get_nowait())
            await self._record(sorted(batch, key=lambda each: each.claim.target_id))
            for _ in batch:
                self._done.task_done()

    async def _record(self, batch: list[Done]) -> None:
        try:
            count = await self._recorded(batch)
        except StoreError as error:
            count = 0
            for each in batch:  # one of them is to blame, and the others are not
                count += await self._record_alone(each, error)
        for each in batch:
            self._claims.pop((each.claim.target_id, each.claim.tier), None)
        self.recorded += count
        if count < len(batch):
            self._tell(f"{len(batch) - count} results came too late: others had looked meanwhile")

    async def _record_alone(self, each: Done, error: StoreError) -> int:
        """Record a look, or that the store did not take it."""
        for looks in (each.looks, [Look("", "unknown", each.begun_at, error=str(error))]):
            try:
                return await self._recorded([Done(each.claim, looks, each.begun_at)])
            except StoreError as again:
                self._tell(f"a look at target {each.claim.target_id} is not taken: {again}")
        return 0

    async def _recorded(self, batch: list[Done]) -> int:
        """How much of a batch was ours and is recorded now."""
        now = self._clock()

        def work(connection: Any) -> int:
            return sum(
                results.record(connection, each.claim, each.looks, each.begun_at, now)
                for each in batch
            )

        return await self._keeper.insist(work) or 0

    async def _keep_leases(self) -> None:
        """Lease for longer what takes longer."""
        while True:
            await asyncio.sleep(self._pace.lease_s / 3)
            held = list(self._claims.values())
            until = self._clock() + round(self._pace.lease_s * SECOND)
            if held:
                renews = partial(claims.renew, owner=self.owner, claims=held, until=until)
                await self._keeper.run(renews)

    async def _keep_up(self) -> None:
        while True:
            await self._keep_up_once()
            await asyncio.sleep(self._pace.upkeep_s)

    async def _keep_up_once(self) -> None:
        now, lease_ms = self._clock(), round(self._pace.lease_s * SECOND)
        await self._keeper.run(lambda c: upkeep.beat(c, self.owner, now))
        await self._keeper.run(lambda c: upkeep.keep_up(c, now, lease_ms))
