"""Puts questions about independent things into one hello: a suite, a group and a scheme at once.

An answer that accepts answers all of them. A refusal says only that one of them will not do: then
each is asked by itself, so that a hello shared costs at most one connection more, and saves one
for each question that rode along.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from plainwire.live.tls.asker import Refusal, Unknown
from plainwire.policy.families import Codes
from plainwire.wire.alerts import Alert
from plainwire.wire.flight import Flight

# How long a question waits for others, even where it could be asked at once.
WAIT_S = 0.005
Settled = Flight | Refusal | Unknown
# Whether a server that takes each of the offers by itself takes them together.
Fits = Callable[[Mapping[str, Codes]], bool]


class Send(Protocol):
    """Gives the answer to a hello that offers these codes, and everything of what is not named.

    The offers are read when the hello's turn has come; ``is_made`` is called right before.
    """

    async def __call__(
        self, offers: Mapping[str, Codes], is_made: Callable[[], None] = lambda: None
    ) -> Settled:
        """The answer."""
        ...


@dataclass(eq=False)
class _Shared:
    """One hello to come; the others' answer is None if it left open which offer was refused."""

    offers: dict[str, Codes]
    others: list[asyncio.Future[Settled | None]] = field(default_factory=list)


@dataclass
class Together:
    """The questions of one version, each of which joins a hello that is still to be made."""

    send: Send
    fits: Fits = lambda _: True
    _open: list[_Shared] = field(default_factory=list)

    async def ask(self, what: str, offer: Codes) -> Settled:
        """The answer to one offer, which may come with answers to others."""
        for shared in self._open:
            if what not in shared.offers and self.fits({**shared.offers, what: offer}):
                shared.offers[what] = offer
                shared.others.append(asyncio.get_running_loop().create_future())
                answer = await shared.others[-1]
                break
        else:
            answer = await self._share(_Shared({what: offer}))
        return await self.send({what: offer}) if answer is None else answer

    async def _share(self, shared: _Shared) -> Settled | None:
        """Take others along. Returns None if it is open which of several was refused."""

        def close() -> None:
            if shared in self._open:
                self._open.remove(shared)

        self._open.append(shared)
        try:
            # All questions of one round are put when its answers come: at about the same time.
            await asyncio.sleep(WAIT_S)
            settled = await self.send(shared.offers, close)
        except BaseException:
            for one in shared.others:
                one.cancel()
            raise
        finally:
            close()
        answer = None if shared.others and _refuses(settled) else settled
        for one in shared.others:
            if not one.done():
                one.set_result(answer)
        return answer


def _refuses(settled: Settled) -> bool:
    """Whether an answer refuses what was offered, if need be after a suite was chosen."""
    if isinstance(settled, Flight):
        return isinstance(settled.broken_off, Alert)
    return isinstance(settled, Refusal)
