"""What TLS 1.2 and older versions have to be asked for by itself, beside what their flights say.

Resumption costs two connections, one more pair where both ids and tickets are to be tried;
everything else costs one. What got no answer is a gap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from plainwire.live.tls.asker import Asker, Refusal, Unknown, describe_answer
from plainwire.live.tls.client_12 import client_12, completable
from plainwire.live.tls.handshakes import handshake, settled
from plainwire.live.tls.hellos import Hellos
from plainwire.model import Gap
from plainwire.policy.suites import FALLBACK_SCSV
from plainwire.policy.versions import Version
from plainwire.wire import extensions as ext
from plainwire.wire.alerts import Alert
from plainwire.wire.answer import NoAnswer
from plainwire.wire.flight import Flight
from plainwire.wire.verdict import is_drop

if TYPE_CHECKING:
    from plainwire.live.tls.seen import Seen
    from plainwire.wire.handshake.client_12 import Handshake12
    from plainwire.wire.handshake.offer_12 import Session12
    from plainwire.wire.handshake.result_12 import Result12

INAPPROPRIATE_FALLBACK = 86
DEFLATE = 1
# What a server says to an empty Certificate: handshake_failure, no_certificate, bad_certificate
# and its kin (RFC 5246, 7.2.2), decode_error (GnuTLS), certificate_required (RFC 8446).
NO_CERTIFICATE = frozenset((40, 41, 42, 43, 44, 45, 46, 48, 49, 50, 116))
BY_ID = "does it resume a session by its id?"
BY_TICKET = "does it resume a session by its ticket?"
NOT_OURS = "it takes no suite that a handshake of ours completes"


async def ask_features(
    asker: Asker,
    hellos: Hellos,
    seen: Seen,
    version: Version,
    taken: Sequence[int],
) -> None:
    """Ask of the newest version below TLS 1.3; ``taken`` are suites known to be accepted."""
    asking = _Features(asker, hellos, seen, version, tuple(taken))
    async with asyncio.TaskGroup() as group:
        if "compression" not in seen.features:
            group.create_task(asking.compression())
        if len(seen.accepted()) > 1:
            group.create_task(asking.fallback())
        group.create_task(asking.handshakes())


class _Features:
    def __init__(
        self, asker: Asker, hellos: Hellos, seen: Seen, version: Version, taken: tuple[int, ...]
    ) -> None:
        self._asker, self._hellos, self._seen = asker, hellos, seen
        self._version, self._taken = version, taken

    def _leave_open(self, question: str, reason: str) -> None:
        self._seen.gaps.append(Gap("features", question, reason))

    # One hello -------------------------------------------------------------------------------

    async def compression(self) -> None:
        """Offer DEFLATE: a server that chooses it is open to CRIME."""
        hello = self._hellos.of(self._version, self._taken, compression=(DEFLATE, 0))
        answer = await self._asker.settle(hello, f"compression {self._version}")
        match answer:
            case Flight():
                self._seen.hear(answer)
                self._seen.features["compression"] = answer.hello.compression == DEFLATE
            case Refusal():
                self._seen.features["compression"] = False
            case Unknown(reason):
                self._leave_open("does it compress?", reason)

    async def fallback(self) -> None:
        """Say with a version below the best that it is a fallback (RFC 7507)."""
        version = self._seen.accepted()[1]
        suites = tuple(
            flight.hello.suite for flight in self._seen.flights if flight.hello.version == version
        )
        hello = self._hellos.of(version, (*suites, FALLBACK_SCSV))
        answer = await self._asker.ask(hello)
        if not isinstance(answer, Flight | Alert):
            answer = await self._asker.ask(hello, is_alone=True)
        match answer:
            case Flight():
                self._seen.features["fallback_scsv"] = False
            case Alert(description=code) if code == INAPPROPRIATE_FALLBACK:
                self._seen.features["fallback_scsv"] = True
            case NoAnswer() if is_drop(answer) and await self._drops(hello):
                self._seen.features["fallback_scsv"] = True
            case _:
                self._leave_open("does it refuse a fallback?", describe_answer(answer))

    async def _drops(self, hello: bytes) -> bool:
        """Whether closing without a word is how this server refuses (asyncio's servers do)."""
        return isinstance(await self._asker.settle(hello, "fallback"), Refusal)

    # Whole handshakes ------------------------------------------------------------------------

    async def handshakes(self) -> None:
        """What only a handshake tells; one that needs a certificate of ours tells nothing more."""
        why = "" if completable(self._taken) else NOT_OURS
        if not (why := why or await self._certificate()):
            await self._resumption()
            return
        for question in (BY_ID, BY_TICKET):
            self._leave_open(question, why)

    async def _certificate(self) -> str:
        """Send an empty Certificate where one is asked for: does the server finish?

        Returns why no handshake can be finished; "" if one can.
        """
        if not any(
            flight.certificate_request
            for flight in self._seen.flights
            if flight.hello.version == self._version
        ):
            return ""
        result = await handshake(self._asker, self._make())
        if not result.is_finished and not result.alert:
            result = await handshake(self._asker, self._make(), is_alone=True)
        is_answered = result.asks_certificate and result.flight and result.flight.is_done
        if result.is_finished:
            self._seen.features["client_certificate"] = "optional"
            return ""
        if is_answered and _is_about_certificates(result):
            self._seen.features["client_certificate"] = "required"
            return "it requires a client certificate"
        self._leave_open("does it require a client certificate?", _why(result))
        return _why(result)

    async def _resumption(self) -> None:
        """By ticket where a flight promised one, and by id."""
        promised = any(
            ext.SESSION_TICKET in flight.hello.extensions
            for flight in self._seen.flights
            if flight.hello.version == self._version
        )
        if not promised:
            self._seen.features["ticket_resumption"] = False
        async with asyncio.TaskGroup() as group:
            group.create_task(self._by_id())
            if promised:
                group.create_task(self._by_ticket())

    async def _by_id(self) -> None:
        if (first := await self._finished(BY_ID, self._make(takes_tickets=False))) is None:
            return
        session = first.session
        if session is None or not session.session_id:
            self._seen.features["session_id_resumption"] = False
            return
        make = self._make(session=session, takes_tickets=False)
        if (again := await self._finished(BY_ID, make)) is not None:
            self._seen.features["session_id_resumption"] = bool(again.is_resumed)

    async def _by_ticket(self) -> None:
        if (first := await self._finished(BY_TICKET, self._make())) is None:
            return
        session = first.session
        if session is None or session.ticket is None:
            self._seen.features["ticket_resumption"] = False
            return
        self._seen.features["ticket_lifetime_hint_s"] = session.lifetime_hint_s
        if (again := await self._finished(BY_TICKET, self._make(session=session))) is not None:
            self._seen.features["ticket_resumption"] = bool(again.is_resumed)

    async def _finished(self, question: str, make: Callable[[], Handshake12]) -> Result12 | None:
        """The result of a handshake that finished; None if none did, which is noted."""
        answer = await settled(self._asker, make, f"handshakes {self._version}")
        match answer:
            case Refusal(why) | Unknown(why):
                self._leave_open(question, why)
                return None
        return answer

    def _make(
        self, *, session: Session12 | None = None, takes_tickets: bool = True
    ) -> Callable[[], Handshake12]:
        return client_12(
            self._hellos.server_name,
            self._version,
            self._taken,
            session=session,
            takes_tickets=takes_tickets,
        )


def _is_about_certificates(result: Result12) -> bool:
    """Whether it ended in a way that says that a certificate was missing."""
    if result.alert:
        return result.alert.description in NO_CERTIFICATE
    return isinstance(result.broken_off, NoAnswer) and is_drop(result.broken_off)


def _why(result: Result12) -> str:
    return describe_answer(result.broken_off) if result.broken_off else "no answer"
