"""The delivery loop: one task a channel, so that a slow receiver keeps nobody else waiting."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, TypeVar

from plainwire.model import UsageError
from plainwire.monitor.channels.outcome import Message, SendError
from plainwire.monitor.channels.settings import ChannelSettings
from plainwire.monitor.keeper import Keeper
from plainwire.monitor.store import deliveries, watched
from plainwire.monitor.store.deliveries import Delivery
from plainwire.monitor.times import HOUR, MINUTE, SECOND, Clock

T = TypeVar("T")
Send = Callable[[ChannelSettings, Message], Awaitable[None]]
# Standard Webhooks, "Retry schedule" (2026-08-17): the wait before each attempt after the first.
RETRIES = (
    5 * SECOND,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
)
JITTER = 0.1
LEASE = 120 * SECOND  # longer than any channel takes for one message
AT_ONCE = 5


async def send(settings: ChannelSettings, message: Message) -> None:
    """Send a message by its channel's module.

    Raises:
        SendError: if it was not taken.
        UsageError: if the channel is set up wrongly.
    """
    module: Any = import_module(f"plainwire.monitor.channels.{settings.kind}")
    try:
        await module.send(settings, message)
    except (SendError, UsageError):
        raise
    except Exception as error:
        # The border to channels and what they stand on: a message ends neither the loop nor a test.
        raise SendError(f"{type(error).__name__}: {error}") from None


class Deliverer:
    """Sends what lies in the outbox until it is stopped."""

    def __init__(
        self,
        keeper: Keeper,
        clock: Clock,
        *,
        send: Send = send,
        tick_s: float = 1.0,
        retries: tuple[int, ...] = RETRIES,
        lease_ms: int = LEASE,
    ) -> None:
        self._keeper, self._clock, self._send = keeper, clock, send
        self._tick_s, self._retries, self._lease_ms = tick_s, retries, lease_ms
        self._set_right_at = 0
        self._busy: dict[int, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Send until ``stop`` is set; what is being sent then is sent to its end."""
        while not stop.is_set():
            await self._set_right()
            for channel in await self._keeper.read(watched.channels) or ():
                task = self._busy.get(channel.id)
                if task is not None and task.done():
                    task.result()  # what no channel does: a defect ends the process, and is seen
                if channel.is_enabled and (task is None or task.done()):
                    self._busy[channel.id] = asyncio.create_task(self.drain(channel, stop))
            await self._keeper.pause(stop, self._tick_s)
        await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def _set_right(self) -> None:
        """From time to time: undo what a clock that ran ahead left."""
        now = self._clock()
        if not 0 <= now - self._set_right_at < self._lease_ms // 2:
            self._set_right_at = now
            await self._keeper.run(lambda c: deliveries.pull_back(c, now, self._lease_ms))

    async def work_off(self) -> None:
        """Send whatever is due, and end when nothing is."""
        channels = await self._keeper.read(watched.channels) or ()
        await asyncio.gather(*(self.drain(each) for each in channels if each.is_enabled))

    async def drain(self, channel: ChannelSettings, stop: asyncio.Event | None = None) -> None:
        """Send what is due for one channel, or until ``stop`` is set."""
        while await self.send_due(channel, stop):
            pass

    async def send_due(self, channel: ChannelSettings, stop: asyncio.Event | None = None) -> bool:
        """Send a handful of messages that are due for a channel; False if there is no more to do.

        Those before which the receiver wanted nothing more, or ``stop`` was set, are given back.
        """
        now = self._clock()
        found = await self._keeper.run(
            lambda c: deliveries.claim(c, channel.id, AT_ONCE, now, now + self._lease_ms)
        )
        left = list(found or ())
        goes_on = bool(left)
        while left and goes_on:
            goes_on = await self._deliver(channel, left.pop(0))
            goes_on = goes_on and not (stop is not None and stop.is_set())
        if left:
            await self._keeper.run(lambda c: deliveries.give_back(c, left))
        return goes_on

    async def _deliver(self, channel: ChannelSettings, one: Delivery) -> bool:
        """Send one; False if the receiver wants nothing more for now."""
        message = Message(one.message_id, dict(one.payload), self._clock())
        try:
            await self._send(channel, message)
        except (SendError, UsageError) as error:
            await self._fail(channel, one, error)
            return getattr(error, "retry_after_s", None) is None and not _is_gone(error)
        now = self._clock()
        await self._keeper.insist(lambda c: deliveries.sent(c, one, now))
        return True

    async def _fail(self, channel: ChannelSettings, one: Delivery, error: Exception) -> None:
        now = self._clock()
        wait = self.wait(one.attempts, error)
        if _is_gone(error):
            because = f"the receiver wants no more: {error}"
            await self._keeper.insist(lambda c: deliveries.disable(c, channel.id, because))
            wait = None
        words, asked = str(error), round((getattr(error, "retry_after_s", None) or 0) * SECOND)
        await self._keeper.insist(lambda c: deliveries.failed(c, one, words, wait, now))
        if asked:
            await self._keeper.run(lambda c: deliveries.put_off(c, channel.id, asked, now))

    def wait(self, attempts: int, error: Exception) -> int | None:
        """How long to wait after one more failed attempt, in ms; None: it was the last."""
        if attempts >= len(self._retries):
            return None
        spread = 1 + random.uniform(0, JITTER)  # noqa: S311 (jitter)
        asked = getattr(error, "retry_after_s", None) or 0
        return max(round(self._retries[attempts] * spread), round(asked * SECOND))


def _is_gone(error: Exception) -> bool:
    return bool(getattr(error, "is_gone", False))
