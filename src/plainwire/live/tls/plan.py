"""The whole of a TLS probe, top to bottom: what is asked, in which order, side by side.

Versions first, as everything hangs on them: one hello alone, then all others. What a version
takes is asked as soon as it is known to be accepted; older versions wait for the suites of the
newest, which are likely theirs. Everything else rides along with these answers where it can.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from plainwire.live.prober import VersionsAnswer, versions_by
from plainwire.live.tls import protocols
from plainwire.live.tls.asker import Asker, Unknown
from plainwire.live.tls.attacks import Attacks
from plainwire.live.tls.chains import Shown
from plainwire.live.tls.choices import Choices, Codes
from plainwire.live.tls.exchanges import accepted_groups, accepted_schemes
from plainwire.live.tls.features_12 import ask_features
from plainwire.live.tls.hellos import PROTOCOLS, Hellos
from plainwire.live.tls.hidden import hidden
from plainwire.live.tls.in_clear import in_clear
from plainwire.live.tls.sslv2 import ask_sslv2
from plainwire.live.tls.suites import SuitesAnswer, accepted_suites
from plainwire.model import Gap, Part
from plainwire.policy.families import key_exchange
from plainwire.policy.suites import suites
from plainwire.policy.versions import Version
from plainwire.wire import extensions as ext
from plainwire.wire.answer import Answer
from plainwire.wire.flight import Flight
from plainwire.wire.sslv2 import ServerHello2

if TYPE_CHECKING:
    from plainwire.wire.handshake.result_13 import Result13


@dataclass
class Seen:
    """Everything that a listener said, as far as it was asked.

    ``features`` and ``vulnerabilities`` are what was asked of by itself, in the report's words;
    what flights tell besides is read from them by `facts`. ``handshakes`` are the finished ones
    of TLS 1.3; ``unnamed`` says of a version whether it refuses a client that names no server,
    and ``has_name`` whether there is a name to give (RFC 6066, section 3: no IP address).
    """

    versions: VersionsAnswer | None = None
    suites: dict[Version, SuitesAnswer] = field(default_factory=dict)
    groups: dict[Version, Choices] = field(default_factory=dict)
    schemes: dict[Version, Choices] = field(default_factory=dict)
    flights: list[Flight] = field(default_factory=list)
    shown: Shown = field(default_factory=Shown)
    features: dict[str, Any] = field(default_factory=dict)
    vulnerabilities: dict[str, bool] = field(default_factory=dict)
    handshakes: list[Result13] = field(default_factory=list)
    unnamed: dict[Version, bool | Unknown] = field(default_factory=dict)
    has_name: bool = True
    sslv2: ServerHello2 | None = None
    gaps: list[Gap] = field(default_factory=list)

    def accepted(self) -> tuple[Version, ...]:
        """The versions known to be accepted, the newest first."""
        found = self.versions.protocols if self.versions else {}
        return tuple(
            version for version in sorted(Version, reverse=True) if found.get(str(version))
        )

    def hear(self, flight: Flight, *, is_named: bool = True) -> None:
        """Keep a flight, and the chain in it; of one for no name the chain alone."""
        if is_named:
            self.flights.append(flight)
        sni = is_named and self.has_name
        self.shown.add(flight.certificates, sni=sni, staple=flight.staple, scts=flight.scts)

    def hear_handshake(self, result: Result13, is_named: bool = True) -> None:
        """The same of a whole handshake."""
        if is_named:
            self.handshakes.append(result)
        sni = is_named and self.has_name
        self.shown.add(result.certificates, sni=sni, staple=result.staple, scts=result.scts)

    def leave_open(self, part: Part, what: str, found: Choices) -> None:
        """Note the offers that got no answer."""
        for offer, reason in found.unknown:
            self.gaps.append(Gap(part, f"which of {len(offer)} {what} does it take?", reason))

    def first(self, version: Version) -> Flight | None:
        """The first flight of a version; None if there was none."""
        return next((f for f in self.flights if f.hello.version == version), None)


async def examine(
    asker: Asker,
    server_name: str | None,
    parts: Collection[Part],
    *,
    probes_attacks: bool = False,
    seen: Seen | None = None,
    after_first: Callable[[bool | None], Awaitable[None]] | None = None,
    versions_known: Callable[[VersionsAnswer], None] = lambda versions: None,
) -> Seen:
    """What a listener says about ``parts``; versions are always asked. Never raises for a peer.

    ``probes_attacks`` opts in to the questions that resemble an attack. ``seen`` is filled as
    answers come, for a caller that may end this early. ``after_first`` is as in `versions_by`;
    ``versions_known`` is told the versions while the rest is still to be asked.
    """
    hellos, seen = Hellos(server_name), seen or Seen()
    seen.has_name = bool(ext.server_name(server_name))

    async def ask(hello: bytes) -> Answer:
        answer = await asker.ask(hello)
        if isinstance(answer, Flight):
            seen.hear(answer)
            return answer.hello
        return answer

    seen.versions = await versions_by(ask, server_name=server_name, after_first=after_first)
    versions_known(seen.versions)
    is_asked = probes_attacks and "vulnerabilities" in parts
    attacks = Attacks(asker, hellos, seen) if is_asked else None
    async with asyncio.TaskGroup() as group:
        if seen.versions.speaks_tls or (seen.versions.speaks_tls is None and asker.is_heard):
            group.create_task(_sslv2(asker, seen))
        group.create_task(_choices(asker, hellos, seen, parts, attacks))
        group.create_task(_handshakes(asker, hellos, seen, parts))
    if attacks:
        await attacks.ask()  # what needs a suite that older versions alone take
    return seen


async def _handshakes(asker: Asker, hellos: Hellos, seen: Seen, parts: Collection[Part]) -> None:
    """What TLS 1.3 hides, and the protocols of ALPN, which older versions have in clear."""
    if Version.TLS_1_3 in seen.accepted():
        await hidden(asker, seen, hellos.server_name, parts)
    old = [version for version in seen.accepted() if version is not Version.TLS_1_3]
    if "features" not in parts or "alpn" in seen.features or not old:
        return
    if first := seen.first(old[0]):
        offer = protocols.by_hello(asker, hellos, old[0], (first.hello.suite,))
        await protocols.note(seen, offer, await offer(PROTOCOLS))


async def _sslv2(asker: Asker, seen: Seen) -> None:
    """Whether SSLv2 is spoken, its suites and its certificate."""
    answer = await ask_sslv2(asker)
    assert seen.versions
    if isinstance(answer, Unknown):
        seen.gaps.append(Gap("versions", "does it accept SSLv2?", answer.reason))
        return
    spoken = {"SSLv2": answer is not None}
    seen.versions = replace(seen.versions, protocols=spoken | dict(seen.versions.protocols))
    if answer is not None:
        seen.versions = replace(seen.versions, speaks_tls=True)
        seen.sslv2 = answer
        seen.shown.add((answer.certificate,) if answer.certificate else None, sni=False)


async def _choices(
    asker: Asker, hellos: Hellos, seen: Seen, parts: Collection[Part], attacks: Attacks | None
) -> None:
    """Suites and groups of every accepted version."""
    accepted = seen.accepted()
    old = [version for version in accepted if version is not Version.TLS_1_3]
    async with asyncio.TaskGroup() as group:
        if Version.TLS_1_3 in accepted:
            group.create_task(_newest(asker, hellos, seen, parts))
        if old:
            group.create_task(_older(asker, hellos, seen, parts, old, attacks))


async def _newest(asker: Asker, hellos: Hellos, seen: Seen, parts: Collection[Part]) -> None:
    """What TLS 1.3 takes."""
    version = Version.TLS_1_3
    first = seen.first(version)
    async with asyncio.TaskGroup() as group:
        if "ciphers" in parts:
            group.create_task(_suites(asker, hellos, seen, version, ()))
        if "groups" in parts and first:
            group.create_task(_groups(asker, hellos, seen, version, (first.hello.suite,)))


async def _older(
    asker: Asker,
    hellos: Hellos,
    seen: Seen,
    parts: Collection[Part],
    versions: Sequence[Version],
    attacks: Attacks | None,
) -> None:
    """What TLS 1.2 and older versions take, the newest of them first."""
    newest, *others = versions
    async with asyncio.TaskGroup() as group:
        group.create_task(_old_choices(asker, hellos, seen, parts, newest, others, attacks))
        group.create_task(in_clear(asker, hellos, seen, parts, newest))


async def _old_choices(
    asker: Asker,
    hellos: Hellos,
    seen: Seen,
    parts: Collection[Part],
    newest: Version,
    others: Sequence[Version],
    attacks: Attacks | None,
) -> None:
    """Suites, groups and schemes of TLS 1.2 and older versions."""
    if "ciphers" in parts:
        await _suites(asker, hellos, seen, newest, ())
        taken = seen.suites[newest].choices.accepted
    else:
        taken = tuple(f.hello.suite for f in seen.flights if f.hello.version == newest)
    curves = _with(taken, "ECDHE")
    signed = tuple(code for code in _with(taken, "DHE") if code not in _with(taken, "anon"))
    async with asyncio.TaskGroup() as group:
        if "features" in parts:
            group.create_task(ask_features(asker, hellos, seen, newest, taken))
        if attacks:
            group.create_task(attacks.ask())
        if "groups" in parts and curves:
            group.create_task(_groups(asker, hellos, seen, newest, curves))
        if "signature_algorithms" in parts and signed and newest is Version.TLS_1_2:
            group.create_task(_schemes(asker, hellos, seen, signed))
        if "ciphers" in parts:
            for version in others:
                group.create_task(_suites(asker, hellos, seen, version, taken))


def _with(codes: Sequence[int], word: str) -> tuple[int, ...]:
    """The suites with a word in their key exchange."""
    return tuple(code for code in codes if word in key_exchange(suites()[code]))


async def _suites(
    asker: Asker, hellos: Hellos, seen: Seen, version: Version, newer: Sequence[int]
) -> None:
    first = seen.first(version)
    known: list[tuple[Codes, int]] = []
    if first is not None and seen.versions is not None:
        known = [(seen.versions.offers[str(version)], first.hello.suite)]
    found = await accepted_suites(asker, hellos, version, newer=newer, known=known)
    seen.suites[version] = found
    for flight in found.flights.values():
        seen.hear(flight)
    seen.leave_open("ciphers", f"cipher suites of {version}", found.choices)


async def _groups(
    asker: Asker, hellos: Hellos, seen: Seen, version: Version, taken: Sequence[int]
) -> None:
    heard = [flight for flight in seen.flights if flight.hello.suite in taken]
    seen.groups[version] = await accepted_groups(asker, hellos, version, taken, heard, seen.hear)
    seen.leave_open("groups", f"groups of {version}", seen.groups[version])


async def _schemes(asker: Asker, hellos: Hellos, seen: Seen, taken: Sequence[int]) -> None:
    version = Version.TLS_1_2
    heard = [flight for flight in seen.flights if flight.hello.suite in taken]
    seen.schemes[version] = await accepted_schemes(asker, hellos, taken, heard, seen.hear)
    seen.leave_open(
        "signature_algorithms", f"signature schemes of {version}", seen.schemes[version]
    )
