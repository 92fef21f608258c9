"""What TLS 1.2 and older versions have to be asked for by itself, beside what their flights say.

Resumption costs two connections, one more pair where both ids and tickets are to be tried;
everything else costs one. What got no answer is a gap.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from plainwire.live.tls.asker import (
    Asker,
    Refusal,
    Unknown,
    describe_answer,
    is_silent,
    is_unreachable,
)
from plainwire.live.tls.attacks import Attacks, client_renegotiation, ticketbleed
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
    from plainwire.wire.handshake.connection import Connection
    from plainwire.wire.handshake.offer_12 import Session12
    from plainwire.wire.handshake.result_12 import Result12

INAPPROPRIATE_FALLBACK = 86
DEFLATE = 1
# What a server says to an empty Certificate: handshake_failure, no_certificate, bad_certificate
# and its kin (RFC 5246, 7.2.2), decode_error (GnuTLS), certificate_required (RFC 8446).
WANTED = "it requires a client certificate"
NO_CERTIFICATE = frozenset((40, 41, 42, 43, 44, 45, 46, 48, 49, 50, 116))
BY_ID = "does it resume a session by its id?"
FALLBACK = "does it refuse a fallback?"
BY_TICKET = "does it resume a session by its ticket?"
RENEGOTIATION = "client_renegotiation"
RIDERS = ("ticketbleed", RENEGOTIATION)
NOT_OURS = "it takes no suite that a handshake of ours completes"


async def ask_by_handshakes(
    asker: Asker,
    hellos: Hellos,
    seen: Seen,
    version: Version,
    taken: Sequence[int],
    attacks: Attacks | None = None,
) -> None:
    """What handshakes of the newest version below TLS 1.3 show; it is known to take ``taken``.

    Of ``attacks`` the two that need a session ride on the one that is resumed anyway.
    """
    await Features(asker, hellos, seen, version, tuple(taken), attacks).handshakes()


class Features:
    """The questions, of one version."""

    def __init__(
        self,
        asker: Asker,
        hellos: Hellos,
        seen: Seen,
        version: Version,
        taken: tuple[int, ...],
        attacks: Attacks | None = None,
    ) -> None:
        self._asker, self._hellos, self._seen = asker, hellos, seen
        self._version, self._taken, self._attacks = version, taken, attacks
        may_ride = attacks is not None and self._is_ticket_promised
        self._riders = {name for name in RIDERS if may_ride and attacks and attacks.take(name)}

    def _leave_open(self, question: str, reason: str) -> None:
        wants = reason == WANTED
        self._seen.gaps.append(Gap("features", question, reason, wants_certificate=wants))

    async def compression(self) -> None:
        """Offer DEFLATE, unless suites were asked with it: who chooses it is open to CRIME."""
        if "compression" in self._seen.features:
            return
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
        """Say with a version below the best that it is a fallback (RFC 7507), if there is one."""
        if len(self._seen.accepted()) < 2:
            return
        version = self._seen.accepted()[1]
        suites = tuple(
            flight.hello.suite for flight in self._seen.flights if flight.hello.version == version
        )
        hello = self._hellos.of(version, (*suites, FALLBACK_SCSV))
        answer = await self._asker.ask(hello)
        if not isinstance(answer, Flight | Alert):
            answer = await self._asker.ask(hello, is_alone=True, is_doubtful=is_silent)
        match answer:
            case Flight():
                self._seen.features["fallback_scsv"] = False
            case Alert(description=code) if code == INAPPROPRIATE_FALLBACK:
                self._seen.features["fallback_scsv"] = True
            case NoAnswer() if is_drop(answer) or is_unreachable(answer):
                await self._dropped_fallback(hello)
            case _:
                self._leave_open(FALLBACK, describe_answer(answer))

    async def _dropped_fallback(self, hello: bytes) -> None:
        """Closing without a word may be how this server refuses (asyncio's servers do)."""
        also = frozenset((INAPPROPRIATE_FALLBACK,))
        match await self._asker.settle(hello, "fallback", also=also):
            case Unknown(reason):
                self._leave_open(FALLBACK, reason)
            case settled:
                self._seen.features["fallback_scsv"] = isinstance(settled, Refusal)

    async def handshakes(self) -> None:
        """What only a handshake tells; one that needs a certificate of ours tells nothing more."""
        why = "" if completable(self._taken) else NOT_OURS
        if not (why := why or await self._certificate()):
            await self._resumption()
            return
        for question in (BY_ID, BY_TICKET):
            self._leave_open(question, why)
        await self._give_back()

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
            return WANTED
        self._leave_open("does it require a client certificate?", _why(result))
        return _why(result)

    async def _resumption(self) -> None:
        """By ticket where a flight promised one, and by id."""
        promised = self._is_ticket_promised
        if not promised:
            self._seen.features["ticket_resumption"] = False
        async with asyncio.TaskGroup() as group:
            group.create_task(self._by_id())
            if promised:
                group.create_task(self._by_ticket())

    @property
    def _is_ticket_promised(self) -> bool:
        return any(
            ext.SESSION_TICKET in flight.hello.extensions
            for flight in self._seen.flights
            if flight.hello.version == self._version
        )

    async def _by_id(self) -> None:
        if (first := await self._finished(BY_ID, self._make(takes_tickets=False))) is None:
            return
        session = first.session
        if session is None or not session.session_id:
            self._seen.features["session_id_resumption"] = False
            return
        make = self._make(session=session, takes_tickets=False)
        if (again := await self._finished(BY_ID, make, lingers=False)) is not None:
            self._seen.features["session_id_resumption"] = bool(again.is_resumed)

    async def _by_ticket(self) -> None:
        await self._resumed_by_ticket()
        await self._give_back()  # now that it is known what tickets are good for

    async def _resumed_by_ticket(self) -> None:
        first = await self._finished(BY_TICKET, self._make())
        session = first.session if first else None
        if session is None or session.ticket is None:
            if first is not None:
                self._seen.features["ticket_resumption"] = False
            return
        self._seen.features["ticket_lifetime_hint_s"] = session.lifetime_hint_s
        if self._riders and await self._is_resumed_with_riders(session):
            self._seen.features["ticket_resumption"] = True
            return
        make = self._make(session=session)
        if (again := await self._finished(BY_TICKET, make, lingers=False)) is not None:
            self._seen.features["ticket_resumption"] = bool(again.is_resumed)

    async def _is_resumed_with_riders(self, session: Session12) -> bool:
        """Whether a session is resumed under an odd id, which tells of Ticketbleed (see there).

        The connection is then asked to renegotiate; what is not told so is asked by itself.
        """
        assert self._attacks
        sent = secrets.token_bytes(ticketbleed.LENGTH)
        make = self._make(session=session, session_id=sent)
        kind = f"handshakes {self._version}"
        after = client_renegotiation.renegotiate if RENEGOTIATION in self._riders else _close
        again = await settled(self._asker, make, kind, after=after, lingers=False)
        if isinstance(again, Refusal | Unknown) or not again.is_resumed:
            return False
        assert again.hello
        found = ticketbleed.verdict(again.hello, sent)
        if "ticketbleed" in self._riders and found is not None:
            self._attacks.note("ticketbleed", found)
            self._riders.remove("ticketbleed")
        is_told = again.is_renegotiated is not None and not isinstance(again.broken_off, NoAnswer)
        if RENEGOTIATION in self._riders and is_told:
            self._seen.features[RENEGOTIATION] = again.is_renegotiated
            self._riders.remove(RENEGOTIATION)
        return True

    async def _give_back(self) -> None:
        """Have asked by themselves what could not ride."""
        if self._attacks and self._riders:
            for name in self._riders:
                self._attacks.give_back(name)
            self._riders = set()
            await self._attacks.ask()

    async def _finished(
        self, question: str, make: Callable[[], Handshake12], *, lingers: bool = True
    ) -> Result12 | None:
        """The result of a handshake that finished; None if none did, which is noted."""
        kind = f"handshakes {self._version}"
        answer = await settled(self._asker, make, kind, lingers=lingers)
        match answer:
            case Refusal(why) | Unknown(why):
                self._leave_open(question, why)
                return None
        return answer

    def _make(
        self,
        *,
        session: Session12 | None = None,
        session_id: bytes | None = None,
        takes_tickets: bool = True,
    ) -> Callable[[], Handshake12]:
        return client_12(
            self._hellos.server_name,
            self._version,
            self._taken,
            session=session,
            session_id=session_id,
            takes_tickets=takes_tickets,
        )


def _close(connection: Connection[Result12]) -> None:
    """Say nothing once it is finished."""


def _is_about_certificates(result: Result12) -> bool:
    """Whether it ended in a way that says that a certificate was missing."""
    if result.alert:
        return result.alert.description in NO_CERTIFICATE
    return isinstance(result.broken_off, NoAnswer) and is_drop(result.broken_off)


def _why(result: Result12) -> str:
    return describe_answer(result.broken_off) if result.broken_off else "no answer"
