"""The whole of a TLS probe, top to bottom: what is asked, in which order, side by side.

Versions first, as everything hangs on them. What a version takes is asked as soon as it is known
to be accepted (`enumeration`), what only handshakes of our own show beside it. Everything else
rides along with these answers where it can.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

from plainwire.live.prober import VersionsAnswer, versions_by
from plainwire.live.tls.asker import Asker, Unknown
from plainwire.live.tls.attacks import Attacks
from plainwire.live.tls.beside import beside
from plainwire.live.tls.client_certificates import ask_over_http
from plainwire.live.tls.enumeration import Enumeration
from plainwire.live.tls.hellos import Hellos
from plainwire.live.tls.seen import Seen
from plainwire.live.tls.sslv2 import ask_sslv2
from plainwire.live.tls.tolerance import chacha_priority, clock_skew_s, tolerance
from plainwire.model import Gap, Part
from plainwire.policy.families import key_exchange
from plainwire.policy.suites import suites
from plainwire.wire import extensions as ext
from plainwire.wire.answer import describe

STILL = "does it still answer a hello that it answered before?"
SSLV2 = "does it accept SSLv2?"
WHICH = "which certificates does it show?"
DROPPED = {
    ext.STATUS_REQUEST: "does it staple the status of its certificate?",
    ext.SIGNED_CERTIFICATE_TIMESTAMP: "does it show timestamps of its certificate?",
    ext.ENCRYPT_THEN_MAC: "does it encrypt before it authenticates?",
    ext.HEARTBEAT: "does it take heartbeats?",
}
WHY_DROPPED = "it drops every hello that asks for that"
# Key exchanges without a certificate, by words of their names.
UNSIGNED = ("anon", "PSK", "SRP_SHA", "NULL")
ONE = "do its answers come from one configuration?"
SEVERAL = "no: it answers the same hello in different ways; what one refuses another may accept"
THROTTLED = "no: it may have throttled the probe, and what it refused last may be accepted"


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
    is_asked = probes_attacks and "vulnerabilities" in parts
    attacks = Attacks(asker, hellos, seen) if is_asked else None
    async with asyncio.TaskGroup() as group:
        work = Enumeration(asker, hellos, seen, parts, group, attacks)

        async def first_heard(speaks_tls: bool | None) -> None:
            if after_first is not None:
                await after_first(speaks_tls)
            await work.after_first(speaks_tls)

        seen.versions = await versions_by(
            work.ask,
            ask_alone=work.ask_alone,
            server_name=server_name,
            after_first=first_heard,
            accepted=work.accepted,
            hellos=hellos,
        )
        seen.unasked = hellos.unasked
        work.versions_known.set()
        versions_known(seen.versions)
        if seen.versions.speaks_tls or (seen.versions.speaks_tls is None and asker.is_heard):
            group.create_task(_sslv2(asker, seen))
        elif seen.versions.speaks_tls is None and asker.connections.opened:
            # Silence costs its time; a listener of SSLv2 alone answers a hello, with ERROR perhaps.
            seen.gaps.append(Gap("versions", SSLV2, "not asked: it was silent to other hellos"))
        group.create_task(beside(asker, hellos, seen, parts))
        if "features" in parts:
            group.create_task(tolerance(asker, hellos, seen))
    if "features" in parts:
        await ask_over_http(asker, server_name, seen)
    if attacks:
        await attacks.ask()  # what needs a suite that older versions alone take
        attacks.conclude()
    if "features" in parts:
        await chacha_priority(asker, hellos, seen)
        if (skew_s := clock_skew_s(seen.ahead_s)) is not None:
            seen.features["clock_skew_s"] = skew_s
        seen.gaps += [Gap("features", DROPPED[code], WHY_DROPPED) for code in sorted(seen.unasked)]
    if "certificates" in parts:
        _note_unseen(seen)
    if seen.is_fickle:
        accepted = {name: True for name, known in seen.versions.protocols.items() if known}
        seen.versions = replace(seen.versions, protocols=accepted)
        seen.gaps += (Gap(part, ONE, SEVERAL) for part in sorted({"versions", *parts}))
    if not await asker.is_still_well():
        is_late = asker.connections.is_out_of_time
        reason = asker.connections.time_is_up.reason if is_late else THROTTLED
        seen.gaps += (Gap(part, STILL, reason) for part in sorted({"versions", *parts}))
    return seen


def _note_unseen(seen: Seen) -> None:
    """Note that no certificate was seen, where a suite that was chosen comes with one."""
    if seen.shown.chains or any(gap.part == "certificates" for gap in seen.gaps):
        return
    for flight in seen.flights:
        suite = suites().get(flight.hello.suite)
        if suite and not any(word in key_exchange(suite) for word in UNSIGNED):
            reason = describe(flight.broken_off) if flight.broken_off else "it sent none"
            seen.gaps.append(Gap("certificates", WHICH, reason))
            return


async def _sslv2(asker: Asker, seen: Seen) -> None:
    """Whether SSLv2 is spoken, its suites and its certificate."""
    answer = await ask_sslv2(asker)
    assert seen.versions
    if isinstance(answer, Unknown):
        seen.gaps.append(Gap("versions", SSLV2, answer.reason))
        return
    spoken = {"SSLv2": answer is not None}
    seen.versions = replace(seen.versions, protocols=spoken | dict(seen.versions.protocols))
    if answer is not None:
        seen.versions = replace(seen.versions, speaks_tls=True)
        seen.sslv2 = answer
        seen.shown.add((answer.certificate,) if answer.certificate else None, sni=False)
