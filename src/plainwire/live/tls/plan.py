"""The whole of a TLS probe, top to bottom: what is asked, in which order, side by side.

Versions first, as everything hangs on them: one hello alone, then all others. What a version
takes is asked as soon as it is known to be accepted (see `enumeration`). Everything else rides
along with these answers where it can.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from time import time
from typing import Any

from plainwire.live.prober import VersionsAnswer, versions_by
from plainwire.live.tls.asker import Asker
from plainwire.live.tls.chains import Shown
from plainwire.live.tls.choices import Choices
from plainwire.live.tls.enumeration import Enumeration
from plainwire.live.tls.hellos import Hellos
from plainwire.live.tls.suites import SuitesAnswer
from plainwire.live.tls.tolerance import chacha_priority, clock_skew_s, tolerance
from plainwire.model import Gap, Part
from plainwire.policy.versions import Version
from plainwire.wire.flight import Flight

STILL = "does it still answer a hello that it answered before?"
THROTTLED = "no: it may have throttled the probe, and what it refused last may be accepted"


@dataclass
class Seen:
    """Everything that a listener said, as far as it was asked.

    ``features`` and ``vulnerabilities`` are what was asked of by itself, in the report's words;
    what flights tell besides is read from them by `facts`.
    """

    versions: VersionsAnswer | None = None
    suites: dict[Version, SuitesAnswer] = field(default_factory=dict)
    groups: dict[Version, Choices] = field(default_factory=dict)
    schemes: dict[Version, Choices] = field(default_factory=dict)
    flights: list[Flight] = field(default_factory=list)
    shown: Shown = field(default_factory=Shown)
    features: dict[str, Any] = field(default_factory=dict)
    vulnerabilities: dict[str, bool] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)

    def accepted(self) -> tuple[Version, ...]:
        """The versions known to be accepted, the newest first."""
        found = self.versions.protocols if self.versions else {}
        return tuple(
            version for version in sorted(Version, reverse=True) if found.get(str(version))
        )

    def hear(self, flight: Flight, *, sni: bool = True) -> None:
        """Keep a flight, and the chain in it."""
        self.flights.append(flight)
        self.shown.add(flight.certificates, sni=sni, staple=flight.staple, scts=flight.scts)

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
) -> Seen:
    """What a listener says about ``parts``; versions are always asked. Never raises for a peer.

    ``probes_attacks`` opts in to the questions that resemble an attack. ``seen`` is filled as
    answers come, for a caller that may end this early.
    """
    seen = seen or Seen()
    hellos = Hellos(server_name)
    async with asyncio.TaskGroup() as group:
        work = Enumeration(asker, hellos, seen, parts, group)
        seen.versions = await versions_by(
            work.ask,
            server_name=server_name,
            after_first=work.after_first,
            accepted=work.accepted,
        )
        work.versions_known.set()
        if "features" in parts:
            group.create_task(tolerance(asker, hellos, seen))
    if "features" in parts:
        await chacha_priority(asker, hellos, seen)
        if (skew_s := clock_skew_s(seen.flights, time())) is not None:
            seen.features["clock_skew_s"] = skew_s
    if not await asker.is_still_well():
        seen.gaps += (Gap(part, STILL, THROTTLED) for part in sorted({"versions", *parts}))
    return seen
