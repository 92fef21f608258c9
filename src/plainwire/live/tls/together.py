"""Puts questions about independent things into one hello: a suite, a group and a scheme at once.

An answer that accepts answers all of them. A refusal says only that one of them will not do: then
each is asked by itself, so that a hello shared costs at most one connection more, and saves one
for each question that rode along.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from plainwire.live.tls.asker import Refusal, Unknown
from plainwire.policy.families import Codes
from plainwire.wire.alerts import Alert
from plainwire.wire.flight import Flight

Settled = Flight | Refusal | Unknown
# The answer to a hello that offers these codes, and everything of what is not named.
Send = Callable[[Mapping[str, Codes]], Awaitable[Settled]]
# Whether a server that takes each of the offers by itself takes them together.
Fits = Callable[[Mapping[str, Codes]], bool]


@dataclass(eq=False)
class _Waiting:
    offer: Codes
    # The shared answer; None if it left open which offer was refused.
    answer: asyncio.Future[Settled | None]
    is_taken: bool = False


@dataclass
class Together:
    """The questions of one version that wait for others to share a hello with."""

    send: Send
    fits: Fits = lambda _: True
    _waiting: dict[str, list[_Waiting]] = field(default_factory=dict)

    async def ask(self, what: str, offer: Codes) -> Settled:
        """The answer to one offer, which may come with answers to others."""
        mine = _Waiting(offer, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(what, []).append(mine)
        # All questions of one round are put in the same turn of the loop, or in the next.
        for _ in range(3):
            await asyncio.sleep(0)
        if mine.is_taken:
            answer = await mine.answer
        else:
            answer = await self._share(what, mine)
        return await self.send({what: offer}) if answer is None else answer

    async def _share(self, what: str, mine: _Waiting) -> Settled | None:
        """Take others along. Returns None if it is open which of several was refused."""
        self._waiting[what].remove(mine)
        offers, others = {what: mine.offer}, []
        for other, waiting in self._waiting.items():
            for one in waiting:
                if other not in offers and self.fits({**offers, other: one.offer}):
                    offers[other] = one.offer
                    one.is_taken = True
                    waiting.remove(one)
                    others.append(one)
                    break
        try:
            settled = await self.send(offers)
        except BaseException:
            for one in others:
                one.answer.cancel()
            raise
        answer = None if others and _refuses(settled) else settled
        for one in others:
            if not one.answer.done():
                one.answer.set_result(answer)
        return answer


def _refuses(settled: Settled) -> bool:
    """Whether an answer refuses what was offered, if need be after a suite was chosen."""
    if isinstance(settled, Flight):
        return isinstance(settled.broken_off, Alert)
    return isinstance(settled, Refusal)
