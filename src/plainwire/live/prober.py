"""Asks a server which protocol versions it accepts, by hellos of our own bytes.

A version is **accepted** when a ServerHello (or HelloRetryRequest) names it. It is **refused**
when a ServerHello names another, or an alert says `protocol_version`; or when every hello of
the version got a refusing alert while the server accepts some other version (where it accepts
none, such an alert is about something else, a missing server name perhaps, and says nothing).

Servers such as IIS refuse old versions by closing or resetting without an alert, which looks
like throttling. So that counts as a refusal only if it happens again when asked alone, and a
hello known to be good is answered just before and just after. Silence never counts. What is
neither accepted nor refused is inconclusive, with a reason.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache

from plainwire.live.hellos import OpenStream, Stream, ask_hello
from plainwire.live.tls.hellos import Hellos
from plainwire.policy.families import offers
from plainwire.policy.versions import Version
from plainwire.wire import extensions as ext
from plainwire.wire.alerts import Alert
from plainwire.wire.answer import Answer
from plainwire.wire.hello import ServerHello
from plainwire.wire.not_tls import NotTls
from plainwire.wire.verdict import VersionAnswers, is_drop, is_refusal

X25519 = 0x001D
# Gives the answer to a hello.
AskHello = Callable[[bytes], Awaitable[Answer]]
Accepted = Callable[[Version, tuple[int, ...]], None]

# The likeliest first, then the one that a stack which chokes on it would know.
ASK_ORDER = (
    Version.TLS_1_2,
    Version.TLS_1_0,
    Version.TLS_1_3,
    Version.TLS_1_1,
    Version.SSL_3_0,
)


@dataclass(frozen=True, slots=True)
class VersionsAnswer:
    """Which versions a server accepts, in the words of `model.TlsEndpoint`.

    ``protocols`` holds only what is known; the rest is in ``inconclusive`` as (question,
    reason). ``speaks_tls`` is False if the server answered in plain text, and None if nothing
    told. ``answers`` has the deciding answer to each version asked in readable words, and
    ``hellos`` the ServerHello of each accepted version, ``offers`` the suites it chose from.
    """

    protocols: Mapping[str, bool]
    speaks_tls: bool | None
    inconclusive: tuple[tuple[str, str], ...]
    answers: Mapping[str, str]
    hellos: Mapping[str, ServerHello]
    offers: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    connections: int = 0


async def accepted_versions(
    open_stream: OpenStream,
    *,
    server_name: str | None,
    timeout_s: float,
    versions: Iterable[Version] = tuple(Version),
    after_first: Callable[[bool | None], Awaitable[None]] | None = None,
) -> VersionsAnswer:
    """`versions_by` with every question on a connection of its own, ``timeout_s`` for an answer.

    ``open_stream`` yields a new TCP connection, and may keep a caller waiting for its turn.
    """

    opened = 0

    @asynccontextmanager
    async def counted() -> AsyncIterator[Stream]:
        nonlocal opened
        async with open_stream() as stream:
            opened += 1
            yield stream

    async def ask(hello: bytes) -> Answer:
        return await ask_hello(counted, hello, timeout_s=timeout_s)

    found = await versions_by(
        ask, server_name=server_name, versions=versions, after_first=after_first
    )
    return replace(found, connections=opened)


async def versions_by(
    ask: AskHello,
    *,
    server_name: str | None,
    versions: Iterable[Version] = tuple(Version),
    after_first: Callable[[bool | None], Awaitable[None]] | None = None,
    accepted: Accepted = lambda version, offer: None,
    ask_alone: AskHello | None = None,
    hellos: Hellos | None = None,
) -> VersionsAnswer:
    """Which of ``versions`` the server accepts: one is asked first, then all others at once.

    ``ask`` gives the answer to a hello and may keep a caller waiting for its turn, ``ask_alone``
    one with nothing else under way, asked twice where no answer comes.
    ``server_name`` is an A-label, an IP literal or None. ``after_first`` is told whether the
    server speaks TLS as far as the first answer says, and awaited before the others are asked.
    ``accepted`` is told each version once it is known to be accepted, with the suites offered.
    ``hellos`` are left without the extensions over which the server drops them.
    Never raises for what a server does.

    Raises:
        ValueError: if ``server_name`` is not ASCII.
    """
    if server_name is not None and not server_name.isascii():
        raise ValueError(f"not an A-label: {server_name!r}")
    hellos = hellos or Hellos(server_name)
    probe = _VersionProbe(ask, ask_alone or ask, hellos, frozenset(versions), accepted)
    await probe.ask_first()
    if after_first is not None:
        await after_first(probe.speaks_tls)
    await probe.ask_others_at_once()
    await probe.ask_further_hellos()
    await probe.ask_again_alone()
    await probe.ask_without_extras()
    return probe.result()


@cache
def _hello_count(version: Version) -> int:
    """How many hellos it takes to offer everything that a version knows."""
    return 2 if version is Version.TLS_1_3 else len(offers(version))


def offered_suites(version: Version, number: int) -> tuple[int, ...]:
    """The suites that a version's hello of this number offers."""
    return offers(version)[0 if version is Version.TLS_1_3 else number]


