"""The store for an event loop: one thread, one connection, failures survived and told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from plainwire.monitor.store import Store, StoreError

T = TypeVar("T")
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0


class Keeper:
    """Runs work on a store in its thread. ``trouble`` is what the store last failed with."""

    def __init__(self, store: Store, tell: Callable[[str], None]) -> None:
        self._store, self._tell = store, tell
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="plainwire-store")
        self.trouble: str | None = None
        self.gives_up = False  # what still insists ends with its next failure

    async def run(self, work: Callable[[Any], T]) -> T | None:
        """What a transaction comes to; None if the store failed, which is told."""
        found: T | None = await self._try(self._store.run, work)
        return found

    async def read(self, work: Callable[[Any], T]) -> T | None:
        """What is read; None if the store failed, which is told."""
        found: T | None = await self._try(self._store.read, work)
        return found

    async def insist(self, work: Callable[[Any], T]) -> T | None:
        """What a transaction comes to, tried until the store takes it.

        The work must bear being done twice: a failure in a commit leaves open whether it was one.
        Returns None if it failed and ``gives_up`` was set: nothing is lost by that, what was not
        marked is done again by whoever comes next.

        Raises:
            StoreError: if the store will never take it.
        """
        wait = FIRST_WAIT_S
        while True:
            try:
                return await self._do(self._store.run, work)
            except StoreError as error:
                self._note(str(error))
                if not error.is_passing:
                    raise
                if self.gives_up:
                    return None
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT_S)

    async def pause(self, stop: asyncio.Event, seconds: float) -> None:
        """Wait, or until ``stop`` is set."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)

    def close(self) -> None:
        """End the thread and the connection."""
        self.gives_up = True
        self._thread.submit(self._store.close)
        self._thread.shutdown(wait=True)

    async def _try(self, run: Callable[[Callable[[Any], T]], T], work: Callable[[Any], T]) -> Any:
        try:
            return await self._do(run, work)
        except StoreError as error:
            self._note(str(error))
            return None

    async def _do(self, run: Callable[[Callable[[Any], T]], T], work: Callable[[Any], T]) -> T:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._thread, run, work)
        if self.trouble is not None:
            self._tell("the store works again")
            self.trouble = None
        return found

    def _note(self, words: str) -> None:
        if words != self.trouble:
            self._tell(f"the store failed: {words}")
        self.trouble = words
