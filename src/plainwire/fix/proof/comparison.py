"""Whether every route answers after a patch as before: status, headers that matter, body.

What a patch for TLS is meant to change is left out: the scheme of the host's own links, Secure
and SameSite of cookies, HSTS. What an answer changes by itself is masked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plainwire.fix.proof.expectations import Judgement, Seen
from plainwire.fix.proof.plan import Answer
from plainwire.wire.sameness import timeless

HEADERS: Final = (
    "content-type", "www-authenticate", "allow", "content-disposition", "cache-control", "vary",
    "access-control-allow-origin", "access-control-allow-credentials", "content-language", "link",
)  # fmt: skip
_FREE: Final = ("secure", "samesite", "expires", "max-age")
_NONCE: Final = re.compile(rb"[A-Za-z0-9_+/=.-]{24,}")


@dataclass(frozen=True, slots=True)
class Compared:
    """One route before and after; ``base`` says how the unpatched tree was asked."""

    path: str
    place: str
    base: str
    before: str
    after: str
    judgement: Judgement


def compared(
    paths: Sequence[tuple[str, str]],
    before: Seen,
    after: Seen,
    https: int | None,
    public: Sequence[int],
    inside: Sequence[int],
) -> tuple[Compared, ...]:
    """Each path with its place, compared; ``https`` None: no tree has TLS."""
    found = []
    for n, (path, place) in enumerate(paths):
        ways = [f"https:{n}"] if https is not None else []
        base = _base(before, [*ways, *_others(n, public, inside)])
        now = f"https:{n}" if https is not None else f"clear-{public[0] if public else 0}:{n}"
        answer = after.answer(f"route:{now}:first")
        if base is None:
            why = "the unpatched tree gave no answer of its own to compare with"
            judged, old = Judgement("unanswered", why), Answer()
        elif _is_loop(answer) and _is_loop(before.answer(f"route:{now}:first")):
            old = before.answer(f"route:{now}:first")
            judged = Judgement("unanswered", "it leads back to itself, before and after")
        else:
            old = before.answer(f"route:{base}:first")
            again = before.answer(f"route:{base}:again"), after.answer(f"route:{now}:again")
            judged = _judged(old, answer, again, before.host)
        found.append(
            Compared(
                path, place, (base or "none").partition(":")[0], _short(old), _short(answer), judged
            )
        )
    return tuple(found)


def _others(n: int, public: Sequence[int], inside: Sequence[int]) -> list[str]:
    return [*(f"clear-{number}:{n}" for number in public), *(f"inside-{p}:{n}" for p in inside)]


def _base(before: Seen, ways: Sequence[str]) -> str | None:
    """The way to ask the unpatched tree that shows what the application itself answers.

    Not a refusal to speak, and not a redirect to another scheme, or to the same URL.
    """
    for way in ways:
        answer = before.answer(f"route:{way}:first")
        is_other_protocol = answer.status == 400 and not way.startswith("https")
        if answer.status and not is_other_protocol and not _is_loop(answer):
            return way
    return None


def _is_loop(answer: Answer) -> bool:
    """True for a redirect to https, or over it, of the URL that was asked."""
    where = answer.header("location") or ""
    is_move = 300 <= answer.status < 400 and where.startswith("https://")
    asked = answer.visited[0] if answer.visited else ""
    return is_move and _after_scheme(where) == _after_scheme(asked)


def _after_scheme(url: str) -> str:
    rest = re.sub(r"^https?://([^/:]*)(:\d+)?", r"\1", url)
    return rest if "/" in rest else f"{rest}/"


def _short(answer: Answer) -> str:
    if not answer.status:
        return answer.silence or "no answer"
    return f"{answer.status}, {len(answer.body)} bytes"


def _judged(old: Answer, new: Answer, again: tuple[Answer, Answer], host: str) -> Judgement:
    if not new.status:
        why = f"answered before, not after: {new.silence}"
        return Judgement("fail" if new.refused else "unanswered", why)
    for which, once, twin in (("before", old, again[0]), ("after", new, again[1])):
        if twin.status and twin.status != once.status:
            words = f"{which}, it answers {once.status} and {twin.status} by turns"
            return Judgement("unanswered", words)
    if old.status >= 500:
        return Judgement("unanswered", f"the application fails before: {old.status}")
    if old.status != new.status:
        return Judgement("fail", f"status {old.status} became {new.status}")
    for name in HEADERS:
        one, other = old.header(name), new.header(name)
        if name == "vary" and other is not None and one is None:
            continue
        if one is not None and _plain(one, host) != _plain(other or "", host):
            return Judgement("fail", f"{name} was {one[:60]!r}, is {(other or 'gone')[:60]!r}")
    where, there = (_plain(a.header("location") or "", host) for a in (old, new))
    if where != there:
        return Judgement("fail", f"Location was {where[:80]!r}, is {there[:80]!r}")
    lost = _lost_cookies(old, new)
    if lost:
        return Judgement("fail", lost)
    return _body(old, new, again, host)


def _lost_cookies(old: Answer, new: Answer) -> str:
    """What cookies lost, in words; empty if every cookie is there with what it had."""
    then = {c.partition("=")[0]: c for c in new.all("set-cookie")}
    for cookie in old.all("set-cookie"):
        name = cookie.partition("=")[0]
        if name not in then:
            return f"the cookie {name[:40]} is not set any more"
        gone = _attributes(cookie) - _attributes(then[name])
        if gone:
            return f"the cookie {name[:40]} lost {', '.join(sorted(gone))[:80]}"
        if "secure" in _names(cookie) and "secure" not in _names(then[name]):
            return f"the cookie {name[:40]} lost Secure"
    return ""


def _attributes(cookie: str) -> set[str]:
    return {part for part in _names(cookie) if part.partition("=")[0] not in _FREE}


def _names(cookie: str) -> set[str]:
    return {part.strip().lower() for part in cookie.split(";")[1:]}


def _plain(text: str, host: str) -> str:
    """Text without the scheme and port of the host's own URLs."""
    return re.sub(rf"(?:https?|wss?):(//{re.escape(host)})(?::\d+)?", r"\1", text)


def _masked(answer: Answer, host: str) -> bytes:
    text = answer.body.replace(b"\\/", b"/")
    own = re.escape(host.encode())
    text = re.sub(rb"(?:https?|wss?):(//" + own + rb")(?::\d+)?", rb"\1", text)
    return _NONCE.sub(b"", timeless(text))


def _body(old: Answer, new: Answer, again: tuple[Answer, Answer], host: str) -> Judgement:
    one, other = _masked(old, host), _masked(new, host)
    if one == other:
        return Judgement("pass", "the same")
    twins = [_masked(old, host), _masked(again[0], host), other, _masked(again[1], host)]
    lines = [body.split(b"\n") for body in twins]
    is_steady = lines[0] == lines[1] and lines[2] == lines[3]
    if not is_steady and len({len(each) for each in lines}) == 1:
        rows = list(zip(*lines, strict=True))
        steady = [row for row in rows if row[0] == row[1] and row[2] == row[3]]
        if all(row[0] == row[2] for row in steady):
            return Judgement("pass", "the same, but for lines that vary by themselves")
    elif not is_steady:
        return Judgement("unanswered", "the body varies by itself from one answer to the next")
    at = next(
        (n for n, (a, b) in enumerate(zip(lines[0], lines[2], strict=False)) if a != b),
        min(len(lines[0]), len(lines[2])),
    )
    return Judgement("fail", f"the body differs from line {at + 1} on")
