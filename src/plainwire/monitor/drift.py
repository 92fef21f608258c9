"""What changed between two snapshots, in words, and whether it is worse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from plainwire.grading import LETTERS
from plainwire.model import Severity
from plainwire.monitor.seen import Body
from plainwire.report import tls_diff
from plainwire.report.tls_diff import Change, Direction

NONE, GRADE = "none", "grade"
RANK = {str(one): at for at, one in enumerate(sorted(Severity, key=lambda s: s.value))}


def changes(old: Body, new: Body) -> tuple[Change, ...]:
    """What is another now, worse first; what either side did not look at is not compared."""
    found = [*_tls(old, new), *_issuers(old, new), *_http(old, new), *_grade(old, new)]
    found += _findings(old, new)
    order = ("worse", "better", "neutral")
    return tuple(sorted(found, key=lambda change: order.index(change.direction)))


def direction(found: Sequence[Change]) -> Direction:
    """Worse if anything is, else better if anything is, else neutral."""
    named = {change.direction for change in found}
    return "worse" if "worse" in named else "better" if "better" in named else "neutral"


def subjects(found: Sequence[Change]) -> set[str]:
    """What is worse now; the grade, which follows from the rest, only where it is alone."""
    names = {change.what for change in found if change.direction == "worse"}
    return names - {GRADE} or names


def _shared(old: Body, new: Body, part: str) -> Iterator[tuple[str, Any, Any]]:
    was, now = old.get(part, {}), new.get(part, {})
    return ((key, was[key], now[key]) for key in now if key in was)


def _tls(old: Body, new: Body) -> Iterator[Change]:
    for _, was, now in _shared(old, new, "tls"):
        yield from tls_diff.diff(was, now).changes


def _issuers(old: Body, new: Body) -> Iterator[Change]:
    """Another authority: worse, since nobody but its owner knows whether it was meant."""
    for _, was, now in _shared(old, new, "issuers"):
        for key, before in was.items():
            if key in now and now[key] != before:
                yield Change(f"issuer of the certificate ({key})", before, now[key], "worse")


def _http(old: Body, new: Body) -> Iterator[Change]:
    for url, was, now in _shared(old, new, "http"):
        words = [_answered(side) for side in (was, now)]
        if words[0] != words[1]:
            yield Change(url, words[0], words[1], _opening(url, was, now))
        if "hsts" in was and "hsts" in now and was["status"] == now["status"]:
            yield from _hsts(url, was["hsts"] or {}, now["hsts"] or {})


def _answered(side: Mapping[str, Any]) -> str:
    location = side.get("location")
    return f"{side['status']} {location}" if location else str(side["status"])


def _opening(url: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Direction:
    """Over http: worse if content is served now where it was refused or led to https before."""
    if not url.startswith("http:"):
        return "neutral"
    serves = [200 <= side["status"] < 300 for side in (was, now)]
    if serves[0] == serves[1]:
        leads = [side.get("location", "").startswith("https:") for side in (was, now)]
        return "neutral" if leads[0] == leads[1] else "better" if leads[1] else "worse"
    return "worse" if serves[1] else "better"


def _hsts(url: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    for name in ("max-age", "includeSubDomains", "preload"):
        before, after = was.get(name) or 0, now.get(name) or 0
        if before != after:
            words = [_directive(side, name) for side in (was, now)]
            what = f"HSTS {name} ({url})"
            yield Change(what, words[0], words[1], "better" if after > before else "worse")


def _directive(policy: Mapping[str, Any], name: str) -> str:
    value = policy.get(name)
    if isinstance(value, bool):
        return "on" if value else "off"
    return NONE if value is None else str(value)


def _grade(old: Body, new: Body) -> Iterator[Change]:
    was, now = old.get("grade"), new.get("grade")
    if was and now and was != now:
        is_better = LETTERS.index(now) < LETTERS.index(was)
        yield Change(GRADE, was, now, "better" if is_better else "worse")


def _findings(old: Body, new: Body) -> Iterator[Change]:
    if "findings" not in old or "findings" not in new:
        return
    was, now = old["findings"], new["findings"]
    for key, one in now.items():
        if key not in was:
            is_bad = one["severity"] != "info"
            yield Change(one["words"], NONE, one["severity"], "worse" if is_bad else "neutral")
        elif was[key]["severity"] != one["severity"]:
            is_more = RANK[one["severity"]] > RANK[was[key]["severity"]]
            words = was[key]["severity"], one["severity"]
            yield Change(one["words"], *words, "worse" if is_more else "better")
    for key, one in was.items():
        if key not in now:
            yield Change(one["words"], one["severity"], NONE, "better")