def _hello(version: Version, number: int, hellos: Hellos) -> bytes:
    """A version's hello: for TLS 1.3 without and with a key share, else one part of the suites.

    The share is random bytes: every string of 32 is an x25519 public key (RFC 7748, section 5).
    """
    is_shared = version is Version.TLS_1_3 and number
    shares = [(X25519, secrets.token_bytes(32))] if is_shared else []
    return hellos.of(version, offered_suites(version, number), key_shares=shares)


class _VersionProbe:
    """The answers so far, and what to ask next."""

    def __init__(
        self,
        ask: AskHello,
        ask_alone: AskHello,
        hellos: Hellos,
        versions: frozenset[Version],
        accepted: Accepted,
    ) -> None:
        self._send, self._send_alone = ask, ask_alone
        self._accepted = accepted
        self._hellos = hellos
        self._asked = {
            version: VersionAnswers(version, _hello_count(version))
            for version in ASK_ORDER
            if version in versions
        }
        self._is_sound = False

    async def _ask(self, version: Version, number: int = 0, *, is_alone: bool = False) -> Answer:
        send = self._send_alone if is_alone else self._send
        answer = await send(_hello(version, number, self._hellos))
        self._note(version, number, answer)
        return answer

    def _note(self, version: Version, number: int, answer: Answer) -> None:
        was_known = self._asked[version].accepting is not None
        self._asked[version].answers.append((number, answer))
        if self._asked[version].accepting and not was_known:
            self._accepted(version, offered_suites(version, number))

    async def ask_first(self) -> None:
        """Ask the first hello of the likeliest version, alone: does the server speak TLS?"""
        await self._ask(next(iter(self._asked)))

    async def ask_others_at_once(self) -> None:
        """Ask the other versions' first hellos, all at the same time.

        Where the first met with silence or plain text they are left to `ask_again_alone`, which
        gives up sooner: a dead port costs two time-outs. One that closes on a version it does not
        know costs no time.
        """
        if self.speaks_tls is False or (not self._heard_tls and not self._is_dropped):
            return
        async with asyncio.TaskGroup() as group:
            for version in list(self._asked)[1:]:
                group.create_task(self._ask(version))

    async def ask_further_hellos(self) -> None:
        """Ask the other hellos of versions whose first got a refusing alert."""
        async with asyncio.TaskGroup() as group:
            for version in self._doubtful():
                asked = self._asked[version]
                if asked.answers and is_refusal(asked.answers[0][1]):
                    for number in range(1, asked.hello_count):
                        group.create_task(self._ask(version, number))

    async def ask_again_alone(self) -> None:
        """Ask the versions in doubt once more, one connection at a time."""
        doubtful = self._doubtful()
        if doubtful and not self._heard_tls:
            # The second in order: what the first met with may be about the first alone.
            answer = await self._ask(doubtful[1 % len(doubtful)])
            if is_drop(answer) and Version.TLS_1_3 in doubtful and not self._heard_tls:
                # Python's asyncio closes without an alert on every hello that it cannot serve,
                # and its certificate may be good for TLS 1.3 alone.
                await self._ask(Version.TLS_1_3)
            if not self._heard_tls:
                return
        doubtful = [version for version in self._doubtful() if not self._asked[version].is_refused]
        witness = self._witness()
        is_good = await self._answers_again(witness) if doubtful and witness else False
        for version in doubtful:
            await self._ask_every_hello(version)
            if (
                is_good
                and self._send_alone is self._send
                and self._asked[version].is_silent_last
                and self._verdict(version) is None
            ):
                # Silent to this alone, twice: the third time tells chance from nature.
                await self._ask(version)
        if is_good and any(self._verdict(version) is None for version in doubtful):
            self._is_sound = await self._answers_again(witness)

    async def ask_without_extras(self) -> None:
        """Ask once more with no more extensions than needed, where no alert was about versions.

        A lighttpd with wolfSSL closes on every client that asks for a staple, and speaks TLS.
        """
        for version, asked in self._asked.items():
            if version in (Version.SSL_3_0, Version.TLS_1_3) or asked.accepting or asked.refusing:
                continue
            is_newest = version is Version.TLS_1_2
            if asked.is_dropped_again or (is_newest and (asked.is_refused or asked.is_dropped)):
                await self._ask_without_extras(version)

    async def _ask_without_extras(self, version: Version) -> None:
        offer = offered_suites(version, 0)

        async def ask(*extras: ext.Extension) -> Answer:
            bare = replace(self._hellos, asked=extras)
            return await self._send_alone(bare.of(version, offer))

        answer = await ask()
        if isinstance(answer, ServerHello) and answer.version == version:
            answers = [(extra, await ask(extra)) for extra in self._hellos.asked]
            borne = (extra for extra, found in answers if isinstance(found, ServerHello))
            self._hellos.asked = tuple(borne)
        self._note(version, 0, answer)

    async def _ask_every_hello(self, version: Version) -> None:
        # For TLS 1.3 the key share first: what the stack stumbled over may be its absence.
        numbers = [1, 0] if version is Version.TLS_1_3 else list(range(_hello_count(version)))
        if not self._asked[version].answers:
            # It was given up before; only what happens again can be a refusal.
            numbers.append(numbers[0])
        for number in numbers:
            answer = await self._ask(version, number, is_alone=True)
            if self._verdict(version) is not None or not is_drop(answer):
                return

    async def _answers_again(self, witness: tuple[Version, int] | None) -> bool:
        """Whether the server answers the hello that it had accepted."""
        return witness is not None and isinstance(await self._ask(*witness), ServerHello)

    def _all_answers(self) -> list[Answer]:
        return [answer for asked in self._asked.values() for _, answer in asked.answers]

    @property
    def _is_dropped(self) -> bool:
        return any(is_drop(answer) for answer in self._all_answers())

    @property
    def _heard_tls(self) -> bool:
        return any(isinstance(answer, ServerHello | Alert) for answer in self._all_answers())

    def _witness(self) -> tuple[Version, int] | None:
        """A version and the number of a hello of it that was accepted: a proof of life."""
        for version, asked in self._asked.items():
            if asked.accepting:
                return version, asked.accepting[0]
        return None

    def _verdict(self, version: Version) -> bool | None:
        accepts_another = self._witness() is not None
        asked = self._asked[version]
        return asked.verdict(accepts_another=accepts_another, is_sound=self._is_sound)

    def _doubtful(self) -> list[Version]:
        return [version for version in self._asked if self._verdict(version) is None]

    @property
    def speaks_tls(self) -> bool | None:
        """Whether the server speaks TLS, as far as its answers say; None if they say nothing."""
        if self._heard_tls:
            return True
        answers = self._all_answers()
        plain = any(isinstance(answer, NotTls) and answer.is_plain_text for answer in answers)
        return False if plain else None

    def result(self) -> VersionsAnswer:
        """What the answers come to, oldest version first."""
        speaks_tls = self.speaks_tls
        every = {version: self._asked[version] for version in sorted(self._asked)}
        told = every if speaks_tls is not False else {}
        verdicts = {version: self._verdict(version) for version in told}
        return VersionsAnswer(
            protocols={str(v): known for v, known in verdicts.items() if known is not None},
            speaks_tls=speaks_tls,
            inconclusive=tuple(
                (f"does it accept {version}?", asked.words)
                for version, asked in told.items()
                if verdicts[version] is None
            ),
            answers={str(version): asked.words for version, asked in every.items()},
            hellos={
                str(version): asked.accepting[1]
                for version, asked in told.items()
                if asked.accepting
            },
            offers={
                str(version): offered_suites(version, asked.accepting[0])
                for version, asked in told.items()
                if asked.accepting
            },
        )
