"""Work that ends early when somebody asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def until(stop: asyncio.Event | None, work: Awaitable[T]) -> T | None:
    """What the work comes to. Returns None if ``stop`` is set before: the work is cancelled."""
    if stop is None:
        return await work
    task, waiting = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        if not task.done():
            task.cancel()
    if task.done():
        return task.result()
    await asyncio.gather(task, return_exceptions=True)
    return None
