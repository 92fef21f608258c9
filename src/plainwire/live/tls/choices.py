"""Finds every code point that a server takes, and its order, by what it chooses from offers.

One question is an offer, one answer the code chosen or a refusal. So *k* accepted codes cost *k*
answers at least, and one refusal covers everything that was refused. Codes are asked in
**families** whose members are likely taken or refused together, all families at once; each
answer takes a code out, and what is left is asked by the family's parts, then in halves, the
last few each by itself, all at once. A family that is taken as a whole costs a question a code,
one that is refused as a whole costs one. (A server that refuses an offer with something in it
that it takes is asked for every likely code by itself.)

Two answers, to an offer and to its reverse, tell whether the server has an order of its own. If
so it is asked for **suffixes** of a guessed order: one answer proves that the code is accepted
and that it stands before everything that follows. Where the guess was right, the order costs
next to nothing; what stands elsewhere is found by asking for all that was passed over, and moved.

Answers may fit neither order, or refuse what another answer took. Some stacks are like that; but
a load balancer in front of servers of different configurations is, too. Such an offer is then made
again: one configuration answers it alike each time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from plainwire.policy.families import Codes, Family, headed
from plainwire.policy.suites import OFFER_SIZE


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer to an offer, and why."""

    reason: str


# How far apart the suffixes are that are asked for first: further costs time, nearer connections.
SPAN = 12
# So many codes, after one of them was taken, are asked for each by itself.
FEW = 5
# So few that are left of a part, all others of which were taken, are asked for so at once.
FEW_LEFT = 3

# So many offers are made again where answers contradict each other, and so often.
DOUBTED, REPEATS = 2, 3

# The code chosen; None for a refusal.
Ask = Callable[[Codes], Awaitable[int | Unknown | None]]


@dataclass
class Choices:
    """What a server takes: ``accepted`` codes, ``unknown`` offers with the reason.

    ``order`` is whose order decides, None where fewer than two codes are accepted or the answers
    do not say. ``accepted`` is in the server's order where it has one, else as guessed.
    ``is_fickle`` if one offer was answered in different ways: not by one configuration.
    """

    accepted: Codes = ()
    order: Literal["server", "client"] | None = None
    unknown: tuple[tuple[Codes, str], ...] = ()
    is_fickle: bool = False


async def choices(
    ask: Ask,
    families: Sequence[Family],
    rest: Sequence[Family] = (),
    *,
    guess: Codes | None = None,
    never_first: frozenset[int] = frozenset(),
    is_ordered: bool = True,
    known: Sequence[tuple[Codes, int]] = (),
    starts: Sequence[int] = (),
    rank: Callable[[int], int | None] = lambda code: None,
) -> Choices:
    """Everything that a server takes out of ``families`` and ``rest``, packs of unlikely codes.

    ``guess`` has the codes that are likely taken, in the order that a server of its own order is
    likely to have (the families' codes if it is not given). Codes in ``never_first`` head no offer
    that has another (a client that puts ChaCha20 first is given it by servers that else would
    not).
    With ``is_ordered`` False only acceptance is asked. ``known`` are answers from before.
    ``starts`` are where the suffixes begin that are asked for first: near each other where most
    is likely accepted. ``rank`` says what hides what: some servers (HAProxy with two certificates)
    decide for the lowest rank that is offered, and refuse the offer if they take none of that.
    """
    likely = guess or _codes(families)
    search = _Search(ask, families, rest, likely, never_first, starts, rank)
    for offer, chosen in known:
        if chosen in offer:  # what a server makes up is no answer; it is asked again
            search.note(offer, chosen)
    if is_ordered:
        await search.tell_order()
    await search.find()
    found = await search.result() if is_ordered else search.unordered()
    found.is_fickle = await search.is_fickle(found)
    return found


