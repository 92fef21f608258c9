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
    results: asyncio.Queue[tuple[Target, T] | None] = asyncio.Queue(maxsize=1)

    async def worker() -> None:
        while hosts and not stop.is_set():
            host = hosts.popleft()
            target = queues[host].popleft()
            result = await work(target)
            if queues[host]:
                hosts.append(host)
            await results.put((target, result))

    async def all_workers() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(at_once, len(hosts))):
                    group.create_task(worker())
        except Exception:
            await results.put(None)  # the reader waits for it; `running` then tells what happened
            raise
        await results.put(None)

    running = asyncio.create_task(all_workers())
    try:
        while (result := await results.get()) is not None:
            yield result
        await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
