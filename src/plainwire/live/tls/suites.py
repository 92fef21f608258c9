"""Which cipher suites a server takes in one version, whose order decides, and what came along.

Every answer of TLS 1.2 and before is a whole flight in clear: its certificate, its key exchange
group and its signature scheme cost no further connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from plainwire.live.tls.asker import Asker, Refusal, Unknown
from plainwire.live.tls.choices import Choices, Codes, choices
from plainwire.live.tls.choices import Unknown as NoChoice
from plainwire.live.tls.hellos import Hellos
from plainwire.policy.families import families, guess, unlikely
from plainwire.policy.suites import suite_name, suites
from plainwire.policy.versions import Version, version_name
from plainwire.wire.flight import Flight


@cache
def chacha() -> frozenset[int]:
    """The suites with ChaCha20: a client that puts one first has no AES hardware."""
    return frozenset(code for code, suite in suites().items() if "CHACHA20" in suite.name)


@dataclass
class SuitesAnswer:
    """What one version takes, with a flight for each suite accepted."""

    version: Version
    choices: Choices = field(default_factory=Choices)
    flights: dict[int, Flight] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The accepted suites' IANA names, in the server's order if it has one."""
        return tuple(suite_name(code) for code in self.choices.accepted)


async def accepted_suites(
    asker: Asker,
    hellos: Hellos,
    version: Version,
    *,
    newer: Sequence[int] = (),
    known: Sequence[tuple[Codes, int]] = (),
) -> SuitesAnswer:
    """The suites that a version takes.

    ``newer`` are those that a newer version took, in its order: likely the same are taken here.
    ``known`` are offers that were made, with the suite chosen.
    """
    answer = SuitesAnswer(version)
    kind = f"suites {version}"

    async def ask(offer: Codes) -> int | NoChoice | None:
        settled = await asker.settle(hellos.of(version, offer), kind)
        match settled:
            case Refusal():
                return None
            case Unknown(reason):
                return NoChoice(reason)
        hello = settled.hello
        if hello.version != version:
            return NoChoice(f"answered with {version_name(hello.version)}")
        if hello.suite not in offer:
            return NoChoice(f"chose {suite_name(hello.suite)}, which was not offered")
        answer.flights.setdefault(hello.suite, settled)
        return hello.suite

    asked = [code for code in newer if suites()[code].fits(version)]
    likely, order = (families(version), guess(version)) if not asked else _likely(version, asked)
    answer.choices = await choices(
        ask, likely, unlikely(version), guess=order, never_first=chacha(), known=known
    )
    return answer


def _likely(version: Version, taken: Sequence[int]) -> tuple[tuple[Codes, ...], Codes]:
    """Families and order for a version whose newer one took some suites: those by themselves."""
    others = tuple(
        tuple(code for code in family if code not in taken) for family in families(version)
    )
    rest = tuple(code for family in others for code in family)
    singles: tuple[Codes, ...] = tuple((code,) for code in taken)
    return (*singles, rest) if rest else singles, (*taken, *rest)
