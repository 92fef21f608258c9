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
    key_exchange,
    packed,
    unlikely,
)
from plainwire.policy.suites import suite_name, suites
from plainwire.policy.versions import Version, version_name
from plainwire.wire.answer import NoAnswer
from plainwire.wire.flight import Flight
from plainwire.wire.verdict import is_refusal

# HAProxy with two certificates shows the one with ECDSA to whoever offers a suite with ECDSA, be it
# one that it has not got, and refuses what it has with RSA.
HIDING: Mapping[str | None, int] = {"ECDSA": 0, "RSA": 1}

# The answer to a hello of one version that offers these suites.
Offer = Callable[[Codes], Awaitable[Settled]]
CUT = ("closed", "reset", "cut off")
AGAIN = 3


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
    first: Flight | None = None,
) -> SuitesAnswer:
    """The suites that a version takes.

    ``newer`` are those that a newer version took, in its order: likely the same are taken here.
    ``known`` are offers that were made, with the suite chosen; ``first`` is the version's first
    flight.
    """
    answer = SuitesAnswer(version)
    if first:
        answer.flights[first.hello.suite] = first

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
    refused = await _unfinished(answer.flights, offer_suites)
    accepted = tuple(code for code in answer.choices.accepted if code not in refused)
    answer.choices.accepted = accepted
    return answer


async def _unfinished(flights: Mapping[int, Flight], offer_suites: Offer) -> set[int]:
    """The suites that a server chose and then could not do: it ended without a word.

    mbedTLS does so where it has no group for Diffie-Hellman. It is believed where no flight with
    the same key exchange came to its end, and `AGAIN` times more none did while one with another
    key exchange came whole each time.
    """
    cut: dict[str, list[int]] = {}
    good = [code for code, flight in flights.items() if flight.is_done]
    whole = {_exchange(code) for code in good}
    for code, flight in flights.items():
        if _is_cut(flight) and _exchange(code) not in whole:
            cut.setdefault(_exchange(code), []).append(code)
    refused: set[int] = set()
    for codes in cut.values() if good else ():
        for _ in range(AGAIN):
            last, sound = await offer_suites((codes[0],)), await offer_suites((good[0],))
            if not _is_cut(last) or not (isinstance(sound, Flight) and sound.is_done):
                break
        else:
            refused |= set(codes)
    return refused


def _exchange(code: int) -> str:
    return key_exchange(suites()[code]) if code in suites() else ""


def _is_cut(settled: Settled) -> bool:
    """Whether a flight ended early, without an alert."""
    end = settled.broken_off if isinstance(settled, Flight) else None
    return isinstance(end, NoAnswer) and end.kind in CUT


def _expected(version: Version, taken: Codes) -> tuple[tuple[Family, ...], tuple[Family, ...]]:
    """Families and packs where a newer version took some suites: those are asked one by one."""
    singles = tuple(((code,),) for code in taken)
    likely = (part for family in families(version) for part in family)
    others = [tuple(code for code in part if code not in taken) for part in likely]
    seldom = [code for pack in unlikely(version) for part in pack for code in part]
    rest = [code for code in seldom if code not in taken]
    return singles, packed([part for part in others if part], rest)
