"""From what was seen to what is known: confirmation, drift, renewals, states. Pure.

A change counts once two of three full looks at one address saw it. A light look confirms
nothing: what differs in it asks for a full one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from plainwire.monitor import drift, expiry, snapshot
from plainwire.monitor.conditions import FAILURES
from plainwire.monitor.seen import Body, Certificate, Look, Tier
from plainwire.monitor.standing import Alarm, Bodies, Earlier, Standing
from plainwire.monitor.times import DAY, HOUR, MINUTE
from plainwire.report.tls_diff import Change, Direction

ANSWERS = 2  # in a row, until an address is back
APART = MINUTE // 2  # of failures that count
LOOK_AGAIN = (1 * MINUTE, 5 * MINUTE)
LOOKS, AGREEING = 3, 2
FLAPPING, QUIET = 4, 6 * HOUR  # confirmed changes in a day; time without any that ends it
ASK_AGAIN = 1 * HOUR  # about a light difference that full looks did not see
FORGOTTEN = 1 * DAY  # an address that the name no longer has
# A certificate that is served by turns is one until it was not seen for so long, and one that
# comes back within a day is served by turns: a load balancer in front of a half-done renewal.
TURN_OVER, MAY_COME_BACK = 6 * HOUR, 1 * DAY
MOST_EARLIER = 16


@dataclass(frozen=True, slots=True)
class Event:
    """A confirmed change at one address."""

    address: str
    kind: Literal["configuration", "baseline"]
    direction: Direction
    changes: tuple[Change, ...]
    old_hash: str
    new_hash: str
    is_expected: bool = False


@dataclass(frozen=True, slots=True)
class Renewal:
    """A certificate in the place of another; ``fraction`` of the old one's lifetime had passed.

    ``is_same_key`` is None where a key is not known.
    """

    address: str
    old: Certificate
    new: Certificate
    fraction: float
    is_same_key: bool | None


@dataclass(slots=True)
class Verdict:
    """What a look at a target changes in what is known of it."""

    standings: dict[str, Standing]
    announced: frozenset[str] = frozenset()  # hashes that an announced change led to elsewhere
    snapshots: dict[str, Body] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    renewals: list[Renewal] = field(default_factory=list)
    again: dict[Tier, int] = field(default_factory=dict)  # what to look at, in how long (ms)
    used_expectation: bool = False

    def ask(self, tier: Tier, delay: int) -> None:
        """Ask for another look, the soonest that anybody wants."""
        self.again[tier] = min(delay, self.again.get(tier, delay))


def judge(
    standings: Mapping[str, Standing],
    bodies: Bodies,
    looks: Iterable[Look],
    *,
    is_full: bool,
    is_expected: bool,
    now: int,
    announced: Iterable[str] = (),
) -> Verdict:
    """What follows from looks at the addresses of one target.

    ``bodies`` are the snapshots that the standings name. ``is_expected``: a change was announced;
    ``announced`` are hashes of what an announced one made of other addresses.
    """
    verdict = Verdict(dict(standings), frozenset(announced))
    for look in _spread(tuple(looks), verdict.standings):
        before = verdict.standings.get(look.address, Standing(look.address))
        after = _reached(before, look, verdict, now)
        if is_full:
            after = _known(after, look, verdict, now)
        else:
            _ask_whether_known(before, look, verdict, now)
        if look.status == "answered":
            after = _certificates(after, look, verdict, now)
        if look.body is not None:
            known = {**bodies, **verdict.snapshots}
            compare = _full if is_full else _light
            after = compare(after, look, known, verdict, is_expected, now)
        verdict.standings[look.address] = _calmed(after, now)
    _forget(verdict.standings, now)
    return verdict


def _spread(looks: tuple[Look, ...], standings: dict[str, Standing]) -> list[Look]:
    """The looks; one at no address (the name has none) is one at every address known."""
    found: list[Look] = []
    for look in looks:
        places = [place for place in standings if place] if not look.address else []
        found += [replace(look, address=place) for place in places] or [look]
        if look.address:
            standings.pop("", None)
    return found


def _reached(before: Standing, look: Look, verdict: Verdict, now: int) -> Standing:
    """Whether the address answers: three failures in a row say no, two answers yes.

    Who answered before and is mute now fails, as where a proxy lost what is behind it.
    """
    is_failure = look.is_mute and before.answered_at is not None
    if look.status == "unknown" and not is_failure:  # not even that nobody is there was learned
        return replace(before, seen_at=now, error=look.error)
    if look.status == "answered":
        answers = before.answers + 1
        is_back = before.state != "unreachable" or answers >= ANSWERS
        if not is_back:
            verdict.ask("light-again", LOOK_AGAIN[0])
        return replace(
            before,
            state="ok" if is_back else "unreachable",
            answers=answers,
            fails=0,
            failed_at=None,
            failed_since=None if is_back else before.failed_since,
            error=None,
            seen_at=now,
            answered_at=now,
            grade=look.grade or before.grade,
        )
    # A light and a full look at one moment are one failure: it may be gone in the next.
    last = before.failed_at
    is_new = last is None or not 0 <= now - last < APART
    fails = before.fails + is_new
    if fails < FAILURES:
        verdict.ask("light-again", LOOK_AGAIN[0])
    return replace(
        before,
        state="unreachable" if fails >= FAILURES else before.state,
        answers=0,
        fails=fails,
        failed_since=before.failed_since or now,
        failed_at=now if is_new else last,
        error=look.error,
        seen_at=now,
    )


def _known(before: Standing, look: Look, verdict: Verdict, now: int) -> Standing:
    """How many full looks in a row came to nothing: what they would have seen is not known."""
    before = replace(before, looked_full_at=now)
    if look.status != "unknown":
        return replace(before, unknowns=0, unknown_since=None, unknown_because=None)
    unknowns = before.unknowns + 1
    if unknowns < FAILURES:
        verdict.ask("full-again", LOOK_AGAIN[unknowns - 1])
    since = before.unknown_since or now
    return replace(
        before, unknowns=unknowns, unknown_since=since, unknown_because=look.error or "no answer"
    )


def _ask_whether_known(before: Standing, look: Look, verdict: Verdict, now: int) -> None:
    """Ask for a full look, hourly at most, where a light one or the last full one saw nothing."""
    full_at = before.looked_full_at
    is_due = full_at is None or not 0 <= now - full_at < ASK_AGAIN
    is_blind = look.status == "unknown" or (before.unknowns and look.status == "answered")
    if is_blind and is_due:
        verdict.ask("full-again", LOOK_AGAIN[0])


def _certificates(before: Standing, look: Look, verdict: Verdict, now: int) -> Standing:
    """The certificates served now; one in the place of another for the same key is a renewal."""
    for key, new in look.certificates.items():
        old = before.certificates.get(key)
        if old is None or old.fingerprint == new.fingerprint:
            continue
        if new.not_before < old.not_before:
            continue  # an older one again, as while a new one is rolled out
        keys = old.key_sha256, new.key_sha256
        is_same = None if None in keys else keys[0] == keys[1]
        passed = expiry.fraction(old.not_before, old.not_after, now)
        verdict.renewals.append(Renewal(look.address, old, new, passed, is_same))
    if not look.certificates:
        return before
    after = replace(before, certificates=look.certificates, earlier=_earlier(before, look, now))
    # A staple that did not come along this time takes nothing back: what is revoked stays it.
    revoked = (look.revoked | (set(before.revoked) - look.good)) & after.served.keys()
    return replace(after, revoked=tuple(sorted(revoked)))


def _earlier(before: Standing, look: Look, now: int) -> tuple[Earlier, ...]:
    """The certificates in whose place others are now, those last that were seen last."""
    known = {one.certificate.fingerprint: one for one in before.earlier}
    current = {one.fingerprint: one for one in look.certificates.values()}
    beside = {one.fingerprint: one for one in look.beside}
    for fingerprint, one in {**beside, **current}.items():
        if (was := known.get(fingerprint)) is not None:  # it is back
            known[fingerprint] = Earlier(one, now, max(was.turns + 1, 2))
        elif fingerprint in beside:
            known[fingerprint] = Earlier(one, now, 1)
    for fingerprint, was in known.items():
        if was.turns == 1 and fingerprint not in beside and not look.is_partial:
            known[fingerprint] = replace(was, turns=0)  # that was the moment of its renewal
    for key, one in before.certificates.items():
        if one.fingerprint not in current and one.fingerprint not in known:
            is_unasked = look.is_partial and key not in look.certificates
            known[one.fingerprint] = Earlier(one, before.answered_at or now, int(is_unasked))
    kept = [
        one
        for one in known.values()
        if 0 <= now - one.seen_at < (TURN_OVER if one.turns else MAY_COME_BACK)
    ]
    return tuple(sorted(kept, key=lambda one: one.seen_at)[-MOST_EARLIER:])


def _light(
    before: Standing, look: Look, bodies: Bodies, verdict: Verdict, is_expected: bool, now: int
) -> Standing:
    if before.confirmed is None or look.body is None or before.pending:
        return before
    old = bodies[before.confirmed]
    found = drift.changes(old, snapshot.overlaid(old, look.body))
    if not found:
        return before
    words = _digest(found)
    full_at = before.looked_full_at or 0
    if before.asked_about == words and full_at <= now < full_at + ASK_AGAIN:
        return before
    verdict.ask("full-again", 0)
    return replace(before, asked_about=words)


def _full(
    before: Standing, look: Look, bodies: Bodies, verdict: Verdict, is_expected: bool, now: int
) -> Standing:
    assert look.body is not None
    if before.confirmed is None or before.tool_version != look.tool_version:
        return _baseline(before, look, bodies, verdict)
    old = bodies[before.confirmed]
    body = snapshot.overlaid(old, look.body)
    found = snapshot.hashed(body)
    if found == before.confirmed and not before.pending:
        return before
    seen = (*before.pending, found)
    if seen.count(found) < AGREEING:
        if len(seen) >= LOOKS:  # three looks, three answers: begin again with the last
            seen = (found,)
        verdict.ask("full-again", LOOK_AGAIN[min(len(seen), len(LOOK_AGAIN)) - 1])
        since = before.pending_since if before.pending else now
        return replace(before, pending=seen, pending_since=since)
    settled = replace(before, pending=(), pending_since=None)
    if found == before.confirmed:
        return settled
    verdict.snapshots[found] = body
    return _confirmed(settled, old, found, body, bodies, verdict, is_expected, now)


def _baseline(before: Standing, look: Look, bodies: Bodies, verdict: Verdict) -> Standing:
    """What was seen is what is normal: at first sight, and for a new version of plainwire.

    Another version asks other questions; what it finds anew is no change of the target.
    """
    assert look.body is not None
    old = bodies.get(before.confirmed or "", {})
    body = snapshot.overlaid(old, look.body) if old else look.body
    found = snapshot.hashed(body)
    verdict.snapshots[found] = body
    told = Event(look.address, "baseline", "neutral", (), before.confirmed or "", found)
    verdict.events.append(told)
    lasting, _ = _lasting(before.alarms, bodies, body)
    return replace(
        before,
        confirmed=found,
        tool_version=look.tool_version,
        pending=(),
        pending_since=None,
        alarms=lasting,
    )


def _confirmed(
    before: Standing,
    old: Body,
    found: str,
    body: Body,
    bodies: Bodies,
    verdict: Verdict,
    is_expected: bool,
    now: int,
) -> Standing:
    assert before.confirmed is not None
    lasting, undone = _lasting(before.alarms, bodies, body)
    after = replace(before, confirmed=found, alarms=lasting, asked_about=None)
    changes = drift.changes(old, body)
    if not changes:
        return after
    direction = drift.direction(changes)
    is_announced = found in verdict.announced  # it comes to one address after the other
    verdict.events.append(
        Event(
            before.address,
            "configuration",
            direction,
            changes,
            before.confirmed,
            found,
            is_expected or is_announced,
        )
    )
    after = replace(after, changed_at=(*_recent(after.changed_at, now), now))
    if is_expected or is_announced:
        verdict.used_expectation |= not is_announced
        return after
    # Back to what was normal before an alarm is no alarm, though every change of issuer is one.
    is_back = drift.subjects(changes) <= undone
    if direction == "worse" and not is_back:
        after = replace(after, alarms=(*lasting, _alarm(before.confirmed, changes)))
    return after


def _lasting(
    alarms: tuple[Alarm, ...], bodies: Bodies, body: Body
) -> tuple[tuple[Alarm, ...], set[str]]:
    """The alarms of which something is worse than before it, and what the others were about.

    Whatever else is worse has an alarm of its own, or is what a new version sees anew. Where an
    earlier alarm is over, a later one about the same is: an issuer that is another again is back.
    """
    lasting: list[Alarm] = []
    undone: set[str] = set()
    for one in alarms:
        told = drift.subjects(one.changes)
        worse = drift.subjects(drift.changes(bodies[one.base], body))
        if told - undone and told & worse:
            lasting.append(one)
        else:
            undone |= told
    return tuple(lasting), undone


def _alarm(base: str, changes: tuple[Change, ...]) -> Alarm:
    worse = [change for change in changes if change.direction == "worse"]
    more = f" and {len(worse) - 1} more" if len(worse) > 1 else ""
    return Alarm(_digest(changes), base, f"{worse[0]}{more}", changes)


def _digest(changes: tuple[Change, ...]) -> str:
    words = json.dumps([str(change) for change in changes])
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _recent(at: tuple[int, ...], now: int) -> tuple[int, ...]:
    return tuple(one for one in at if now - DAY < one <= now)


def _calmed(one: Standing, now: int) -> Standing:
    """Flapping from the fourth confirmed change in a day until six hours were quiet."""
    recent = _recent(one.changed_at, now)
    since = one.flapping_since
    if since is None and len(recent) >= FLAPPING:
        since = now
    elif since is not None and (not recent or now - recent[-1] >= QUIET):
        since = None
        recent = ()
    return replace(one, changed_at=recent, flapping_since=since)


def _forget(standings: dict[str, Standing], now: int) -> None:
    """Drop addresses that nothing was asked of for a day; names with several take turns."""
    for place, one in list(standings.items()):
        if place and one.seen_at is not None and now - one.seen_at > FORGOTTEN:
            del standings[place]
