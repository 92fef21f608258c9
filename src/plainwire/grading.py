"""The score, version 1: a pure, published function of findings (docs/grading.md)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping

from plainwire.model import Cap, Confidence, Finding, Grade, Letter, Severity

GRADING = "1"
LETTERS: tuple[Letter, ...] = ("A", "B", "C", "D", "E", "F")
WEIGHTS: Mapping[Severity, int] = {
    Severity.CRITICAL: 40,
    Severity.HIGH: 20,
    Severity.MEDIUM: 8,
    Severity.LOW: 2,
    Severity.INFO: 0,
}
THRESHOLDS: tuple[tuple[Letter, int], ...] = (("A", 90), ("B", 80), ("C", 65), ("D", 50), ("E", 35))
CRITICAL_CAP: Letter = "F"
SEVERAL_HIGH_CAP: Letter = "D"
ONE_HIGH_CAP: Letter = "C"

_Flaws = Mapping[str, list[Finding]]


def grade(findings: Iterable[Finding], *, is_upper_bound: bool, scope: tuple[str, ...]) -> Grade:
    """The grade of findings by score version 1.

    Suppressed and baselined findings are left out of letter, score and caps; they count in
    ``unsuppressed_letter`` only. ``scope`` names the categories that were tested.
    """
    every = tuple(findings)
    flaws = _by_id(finding for finding in every if finding.counts)
    return Grade(
        letter=_letter(flaws),
        score=_score(flaws),
        is_upper_bound=is_upper_bound,
        scope=scope,
        caps=_caps(flaws),
        to_reach_a=_to_reach_a(flaws),
        unsuppressed_letter=_letter(_by_id(every)),
    )


def weight(finding: Finding) -> int:
    """The points that a finding costs: its severity's weight, half of it if it is tentative.

    Every weight is even, so the half is a whole number and nothing is rounded.
    """
    full = WEIGHTS[finding.severity]
    return full // 2 if finding.confidence is Confidence.TENTATIVE else full


def is_below(letter: Letter, least: Letter) -> bool:
    """True if ``letter`` is worse than ``least``."""
    return LETTERS.index(letter) > LETTERS.index(least)


def _by_id(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    flaws: dict[str, list[Finding]] = {}
    for finding in findings:
        flaws.setdefault(finding.id, []).append(finding)
    return flaws


def _points(found: list[Finding]) -> int:
    return max(weight(finding) for finding in found)


def _score(flaws: _Flaws) -> int:
    return max(0, 100 - sum(_points(found) for found in flaws.values()))


def _letter(flaws: _Flaws) -> Letter:
    score = _score(flaws)
    by_score: Letter = next((letter for letter, least in THRESHOLDS if score >= least), "F")
    return max((by_score, *(cap.letter for cap in _caps(flaws))), key=LETTERS.index)


def _caps(flaws: _Flaws) -> tuple[Cap, ...]:
    """The strictest cap of each flaw that has one, worst first."""
    high = sum(_worst(found) == Severity.HIGH for found in flaws.values())
    caps = [cap for name, found in flaws.items() if (cap := _cap(name, found, high))]
    return tuple(sorted(caps, key=lambda cap: (-LETTERS.index(cap.letter), cap.finding)))


def _cap(name: str, found: list[Finding], high: int) -> Cap | None:
    """The strictest cap of one flaw. Returns None if nothing keeps the letter from being an A."""
    rules: list[tuple[Letter, str]] = [(f.cap, f.title) for f in found if f.cap and f.cap != "A"]
    worst = _worst(found)
    if worst == Severity.CRITICAL:
        rules.append((CRITICAL_CAP, "a critical finding"))
    elif worst == Severity.HIGH and high > 1:
        rules.append((SEVERAL_HIGH_CAP, f"{high} high findings"))
    elif worst == Severity.HIGH:
        rules.append((ONE_HIGH_CAP, "a high finding"))
    if not rules:
        return None
    letter, why = min(rules, key=lambda rule: (-LETTERS.index(rule[0]), rule[1]))
    return Cap(name, letter, why)


def _worst(found: list[Finding]) -> Severity:
    return max(finding.severity for finding in found)


def _to_reach_a(flaws: _Flaws) -> tuple[str, ...]:
    """The remedies of the flaws that must go, worst first, until what is left is an A."""
    capped = {cap.finding: LETTERS.index(cap.letter) for cap in _caps(flaws)}
    worst_first = sorted(
        flaws, key=lambda name: (-capped.get(name, 0), -_points(flaws[name]), name)
    )

    def is_enough(number: int) -> bool:
        return _letter({name: flaws[name] for name in worst_first[number:]}) == "A"

    # Removing a flaw never lowers the letter, so the least number is found by halving.
    number = bisect_left(range(len(worst_first)), True, key=is_enough)
    return tuple(dict.fromkeys(_remedy(flaws[name]) for name in worst_first[:number]))


def _remedy(found: list[Finding]) -> str:
    return min((f.remediation for f in found if f.remediation), default=f"Remove {found[0].id}.")
