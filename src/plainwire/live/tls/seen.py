"""What one listener said, as far as it was asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import time
from typing import TYPE_CHECKING, Any

from plainwire.live.prober import VersionsAnswer
from plainwire.live.tls.asker import Unknown
from plainwire.live.tls.chains import Shown
from plainwire.live.tls.choices import Choices
from plainwire.live.tls.suites import SuitesAnswer
from plainwire.model import Gap, Part
from plainwire.policy.versions import Version
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
    ``ahead_s`` is how far the clock in each random of TLS 1.2 and before is ahead, in seconds.
    ``unasked`` are extensions that no hello has, because the server drops those that have them.
    ``is_fickle`` if the same hello was answered in different ways.
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
    unnamed: dict[Version, bool] = field(default_factory=dict)
    has_name: bool = True
    unasked: frozenset[int] = frozenset()
    ahead_s: list[int] = field(default_factory=list)
    sslv2: ServerHello2 | None = None
    is_fickle: bool = False
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
        if flight.hello.version < Version.TLS_1_3 and len(flight.hello.random) == 32:
            self.ahead_s.append(int.from_bytes(flight.hello.random[:4], "big") - int(time()))
        sni = is_named and self.has_name
        self.shown.add(flight.certificates, sni=sni, staple=flight.staple, scts=flight.scts)

    def hear_handshake(self, result: Result13, is_named: bool = True) -> None:
        """The same of a whole handshake."""
        if is_named:
            self.handshakes.append(result)
        sni = is_named and self.has_name
        self.shown.add(result.certificates, sni=sni, staple=result.staple, scts=result.scts)

    def note_unnamed(self, version: Version, answer: bool | Unknown) -> None:
        """Note whether a version refuses a client that names no server."""
        if isinstance(answer, Unknown):
            question = f"what does it do for a client of {version} that names no server?"
            self.gaps.append(Gap("features", question, answer.reason))
        else:
            self.unnamed[version] = answer

    def leave_open(self, part: Part, what: str, found: Choices) -> None:
        """Note the offers that got no answer, and whether one got several."""
        self.is_fickle |= found.is_fickle
        offered: dict[str, set[int]] = {}
        for offer, reason in found.unknown:
            offered.setdefault(reason, set()).update(offer)
        for reason, codes in offered.items():
            self.gaps.append(Gap(part, f"which of {len(codes)} {what} does it take?", reason))

    def first(self, version: Version) -> Flight | None:
        """The first flight of a version; None if there was none."""
        return next((f for f in self.flights if f.hello.version == version), None)
