"""Makes handshakes of our own with a listener, each on a connection of its own.

    result = await handshake(asker, lambda: Handshake13(offer))        # once
    found = await settled(asker, lambda: Handshake13(offer), "…")      # as `Asker.settle` asks

They keep the gate's rules as hellos do, and end with close_notify: a server then sends what it
still has for us (tickets, an alert about a certificate that is missing) and closes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from plainwire.live.tls.asker import Asker, Refusal, Unknown
from plainwire.live.tls.connections import READ_SIZE
from plainwire.model import WireError
from plainwire.wire.answer import NoAnswer, describe
from plainwire.wire.verdict import is_drop

if TYPE_CHECKING:
    from plainwire.wire.handshake.connection import Connection, Outcome

Result = TypeVar("Result", bound="Outcome")
# What to send once the handshake is finished, and when something came since; None: close.
Continue = Callable[["Connection[Result]"], bytes | None]
# Told of a finished handshake at once, and again whenever something came since.
Tell = Callable[[Result], None]
# How long a server is waited for that has been told that we close. Few keep a client waiting.
LINGER_S = 2.0
# How long one is listened to that resets when it is told that we close.
LISTEN_S = 1.0
# Between our Finished and what follows it: h2o leaves what came with it unread until more comes.
APART_S = 0.02


async def handshake(
    asker: Asker,
    make: Callable[[], Connection[Result]],
    *,
    after: Continue[Result] = lambda _: None,
    priority: int = 0,
    is_alone: bool = False,
    lingers: bool = True,
    listens_s: float = 0.0,
    tell: Tell[Result] = lambda _: None,
    is_doubtful: Callable[[Result], bool] = lambda _: False,
) -> Result:
    """How far a handshake comes, on a connection of its own. Never raises for a peer.

    ``make`` makes the client's side. ``after`` is asked what to send once it is finished, and
    whenever something came since; None closes. A finished result without ``broken_off``
    says that the server had nothing more to send; "silent" or "reset" in it that nobody knows.
    Without ``lingers`` what may come after the handshake is not waited for; ``tell`` is for those
    who need not wait for it. With ``listens_s`` nothing is said after the handshake for so long:
    a server that closes over what it has not read resets, and may take with it what it sent.
    What ``is_doubtful`` is made again at once.
    """
    connection, is_used = make(), False

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> NoAnswer | None:
        nonlocal connection, is_used
        connection, is_used = make() if is_used else connection, True
        begun = asker.begun
        conversation = _Conversation(asker, connection, after, lingers, listens_s, tell)
        await conversation.hold(reader, writer)
        if connection.result.is_finished:
            asker.lives(begun)
        return _fault(connection.result)

    def again() -> bool:
        return is_doubtful(connection.result)

    fault = await asker.talk(talk, priority, is_alone=is_alone, again=again)
    if fault is not None and connection.result.broken_off is None:
        connection.stop(fault)
    return connection.result


async def settled(
    asker: Asker,
    make: Callable[[], Connection[Result]],
    kind: str,
    *,
    after: Continue[Result] = lambda _: None,
    priority: int = 0,
    also: frozenset[int] = frozenset(),
    lingers: bool = True,
    listens_s: float = 0.0,
    tell: Tell[Result] = lambda _: None,
) -> Result | Refusal | Unknown:
    """The result of a handshake that finished, tried again alone if something failed.

    ``kind`` and ``also`` are as in `Asker.settle`, what follows as in `handshake`.
    Never raises for a peer.
    """
    recovered = asker.recoveries
    how: dict[str, Any] = {"after": after, "lingers": lingers, "listens_s": listens_s, "tell": tell}
    first: Result = await handshake(asker, make, priority=priority, **how)
    if first.is_finished:
        return first
    if refusal := asker.refused(first.broken_off, kind, also):
        return refusal
    if not _is_worth_repeating(first):
        return _unknown(first)
    again = await handshake(
        asker,
        make,
        is_alone=True,
        **how,
        is_doubtful=lambda result: not result.is_finished and asker.is_odd(result.broken_off, kind),
    )
    refusal = asker.refused(again.broken_off, kind, also)
    if again.is_finished or refusal:
        asker.recovered()
        return refusal or again
    # One that answered our hello refused something else than what the hello offers.
    is_heard = getattr(first, "hello", None) or getattr(again, "hello", None)
    if is_drop(first.broken_off) and is_drop(again.broken_off) and not is_heard:
        hello = make().start()
        if await asker.refuses_so(hello, kind):
            return Refusal(f"{_unknown(again).reason}, time after time")
    while await asker.recovers(again.broken_off, recovered):
        recovered = asker.recoveries
        later: Result = await handshake(asker, make, is_alone=True, **how)
        if later.is_finished:
            return later
        again = later
    return _unknown(again)


class _Conversation(Generic[Result]):
    """One handshake over one open stream."""

    def __init__(
        self,
        asker: Asker,
        connection: Connection[Result],
        after: Continue[Result],
        lingers: bool,
        listens_s: float,
        tell: Tell[Result],
    ) -> None:
        self._asker, self._connection, self._after = asker, connection, after
        self._lingers, self._listens_s, self._tell = lingers, listens_s, tell
        self._is_closing = False

    async def hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk until it is over, the server closes, or nothing comes in time."""
        connection = self._connection
        # No drain(): our flights fit the socket's buffer, and drain() would raise for a peer that
        # reset after its alert, before the alert is read.
        writer.write(connection.start())
        try:
            while not await self._is_heard_out(reader, writer):
                self._is_closing = True
                writer.write(connection.close())
        except WireError:
            pass  # the result says so, too
        except ConnectionError:
            connection.end(is_reset=True)
            if connection.result.broken_off is None:
                connection.stop(NoAnswer("reset", "reset the connection after the handshake"))

    async def _is_heard_out(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Talk until it is over; False where it was listened to for long enough."""
        connection = self._connection
        try:
            async with asyncio.timeout(self._patience_s) as limit:
                while not connection.is_over and (data := await reader.read(READ_SIZE)):
                    self._asker.gate.heard()
                    out, more = self._answer(data)
                    if out or more:
                        # For each of our flights the server has its time; they are few.
                        limit.reschedule(asyncio.get_running_loop().time() + self._patience_s)
                        writer.write(out)
                    if out and more:
                        await asyncio.sleep(APART_S)
                    writer.write(more)
                    if self._is_closing and not self._lingers:
                        return True
                connection.end()
        except TimeoutError:
            if self._is_listening:
                return False
            connection.stop(NoAnswer("silent", f"no answer within {self._patience_s:g} s"))
        return True

    @property
    def _is_listening(self) -> bool:
        is_finished = self._connection.result.is_finished
        return bool(self._listens_s) and is_finished and not self._is_closing

    @property
    def _patience_s(self) -> float:
        longest = self._asker.connections.timeout_s
        if self._is_listening:
            return min(self._listens_s, longest)
        return min(LINGER_S, longest) if self._is_closing else longest

    def _answer(self, data: bytes) -> tuple[bytes, bytes]:
        """What to say to what came, and what to ask apart from it."""
        connection = self._connection
        out = connection.receive(data)
        if connection.result.is_finished:
            self._tell(connection.result)
        if connection.is_over or self._is_closing or not connection.result.is_finished:
            return out, b""
        if self._is_listening:
            return out, b""
        more = self._after(connection)
        if more is None:
            self._is_closing = True
            return out + connection.close(), b""
        return out, more


def _fault(result: Outcome) -> NoAnswer | None:
    """What went wrong on the way, for the pace: not what a server of its own accord chose."""
    end = result.broken_off
    if result.is_finished or not isinstance(end, NoAnswer) or end.kind == "unsupported":
        return None
    return end


def _is_worth_repeating(result: Outcome) -> bool:
    end = result.broken_off
    return not (isinstance(end, NoAnswer) and end.kind in ("unsupported", "not asked"))


def _unknown(result: Outcome) -> Unknown:
    end = result.broken_off
    return Unknown(describe(end) if end else "the handshake was not finished")
