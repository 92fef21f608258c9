"""Suites, groups and signature schemes of every version, each asked as soon as it can be.

A round trip is dearer than a connection, so nothing waits that need not. TLS 1.3 is asked
backwards while it is asked forwards, which tells its orders before they are needed. TLS 1.2 is
gone into after the first hello; versions before it wait for its suites, which are likely theirs.
Questions about suites, groups and schemes share hellos where they are independent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from plainwire.live.tls.asker import Asker, is_silent
from plainwire.live.tls.attacks import Attacks
from plainwire.live.tls.client_12 import completable
from plainwire.live.tls.exchanges import (
    accepted_groups,
    accepted_schemes,
    curve_of,
    group_of,
    scheme_of,
)
from plainwire.live.tls.features_12 import Features, ask_by_handshakes
from plainwire.live.tls.hellos import Hellos
from plainwire.live.tls.suites import accepted_suites
from plainwire.live.tls.together import Send, Settled, Together
from plainwire.model import Part
from plainwire.policy import families
from plainwire.policy.families import HYBRIDS, Codes, guess, key_exchange, key_of
from plainwire.policy.suites import offered_groups, offered_schemes, suites
from plainwire.policy.versions import Version
from plainwire.wire.answer import Answer
from plainwire.wire.flight import FirstFlight, Flight
from plainwire.wire.verdict import is_drop

if TYPE_CHECKING:
    from plainwire.live.tls.seen import Seen

DEFLATE = 1
DIMENSIONS = ("suites", "groups", "schemes")
# Offers that were made, with the code chosen.
Known = Sequence[tuple[Codes, int]]


@dataclass
class Enumeration:
    """The questions of one probe about what can be chosen; answers go to ``seen``."""

    asker: Asker
    hellos: Hellos
    seen: Seen
    parts: Collection[Part]
    tasks: asyncio.TaskGroup
    attacks: Attacks | None = None
    versions_known: asyncio.Event = field(default_factory=asyncio.Event)
    _offers: dict[Version, Codes] = field(default_factory=dict)
    _backwards: asyncio.Task[Settled] | None = None
    _begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, hello: bytes) -> Answer:
        """The answer to a version's hello, with the flight kept."""
        return self._heard(await self.asker.ask(hello))

    async def ask_alone(self, hello: bytes) -> Answer:
        """The same with nothing else under way, and again where no answer came."""

        def is_doubtful(answer: FirstFlight) -> bool:
            return is_silent(answer) or is_drop(answer)

        return self._heard(await self.asker.ask(hello, is_alone=True, is_doubtful=is_doubtful))

    def _heard(self, answer: FirstFlight) -> Answer:
        if isinstance(answer, Flight):
            self.seen.hear(answer)
            return answer.hello
        return answer

    async def after_first(self, speaks_tls: bool | None) -> None:
        """Ask TLS 1.3 backwards while it is asked forwards: it is likely to be accepted."""
        await asyncio.sleep(0)  # what `accepted` began asks first
        if speaks_tls and {"ciphers", "groups"} & set(self.parts):
            version = Version.TLS_1_3
            backwards, groups = families.reversed_offer(version), families.reversed_groups(version)
            hello = self.hellos.of(version, backwards, groups=groups)
            self._backwards = self.tasks.create_task(self.asker.settle(hello, f"suites {version}"))
        self._begun.set()

    def accepted(self, version: Version, offer: Codes) -> None:
        """Begin with what hangs on a version that was just found to be accepted."""
        older = any(known < Version.TLS_1_2 for known in self._offers)
        self._offers[version] = offer
        if version is Version.TLS_1_3:
            self.tasks.create_task(self._newest())
        elif version is Version.TLS_1_2:
            self.tasks.create_task(self._older(version))
        elif not older:
            self.tasks.create_task(self._without_tls_1_2())

    async def _newest(self) -> None:
        """What TLS 1.3 takes."""
        version = Version.TLS_1_3
        first = self._first(version).hello
        chosen, groups = [(self._offers[version], first.suite)], []
        if first.selected_group is not None:
            groups.append((offered_groups(version), first.selected_group))
        flight = await self._backwards if self._backwards else None
        if isinstance(flight, Flight) and flight.hello.version == version:
            self.seen.hear(flight)
            chosen.append((families.reversed_offer(version), flight.hello.suite))
            if flight.hello.selected_group is not None:
                groups.append((families.reversed_groups(version), flight.hello.selected_group))
        together = Together(self._sender(version, (first.suite,)))
        async with asyncio.TaskGroup() as tasks:
            if "ciphers" in self.parts:
                tasks.create_task(self._suites(version, together, chosen))
            if "groups" in self.parts:
                tasks.create_task(self._groups(version, together, groups))

    async def _without_tls_1_2(self) -> None:
        """What the newest version takes, if it is older than TLS 1.2: not the first to answer."""
        await self.versions_known.wait()
        newest = max(version for version in self._offers if version is not Version.TLS_1_3)
        if newest is not Version.TLS_1_2:
            await self._older(newest)

    async def _older(self, version: Version) -> None:
        """What the newest version below TLS 1.3 takes, then what the others take of it."""
        first = self._first(version)
        is_shown = group_of(first) is not None
        has_extensions = version is not Version.SSL_3_0  # else no group can be asked for
        together = Together(self._sender(version, _likely_ecdhe(version, first)), _fit)
        if is_shown and has_extensions:
            self.tasks.create_task(self._exchanges(version, together, first))
        if is_early := bool(completable((first.hello.suite,))):
            self.tasks.create_task(self._handshakes(version, (first.hello.suite,)))
        if "features" in self.parts:
            self.tasks.create_task(self._fallback(version))
        if "ciphers" in self.parts:
            chosen = [(self._offers[version], first.hello.suite)]
            await self._suites(version, together, chosen)
        found = self.seen.suites.get(version)
        taken = found.choices.accepted if found else (first.hello.suite,)
        await self.versions_known.wait()
        if "features" in self.parts:
            features = Features(self.asker, self.hellos, self.seen, version, taken)
            self.tasks.create_task(features.compression())
        if not is_early:
            self.tasks.create_task(self._handshakes(version, taken))
        if not is_shown and has_extensions:
            self.tasks.create_task(self._exchanges_of(version, taken))
        for other, offer in self._offers.items():
            if other not in (version, Version.TLS_1_3) and "ciphers" in self.parts:
                chosen = [(offer, self._first(other).hello.suite)]
                alone = Together(self._sender(other, ()))
                self.tasks.create_task(self._suites(other, alone, chosen, taken))

    async def _fallback(self, version: Version) -> None:
        await self.versions_known.wait()
        await Features(self.asker, self.hellos, self.seen, version, ()).fallback()

    async def _handshakes(self, version: Version, taken: Codes) -> None:
        """What only handshakes show, and attacks, with suites that are known to be ``taken``."""
        # Of an older version it has to be known that it is the newest; versions go first.
        await (self._begun if version is Version.TLS_1_2 else self.versions_known).wait()
        await asyncio.sleep(0)
        async with asyncio.TaskGroup() as tasks:
            if "features" in self.parts:
                asked = ask_by_handshakes(
                    self.asker, self.hellos, self.seen, version, taken, self.attacks
                )
                tasks.create_task(asked)
            if self.attacks:
                tasks.create_task(self.attacks.ask())

    async def _exchanges(self, version: Version, together: Together, first: Flight) -> None:
        """Groups and schemes, asked with ECDHE as the first flight had it."""
        group, scheme = group_of(first), scheme_of(first)
        async with asyncio.TaskGroup() as tasks:
            if "groups" in self.parts and group is not None:
                groups = [(offered_groups(version), group)]
                tasks.create_task(self._groups(version, together, groups))
            if "signature_algorithms" in self.parts and scheme is not None:
                schemes = [(offered_schemes(version), scheme)]
                tasks.create_task(self._schemes(together, schemes))

    async def _exchanges_of(self, version: Version, taken: Codes) -> None:
        """Groups and schemes where the first flight showed none: of the suites that were taken."""
        curves, signed = _with(taken, "ECDHE") or _with(taken, "ECDH_anon"), _with(taken, "DHE")
        unsigned = {*_with(taken, "anon"), *_with(taken, "PSK")}
        signed = tuple(code for code in signed if code not in unsigned)
        async with asyncio.TaskGroup() as tasks:
            if "groups" in self.parts and curves:
                together = Together(self._sender(version, curves))
                tasks.create_task(self._groups(version, together, ()))
            if "signature_algorithms" in self.parts and signed and version is Version.TLS_1_2:
                tasks.create_task(self._schemes(Together(self._sender(version, signed)), ()))

    def _first(self, version: Version) -> Flight:
        flight = self.seen.first(version)
        assert flight is not None, "it was found to be accepted by one"
        return flight

    def _sender(self, version: Version, known: Codes) -> Send:
        """Sends hellos of a version; ``known`` are the suites of those that are about others."""

        async def send(
            offers: Mapping[str, Codes], is_made: Callable[[], None] = lambda: None
        ) -> Settled:
            def made() -> tuple[bytes, str]:
                is_made()
                hello = self.hellos.of(
                    version,
                    offers.get("suites", known),
                    groups=offers.get("groups"),
                    schemes=offers.get("schemes"),
                    compression=(DEFLATE, 0) if _with_compression(version, offers) else (0,),
                )
                return hello, f"{min(offers, key=DIMENSIONS.index)} {version}"

            # Groups are few and ride with schemes: so that they are at hand, they go first.
            is_first = set(offers) == {"groups"} and version < Version.TLS_1_3
            settled = await self.asker.settle_late(made, -1 if is_first else 0)
            if isinstance(settled, Flight):
                self.seen.hear(settled)
                if self.attacks and version is Version.TLS_1_2 and self.attacks.hear(settled):
                    self.tasks.create_task(self.attacks.ask())
                if _with_compression(version, offers) and "features" in self.parts:
                    has_chosen = settled.hello.compression == DEFLATE
                    earlier = self.seen.features.get("compression", False)
                    self.seen.features["compression"] = earlier or has_chosen
            return settled

        return send

    async def _suites(
        self, version: Version, together: Together, known: Known, newer: Codes = ()
    ) -> None:
        async def offer_suites(offer: Codes) -> Settled:
            can_share = version is Version.TLS_1_3 or self._has_key(key_of(offer))
            if can_share and set(offer) <= set(guess(version)):
                return await together.ask("suites", offer)
            return await together.send({"suites": offer})

        first = self._first(version)
        found = await accepted_suites(offer_suites, version, newer=newer, known=known, first=first)
        self.seen.suites[version] = found
        self.seen.leave_open("ciphers", f"cipher suites of {version}", found.choices)

    def _has_key(self, key: str | None) -> bool:
        """Whether the server signed with such a key: what it will take is likely taken too."""
        return key is not None and any(
            key in key_exchange(suites()[flight.hello.suite])
            for flight in self.seen.flights
            if flight.key_exchange
        )

    async def _groups(self, version: Version, together: Together, known: Known) -> None:
        async def offer_groups(offer: Codes) -> Settled:
            if set(offer) <= set(families.group_guess(version)) - set(HYBRIDS):
                return await together.ask("groups", offer)
            return await together.send({"groups": offer})

        found = await accepted_groups(
            offer_groups, version, known, lambda: self._only_curve(version)
        )
        self.seen.groups[version] = found
        self.seen.leave_open("groups", f"groups of {version}", found)

    def _only_curve(self, version: Version) -> int | None:
        """The curve of the certificate, if every one that the version showed has the same."""
        leaves = {
            flight.certificates[0]
            for flight in self.seen.flights
            if flight.hello.version == version and flight.certificates
        }
        curves = {curve_of(leaf) for leaf in leaves}
        return curves.pop() if len(curves) == 1 else None

    async def _schemes(self, together: Together, known: Known) -> None:
        async def offer_schemes(offer: Codes) -> Settled:
            if self._has_key(key_of(offer)):
                return await together.ask("schemes", offer)
            return await together.send({"schemes": offer})

        version = Version.TLS_1_2
        found = await accepted_schemes(offer_schemes, known)
        self.seen.schemes[version] = found
        self.seen.leave_open("signature_algorithms", f"signature schemes of {version}", found)


def _with_compression(version: Version, offers: Mapping[str, Codes]) -> bool:
    return "suites" in offers and version < Version.TLS_1_3


def _fit(offers: Mapping[str, Codes]) -> bool:
    """Whether a server that takes each of these by itself takes all: one key has to serve."""
    keys = {key_of(offer) for what, offer in offers.items() if what != "groups"}
    # A certificate with ECDSA asks for its own curve among the groups (RFC 8422, 5.1).
    return len(keys) < 2 and not ("groups" in offers and keys == {"ECDSA"})


def _likely_ecdhe(version: Version, first: Flight) -> Codes:
    """The first suite, and what else is likely accepted with ECDHE and a certificate."""
    likely = (code for code in guess(version) if key_of((code,)) is not None)
    return tuple(dict.fromkeys((first.hello.suite, *likely)))


def _with(codes: Sequence[int], word: str) -> tuple[int, ...]:
    """The suites with a word in their key exchange."""
    return tuple(code for code in codes if word in key_exchange(suites()[code]))
