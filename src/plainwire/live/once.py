"""Asks each question once: equal questions are one task, whoever asks and however often."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from plainwire.live.notes import asking


class Once:
    """The tasks of a scan by what they answer; none is cancelled because an asker is."""

    def __init__(self) -> None:
        self._tasks: dict[object, asyncio.Task[Any]] = {}

    def start(self, key: object, work: Callable[[], Coroutine[Any, Any, Any]]) -> asyncio.Task[Any]:
        """The task of a question, started if nobody asked it before.

        It runs as the engine's own, so that what it asks is not noted for the first asker alone.
        """
        if key not in self._tasks:
            context = contextvars.copy_context()
            context.run(asking.set, "scan")
            self._tasks[key] = asyncio.get_running_loop().create_task(work(), context=context)
        return self._tasks[key]

    async def ask(self, key: object, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """The answer to a question."""
        return await asyncio.shield(self.start(key, work))

    def started(self, key: object) -> asyncio.Task[Any] | None:
        """The task of a question. Returns None if nobody asked it."""
        return self._tasks.get(key)

    def answers(self) -> Iterator[Any]:
        """What has been answered so far."""
        for task in self._tasks.values():
            if task.done() and not task.cancelled() and task.exception() is None:
                yield task.result()

    async def close(self) -> None:
        """Cancel what is still under way."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