@dataclass
class _Search:
    """The answers so far, and what to ask next."""

    ask: Ask
    families: Sequence[Family]
    rest: Sequence[Family]
    likely: Codes
    never_first: frozenset[int]
    starts: Sequence[int]
    rank: Callable[[int], int | None]
    accepted: dict[int, None] = field(default_factory=dict)
    answers: list[tuple[Codes, int]] = field(default_factory=list)
    offered: list[frozenset[int]] = field(default_factory=list)  # in the answers
    refused: set[int] = field(default_factory=set)
    unknown: list[tuple[Codes, str]] = field(default_factory=list)
    order: Literal["server", "client"] | None = None
    is_refused: bool = False
    refusals: list[Codes] = field(default_factory=list)

    async def put(self, offer: Codes) -> int | None:
        """What the server chooses from an offer. Returns None if nothing was chosen."""
        answer = await self.ask(offer)
        if isinstance(answer, Unknown):
            self.unknown.append((offer, answer.reason))
            return None
        if answer is not None:
            self.note(offer, answer)
            return answer
        self.refusals.append(offer)
        if not set(offer) & self.accepted.keys():
            self.refused.update(offer)
        return answer

    @property
    def contradicted(self) -> list[Codes]:
        """The offers that were refused, though the server takes something in them.

        GnuTLS with a suite first for which it has no credentials, for one.
        """
        return [offer for offer in self.refusals if set(offer) & self.accepted.keys()]

    def note(self, offer: Codes, chosen: int) -> None:
        """Keep an answer."""
        self.accepted.setdefault(chosen)
        self.answers.append((offer, chosen))
        self.offered.append(frozenset(offer))

    async def tell_order(self) -> None:
        """Offer everything likely forwards and backwards: whose order decides?"""
        if len(self.likely) > 1:
            await self._tell_order(self.likely)

    async def _tell_order(self, codes: Codes) -> None:
        if len(set(codes) - self.never_first) < 2:
            return  # neither order can be offered
        first = await self._answer(headed(codes, self.never_first))
        self.is_refused = first is None and not self.unknown
        second = None if first is None else await self._answer(self._backwards(codes))
        if second is not None:
            self.order = "server" if second == first else "client"

    async def _answer(self, offer: Codes) -> int | None:
        """What the server chooses from an offer, asked only if no answer tells."""
        for asked, chosen in self.answers:
            # Behind what was chosen it makes no difference what an offer has.
            if asked[: len(offer)] == offer and chosen in offer:
                return chosen
            # What wins among more wins here, whether by the server's order or by its place.
            if chosen == offer[0] and set(offer) <= set(asked):
                return chosen
        return await self.put(offer)

    async def find(self) -> None:
        """Ask for every code, families at once."""
        if self.order == "server":
            await self._find_in_order()
        else:
            await self._find_in_families()
        await self._ask_apart()

    async def _find_in_families(self) -> None:
        families = () if self.is_refused else self.families
        if self.contradicted:
            families = tuple(((code,),) for code in self.likely)
        packs = self.rest
        if self.order == "client" and (passed := self._passed_over()):
            # One that goes by the client's order would have chosen them: asked all in one.
            taken = [_within(family, passed) for family in families]
            families = tuple(_without(family, passed) for family in families)
            packs = _with_more(packs, tuple(part for family in taken for part in family))
        await asyncio.gather(*(self._exhaust(family) for family in (*families, *packs)))

    async def _ask_apart(self) -> None:
        """Ask again, by themselves, for codes that others in their offer may have hidden."""
        ranks = [rank for code in self.accepted if (rank := self.rank(code)) is not None]
        if not ranks:
            return
        best = min(ranks)
        behind = {code for code in self.refused if (self.rank(code) or 0) > best}
        for offer in self.refusals:
            if not any(self.rank(code) == best for code in offer):
                behind -= set(offer)
        self.refused -= behind
        known = dict.fromkeys((*self.likely, *sorted(behind)))
        left = tuple(code for code in known if code in behind)
        await asyncio.gather(*(self._exhaust((offer,)) for offer in _cut(left)))

    def _passed_over(self) -> set[int]:
        """What stood before the chosen code in an offer."""
        passed = {code for offer, c in self.answers for code in offer[: offer.index(c)]}
        return passed - self.accepted.keys()

    async def _find_in_order(self) -> None:
        """Walk through the guess; what is passed over stands elsewhere, or is not taken."""
        starts = self.starts or range(0, len(self.likely), SPAN)
        walks = [self._walk(*span) for span in pairwise((*starts, len(self.likely)))]
        likely = set(self.likely)
        passed = self.likely[: self.likely.index(self._told(self.likely) or self.likely[0])]
        every = (*self.families, *self.rest)
        rare = (*passed, *(code for code in _codes(every) if code not in likely))
        await asyncio.gather(*walks, *(self._exhaust((pack,)) for pack in self._packs(rare)))
        await self._exhaust(tuple(part for family in every for part in _within(family, likely)))

    def _packs(self, codes: Codes) -> list[Codes]:
        """Offers of at most `OFFER_SIZE`, as few as can be.

        What others hide has one to itself where that costs none: it is not asked apart then.
        """
        hidden = tuple(code for code in codes if self.rank(code))
        others = tuple(code for code in codes if not self.rank(code))
        whole, apart = _cut(codes), [*_cut(others), *_cut(hidden)]
        return whole if len(whole) < len(apart) else apart

    async def _exhaust(self, parts: Family) -> None:
        """Ask for what is left of a family; where something was taken, for all that is left."""
        left = self._left(parts)
        is_begun = len(parts) == 1 and len(left) < len(parts[0]) and not self.refused & {*parts[0]}
        if is_begun and len(left) <= FEW_LEFT:
            # What is left of codes that were taken is likely taken, too.
            await asyncio.gather(*(self.put((code,)) for code in left))
            return
        if not left or await self.put(headed(left, self.never_first)) is None:
            return
        parts = tuple(part for part in parts if self._left((part,)))
        if len(parts) == 1:
            left = self._left(parts)
            size = 1 if len(left) <= FEW else (len(left) + 1) // 2
            parts = tuple(left[at : at + size] for at in range(0, len(left), size))
        await asyncio.gather(*(self._exhaust((part,)) for part in parts))

    def _left(self, parts: Family) -> Codes:
        """The codes of a family of which it is not known yet whether they are taken."""
        known = self.accepted.keys() | self.refused
        return tuple(code for part in parts for code in part if code not in known)

    async def _walk(self, start: int, end: int) -> None:
        """Ask for the suffix of the guess from ``start``, then for those in the rest's halves.

        An answer from behind ``end`` says that nothing is accepted before it, if the guess is
        right.
        """
        if start >= end:
            return
        chosen = await self._best_of(self.likely[start:])
        if chosen is None or chosen not in self.likely[start:end]:
            return
        start = self.likely.index(chosen) + 1
        middle = (start + end + 1) // 2
        await asyncio.gather(self._walk(start, middle), self._walk(middle, end))

    async def _best_of(self, codes: Codes) -> int | None:
        """What a server with an order of its own chooses, asked only if no answer tells."""
        told = self._told(codes)
        # Against the guess, so that it is the server's order that decides.
        return await self.put(self._backwards(codes)) if told is None else told

    def _told(self, codes: Codes) -> int | None:
        """What a server with an order of its own chooses. Returns None if no answer tells."""
        wanted = set(codes)
        told = zip(self.offered, self.answers, strict=True)
        return next((c for offer, (_, c) in told if c in wanted and wanted <= offer), None)

    def _backwards(self, codes: Codes) -> Codes:
        return headed(codes[::-1], self.never_first)

    async def is_fickle(self, found: Choices) -> bool:
        """Whether an offer that contradicts others is answered in different ways when repeated."""
        doubted = self.contradicted
        if self.order and not found.order and len(found.accepted) > 1:
            doubted += [offer for offer, _ in self.answers]
        for offer in doubted[:DOUBTED]:
            answers = {await self.ask(offer) for _ in range(REPEATS)}
            if len([answer for answer in answers if not isinstance(answer, Unknown)]) > 1:
                return True
        return False

    def unordered(self) -> Choices:
        """What was accepted, as guessed."""
        guess = (*self.likely, *_codes(self.families), *_codes(self.rest))
        found = tuple(sorted(self.accepted, key=guess.index))
        return Choices(found, None, tuple(self.unknown))

    async def result(self) -> Choices:
        """What was accepted, in the server's order if it can be proved to have one."""
        found = self.unordered()
        if len(found.accepted) < 2:
            return found
        if len(self.accepted.keys() & set(self.likely)) < 2:
            await self._tell_order(found.accepted)  # one code alone had said nothing
        if self.order == "client" and self._follows_client():
            found.order = "client"
        elif self.order and (ranked := await self._ranked(found.accepted)) is not None:
            found.accepted, found.order = ranked, "server"
        found.unknown = tuple(self.unknown)
        return found

    def _follows_client(self) -> bool:
        """True if each answer was the first accepted code of its offer."""
        return all(
            chosen == next(code for code in offer if code in self.accepted)
            for offer, chosen in self.answers
        )

    async def _ranked(self, guess: Codes) -> Codes | None:
        """The accepted codes as the server ranks them, each proved to stand before the rest.

        Returns None if answers are missing or contradict each other.
        """
        order = list(guess)
        at, width = 0, len(order)
        while at < len(order) - 1:
            ends = range(at, min(at + width, len(order) - 1))
            best = await asyncio.gather(*(self._best_of(tuple(order[n:])) for n in ends))
            for chosen in best:
                if chosen not in order[at:]:
                    return None
                at += 1
                if chosen != order[at - 1]:
                    order.remove(chosen)
                    order.insert(at - 1, chosen)
                    width = 2  # the guess is not to be relied on
                    break
        is_sound = all(
            chosen == next(code for code in order if code in offer)
            for offer, chosen in self.answers
            if offer[0] not in self.never_first
        )
        return tuple(order) if is_sound else None


def _codes(families: Sequence[Family]) -> Codes:
    return tuple(code for family in families for part in family for code in part)


def _cut(codes: Codes) -> list[Codes]:
    return [codes[at : at + OFFER_SIZE] for at in range(0, len(codes), OFFER_SIZE)]


def _within(family: Family, codes: set[int]) -> Family:
    return tuple(tuple(code for code in part if code in codes) for part in family)


def _without(family: Family, codes: set[int]) -> Family:
    return tuple(tuple(code for code in part if code not in codes) for part in family)


def _with_more(packs: Sequence[Family], more: Family) -> Sequence[Family]:
    """The packs, with further parts in the last one if they fit."""
    last = packs[-1] if packs else ()
    if len(_codes((last, more))) <= OFFER_SIZE:
        return (*packs[:-1], (*last, *more))
    return (*packs, more)
