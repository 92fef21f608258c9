"""The door to a live target: asks each question once and remembers the answer.

Checks see the `Site` protocol of `model` only. Nothing is sent here: what leaves passes
`live/transport.py`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from plainwire.live import (
    callbacks,
    controls,
    discover,
    graphql,
    handshakes,
    loaded,
    login_probes,
    mcp_servers,
    trust,
    verdicts,
)
from plainwire.live import hops as hops_of
from plainwire.live.credentials import CANARY, GIVEN, Credentials, Identities
from plainwire.live.descriptions import Description
from plainwire.live.hellos import Stream
from plainwire.live.knowing import knowing, secret_is_known
from plainwire.live.logins import Recipe
from plainwire.live.notes import Notes
from plainwire.live.once import Once
from plainwire.live.prober import VersionsAnswer
from plainwire.live.probes import Probes
from plainwire.live.settings import Settings
from plainwire.live.tls.seen import Seen
from plainwire.live.trace import Trace
from plainwire.live.transport import Send, Transport
from plainwire.model import (
    Answer,
    ApiOperation,
    Cleartext,
    Coverage,
    Endpoint,
    Exchange,
    GraphqlEndpoint,
    Identity,
    McpServer,
    Origin,
    Part,
    Request,
    Scheme,
    Span,
    Target,
    TlsEndpoint,
    Unanswered,
)
from plainwire.wire import denials
from plainwire.wire.probes import BODY_LIMIT
from plainwire.wire.sameness import is_same

Look = Callable[["LiveSite", Origin], Awaitable[TlsEndpoint]]

TRACE_PROBE = "trace-probe"
CALL_WAIT_S = 1.0  # for what a server asks after it has answered


class LiveSite:
    """One target over the network; an async context manager that closes what it opened.

    ``credentials`` are those of most requests, ``identities`` those of further ones by name.
    ``specs`` are API descriptions, or paths of the target where they are; ``source`` are the
    operations that its source code has. ``send`` and ``look``
    stand in for the network: how tests give fakes.
    """

    def __init__(
        self,
        target: Target,
        settings: Settings,
        *,
        credentials: Credentials | None = None,
        identities: Mapping[str, Credentials] | None = None,
        named_paths: tuple[str, ...] = (),
        specs: tuple[Description | str, ...] = (),
        source: tuple[ApiOperation, ...] = (),
        trace: Trace | None = None,
        clock: Callable[[], datetime] | None = None,
        send: Send | None = None,
        look: Look | None = None,
        stores: Mapping[str, tuple[bytes, ...]] | None = None,
    ) -> None:
        self._target = target
        self.settings = settings
        given = {GIVEN: credentials} if credentials is not None else {}
        self._identities = Identities({**given, **(identities or {})})
        self._named_paths = named_paths
        self._specs = specs
        self._source = source
        self._now = clock() if clock else datetime.now(UTC)
        self._stores = stores
        self._look = look or handshakes.look
        self._random_path = f"/{secrets.token_hex(12)}"
        self._once = Once()
        self.transport = Transport(
            target,
            settings,
            identities=self._identities,
            trace=trace or Trace(),
            once=self._once,
            hello_first=lambda origin: self._probes.hello_first(origin),
            speaks_tls=self._speaks_tls,
            send=send,
        )
        self._probes = Probes(target, settings, self._once, self.transport)
        self.notes = Notes()
        self.recipes: Mapping[str, Recipe] = {}
        self._callbacks: callbacks.Callbacks | None = None

    async def __aenter__(self) -> LiveSite:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._callbacks is not None:
            self._callbacks.close()
        await self._once.close()
        self.transport.close()

    @property
    def target(self) -> Target:
        """What the user named."""
        return self._target

    @property
    def random_path(self) -> str:
        """A path that nothing is served at, the same for the whole scan: the control."""
        return self._random_path

    @property
    def trusted_origins(self) -> tuple[str, ...]:
        """The origins that the user names as trusted."""
        return self.settings.trusted_origins

    @property
    def identities(self) -> tuple[str, ...]:
        """Whose credentials were given, by the names that requests have for them."""
        return self._identities.names

    @property
    def identities_known(self) -> Identities:
        """Whose credentials there are: a login adds some."""
        return self._identities

    async def users(self, number: int = 1) -> tuple[str, ...]:
        """The identities whose own credentials go to where operations are asked.

        Fewer than ``number`` leave the asking check untested, with the reason.
        """
        if len(self.identities) < number:
            few = "no identity was given" if number == 1 else f"fewer than {number} identities"
            self.leave_untested(f"{few}: --bearer, --as NAME and the like")
            return ()
        asked = [each.request for each in await self.operations() if each.request is not None]
        if not all(self.transport.may_show(request.origin) for request in asked[:1]):
            self.leave_untested("credentials do not go over plain HTTP")
            return ()
        return self.identities

    async def identity(self, name: str) -> Identity:
        """What is known of an identity, with what its token says of itself."""
        return knowing(self._identities, name)

    async def secret_is_known(self, name: str) -> bool | None:
        """True if a well-known secret signs an identity's token. Returns None if it has no HMAC."""
        # One service signs with one secret: the first identity's token is tried at length.
        is_tried = self.settings.is_deep and name == next(iter(self.identities), None)
        return await secret_is_known(self._identities, name, with_numbers=is_tried)

    async def guarded(self, who: str) -> tuple[tuple[ApiOperation, Exchange], ...]:
        """What an identity gets and neither nobody nor a random credential does."""
        given = [(o, own) for o, own in await self.answers(who) if denials.gives_data(own)]
        wanted = [
            (replace(own.request, identity=None), replace(own.request, identity=CANARY))
            for _, own in given
        ]
        nobody = await asyncio.gather(*(self.ask(without) for without, _ in wanted))
        kept = [
            (pair, random)
            for pair, (_, random), answer in zip(given, wanted, nobody, strict=True)
            if denials.is_denied(answer)
        ]
        random = await asyncio.gather(*(self.ask(request) for _, request in kept))
        return tuple(
            pair
            for (pair, _), answer in zip(kept, random, strict=True)
            if denials.is_denied(answer)
        )

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self.transport.requests

    @property
    def connections(self) -> int:
        """TCP connections opened so far."""
        return self.transport.connections

    def now(self) -> datetime:
        """The time of the scan, aware and in UTC."""
        return self._now

    async def resolve(self) -> None:
        """Find the target's addresses.

        Raises:
            TargetError: if it has none.
        """
        await self.transport.connector.address()

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

    async def ask(self, request: Request) -> Answer:
        """The answer to one request; the same request is sent once however many ask it.

        TRACE leaves only where it was opted in to: it is safe (RFC 9110, section 9.2.1), but some
        who watch a network take it for an attack.
        """
        if request.method == "TRACE" and TRACE_PROBE not in self.settings.allow:
            self.notes.leave_untested(f"TRACE leaves only with --allow {TRACE_PROBE}")
            return Unanswered("", str(request), "not opted in to")
        request = self._identities.same_bytes(request)
        answer: Answer = await asyncio.shield(self._start(request))
        self.notes.take(answer)
        return answer

    def leave_unasked(self, question: str, reason: str) -> None:
        """Note for the asking check a question that must not be sent: it then does not pass."""
        self.leave_open(question, f"not asked: {reason}")

    def leave_open(self, question: str, reason: str) -> None:
        """Note a question of the asker that got no answer."""
        self.notes.take(Unanswered("", question, reason))

    def leave_answered(self) -> None:
        """Note that the asking check judged what is known without asking."""
        self.notes.take(None)

    def leave_inapplicable(self, reason: str) -> None:
        """Note that there is nothing of the kind the asking check is about."""
        self.notes.leave_inapplicable(reason)

    def leave_untested(self, reason: str) -> None:
        """Note that the asking check has nothing to ask with; it is no gap."""
        self.notes.leave_untested(reason)

    async def confirm(self, request: Request) -> tuple[Answer, Answer]:
        """The same request twice more, one after the other, with nothing else under way."""
        first = await self.ask(replace(request, repetition=1))
        return first, await self.ask(replace(request, repetition=2))

    @property
    def was_throttled(self) -> bool:
        """True if the host answered 429 so far."""
        return self.transport.was_throttled

    async def burst(self, request: Request, times: int) -> tuple[Answer, ...]:
        """The answers to one request sent so often, as many at a time as the host's pace allows.

        After a 429 or a gap no more are sent.
        """
        answers: list[Answer] = []
        while len(answers) < times and not any(map(_ends_burst, answers)):
            at_once = min(times - len(answers), (await self.transport.pace()).limit)
            sent = (self.transport.answer(request, is_patient=False) for _ in range(at_once))
            answers += await asyncio.gather(*sent)
        for answer in answers:
            self.notes.take(answer)
        return tuple(answers)

    async def failed_logins(self, times: int, *, as_nobody: bool) -> tuple[Exchange, ...]:
        """The answers to logins with a wrong password, by the first recipe; each is sent once."""
        return await login_probes.failed(self, self._once, times, as_nobody=as_nobody)

    def allows(self, what: str) -> bool:
        """True if the user opted in to a class of questions."""
        if what not in self.settings.allow:
            self.leave_untested(f"needs --allow {what}")
        return what in self.settings.allow

    async def default_logins(self) -> tuple[Exchange, ...]:
        """The answers to logins with well-known users and passwords that got in twice."""
        return await login_probes.by_default(self)

    async def callback(self, token: str) -> str | None:
        """A URL of our own listener that ends with a token."""
        if not self.allows(callbacks.SSRF_PROBES):
            return None
        found: callbacks.Callbacks | str
        found = await self._once.ask("callbacks", lambda: callbacks.listening(self))
        if isinstance(found, str):
            self.leave_untested(found)
            return None
        self._callbacks = found
        return found.url_of(token)

    async def was_called_back(self, token: str) -> bool:
        """True if the listener was asked for a token, now or within a second."""
        listener = self._callbacks
        return listener is not None and await listener.were_for(token, CALL_WAIT_S)

    async def answers(
        self, identity: str | None = GIVEN
    ) -> tuple[tuple[ApiOperation, Exchange], ...]:
        """Each operation that is asked with the answer to its example, as far as there is one."""
        asked = [
            (each, replace(each.request, identity=identity))
            for each in await self.operations()
            if each.request is not None
        ]
        if identity == GIVEN and self._identities.lost is not None:
            self.notes.take(self._identities.lost)
        found = await asyncio.gather(*(self.ask(request) for _, request in asked))
        return tuple(
            (each, answer)
            for (each, _), answer in zip(asked, found, strict=True)
            if isinstance(answer, Exchange)
        )

    async def present(self, *paths: str) -> tuple[Exchange, ...]:
        """The answers of those paths where something is: 200, and not what a random path gives."""
        origin = await self.speaking()
        wanted = [
            Request(origin, "GET", path, identity=None, body_limit=BODY_LIMIT) for path in paths
        ]
        asked = await asyncio.gather(*(self.ask(request) for request in wanted))
        there = [a for a in asked if isinstance(a, Exchange) and a.status == 200]
        missing = await asyncio.gather(*(self.is_missing(answer) for answer in there))
        return tuple(a for a, is_gone in zip(there, missing, strict=True) if is_gone is False)

    async def loaded_by(self, pages: Iterable[Exchange]) -> Mapping[Request, Answer]:
        """The answers of the style sheets and scripts that pages load from their own origin."""
        return await loaded.by(self, pages)

    async def speaking(self) -> Origin:
        """The origin that documents and links are read from: the first to answer, https first."""
        found: Origin = await self._once.ask("speaking", lambda: discover.speaking(self))
        return found

    async def graphql(self) -> tuple[GraphqlEndpoint, ...]:
        """The places that answered a GraphQL query; found once."""
        found: tuple[GraphqlEndpoint, ...]
        found = await self._once.ask("graphql", lambda: graphql.endpoints(self))
        if found:
            self.notes.take(found)
        return found

    async def mcp(self) -> tuple[McpServer, ...]:
        """The places that answered MCP's handshake; found once."""
        found: tuple[McpServer, ...] = await self._once.ask(
            "mcp", lambda: mcp_servers.servers(self)
        )
        if found:
            self.notes.take(found)
        return found

    def control_of(self, request: Request) -> Request:
        """The request at a random path beside its own: what must come out differently."""
        return controls.sibling(request, self._random_path)

    async def is_missing(self, exchange: Exchange) -> bool | None:
        """True if an answer is what the site says where nothing is; None if that is not known."""
        control = await self.ask(self.control_of(exchange.request))
        return is_same(exchange, control) if isinstance(control, Exchange) else None

    def _page(self, origin: Origin) -> Request:
        return Request(origin, "GET", self._target.path)

    def _start(self, request: Request) -> asyncio.Task[Answer]:
        return self._once.start(request, lambda: self.transport.answer(request))

    async def chain(self, request: Request, hops: int = 10) -> tuple[Answer, ...]:
        """The answers along a redirect chain on the named host, the last one unfollowed."""
        return await hops_of.chain(self, self._target, request, hops)

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
        found = tuple(await asyncio.gather(*(verdicts.judged(self, e, x) for e, x in pages)))
        for item in found:
            if item.verdict == "failed":
                self.leave_open(
                    str(item.exchange.request),
                    f"answered {item.exchange.status} whatever is asked: the server fails there",
                )
        return found

    async def refuses(self, exchange: Exchange) -> bool:
        """True if an answer in clear is a constant refusal, and not what the application says."""
        # What went in clear is shown over https too: an application may refuse a canary.
        in_clear = GIVEN if "cleartext-credentials" in self.settings.allow else CANARY
        return await verdicts.is_refusal(self, exchange, in_clear)

    async def endpoints(self) -> tuple[Endpoint, ...]:
        """The endpoints that are asked, the named one first; found once."""
        return (await self.discovered()).endpoints

    async def operations(self) -> tuple[ApiOperation, ...]:
        """Every operation that is known, each with an example request or why it has none."""
        return (await self.discovered()).operations

    async def described(self) -> tuple[Endpoint, ...]:
        """Every operation that the OpenAPI documents describe, asked or not, of any method."""
        return (await self.discovered()).described

    async def documents(self) -> tuple[tuple[Exchange, Mapping[str, Any]], ...]:
        """The OpenAPI documents found, parsed, with the exchange each came in."""
        documents = (await self.discovered()).documents
        return tuple((each.exchange, each.root) for each in documents if each.exchange)

    async def named_documents(self) -> tuple[tuple[Span, Mapping[str, Any]], ...]:
        """The descriptions in the files that the user named."""
        return (await self.discovered()).named_documents

    async def coverage(self) -> Coverage:
        """How much of the API was asked."""
        return (await self.discovered()).coverage

    async def discovered(self) -> discover.Discovery:
        """What is known of the API, found once."""
        found: discover.Discovery = await asyncio.shield(self._discovery())
        return found

    def _discovery(self) -> asyncio.Task[discover.Discovery]:
        return self._once.start(
            "operations",
            lambda: discover.discover(self, self._named_paths, self._specs, self._source),
        )

    async def tls(self, about: Part = "certificates") -> tuple[TlsEndpoint, ...]:
        """What each https origin reveals of its TLS; what is open ``about`` that is noted."""
        found = await asyncio.gather(*(self.tls_of(o, about) for o in self._target.https))
        for origin, endpoint in zip(self._target.https, found, strict=True):
            for gap in endpoint.inconclusive:
                if gap.part == about and gap.wants_certificate:
                    self.notes.leave_untested(f"{gap.question} {gap.reason}")
                elif gap.part == about:
                    self.notes.take(Unanswered("", gap.question, gap.reason))
            if about in self._probes.left_out(origin):
                self.notes.leave_untested(self._spared(origin))
        return tuple(found)

    def spared(self) -> tuple[str, ...]:
        """What was not asked of which origin, to spare it, in words for the reader."""
        return tuple(
            f"not asked of {origin.authority}: {', '.join(sorted(parts)).replace('_', ' ')}: "
            + self._spared(origin)
            for origin in self._target.https
            if (parts := self._probes.left_out(origin))
        )

    def _spared(self, origin: Origin) -> str:
        where = f"{origin.host}:{origin.port}"
        return f"not seen to serve two connections at once; `plainwire tls {where}` asks for all"

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
        return await self._probes.versions(origin)

    async def _speaks_tls(self, origin: Origin) -> bool | None:
        return (await self._probes.versions(origin)).speaks_tls

    async def probed(self, origin: Origin) -> tuple[Seen, int]:
        """Everything that an https origin of the target said, and over how many connections."""
        return await self._probes.seen(origin)

    def open_stream(self, origin: Origin, what: str) -> AbstractAsyncContextManager[Stream]:
        """A fresh TCP connection for one hello of our own bytes, closed hard afterwards.

        ``what`` is the hello in words, for the record. Entering it raises TargetError if the
        connection cannot be opened.
        """
        return self.transport.open_stream(origin, what)

    def is_closed(self, origin: Origin) -> bool:
        """True if it was seen that nobody listens on the origin's port."""
        return self.transport.connector.is_closed(origin)

    def stores(self) -> Mapping[str, tuple[bytes, ...]]:
        """The trust stores that certificates are judged against, by name."""
        return self._stores if self._stores is not None else trust.stores(self.settings.ca_file)

    def served_chain(self, origin: Origin) -> tuple[bytes, ...] | None:
        """The chain that an https exchange with the origin showed, leaf first, as DER."""
        return self.transport.connector.served_chain(origin)

    @property
    def has_answered(self) -> bool:
        """True if anything but "nobody listens" came back."""
        return any(
            isinstance(answer, Exchange) or (isinstance(answer, TlsEndpoint) and answer.speaks_tls)
            for answer in self._once.answers()
        )


def _ends_burst(answer: Answer) -> bool:
    return not isinstance(answer, Exchange) or answer.status == 429
