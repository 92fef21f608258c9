"""Which cipher suites a server takes in one version, whose order decides, and what came along.

Every answer of TLS 1.2 and before is a whole flight in clear: its certificate, its key exchange
group and its signature scheme cost no further connection.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from plainwire.live.tls.asker import Refusal, Unknown
from plainwire.live.tls.choices import Choices, choices
from plainwire.live.tls.choices import Unknown as NoChoice
from plainwire.live.tls.together import Settled
from plainwire.policy.families import (
    Codes,
    Family,
    authentication,
    chacha,
    families,
    guess,
    packed,
    unlikely,
)
from plainwire.policy.suites import suite_name, suites
from plainwire.policy.versions import Version, version_name
from plainwire.wire.flight import Flight
from plainwire.wire.verdict import is_refusal

# HAProxy with two certificates shows the one with ECDSA to whoever offers a suite with ECDSA, be it
# one that it has not got, and refuses what it has with RSA.
HIDING: Mapping[str | None, int] = {"ECDSA": 0, "RSA": 1}

# The answer to a hello of one version that offers these suites.
Offer = Callable[[Codes], Awaitable[Settled]]


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
    offer_suites: Offer,
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

    async def ask(offer: Codes) -> int | NoChoice | None:
        settled = await offer_suites(offer)
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
        if is_refusal(settled.broken_off):
            # It chose what it cannot do; something else in the offer it may be able to.
            left = tuple(code for code in offer if code != hello.suite)
            return await ask(left) if left else None
        answer.flights.setdefault(hello.suite, settled)
        return hello.suite

    asked = tuple(code for code in newer if suites()[code].fits(version))
    found, rest, order = families(version), unlikely(version), guess(version)
    if asked:
        found, rest = _expected(version, asked)
        order = asked
    answer.choices = await choices(
        ask,
        found,
        rest,
        guess=order,
        never_first=chacha(),
        known=known,
        rank=lambda code: HIDING.get(authentication(code)),
    )
    return answer


def _expected(version: Version, taken: Codes) -> tuple[tuple[Family, ...], tuple[Family, ...]]:
    """Families and packs where a newer version took some suites: those are asked one by one."""
    singles = tuple(((code,),) for code in taken)
    likely = (part for family in families(version) for part in family)
    others = [tuple(code for code in part if code not in taken) for part in likely]
    seldom = [code for pack in unlikely(version) for part in pack for code in part]
    rest = [code for code in seldom if code not in taken]
    return singles, packed([part for part in others if part], rest)
