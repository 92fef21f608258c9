"""What is wrong with a target now: conditions that hold, each an alert as long as it does.

An alert is not sent because something happened but because something is so: whoever looks again
after a crash comes to the same conditions, and none is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from plainwire.monitor import expiry
from plainwire.monitor.levels import LEVELS, Level
from plainwire.monitor.matching import Rule
from plainwire.monitor.seen import Certificate
from plainwire.monitor.standing import Standing
from plainwire.monitor.times import day, shown, span
from plainwire.report.clean import visible
from plainwire.report.tls_diff import Change

EXPIRED = 4
FAILURES = 3  # full looks in a row that came to nothing, or failed, until it is told


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is so; its ``key`` is the same as long as it is the same thing.

    ``step`` grows with what is to be told: 1 to 3 for the levels, 4 once a certificate has ended.
    One that is held opens no alert, and keeps one that is open.
    """

    key: str
    rule: Rule
    level: Level
    title: str
    body: str = ""
    step: int = 0
    fingerprint: str | None = None
    changes: tuple[Change, ...] = ()
    is_held: bool = False


def conditions(
    target_id: int,
    name: str,
    standings: Mapping[str, Standing],
    renewed_at: float | None,
    now: int,
) -> tuple[Condition, ...]:
    """Everything that is wrong with a target at ``now``.

    ``renewed_at`` is the fraction of a lifetime at which it is used to renew, None if unknown.
    """
    every = tuple(standings.values())
    return (
        *_unreachable(target_id, name, every, now),
        *_unknown(target_id, name, every),
        *_certificates(every, renewed_at, now),
        *_drift(target_id, name, every),
        *_flapping(target_id, name, every),
    )


def _level(level: Level) -> int:
    return LEVELS.index(level) + 1


def _unreachable(
    target_id: int, name: str, every: tuple[Standing, ...], now: int
) -> Iterator[Condition]:
    down = [one for one in every if one.state == "unreachable"]
    if not down:
        return
    level: Level = "critical" if len(down) == len(every) else "warning"
    since = min(one.failed_since or now for one in down)
    where = f"{len(down)} of {len(every)} addresses" if len(every) > 1 else "the only address"
    lines = [f"{one.address or 'no address'}: {one.error or 'no answer'}" for one in down]
    yield Condition(
        f"unreachable:{target_id}",
        "unreachable",
        level,
        f"{name} is unreachable ({where})",
        "\n".join([f"since {shown(since)}", *lines]),
        _level(level),
    )


def _unknown(target_id: int, name: str, every: Iterable[Standing]) -> Iterator[Condition]:
    """Nobody is down, but nobody looks either: what changed there is not seen."""
    blind = [one for one in every if one.unknowns >= FAILURES]
    if blind:
        since = min(one.unknown_since or 0 for one in blind)
        lines = [f"{one.address or 'no address'}: {one.unknown_because}" for one in blind]
        yield Condition(
            f"unknown:{target_id}",
            "unknown",
            "warning",
            f"{name} could not be looked at whole",
            "\n".join([f"since {shown(since)}", *lines]),
            _level("warning"),
        )


def _certificates(
    every: tuple[Standing, ...], renewed_at: float | None, now: int
) -> Iterator[Condition]:
    served: dict[str, Certificate] = {}
    revoked: set[str] = set()
    for one in every:
        served.update(one.served)
        revoked.update(one.revoked)
    for fingerprint, each in served.items():
        if (ends := ending(each, renewed_at, now)) is not None:
            yield ends
        if fingerprint in revoked:
            title = f"the certificate of {each.name} is revoked"
            yield Condition(
                f"revoked:{fingerprint}",
                "certificate-revoked",
                "critical",
                title,
                about(each, now),
                _level("critical"),
                fingerprint,
            )


def ending(each: Certificate, renewed_at: float | None, now: int) -> Condition | None:
    """What there is to say of a certificate's end; None while there is time."""
    level = expiry.level(each.not_before, each.not_after, now)
    passed = expiry.fraction(each.not_before, each.not_after, now)
    left, words = each.not_after - now, f"the certificate of {each.name}"
    step = _level(level) if level else 0
    if left <= 0:
        step, title = EXPIRED, f"{words} expired on {day(each.not_after)}"
    elif step < _level("warning") and expiry.is_overdue(passed, renewed_at):
        level, step = "warning", _level("warning")
        title = f"{words} was not renewed at {renewed_at:.0%} of its lifetime as usual"
    else:
        title = f"{words} ends in {span(left)}"
    if level is None:
        return None
    key = f"certificate:{each.fingerprint}"
    return Condition(
        key, "certificate-ends", level, title, about(each, now), step, each.fingerprint
    )


def about(each: Certificate, now: int) -> str:
    """A certificate for a reader: both the date and the fraction, since either alone misleads."""
    left = 1 - expiry.fraction(each.not_before, each.not_after, now)
    return "\n".join(
        (
            f"ends {shown(each.not_after)} ({max(left, 0):.0%} of its lifetime left)",
            f"issued by {visible(each.issuer)}",
            f"SHA-256 {each.fingerprint}",
        )
    )


def _drift(target_id: int, name: str, every: tuple[Standing, ...]) -> Iterator[Condition]:
    told: set[str] = set()
    for one in every:
        for alarm in one.alarms:
            if alarm.key in told:
                continue  # the same change at another address is the same alert
            told.add(alarm.key)
            yield Condition(
                f"drift:{target_id}:{alarm.key}",
                "configuration-worse",
                "warning",
                f"{name}: {alarm.title}",
                "\n".join(visible(str(change)) for change in alarm.changes),
                _level("warning"),
                changes=alarm.changes,
                is_held=one.flapping_since is not None,
            )


def _flapping(target_id: int, name: str, every: Iterable[Standing]) -> Iterator[Condition]:
    flapping = [one for one in every if one.flapping_since is not None]
    if flapping:
        yield Condition(
            f"flapping:{target_id}",
            "flapping",
            "warning",
            f"{name} keeps changing its configuration",
            "\n".join(f"{one.address}: {len(one.changed_at)} changes in a day" for one in flapping),
            _level("warning"),
        )
