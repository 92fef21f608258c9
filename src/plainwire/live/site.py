"""The door to a live target: asks each question once and remembers the answer.

Checks see the `Site` protocol of `model` only. Nothing is sent here: what leaves passes
`live/transport.py`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from plainwire.live import discover, handshakes, trust, verdicts
from plainwire.live.credentials import Credentials
from plainwire.live.hellos import Stream
from plainwire.live.notes import Notes
from plainwire.live.once import Once
from plainwire.live.prober import VersionsAnswer
from plainwire.live.settings import Settings
from plainwire.live.trace import Trace
from plainwire.live.transport import Send, Transport
from plainwire.live.versions import Versions
from plainwire.model import (
    Answer,
    Cleartext,
    Coverage,
    Endpoint,
    Exchange,
    Origin,
    Part,
    Request,
    Scheme,
    Target,
    TlsEndpoint,
    Unanswered,
)

Look = Callable[["LiveSite", Origin], Awaitable[TlsEndpoint]]


class LiveSite:
    """One target over the network; an async context manager that closes what it opened.

    ``send`` and ``look`` stand in for the network: how tests give fakes.
    """

    def __init__(
        self,
        target: Target,
        settings: Settings,
        *,
        credentials: Credentials | None = None,
        named_paths: tuple[str, ...] = (),
        trace: Trace | None = None,
        clock: Callable[[], datetime] | None = None,
        send: Send | None = None,
        look: Look | None = None,
        stores: Mapping[str, tuple[bytes, ...]] | None = None,
    ) -> None:
        self._target = target
        self._settings = settings
        self._has_credentials = credentials is not None
        self._named_paths = named_paths
        self._now = clock() if clock else datetime.now(UTC)
        self._stores = stores
        self._look = look or handshakes.look
        self._random_path = f"/{secrets.token_hex(12)}"
        self._once = Once()
        self._transport = Transport(
            target,
            settings,
            credentials=credentials,
            trace=trace or Trace(),
            once=self._once,
            hello_first=lambda origin: self._versions.hello_first(origin),
            speaks_tls=self._speaks_tls,
            send=send,
        )
        self._versions = Versions(target, settings, self._once, self._transport)
        self.notes = Notes()

    async def __aenter__(self) -> LiveSite:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._once.close()
        self._transport.close()

    @property
    def target(self) -> Target:
        """What the user named."""
        return self._target

    @property
    def random_path(self) -> str:
        """A path that nothing is served at, the same for the whole scan: the control."""
        return self._random_path

    @property
    def settings(self) -> Settings:
        """The bounds of this scan."""
        return self._settings

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self._transport.requests

    @property
    def connections(self) -> int:
        """TCP connections opened so far."""
        return self._transport.connections

    @property
    def transport(self) -> Transport:
        """What everything leaves through."""
        return self._transport

    def now(self) -> datetime:
        """The time of the scan, aware and in UTC."""
        return self._now

    async def resolve(self) -> None:
        """Find the target's addresses.

        Raises:
            TargetError: if it has none.
        """
        await self._transport.connector.address()

    def begin(self) -> None:
        """Ask for the named page everywhere, before any other question: most wait for it.

        Its connection is the one that is kept, so that the next question can show whether the
        server serves two at once.
        """
        for origin in (*self._target.https, *self._target.http):
            self._start(self._page(origin))
        for origin in self._target.https:
            self._looked_at(origin)
        self._discovery()

    # Requests ------------------------------------------------------------------------------

    async def ask(self, request: Request) -> Answer:
        """The answer to one request; the same request is sent once however many ask it."""
        if not self._has_credentials:
            request = replace(request, identity="given")  # the same bytes, so the same question
        answer: Answer = await asyncio.shield(self._start(request))
        self.notes.take(answer)
        return answer

    def leave_unasked(self, question: str, reason: str) -> None:
        """Note for the asking check a question that must not be sent: it then does not pass."""
        self.notes.take(Unanswered("", question, f"not asked: {reason}"))

    def _page(self, origin: Origin) -> Request:
        return Request(origin, "GET", self._target.path)

    def _start(self, request: Request) -> asyncio.Task[Answer]:
        return self._once.start(request, lambda: self._transport.answer(request))

    async def chain(self, request: Request, hops: int = 10) -> tuple[Answer, ...]:
        """The answers along a redirect chain on the named host, the last one unfollowed."""
        answers = [await self.ask(request)]
        while isinstance(last := answers[-1], Exchange) and len(answers) <= hops:
            step = discover.next_hop(last, self._target)
            if step is None or step in {a.request for a in answers if isinstance(a, Exchange)}:
                break
            answers.append(await self.ask(step))
        return tuple(answers)

    async def pages(self, scheme: Scheme) -> tuple[tuple[Endpoint, Exchange], ...]:
        """Every endpoint's answer over one scheme, as far as there is one, redirects unfollowed."""
        endpoints = await self.endpoints()
        origins = self._target.https if scheme == "https" else self._target.http
        wanted = [(e, Request(o, "GET", e.path)) for o in origins for e in endpoints]
        answers = await asyncio.gather(*(self.ask(request) for _, request in wanted))
        return tuple(
            (endpoint, answer)
            for (endpoint, _), answer in zip(wanted, answers, strict=True)
            if isinstance(answer, Exchange)
        )

    async def cleartext(self) -> tuple[Cleartext, ...]:
        """Every endpoint's answer in clear with what it amounts to."""
        # The control of a refusal is asked while documents and links are still looked for.
        named = await asyncio.gather(*(self.ask(self._page(o)) for o in self._target.http))
        for answer in named:
            if isinstance(answer, Exchange) and answer.status >= 400:
                self._start(Request(answer.request.origin, "GET", self._random_path))
        pages = await self.pages("http")
        return tuple(await asyncio.gather(*(verdicts.judged(self, e, x) for e, x in pages)))

    # What is known of the API ----------------------------------------------------------------

    async def endpoints(self) -> tuple[Endpoint, ...]:
        """The endpoints that are asked, the named one first; found once."""
        return (await self._discovered()).endpoints

    async def described(self) -> tuple[Endpoint, ...]:
        """Every operation that the OpenAPI documents describe, asked or not, of any method."""
        return (await self._discovered()).described

    async def documents(self) -> tuple[tuple[Exchange, Mapping[str, Any]], ...]:
        """The OpenAPI documents found, parsed, with the exchange each came in."""
        return (await self._discovered()).documents

    async def coverage(self) -> Coverage:
        """How much of the API was asked."""
        found = await self._discovered()
        exercised = len({e.operation for e in found.endpoints})
        skipped = tuple(s for s in found.skipped)
        return Coverage(exercised + len({s.operation for s in skipped}), exercised, skipped)

    async def _discovered(self) -> discover.Discovery:
        return await asyncio.shield(self._discovery())

    def _discovery(self) -> asyncio.Task[discover.Discovery]:
        return self._once.start("endpoints", lambda: discover.discover(self, self._named_paths))

    # TLS -------------------------------------------------------------------------------------

    async def tls(self, about: Part = "certificates") -> tuple[TlsEndpoint, ...]:
        """What each https origin reveals of its TLS; what is open ``about`` that is noted."""
        found = await asyncio.gather(*(self.tls_of(o, about) for o in self._target.https))
        for endpoint in found:
            for gap in endpoint.inconclusive:
                if gap.part == about:
                    self.notes.take(Unanswered("", gap.question, gap.reason))
        return tuple(found)

    async def tls_of(self, origin: Origin, about: Part | None = None) -> TlsEndpoint:
        """What one origin reveals of its TLS; asked once.

        One that says nothing ``about`` the part in question is no answer: the check has not run.
        """
        endpoint: TlsEndpoint = await asyncio.shield(self._looked_at(origin))
        if endpoint.speaks_tls is not None:
            if about is None or endpoint.tells(about):
                self.notes.take(endpoint)
        elif endpoint.inconclusive:
            gap = endpoint.inconclusive[0]
            self.notes.take(Unanswered("", gap.question, gap.reason))
        return endpoint

    def _looked_at(self, origin: Origin) -> asyncio.Task[TlsEndpoint]:
        return self._once.start(("tls", origin), lambda: self._looking(origin))

    async def _looking(self, origin: Origin) -> TlsEndpoint:
        return await self._look(self, origin)

    async def versions(self, origin: Origin) -> VersionsAnswer:
        """The versions that an origin accepts; a port for plain HTTP is asked for two only."""
        return await self._versions.of(origin)

    async def _speaks_tls(self, origin: Origin) -> bool | None:
        return (await self._versions.of(origin)).speaks_tls

    async def is_stapled(self, origin: Origin) -> bool | None:
        """Whether the origin staples an OCSP response over TLS 1.2; None if it did not say."""
        return await self._versions.is_stapled(origin)

    def open_stream(self, origin: Origin, what: str) -> AbstractAsyncContextManager[Stream]:
        """A fresh TCP connection for one hello of our own bytes, closed hard afterwards.

        ``what`` is the hello in words, for the record. Entering it raises TargetError if the
        connection cannot be opened.
        """
        return self._transport.open_stream(origin, what)

    def is_closed(self, origin: Origin) -> bool:
        """True if it was seen that nobody listens on the origin's port."""
        return self._transport.connector.is_closed(origin)

    def stores(self) -> Mapping[str, tuple[bytes, ...]]:
        """The trust stores that certificates are judged against, by name."""
        return self._stores if self._stores is not None else trust.stores(self._settings.ca_file)

    def served_chain(self, origin: Origin) -> tuple[bytes, ...] | None:
        """The chain that an https exchange with the origin showed, leaf first, as DER."""
        return self._transport.connector.served_chain(origin)

    @property
    def has_answered(self) -> bool:
        """True if anything but "nobody listens" came back."""
        return any(
            isinstance(answer, Exchange) or (isinstance(answer, TlsEndpoint) and answer.speaks_tls)
            for answer in self._once.answers()
        )
