"""Everything that leaves for a target passes here: budget, pace, lanes, retries, the record.

Two ways lead out: `Transport.answer` sends a request, `Transport.open_stream` opens a connection
for a hello of our own bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from plainwire.live import dial
from plainwire.live import http as http_client
from plainwire.live.connector import Connector, NoListenerError, NotSentError
from plainwire.live.credentials import LOGIN, ClientCertificate, Identities
from plainwire.live.lane import Lane, Pace
from plainwire.live.once import Once
from plainwire.live.room import Room
from plainwire.live.settings import USER_AGENT, Settings
from plainwire.live.silence import Silence
from plainwire.live.trace import Trace
from plainwire.model import (
    Answer,
    Exchange,
    NoListener,
    Origin,
    Refused,
    Request,
    Target,
    TargetError,
    Unanswered,
)
from plainwire.wire import constant_posts
from plainwire.wire.readable import readable

PROXY_STATUSES = (407, 502, 503, 504)
THROTTLE_TRIES = 3
THROTTLE_WAIT_LIMIT_S = 5.0
# So many 429s with no other answer between, for so long: who asks is banned.
BANNED_AFTER = 12
BANNED_AFTER_S = 10.0

Send = Callable[[Request], Awaitable[Exchange]]
# Says of an https origin whether it speaks TLS, as far as it told.
SpeaksTls = Callable[[Origin], Awaitable[bool | None]]

# A kind of connection that no other question may use.
_NO_REUSE = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class SilentError(NotSentError):
    """The origin fell silent, and is asked nothing more unless it gives a sign of life."""


class Transport:
    """What may be sent to one target, and how fast. ``send`` stands in for the network.

    ``hello_first`` is asked before a request leaves for a port that must be greeted with a hello,
    ``speaks_tls`` where a port for plain HTTP closes twice without a word.
    """

    def __init__(
        self,
        target: Target,
        settings: Settings,
        *,
        identities: Identities,
        trace: Trace,
        once: Once,
        hello_first: SpeaksTls,
        speaks_tls: SpeaksTls,
        send: Send | None = None,
    ) -> None:
        self._target = target
        self._settings = settings
        self._identities = identities
        self._trace = trace
        self._hello_first = hello_first
        self._speaks_tls = speaks_tls
        self._send = send or self._send_over_network
        self._lanes: dict[int, Lane] = {}
        self._pace: Pace | None = None
        self._observing = dial.observing_context()
        self._verifying: ssl.SSLContext | None = None
        self._showing: dict[ClientCertificate, ssl.SSLContext] = {}
        self.connector = Connector(target, settings, trace, once)
        self.silence = Silence()
        self._once = once
        self.requests = 0
        self._room = Room(settings.body_limit)
        self._refused = 0  # 429s since the last other answer
        self._heard_at = time.monotonic()
        self.questions = 0

    @property
    def connections(self) -> int:
        """TCP connections opened so far."""
        return self.connector.connections

    def close(self) -> None:
        """Close every connection."""
        for lane in self._lanes.values():
            lane.close()

    async def answer(self, request: Request, *, is_patient: bool = True) -> Answer:
        """The answer to one request, asked again where it was throttled or reset.

        A repetition is sent while nothing else is under way, so that no company explains it.
        One that ``is_patient`` no more takes a 429 for the answer. What may change something is
        refused here, whoever asks.
        """
        if (without := self._identities.unanswered(request)) is not None:
            return without
        if (
            reason := constant_posts.refused(request, may_post=self._settings.may_post)
        ) is not None:
            return Unanswered("", str(request), reason)
        try:
            for attempt in range(THROTTLE_TRIES):
                answer = await self._send_patiently(request)
                self._listen(answer)
                if answer.status != 429 or not is_patient:
                    return answer
                (await self.pace()).halve()
                if attempt < THROTTLE_TRIES - 1:
                    await asyncio.sleep(_retry_after_s(answer))
            return Unanswered("", str(request), "throttled: answered 429 three times")
        except NoListenerError as error:
            return NoListener(str(request), str(error))
        except NotSentError as error:
            return Unanswered("", str(request), str(error))
        except TargetError as error:
            if await self._wants_certificate(request, error):
                return Refused(str(request), str(error))
            if isinstance(error, dial.CertificateWantedError):
                return Unanswered("", str(request), str(error))
            self.silence.missed(request.origin, request.method)
            return Unanswered("", str(request), str(error))

    async def _wants_certificate(self, request: Request, error: TargetError) -> bool:
        """True if a request got no answer since it shows no certificate, where somebody shows one.

        An alert that may mean something else does so only if who shows one is let in.
        """
        first = Request(request.origin, "GET", self._target.path)
        shown = self._identities.with_certificate(first)
        if shown is None or self._identities.shows_certificate(request):
            return False
        if isinstance(error, dial.HandshakeRefusedError):
            let_in = await self._once.ask(shown, lambda: self.answer(shown))
            return isinstance(let_in, Exchange)
        return isinstance(error, dial.CertificateWantedError)

    @contextlib.asynccontextmanager
    async def open_stream(
        self, origin: Origin, what: str
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A fresh TCP connection for one hello of our own bytes, closed hard afterwards.

        Raises:
            TargetError: if it cannot be opened.
        """
        lane = await self.lane(origin)
        async with lane.hello_slot():  # no question waits for a version
            self._spend()
            connection = await lane.take(lambda: self.connector.tcp(origin, is_tls=True), _NO_REUSE)
            self._trace.hello(origin, what)
            try:
                yield connection.reader, connection.writer
            finally:
                lane.give_back(connection, is_reusable=False)

    async def lane(self, origin: Origin) -> Lane:
        """The lane to the origin's port: cleartext and TLS on one port share it."""
        pace = await self.pace()
        if origin.port not in self._lanes:
            self._lanes[origin.port] = Lane(pace)
        return self._lanes[origin.port]

    async def pace(self) -> Pace:
        """The politeness for the target's host."""
        address = await self.connector.address()
        if self._pace is None:
            rate = None if dial.is_loopback(address) else self._settings.rate_per_s
            self._pace = Pace(self._settings.concurrency, rate)
        return self._pace

    @property
    def was_throttled(self) -> bool:
        """True if the host answered 429 to a question that is patient."""
        return self._pace is not None and self._pace.is_halved

    def mask(self, secrets: Iterable[str]) -> None:
        """Mask these too in the record of what is sent."""
        if self._trace.masker is not None:
            self._trace.masker.learn(secrets)

    def may_show(self, origin: Origin) -> bool:
        """True if credentials may go to an origin: the target's https, or what the user allowed."""
        if origin.scheme == "https":
            return origin == self._target.https[0]
        is_twin = origin == self._target.http[0]
        return is_twin and "cleartext-credentials" in self._settings.allow

    async def log_in(self, request: Request) -> Answer:
        """The answer to a login that the user wrote down: the one request that may be a POST of
        anything. It is sent once.

        It goes where credentials may go, and nowhere else.
        """
        if not self.may_show(request.origin):
            where = "over plain HTTP without --allow cleartext-credentials"
            return Unanswered("", str(request), f"not sent {where}")
        try:
            answer = await self._send(request)
            return self._identities.without_echo(readable(answer, self._body_limit(request)))
        except NoListenerError as error:
            return NoListener(str(request), str(error))
        except (TargetError, ConnectionError) as error:
            return Unanswered("", str(request), str(error) or "connection reset")

    def _listen(self, answer: Exchange) -> None:
        """Note an answer; one that broke off cost its timeout as silence does."""
        self.silence.heard(answer.request, is_whole=not answer.is_broken)
        if answer.status == 429:
            self._refused += 1
        else:
            self._refused, self._heard_at = 0, time.monotonic()

    @property
    def _is_banned(self) -> bool:
        is_long = time.monotonic() - self._heard_at >= BANNED_AFTER_S
        return self._refused >= BANNED_AFTER and is_long

    async def _send_patiently(self, request: Request) -> Exchange:
        """One exchange, as long as the origin gives signs of life."""
        while True:
            try:
                return await self._send_with_retry(request)
            except SilentError:
                if not await self._gives_a_sign(request.origin):
                    raise

    async def _gives_a_sign(self, origin: Origin) -> bool:
        """True if a silent origin still answers what it answered before."""
        sign = self.silence.sign_of_life(origin)
        if not self.silence.is_in_doubt(origin):
            return True  # it came for another question meanwhile
        if sign is None:
            return False
        known, number = sign
        found: bool = await self._once.ask(
            ("sign of life", origin, number), lambda: self._asked_for_a_sign(known)
        )
        return found

    async def _asked_for_a_sign(self, known: Request) -> bool:
        is_alive = False
        with contextlib.suppress(TargetError, ConnectionError):
            answer = await self._send_over_network(known, is_sign=True)
            is_alive = not answer.is_broken
        self.silence.judge(known.origin, is_alive=is_alive)
        return is_alive

    async def _send_with_retry(self, request: Request) -> Exchange:
        last = "connection reset"
        for _ in range(2):
            try:
                answer = await self._send(request)
                # Before the echo: a credential in UTF-16 is one, too.
                read = readable(answer, self._body_limit(request))
                return self._identities.without_echo(read)
            except ConnectionError as error:
                last = str(error) or "connection reset"
        origin = request.origin
        twin = Origin("https", origin.host, origin.port)
        if origin.scheme == "http" and await self._speaks_tls(twin):
            raise NoListenerError(f"closed without an answer: the port speaks TLS only ({last})")
        raise TargetError(f"{last}, twice")

    async def _send_over_network(self, request: Request, *, is_sign: bool = False) -> Exchange:
        """One exchange over one connection of the origin's lane.

        One that ``is_sign`` is sent however silent the origin is.
        """
        origin = request.origin
        lane = await self.lane(origin)
        if await self._hello_first(origin) is False and origin.scheme == "https":
            raise NoListenerError("the port does not speak TLS")
        proxy = await self.connector.proxy(origin)
        context = await self._context_for(request)
        through = proxy is not None and origin.scheme == "http"
        async with lane.slot(is_exclusive=request.repetition > 0):
            is_named = request.path == self._target.path and not request.headers
            silent = self.silence.verdict(request, is_named=is_named or is_sign)
            if silent is not None:
                raise (SilentError if self.silence.is_in_doubt(origin) else NotSentError)(silent)
            if self._is_banned:
                raise NotSentError("left alone: the host answers 429 to everything")
            self._spend()
            connection = await lane.take(lambda: self.connector.connect(origin, context), context)
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
                    body_limit=self._body_limit(request),
                    room=self._room,
                )
                lane.closes = not is_reusable
            finally:
                lane.give_back(connection, kind=context, is_reusable=is_reusable)
        self._trace.answer(answer)
        if through and answer.status in PROXY_STATUSES:
            raise TargetError(f"the environment's proxy answered {answer.status}, not the target")
        return answer

    def _body_limit(self, request: Request) -> int:
        """How much of an answer's body is read, in bytes."""
        return request.body_limit or self._settings.body_limit

    def _spend(self) -> None:
        """Take one question from the budget.

        Raises:
            TargetError: if it is spent.
        """
        if self.questions >= self._settings.max_questions:
            raise NotSentError(f"the budget of {self._settings.max_questions} questions is spent")
        self.questions += 1

    async def _context_for(self, request: Request) -> ssl.SSLContext | None:
        """The TLS that a request goes over: verified where it carries a given credential."""
        if request.origin.scheme == "http":
            return None
        given = self._identities.of(request)
        carries = request.identity == LOGIN or (given is not None and given.goes_with(request))
        if not carries:
            return self._observing
        is_near = dial.is_loopback(await self.connector.address())
        certificate = given.certificate if given is not None else None
        if certificate is not None:
            return self._context_with(certificate, is_near=is_near)
        if is_near:
            return self._observing
        if self._verifying is None:
            self._verifying = dial.verifying_context(self._settings.ca_file)
        return self._verifying

    def _context_with(self, own: ClientCertificate, *, is_near: bool) -> ssl.SSLContext:
        """The TLS in which an identity shows its certificate, the same for all its requests."""
        if own not in self._showing:
            ca = self._settings.ca_file
            context = dial.observing_context() if is_near else dial.verifying_context(ca)
            dial.show(context, own.file, own.key)
            self._showing[own] = context
        return self._showing[own]

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
        if (given := self._identities.of(request)) is not None:
            lines += given.lines(request, in_clear=self.may_show(request.origin))
        if request.body:
            lines.append(("Content-Length", str(len(request.body))))
        named = {name.lower() for name, _ in request.headers}
        return [line for line in lines if line[0].lower() not in named] + list(request.headers)


def _retry_after_s(answer: Exchange) -> float:
    """The wait that a 429 asks for, in seconds, within bounds (RFC 9110, section 10.2.3)."""
    value = (answer.header("retry-after") or "").strip()
    return min(float(value), THROTTLE_WAIT_LIMIT_S) if value.isdigit() else 1.0
