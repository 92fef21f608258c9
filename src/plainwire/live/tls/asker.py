"""Puts a question to a TLS listener: a hello on a connection of its own, asked again if need be.

An answer is what the server said; a **refusal** an alert that says that the offer will not do.
What got neither is asked once more, alone. If it fails again it is **unknown**, never "not
supported": except on a server whose way to refuse is to close or reset without a word (IIS).
That is believed only of one that has refused no like question by an alert, has answered no
question that it had dropped before, and drops this one time after time, alone, while a hello
that is known to be good is answered just before and just after.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from plainwire.live.hellos import OpenStream
from plainwire.live.tls.gate import Gate
from plainwire.model import TargetError
from plainwire.wire.alerts import Alert
from plainwire.wire.answer import NoAnswer, describe
from plainwire.wire.flight import FirstFlight, Flight, FlightReader
from plainwire.wire.verdict import is_drop, is_refusal

READ_SIZE = 16 * 1024
# So many questions in a row without an answer, and the server is given up.
PATIENCE = 6
# How often a server shows its way to refuse before it is believed after one repetition.
PROOFS = 2
GIVEN_UP = NoAnswer("not asked", "not asked: the server had stopped answering")

# Talks on a connection that is open, and returns what went wrong. Never raises for a peer.
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[NoAnswer | None]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The server will not have what was offered, in readable words."""

    words: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer, and why."""

    reason: str


@dataclass
class Asker:
    """The door to one listener for hellos of our own; counts what it opens.

    ``open_stream`` yields a new connection that is ready for a hello. ``timeout_s`` is for one
    answer.
    """

    open_stream: OpenStream
    gate: Gate
    timeout_s: float
    connections: int = 0
    _good: bytes | None = None
    _faults: int = 0
    _misses: int = 0
    _proofs: int = 0
    _refusals: Counter[str] = field(default_factory=Counter)
    _judging: asyncio.Lock = field(default_factory=asyncio.Lock)
    _closing: set[asyncio.Task[None]] = field(default_factory=set)

    async def settle(
        self, hello: bytes, kind: str, priority: int = 0, also: frozenset[int] = frozenset()
    ) -> Flight | Refusal | Unknown:
        """What the server makes of a hello, asked again alone if it said nothing.

        ``kind`` groups questions that a server refuses alike, such as "suites TLSv1.2"; ``also``
        are alerts that refuse this question beside those that refuse every one. Never raises for
        a peer.
        """
        answer = await self.ask(hello, priority)
        if (settled := self._settled(answer, kind, also)) is not None:
            return settled
        again = await self.ask(hello, priority, is_alone=True)
        if (settled := self._settled(again, kind, also)) is not None:
            self._faults += 1
            return settled
        if is_drop(answer) and is_drop(again) and await self.refuses_so(hello, kind):
            return Refusal(f"{describe_answer(again)}, time after time")
        return Unknown(describe_answer(again))

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
        return Refusal(str(answer))

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
        is_answered = isinstance(await self.ask(self._good, is_alone=True), Flight)
        self._faults += not is_answered
        return is_answered

    async def ask(self, hello: bytes, priority: int = 0, *, is_alone: bool = False) -> FirstFlight:
        """The answer to ``hello`` on a connection of its own, which is aborted after."""
        async with self.gate.place(priority, is_alone=is_alone) as number:
            if self._misses >= PATIENCE:
                return GIVEN_UP
            answer = await self._exchange(hello)
            if isinstance(answer, Flight):
                self._good = self._good or hello
            self._keep_pace(answer, number)
            return answer

    async def talk(
        self, talk: Talk, priority: int = 0, *, is_alone: bool = False
    ) -> NoAnswer | None:
        """Hold a conversation on a connection of its own, which is aborted after.

        Returns what went wrong, None if nothing did.
        """
        async with self.gate.place(priority, is_alone=is_alone) as number:
            if self._misses >= PATIENCE:
                return GIVEN_UP
            fault = await self._talked(talk)
            self._keep_pace(fault, number)
            return fault

    async def _talked(self, talk: Talk) -> NoAnswer | None:
        fault: NoAnswer | None = None
        is_over = False
        try:
            async with self.open_stream() as (reader, writer):
                self.connections += 1
                try:
                    fault = await talk(reader, writer)
                    is_over = True
                finally:
                    writer.transport.abort()
        except (OSError, TargetError) as error:
            # Once it is over, it is only the closing that went wrong.
            return fault if is_over else NoAnswer("unreachable", f"no connection: {error}")
        return fault

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

    async def _exchange(self, hello: bytes) -> FirstFlight:
        answer: FirstFlight | None = None
        async with AsyncExitStack() as stack:
            try:
                stream, writer = await stack.enter_async_context(self.open_stream())
                self.connections += 1
                # No drain(): a hello fits the socket's buffer, and drain() would raise for a
                # peer that reset after its alert, before the alert is read.
                writer.write(hello)
                answer = await self._read(stream)
                if isinstance(answer, Flight) and self._is_kept(stream, writer, stack):
                    return answer
                writer.transport.abort()
            except (OSError, TargetError) as error:
                # With an answer in hand, it is only the closing that went wrong.
                return answer or NoAnswer("unreachable", f"no connection: {error}")
        return answer

    def _is_kept(
        self, stream: asyncio.StreamReader, writer: asyncio.StreamWriter, stack: AsyncExitStack
    ) -> bool:
        """Let the gate hold the connection, to see whether two are served at once."""
        rest: list[AsyncExitStack] = []

        def close() -> None:
            writer.transport.abort()
            task = asyncio.get_running_loop().create_task(rest.pop().aclose())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

        if not self.gate.keep(close, lambda: not writer.is_closing() and not has_ended(stream)):
            return False
        rest.append(stack.pop_all())
        return True

    async def _read(self, stream: asyncio.StreamReader) -> FirstFlight:
        reader = FlightReader()
        try:
            async with asyncio.timeout(self.timeout_s):
                while data := await stream.read(READ_SIZE):
                    self.gate.heard()
                    if (found := reader.feed(data)) is not None:
                        return found
                return reader.end()
        except TimeoutError:
            return reader.broken_off(NoAnswer("silent", f"no answer within {self.timeout_s:g} s"))
        except ConnectionError:
            return reader.end(is_reset=True)


def has_ended(stream: asyncio.StreamReader) -> bool:
    """True if the peer has closed, whether what it sent before was read or not."""
    return bool(getattr(stream, "has_ended", False)) or stream.at_eof()


def describe_answer(answer: FirstFlight) -> str:
    """An answer in readable words."""
    return describe(answer.hello) if isinstance(answer, Flight) else describe(answer)
