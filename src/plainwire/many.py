"""Many targets in one loop: hosts side by side, the targets of one host one after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

from plainwire.model import Target

T = TypeVar("T")


async def each(
    targets: Iterable[Target],
    work: Callable[[Target], Awaitable[T]],
    *,
    at_once: int,
    stop: asyncio.Event,
) -> AsyncIterator[tuple[Target, T]]:
    """What ``work`` makes of every target, as it is known; at most ``at_once`` are under way.

    Results wait for their reader, so that no more than ``at_once`` of them are held. ``stop``,
    once set, lets no further target begin.
    """
    queues: dict[str, deque[Target]] = {}
    for target in targets:
        queues.setdefault(target.address or target.host, deque()).append(target)
    hosts = deque(queues)
    results: asyncio.Queue[tuple[Target, T]] = asyncio.Queue(maxsize=1)

    async def worker() -> None:
        while hosts and not stop.is_set():
            host = hosts.popleft()
            target = queues[host].popleft()
            result = await work(target)
            if queues[host]:
                hosts.append(host)
            await results.put((target, result))

    async def all_workers() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(at_once, len(hosts))):
                group.create_task(worker())

    running = asyncio.create_task(all_workers())
    try:
        while (result := await _next(results, running)) is not None:
            yield result
        await running  # tells what went wrong, if anything did
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _next(
    results: asyncio.Queue[tuple[Target, T]], running: asyncio.Task[None]
) -> tuple[Target, T] | None:
    """The next result. Returns None once the work has ended and none is left."""
    coming = asyncio.create_task(results.get())
    try:
        await asyncio.wait({coming, running}, return_when=asyncio.FIRST_COMPLETED)
        return coming.result() if coming.done() else None
    finally:
        coming.cancel()
