"""Puts a question to a TLS listener: a hello on a connection of its own, asked again if need be.

An answer is what the server said; a **refusal** an alert that says that the offer will not do.
What got neither is asked once more, alone (twice in a row, where it met with silence of a server
that had answered before, or was dropped by one that is known for other refusals). If it fails
again it is **unknown**, never "not supported": except on a server whose way to refuse is to close
or reset without a word (IIS). That is believed only of one that has refused no like question by an
alert, has answered no question that it had dropped before, and drops this one time after time,
alone, while a hello that is known to be good is answered just before and just after.

Where that hello is dropped too, the server throttles: it is left alone for a while, and longer,
until it answers again or is given up. A refusal after which nothing was accepted any more may be
such a one in disguise: `is_still_well` asks for a sign of life then.

When the time for the whole endpoint is up, what is under way ends, and what waits is not asked:
unknown, with that for a reason.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from plainwire.live.tls.connections import Connections, Talk
from plainwire.live.tls.gate import Gate
from plainwire.wire.alerts import Alert
from plainwire.wire.answer import NoAnswer, describe
from plainwire.wire.flight import FirstFlight, Flight
from plainwire.wire.verdict import is_drop, is_refusal

# So many questions in a row without an answer, and the server is given up.
PATIENCE = 6
# How often a server shows its way to refuse before it is believed after one repetition.
PROOFS = 2
# How long a server that throttles is left alone, in seconds; all in all in one probe.
PAUSES_S = (0.5, 1.0, 2.0, 4.0)
GIVEN_UP = NoAnswer("not asked", "not asked: the server had stopped answering")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The server will not have what was offered, in readable words; ``alert`` if it sent one."""

    words: str
    alert: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer, and why."""

    reason: str


@dataclass
class Asker:
    """The door to one listener for hellos of our own, and what it has made of them so far."""

    connections: Connections
    _good: bytes | None = None
    _faults: int = 0
    _misses: int = 0
    _proofs: int = 0
    _refusals: Counter[str] = field(default_factory=Counter)
    _judging: asyncio.Lock = field(default_factory=asyncio.Lock)
    _pauses_s: list[float] = field(default_factory=lambda: list(PAUSES_S))
    _recovered: int = 0
    _begun: int = 0
    _last_try: asyncio.Lock = field(default_factory=asyncio.Lock)
    _is_over: bool = False
    _refused_at: int = -1
    _accepted_since: int = -1

    @property
    def gate(self) -> Gate:
        """How many questions are under way at a time, and how fast they come."""
        return self.connections.gate

    async def settle(
        self, hello: bytes, kind: str, priority: int = 0, also: frozenset[int] = frozenset()
    ) -> Flight | Refusal | Unknown:
        """What the server makes of a hello, asked again alone if it said nothing.

        ``kind`` groups questions that a server refuses alike, such as "suites TLSv1.2"; ``also``
        are alerts that refuse this question beside those that refuse every one. Never raises for
        a peer.
        """
        recovered = self.recoveries
        answer = await self.ask(hello, priority)
        return await self._settle(answer, hello, kind, also, recovered)

    async def settle_late(
        self, make: Callable[[], tuple[bytes, str]], priority: int = 0
    ) -> Flight | Refusal | Unknown:
        """`settle` for a hello, with its kind, that is made when its turn has come."""
        recovered, made = self.recoveries, list[tuple[bytes, str]]()

        def hello() -> bytes:
            made.append(make())
            return made[0][0]

        answer = await self.ask(hello, priority)
        if not made:  # nothing is asked any more
            return Unknown(describe_answer(answer))
        return await self._settle(answer, *made[0], frozenset(), recovered)

    async def _settle(
        self, answer: FirstFlight, hello: bytes, kind: str, also: frozenset[int], recovered: int
    ) -> Flight | Refusal | Unknown:
        """What comes of a first answer; ``recovered`` is how many `recoveries` there were."""
        if (settled := self._settled(answer, kind, also)) is not None:
            return settled
        again = await self.ask(
            hello, is_alone=True, is_doubtful=lambda answer: self.is_odd(answer, kind)
        )
        if (settled := self._settled(again, kind, also)) is not None:
            self._faults += 1
            return settled
        if is_drop(answer) and is_drop(again) and await self.refuses_so(hello, kind):
            return Refusal(f"{describe_answer(again)}, time after time")
        while await self.recovers(again, recovered):
            recovered = self.recoveries
            again = await self.ask(hello, is_alone=True)
            if (settled := self._settled(again, kind, also)) is not None:
                return settled
        return Unknown(describe_answer(again))

    @property
    def recoveries(self) -> int:
        """How often the server had stopped answering so far, and answered again after a pause."""
        return self._recovered

    async def recovers(self, answer: object, before: int) -> bool:
        """Whether a server that dropped what it had answered answers it again after a pause.

        ``before`` is how many `recoveries` there were when ``answer`` was asked for.
        """
        if not (is_drop(answer) or is_unreachable(answer)):
            return False
        async with self._judging:
            if self._good is None or self._recovered > before:
                return self._good is not None
            if await self.is_well():
                return False
            rate = self.gate.answers_a_second
            while self._pauses_s and not self.connections.is_out_of_time:
                async with self.gate.place(is_alone=True):
                    await asyncio.sleep(self._pauses_s.pop(0))
                if await self.is_well():
                    self._recovered += 1
                    self.gate.space(rate)
                    return True
            self._misses = PATIENCE
            return False

    @property
    def begun(self) -> int:
        """How many questions have been asked so far: the number of the last."""
        return self._begun

    def lives(self, number: int) -> None:
        """Note that the question of this number was answered as something that is accepted."""
        self._accepted_since = max(self._accepted_since, number)

    async def is_still_well(self) -> bool:
        """Whether the last refusals can be believed: something was accepted after them.

        Asks what was accepted before, if nothing was; True too if nothing ever was.
        """
        if self._good is None or self._accepted_since >= self._refused_at:
            return True
        return await self.is_well()

    def is_odd(self, answer: object, kind: str) -> bool:
        """Whether an end without a word is no answer of this server's, and worth another try.

        Silence of one that had answered before; a drop by one that is known to refuse such
        questions by alerts, or to have dropped what it then answered.
        """
        is_fault = self._faults or self._refusals[kind]
        is_dropped = isinstance(answer, NoAnswer) and is_drop(answer)
        return self.has_answered and (is_silent(answer) or (is_dropped and bool(is_fault)))

    @property
    def has_answered(self) -> bool:
        """Whether some hello was answered."""
        return self._good is not None

    def _settled(
        self, answer: FirstFlight, kind: str, also: frozenset[int]
    ) -> Flight | Refusal | None:
        return answer if isinstance(answer, Flight) else self.refused(answer, kind, also)

    def refused(
        self, answer: object, kind: str, also: frozenset[int] = frozenset()
    ) -> Refusal | None:
        """An alert that refuses what was offered, noted; None for everything else."""
        is_further = isinstance(answer, Alert) and answer.description in also
        if not is_refusal(answer) and not is_further:
            return None
        self._refusals[kind] += 1
        return Refusal(str(answer), answer.description if isinstance(answer, Alert) else None)

    async def refuses_so(self, hello: bytes, kind: str) -> bool:
        """True if dropping is this server's way to refuse (see the module's page).

        ``hello`` was dropped when it was asked, and when it was asked again alone.
        """
        async with self._judging:
            if self._refusals[kind] or self._faults or self._good is None:
                return False
            if self._proofs >= PROOFS:
                return True
            if not await self.is_well():
                return False
            for _ in range(2):
                answer = await self.ask(hello, is_alone=True)
                if not is_drop(answer):
                    self._faults += 1
                    return False
            if not await self.is_well():
                return False
            self._proofs += 1
            self.gate.restore()
            return True

    async def is_well(self) -> bool:
        """Whether the server answers a hello that it answered before; False if there is none."""
        if self._good is None:
            return False
        for _ in range(2):  # one that fails every now and then is well
            if isinstance(await self.ask(self._good, is_alone=True), Flight):
                return True
            self._faults += 1
        return False

    async def ask(
        self,
        hello: bytes | Callable[[], bytes],
        priority: int = 0,
        *,
        is_alone: bool = False,
        is_doubtful: Callable[[FirstFlight], bool] = lambda _: False,
    ) -> FirstFlight:
        """The answer to ``hello`` on a connection of its own, which is aborted after.

        It may be made when its turn has come.

        What ``is_doubtful`` is asked once more right after, with nothing else between: no regular
        fault can hit both.
        """
        async with self.gate.place(priority, is_alone=is_alone) as number:
            if (why := await self._why_not()) is not None:
                return why
            self._begun += 1
            begun = self._begun
            hello = hello if isinstance(hello, bytes) else hello()
            answer = await self.connections.exchange(hello)
            if is_doubtful(answer):
                answer = await self.connections.exchange(hello)
            if isinstance(answer, Flight):
                self._good = self._good or hello
                self.lives(begun)
            elif not isinstance(answer, NoAnswer):
                self._refused_at = self._begun
            self._keep_pace(answer, number)
            return answer

    async def talk(
        self,
        talk: Talk,
        priority: int = 0,
        *,
        is_alone: bool = False,
        again: Callable[[], bool] = lambda: False,
    ) -> NoAnswer | None:
        """Hold a conversation on a connection of its own, which is aborted after.

        ``again`` says whether to hold it once more right after, with nothing else between: so no
        regular fault can hit both. Returns what went wrong, None if nothing did.
        """
        async with self.gate.place(priority, is_alone=is_alone) as number:
            if (why := await self._why_not()) is not None:
                return why
            self._begun += 1
            fault = await self.connections.hold(talk)
            if again():
                self._begun += 1
                fault = await self.connections.hold(talk)
            self._keep_pace(fault, number)
            return fault

    async def _why_not(self) -> NoAnswer | None:
        """Why nothing is asked any more; None if it is."""
        if self.connections.is_out_of_time:
            return self.connections.time_is_up
        return GIVEN_UP if await self._is_given_up() else None

    async def _is_given_up(self) -> bool:
        """Whether it answers nothing any more: not even what it answered, asked twice in a row.

        Many that were asked at once may have met with silence one after the other.
        """
        if self._misses < PATIENCE:
            return False
        async with self._last_try:
            if self._misses < PATIENCE or self._good is None or self._is_over:
                return self._misses >= PATIENCE
            rate = self.gate.answers_a_second
            for pause_s in self._tries():
                await asyncio.sleep(pause_s)
                if isinstance(await self.connections.exchange(self._good), Flight):
                    self._misses = 0
                    if pause_s:
                        self._recovered += 1
                        self.gate.space(rate)
                    return False
            self._is_over = True
            return True

    def _tries(self) -> Iterator[float]:
        """How long to wait before each try whether a server answers what it answered."""
        yield from (0.0, 0.0)
        while self._pauses_s and not self.connections.is_out_of_time:
            yield self._pauses_s.pop(0)

    @property
    def is_heard(self) -> bool:
        """Whether the last question met with anything else than silence."""
        return not self._misses

    def recovered(self) -> None:
        """Note that a question was answered that had failed before."""
        self._faults += 1

    def _keep_pace(self, answer: FirstFlight | None, number: int) -> None:
        match answer:
            case NoAnswer(kind="silent" | "unreachable"):
                self._misses += 1
                self.gate.slow_down(number)
            case NoAnswer():
                self._misses = 0
                if not (self._proofs and is_drop(answer)):
                    self.gate.slow_down(number)
            case _:
                self._misses = 0
                self.gate.answered()


def is_silent(answer: object) -> bool:
    """True if nothing came in time."""
    return isinstance(answer, NoAnswer) and answer.kind == "silent"


def is_unreachable(answer: object) -> bool:
    """True if there was no connection: refused, or reset before it was of use."""
    return isinstance(answer, NoAnswer) and answer.kind == "unreachable"


def describe_answer(answer: FirstFlight) -> str:
    """An answer in readable words."""
    return describe(answer.hello) if isinstance(answer, Flight) else describe(answer)
