"""The door to a live target: asks each question once, politely, and remembers the answer.

Checks only see the `Site` protocol of `model`. Everything that goes out passes `_send` or
`open_stream`, so that budget, pace, masking and the record of what was sent live in one place.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from plainwire.live import dial, discover, handshakes, trust
from plainwire.live import http as http_client
from plainwire.live.credentials import Credentials
from plainwire.live.lane import Connection, Lane, Pace
from plainwire.live.notes import Notes, asking
from plainwire.live.prober import VersionsAnswer, accepted_versions
from plainwire.live.settings import USER_AGENT, Settings
from plainwire.live.silence import Silence
from plainwire.live.staples import is_stapled
from plainwire.live.trace import Trace
from plainwire.model import (
    Answer,
    Cleartext,
    Coverage,
    Endpoint,
    Exchange,
    NoListener,
    Origin,
    Part,
    Request,
    Scheme,
    Target,
    TargetError,
    TlsEndpoint,
    Unanswered,
)
from plainwire.policy.versions import Version
from plainwire.wire import cleartext

PROXY_STATUSES = (407, 502, 503, 504)
THROTTLE_TRIES = 3
THROTTLE_WAIT_LIMIT_S = 5.0

Send = Callable[[Request], Awaitable[Exchange]]
Look = Callable[["LiveSite", Origin], Awaitable[TlsEndpoint]]


class LiveSite:
    """One target over the network; an async context manager that closes what it opened."""

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
        self._credentials = credentials
        self._named_paths = named_paths
        self._trace = trace or Trace()
        self._now = clock() if clock else datetime.now(UTC)
        self._stores = stores
        self._send = send or self._send_over_network
        self._look = look or handshakes.look
        self._asked: dict[object, asyncio.Task[Any]] = {}
        self._first_hellos: dict[Origin, asyncio.Future[bool]] = {}
        self._lanes: dict[int, Lane] = {}
        self._pace: Pace | None = None
        self._addresses: asyncio.Task[tuple[str, ...]] | None = None
        self._observing = dial.observing_context()
        self._verifying: ssl.SSLContext | None = None
        self._chains: dict[Origin, tuple[bytes, ...]] = {}
        self._is_up: dict[int, bool] = {}
        self._why_down: dict[int, str] = {}
        self._silence = Silence()
        self._random_path = f"/{secrets.token_hex(12)}"
        self.notes = Notes()
        self.requests = 0
        self.questions = 0

    async def __aenter__(self) -> LiveSite:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._asked.values():
            task.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)
        for lane in self._lanes.values():
            lane.close()

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
    def connections(self) -> int:
        """TCP connections opened so far."""
        return sum(lane.connections for lane in self._lanes.values())

    def now(self) -> datetime:
        """The time of the scan, aware and in UTC."""
        return self._now

    def leave_unasked(self, question: str, reason: str) -> None:
        """Note for the asking check a question that must not be sent: it then does not pass."""
        self.notes.take(Unanswered("", question, f"not asked: {reason}"))

    # Questions -----------------------------------------------------------------------------

    def begin(self) -> None:
        """Ask for the named page everywhere, before any other question: most wait for it.

        Its connection is the one that is kept, so that the next question can show whether the
        server serves two at once.
        """
        for origin in (*self._target.https, *self._target.http):
            self._asked_once(self._page(origin))
        for origin in self._target.https:
            self._looked_at(origin)
        self._discovery()

    async def ask(self, request: Request) -> Answer:
        """The answer to one request; the same request is sent once however many ask it."""
        if self._credentials is None:
            request = replace(request, identity="given")  # the same bytes, so the same question
        answer: Answer = await asyncio.shield(self._asked_once(request))
        self.notes.take(answer)
        return answer

    def _page(self, origin: Origin) -> Request:
        return Request(origin, "GET", self._target.path)

    def _asked_once(self, request: Request) -> asyncio.Task[Answer]:
        return self._started(request, lambda: self._answer(request))

    async def chain(self, request: Request, hops: int = 10) -> tuple[Answer, ...]:
        """The answers along a redirect chain on the named host, the last one unfollowed."""
        answers = [await self.ask(request)]
        while isinstance(last := answers[-1], Exchange) and len(answers) <= hops:
            step = discover.next_hop(last, self._target)
            if step is None or step in {a.request for a in answers if isinstance(a, Exchange)}:
                break
            answers.append(await self.ask(step))
        return tuple(answers)

    async def endpoints(self) -> tuple[Endpoint, ...]:
        """The endpoints that are asked, the named one first; found once."""
        found = await self._discovered()
        return found.endpoints

    async def described(self) -> tuple[Endpoint, ...]:
        """Every operation that the OpenAPI documents describe, asked or not, of any method."""
        found = await self._discovered()
        return found.described

    async def documents(self) -> tuple[tuple[Exchange, Mapping[str, Any]], ...]:
        """The OpenAPI documents found, parsed, with the exchange each came in."""
        found = await self._discovered()
        return found.documents

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
                self._asked_once(Request(answer.request.origin, "GET", self._random_path))
        pages = await self.pages("http")
        return tuple(await asyncio.gather(*(self._judged(e, x) for e, x in pages)))

    async def _judged(self, endpoint: Endpoint, exchange: Exchange) -> Cleartext:
        if cleartext.redirects_to_https(exchange):
            return Cleartext(endpoint, exchange, "redirected")
        if cleartext.is_redirect(exchange):
            last = (await self.chain(exchange.request))[-1]
            if not isinstance(last, Exchange) or not await self._is_content_in_clear(last):
                return Cleartext(endpoint, exchange, "redirected-elsewhere")
        elif await self._is_refusal(exchange):
            return Cleartext(endpoint, exchange, "refused")
        return Cleartext(endpoint, exchange, "served")

    async def _is_content_in_clear(self, last: Exchange) -> bool:
        """True if a chain's last answer came over http: the API redirects within itself."""
        if last.request.origin.scheme == "https" or cleartext.is_redirect(last):
            return False
        return not await self._is_refusal(last)

    async def _is_refusal(self, exchange: Exchange) -> bool:
        if exchange.status < 400:
            return False
        control = await self.ask(Request(exchange.request.origin, "GET", self._random_path))
        twin = await self._twin(exchange)
        return isinstance(control, Exchange) and cleartext.is_constant_refusal(
            exchange, control, twin
        )

    async def _twin(self, exchange: Exchange) -> Exchange | None:
        for origin in self._target.https:
            answer = await self.ask(Request(origin, "GET", exchange.request.path))
            if isinstance(answer, Exchange):
                return answer
        return None

    async def tls(self, about: Part = "certificates") -> tuple[TlsEndpoint, ...]:
        """What each https origin reveals of its TLS; what is open ``about`` that is noted."""
        found = await asyncio.gather(*(self.tls_of(o) for o in self._target.https))
        for endpoint in found:
            for gap in endpoint.inconclusive:
                if gap.part == about:
                    self.notes.take(Unanswered("", gap.question, gap.reason))
        return tuple(found)

    async def tls_of(self, origin: Origin) -> TlsEndpoint:
        """What one origin reveals of its TLS; asked once."""
        endpoint: TlsEndpoint = await asyncio.shield(self._looked_at(origin))
        if endpoint.speaks_tls is not None:
            self.notes.take(endpoint)
        elif endpoint.inconclusive:
            gap = endpoint.inconclusive[0]
            self.notes.take(Unanswered("", gap.question, gap.reason))
        return endpoint

    def _looked_at(self, origin: Origin) -> asyncio.Task[TlsEndpoint]:
        return self._started(("tls", origin), lambda: self._look(self, origin))

    async def versions(self, origin: Origin) -> VersionsAnswer:
        """The versions that an origin accepts; a port for plain HTTP is asked for two only."""
        return await asyncio.shield(self._probed(origin))

    def _probed(self, origin: Origin) -> asyncio.Task[VersionsAnswer]:
        if origin in self._target.https:
            wanted = tuple(Version)
        else:
            wanted = (Version.TLS_1_2, Version.TLS_1_3)
        return self._started(
            ("versions", origin),
            lambda: self._ask_versions(origin, wanted),
        )

    async def _ask_versions(self, origin: Origin, wanted: tuple[Version, ...]) -> VersionsAnswer:
        found = await accepted_versions(
            lambda: self.open_stream(origin, "a TLS ClientHello"),
            server_name=None if self._target.is_ip else origin.host,
            timeout_s=self._settings.answer_timeout_s,
            versions=wanted,
            after_first=lambda speaks_tls: self._first_heard(origin, speaks_tls),
        )
        if found.speaks_tls is None:
            for words in found.answers.values():
                if words.startswith("no answer within"):
                    self._silence.missed(origin)
        return found

    async def is_stapled(self, origin: Origin) -> bool | None:
        """Whether the origin staples an OCSP response over TLS 1.2; None if it did not say."""
        return await is_stapled(
            lambda: self.open_stream(origin, "a TLS 1.2 ClientHello that asks for a staple"),
            server_name=None if self._target.is_ip else origin.host,
            timeout_s=self._settings.answer_timeout_s,
        )

    async def _first_heard(self, origin: Origin, speaks_tls: bool | None) -> None:
        """Let the questions go that waited for a first hello, and the named page before all.

        The connection that the page leaves behind is what the trial for a second one needs.
        """
        if speaks_tls is not None:
            self._first_hello(origin).set_result(speaks_tls)
        page = self._asked.get(self._page(origin))
        if speaks_tls and page is not None:
            await asyncio.wait({page})

    async def _speaks_tls(self, origin: Origin) -> bool | None:
        """Whether an origin speaks TLS, as soon as one hello told; the versions take longer."""
        first, versions = self._first_hello(origin), self._probed(origin)
        futures: set[asyncio.Future[Any]] = {first, versions}
        await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
        return first.result() if first.done() else versions.result().speaks_tls

    def _first_hello(self, origin: Origin) -> asyncio.Future[bool]:
        if origin not in self._first_hellos:
            self._first_hellos[origin] = asyncio.get_running_loop().create_future()
        return self._first_hellos[origin]

    def is_closed(self, origin: Origin) -> bool:
        """True if it was seen that nobody listens on the origin's port."""
        return self._is_up.get(origin.port) is False

    def stores(self) -> Mapping[str, tuple[bytes, ...]]:
        """The trust stores that certificates are judged against, by name."""
        return self._stores if self._stores is not None else trust.stores(self._settings.ca_file)

    def served_chain(self, origin: Origin) -> tuple[bytes, ...] | None:
        """The chain that an https exchange with the origin showed, leaf first, as DER."""
        return self._chains.get(origin)

    async def coverage(self) -> Coverage:
        """How much of the API was asked."""
        found = await self._discovered()
        exercised = len({e.operation for e in found.endpoints})
        skipped = tuple(s for s in found.skipped)
        return Coverage(exercised + len({s.operation for s in skipped}), exercised, skipped)

    @property
    def has_answered(self) -> bool:
        """True if anything but "nobody listens" came back."""
        return any(
            isinstance(task.result(), Exchange)
            or (isinstance(task.result(), TlsEndpoint) and task.result().speaks_tls)
            for task in self._asked.values()
            if task.done() and not task.cancelled() and task.exception() is None
        )

    async def _discovered(self) -> discover.Discovery:
        return await asyncio.shield(self._discovery())

    def _discovery(self) -> asyncio.Task[discover.Discovery]:
        return self._started("endpoints", lambda: discover.discover(self, self._named_paths))

    async def _once(self, key: object, work: Callable[[], Any]) -> Any:
        return await asyncio.shield(self._started(key, work))

    def _started(self, key: object, work: Callable[[], Any]) -> asyncio.Task[Any]:
        """The task of a question, started if nobody asked it before."""
        if key not in self._asked:
            context = contextvars.copy_context()
            context.run(asking.set, "scan")
            loop = asyncio.get_running_loop()
            self._asked[key] = loop.create_task(work(), context=context)
        return self._asked[key]

    # Sending -------------------------------------------------------------------------------

    async def _answer(self, request: Request) -> Answer:
        try:
            for attempt in range(THROTTLE_TRIES):
                answer = await self._send_with_retry(request)
                self._listen(answer)
                if answer.status != 429:
                    return answer
                (await self.pace()).halve()
                if attempt < THROTTLE_TRIES - 1:
                    await asyncio.sleep(_retry_after_s(answer))
            return Unanswered("", str(request), "throttled: answered 429 three times")
        except NoListenerError as error:
            return NoListener(str(request), str(error))
        except TargetError as error:
            self._silence.missed(request.origin)
            return Unanswered("", str(request), str(error))

    def _listen(self, answer: Exchange) -> None:
        """Note an answer; one that broke off cost its timeout as silence does."""
        is_whole = not answer.is_cut or len(answer.body) >= self._settings.body_limit
        self._silence.heard(answer.request.origin, is_whole=is_whole)

    async def _send_with_retry(self, request: Request) -> Exchange:
        last = "connection reset"
        for _ in range(2):
            try:
                return self._without_echo(await self._send(request))
            except ConnectionError as error:
                last = str(error) or "connection reset"
        if request.origin.scheme == "http" and await self._is_tls_only(request.origin):
            raise NoListenerError(f"closed without an answer: the port speaks TLS only ({last})")
        raise TargetError(f"{last}, twice")

    def _without_echo(self, answer: Exchange) -> Exchange:
        return self._credentials.without_echo(answer) if self._credentials else answer

    async def _send_over_network(self, request: Request) -> Exchange:
        """One exchange over one connection of the origin's lane."""
        origin = request.origin
        lane = await self.lane(origin)
        address = (await self._resolved())[0]
        twin = Origin("https", origin.host, origin.port)
        if self._is_shared(origin.port) and (origin == twin or ("versions", twin) in self._asked):
            speaks_tls = await self._speaks_tls(twin)
            if origin == twin and speaks_tls is False:
                raise NoListenerError("the port does not speak TLS")
        proxy = dial.proxy_for(origin, address, self._settings)
        context = self._context_for(request, address)
        through = proxy is not None and origin.scheme == "http"
        async with lane.slot():
            is_named = request.path == self._target.path and not request.headers
            silent = self._silence.verdict(origin, is_named=is_named)
            if silent is not None:
                raise TargetError(silent)
            self._spend()
            connection = await lane.take(lambda: self._connect(origin, context), context)
            is_reusable = False
            try:
                headers = self._headers(request, proxy)
                self._trace.request(request, headers)
                self.requests += 1
                answer, is_reusable = await http_client.exchange(
                    connection.reader,
                    connection.writer,
                    request,
                    target=request.url if through else request.path,
                    headers=headers,
                    settings=self._settings,
                    address=connection.address,
                )
            finally:
                lane.give_back(connection, kind=context, is_reusable=is_reusable)
        self._trace.answer(answer)
        if through and answer.status in PROXY_STATUSES:
            raise TargetError(f"the environment's proxy answered {answer.status}, not the target")
        return answer

    async def _connect(self, origin: Origin, context: ssl.SSLContext | None) -> Connection:
        """A new connection to the origin, with TLS if a context is given."""
        connection = await self._tcp(origin)
        if context is None:
            return connection
        self._trace.handshake(origin)
        try:
            connection = await dial.start_tls(connection, context, origin.host, self._settings)
        except ssl.SSLCertVerificationError as error:
            raise TargetError(
                f"not sent: the certificate did not verify ({error.verify_message}) and a "
                "given credential leaves only over verified TLS"
            ) from None
        except dial.NotTlsError as error:
            raise NoListenerError(str(error)) from None
        self._chains.setdefault(origin, connection.chain)
        return connection

    async def _tcp(self, origin: Origin, is_tls: bool = False) -> Connection:
        """A connection that carries TLS (through a proxy: by CONNECT) or plain HTTP."""
        if is_tls:
            origin = Origin("https", origin.host, origin.port)
        address = (await self._resolved())[0]
        proxy = dial.proxy_for(origin, address, self._settings)
        if proxy is not None:
            return await dial.through_proxy(proxy, origin, self._settings)
        if self._is_up.get(origin.port) is False:
            raise NoListenerError(self._why_down.get(origin.port, "nobody listens"))
        for _ in range(2):
            try:
                connection = await dial.tcp(address, origin.port, self._settings)
            except TimeoutError:
                continue
            except OSError as error:
                self._is_up[origin.port] = False
                self._why_down[origin.port] = _in_words(error)
                raise NoListenerError(_in_words(error)) from None
            self._is_up[origin.port] = True
            return connection
        if any(self._is_up.values()):
            self._is_up[origin.port] = False
            raise NoListenerError("no answer to SYN in two tries, while another port answers")
        raise TargetError(
            f"no answer to SYN in two tries of {self._settings.connect_timeout_s:g} s"
        )

    @contextlib.asynccontextmanager
    async def open_stream(
        self, origin: Origin, what: str
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A fresh TCP connection for one hello of our own bytes, closed hard afterwards.

        Raises:
            TargetError: if it cannot be opened.
        """
        lane = await self.lane(origin)
        async with lane.slot(is_last=True):  # no question waits for a version
            self._spend()
            connection = await lane.take(lambda: self._tcp(origin, is_tls=True), _NO_REUSE)
            self._trace.hello(origin, what)
            try:
                yield connection.reader, connection.writer
            finally:
                lane.give_back(connection, is_reusable=False)

    def _is_shared(self, port: int) -> bool:
        """True for a port that both TLS and plain HTTP are tried on: a hello of ours goes first.

        Its answer is what most wait for. A synchronous HTTP server waits for the rest of what it
        takes for a request line: our own hello makes it answer, OpenSSL's does not.
        """
        return any(o.port == port for o in self._target.https) and any(
            o.port == port for o in self._target.http
        )

    async def _is_tls_only(self, origin: Origin) -> bool:
        twin = Origin("https", origin.host, origin.port)
        return bool((await self.versions(twin)).speaks_tls)

    async def resolve(self) -> None:
        """Find the target's addresses.

        Raises:
            TargetError: if it has none.
        """
        await self._resolved()

    async def lane(self, origin: Origin) -> Lane:
        """The lane to the origin's port: cleartext and TLS on one port share it."""
        pace = await self.pace()
        if origin.port not in self._lanes:
            self._lanes[origin.port] = Lane(pace)
        return self._lanes[origin.port]

    async def pace(self) -> Pace:
        """The politeness for the target's host."""
        addresses = await self._resolved()
        if self._pace is None:
            local = dial.is_loopback(addresses[0])
            rate = None if local else self._settings.rate_per_s
            self._pace = Pace(self._settings.concurrency, rate)
        return self._pace

    async def _resolved(self) -> tuple[str, ...]:
        if self._target.address is not None:
            return (self._target.address,)
        found: tuple[str, ...] = await self._once(
            "addresses", lambda: self._found_addresses(self._target)
        )
        return found

    async def _found_addresses(self, target: Target) -> tuple[str, ...]:
        try:
            return await dial.addresses(target.host, self._settings)
        except dial.ResolveError:
            # A name may be the proxy's alone to find: where all goes through it, it gets the name.
            origins = (*target.https, *target.http)
            if not all(dial.proxy_for(origin, "", self._settings) for origin in origins):
                raise
            return (target.host,)

    def _spend(self) -> None:
        """Take one question from the budget.

        Raises:
            TargetError: if it is spent.
        """
        if self.questions >= self._settings.max_questions:
            raise TargetError(f"the budget of {self._settings.max_questions} questions is spent")
        self.questions += 1

    def _context_for(self, request: Request, address: str) -> ssl.SSLContext | None:
        if request.origin.scheme == "http":
            return None
        if not self._carries_credential(request) or dial.is_loopback(address):
            return self._observing
        if self._verifying is None:
            self._verifying = dial.verifying_context(self._settings.ca_file)
        return self._verifying

    def _carries_credential(self, request: Request) -> bool:
        given = self._credentials
        return (
            given is not None
            and request.identity == "given"
            and request.origin.scheme == "https"
            and request.origin == given.origin
        )

    def _headers(self, request: Request, proxy: str | None) -> list[tuple[str, str]]:
        """The header lines sent, in order: ours, the credential or its canary, the question's."""
        lines = [
            ("Host", request.origin.authority),
            ("User-Agent", USER_AGENT),
            ("Accept", "application/json, text/html;q=0.9, */*;q=0.8"),
            ("Accept-Encoding", "identity"),
        ]
        if proxy is not None and request.origin.scheme == "http":
            lines += dial.proxy_headers(proxy)
        if self._credentials is not None and request.identity == "given":
            lines += self._identity(request, self._credentials)
        named = {name.lower() for name, _ in request.headers}
        return [line for line in lines if line[0].lower() not in named] + list(request.headers)

    def _identity(self, request: Request, given: Credentials) -> list[tuple[str, str]]:
        if self._carries_credential(request):
            return list(given.headers)
        if request.origin.scheme == "https":
            return []
        is_twin = request.origin == self._target.http[0]
        if is_twin and "cleartext-credentials" in self._settings.allow:
            return list(given.headers)
        return list(given.canary)


_NO_REUSE = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class NoListenerError(TargetError):
    """Nobody listens: an answer."""


def _in_words(error: OSError) -> str:
    match error:
        case ConnectionRefusedError():
            return "connection refused"
        case _:
            return (error.strerror or str(error) or type(error).__name__).lower()


def _retry_after_s(answer: Exchange) -> float:
    """The wait that a 429 asks for, in seconds, within bounds (RFC 9110, section 10.2.3)."""
    value = (answer.header("retry-after") or "").strip()
    return min(float(value), THROTTLE_WAIT_LIMIT_S) if value.isdigit() else 1.0
