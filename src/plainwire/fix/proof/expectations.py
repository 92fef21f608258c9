"""What answers must be like, as pure functions of what was seen.

A judgement is pass, fail, unanswered (no answer, or one that says nothing: never a pass), or
not-applicable (there was nothing that could be wrong).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from plainwire.fix.proof.plan import Answer
from plainwire.model import WireError
from plainwire.policy.suite_flaws import flaw_of
from plainwire.wire import redirects

State = Literal["pass", "fail", "unanswered", "not-applicable"]
OLD: Final = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1")
_VOLATILE: Final = frozenset({"date", "server-timing", "x-request-id", "x-runtime"})
_NOWHERE: Final = "404 for every path that was asked, over https too"
_APPLICATION: Final = frozenset({401, 405, 407, 406, 415, 422})


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a case came out, and what was seen, in words."""

    state: State
    seen: str


@dataclass(frozen=True)
class Seen:
    """What one run of a stack showed: answers by the id of their question, handshakes by port."""

    host: str
    answers: Mapping[str, Answer] = field(default_factory=dict)
    tls: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    reload: Mapping[str, str] | None = None

    def answer(self, name: str) -> Answer:
        """The answer to a question; one that was not asked has no answer."""
        return self.answers.get(name) or Answer(silence="not asked")


def in_clear(answer: Answer, host: str) -> Judgement:
    """Whether one answer over http serves nothing; a refusal by itself may be the application's."""
    status = answer.status
    if answer.refused:
        return Judgement("pass", answer.silence or "no HTTP answer")
    if not status:
        return Judgement("unanswered", answer.silence or "no answer")
    if status >= 500:
        return Judgement("unanswered", f"{status}: it failed, which says nothing")
    if status == 101 or 200 <= status < 300:
        return Judgement("fail", f"served: {status}")
    if status in _APPLICATION:
        return Judgement("fail", f"the application answers: {status}")
    if 300 <= status < 400:
        where = answer.header("location") or ""
        if _leads_to_https(where, host):
            return Judgement("pass", f"{status} to https")
        return Judgement("fail", f"{status} to {where[:80] or 'nowhere'}")
    return Judgement("pass", f"refused: {status}")


def _leads_to_https(location: str, host: str) -> bool:
    try:
        place = redirects.resolve(location, f"http://{host}/")
    except WireError:
        return False
    return place.scheme == "https" and place.host == host


def not_served(seen: Seen, names: Sequence[str], https: int | None) -> Judgement:
    """No path is served in clear, and refusals tell no paths apart."""
    answers = [seen.answer(name) for name in names]
    each = [in_clear(answer, seen.host) for answer in answers]
    worst = _worst(each)
    if worst.state != "pass":
        return worst
    refusals = {(a.status, a.body) for a in answers if a.status >= 400}
    if len(refusals) > 1 or (refusals and any(300 <= a.status < 400 for a in answers)):
        codes = sorted({a.status for a in answers})
        return Judgement("fail", f"the application tells paths apart: {codes}")
    if (
        refusals
        and next(iter(refusals))[0] == 404
        and not _tells_apart(seen, len(names) - 2, https)
    ):
        return Judgement("unanswered", _NOWHERE)
    return worst


def not_served_as(
    seen: Seen, names: Sequence[str], hosts: Sequence[str], https: int | None
) -> Judgement:
    """No path is served in clear by another name; a redirect to https may lead to any of them."""
    answers = [seen.answer(name) for name in names]
    each = [_in_clear_by_any(answer, hosts) for answer in answers]
    if all(a.status == 404 for a in answers) and not _tells_apart(seen, len(names), https):
        return Judgement("unanswered", _NOWHERE)
    return _worst(each)


def _in_clear_by_any(answer: Answer, hosts: Sequence[str]) -> Judgement:
    each = [in_clear(answer, host) for host in hosts]
    return next((judged for judged in each if judged.state == "pass"), each[0])


def _tells_apart(seen: Seen, count: int, https: int | None) -> bool:
    """True if the same paths are answered otherwise over https, or there is none."""
    if https is None:
        return True
    others = [seen.answer(f"https:{https}:get:{n}") for n in range(count)]
    return any(a.status not in (0, 404) for a in others)


def alike(seen: Seen, names: Sequence[str], plain: Sequence[str]) -> Judgement:
    """Other questions of the same paths serve nothing either, where GET of these does not."""
    found = []
    for name, get in zip(names, plain, strict=False):
        judged = in_clear(seen.answer(name), seen.host)
        base = in_clear(seen.answer(get), seen.host)
        if judged.state == "pass" and base.state == "fail":
            judged = Judgement("fail", f"GET is served: {base.seen}")
        found.append(judged)
    return _worst(found)


def same_for_all(seen: Seen, at: str, names: Sequence[str], count: int) -> Judgement:
    """Good, bad and no credential are answered with the same bytes, and nothing is served."""
    for n in range(count):
        plain = seen.answer(f"{at}:get:{n}")
        base = in_clear(plain, seen.host)
        if base.state != "pass":
            return base
        for name in names:
            other = seen.answer(f"{at}:{name}:{n}")
            if in_clear(other, seen.host).state == "unanswered":
                return Judgement("unanswered", other.silence)
            if _bytes(other) != _bytes(plain):
                return Judgement("fail", f"{plain.status} without, {other.status} with one")
    return Judgement("pass", f"the same: {base.seen}")


def _bytes(answer: Answer) -> tuple[object, ...]:
    fields = sorted((n.lower(), v) for n, v in answer.headers if n.lower() not in _VOLATILE)
    return answer.status, answer.refused, tuple(fields), answer.body


def one_hop(seen: Seen, name: str) -> Judgement:
    """The first redirect out of cleartext goes to https, and nothing comes back to http."""
    answer = seen.answer(name)
    if len(answer.visited) < 2:
        return Judgement("not-applicable", "no redirect")
    later = answer.visited[1:]
    back = next((url for url in later if url.startswith("http://")), None)
    if back is not None:
        return Judgement("fail", f"leads over {back[:100]}")
    if len(set(later)) != len(later):
        return Judgement("fail", f"a loop at {later[-1][:100]}")
    return Judgement("pass", f"{len(later)} hops, all https")


def no_hsts(seen: Seen, names: Sequence[str]) -> Judgement:
    """No HSTS field came over http."""
    answers = [a for a in map(seen.answer, names) if a.status]
    if not answers:
        return Judgement("not-applicable", "no HTTP answer")
    has = any(a.header("strict-transport-security") is not None for a in answers)
    return Judgement("fail", "sent in clear") if has else Judgement("pass", "none")


def not_fooled(seen: Seen, pairs: Sequence[tuple[str, str]]) -> Judgement:
    """A forged header changes nothing for the better: the answer is a refusal or redirect still."""
    found = []
    for forged, plain in pairs:
        judged = in_clear(seen.answer(forged), seen.host)
        base = in_clear(seen.answer(plain), seen.host)
        if judged.state == "fail" and base.state == "pass":
            return Judgement("fail", f"fooled: {judged.seen}, and {base.seen} without the header")
        is_worse = judged.state == "pass" and base.state == "fail"
        found.append(base if is_worse else judged)
    return _worst(found)


def answered(seen: Seen, names: Sequence[str]) -> Judgement:
    """At least one path is answered over https that the test CA's certificate verifies for."""
    answers = [seen.answer(name) for name in names]
    unverified = next((a.unverified for a in answers if a.unverified), "")
    if unverified:
        return Judgement("fail", f"the certificate does not verify: {unverified}")
    if all(a.refused for a in answers):
        return Judgement("fail", answers[0].silence)
    good = [a for a in answers if 0 < a.status < 400]
    if good:
        return Judgement("pass", f"{good[0].status} over {good[0].tls}")
    told = [a for a in answers if 400 <= a.status < 500]
    if told:
        return Judgement("pass", f"{told[0].status} over {told[0].tls}")
    failed = next((a for a in answers if a.status), None)
    why = f"{failed.status}: it failed" if failed else answers[0].silence
    return Judgement("unanswered", why)


def no_loop(seen: Seen, names: Sequence[str]) -> Judgement:
    """No chain of redirects over https comes to a URL twice."""
    if (gone := _without_https(seen, names)) is not None:
        return gone
    for answer in map(seen.answer, names):
        if len(set(answer.visited)) != len(answer.visited):
            return Judgement("fail", f"comes back to {answer.visited[-1][:100]}")
        if len(answer.visited) > 5:
            return Judgement("fail", f"{len(answer.visited) - 1} redirects and no end")
    most = max(len(seen.answer(name).visited) - 1 for name in names)
    return Judgement("pass", f"at most {most} redirects")


def unmoved(seen: Seen, number: int, count: int) -> Judgement:
    """X-Forwarded-Proto: http from a client over https changes neither status nor Location."""
    names = [f"https:{number}:get:{n}" for n in range(count)]
    if (gone := _without_https(seen, names)) is not None:
        return gone
    for n, name in enumerate(names):
        plain, told = seen.answer(name), seen.answer(f"https:{number}:told-http:{n}")
        if not told.status:
            return Judgement("unanswered", told.silence)
        if plain.status >= 500 or told.status >= 500:
            return Judgement("unanswered", f"{plain.status} and {told.status}: it failed")
        one, other = ((a.status, a.header("location")) for a in (plain, told))
        if one != other:
            return Judgement("fail", f"{plain.status} becomes {told.status}")
    return Judgement("pass", f"the same for {count} paths")


def scheme_kept(seen: Seen, names: Sequence[str]) -> Judgement:
    """Nothing that https answers leads to http on the same host: no Location, no own link."""
    if (gone := _without_https(seen, names)) is not None:
        return gone
    own = f"http://{seen.host}".encode()
    escaped = own.replace(b"/", b"\\/")
    for answer in map(seen.answer, names):
        where = answer.header("location") or ""
        if where.startswith("http://"):
            return Judgement("fail", f"Location: {where[:100]}")
        if own in answer.body or escaped in answer.body:
            return Judgement("fail", f"a link to http://{seen.host} in {answer.visited[0][:100]}")
    return Judgement("pass", f"{len(names)} answers, none")


def cookies_secure(seen: Seen, names: Sequence[str]) -> Judgement:
    """Every Set-Cookie over https has the attribute Secure (RFC 6265, section 4.1.2.5)."""
    if (gone := _without_https(seen, names)) is not None:
        return gone
    cookies = [value for name in names for value in seen.answer(name).all("set-cookie")]
    if not cookies:
        return Judgement("not-applicable", "no cookie was set")
    for cookie in cookies:
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        if "secure" not in attributes:
            return Judgement("fail", f"{cookie.partition('=')[0][:40]} without Secure")
    return Judgement("pass", f"{len(cookies)} cookies")


def hsts_once(seen: Seen, names: Sequence[str]) -> Judgement:
    """At most one HSTS field an answer (RFC 6797, section 7.1)."""
    if (gone := _without_https(seen, names)) is not None:
        return gone
    counts = [len(seen.answer(name).all("strict-transport-security")) for name in names]
    if max(counts) > 1:
        return Judgement("fail", f"{max(counts)} fields in one answer")
    return Judgement("pass", "one") if any(counts) else Judgement("not-applicable", "none is sent")


def _without_https(seen: Seen, names: Sequence[str]) -> Judgement | None:
    """The judgement where https says nothing. Returns None if something was answered."""
    answers = [seen.answer(name) for name in names]
    if any(0 < a.status < 500 for a in answers):
        return None
    if all(a.refused for a in answers):
        return Judgement("not-applicable", f"no https: {answers[0].silence}")
    failed = next((a.status for a in answers if a.status), 0)
    return Judgement("unanswered", f"{failed}: it failed" if failed else answers[0].silence)


def versions(seen: Seen, number: int) -> Judgement:
    """TLS 1.2 or 1.3 is accepted and nothing older (RFC 8996)."""
    found = seen.tls.get(str(number))
    if found is None:
        return Judgement("not-applicable", "no TLS is meant to be here")
    accepted = found.get("protocols")
    if accepted is None:
        return Judgement("unanswered", "; ".join(found.get("gaps", ()))[:200] or "not told")
    named = [version for version, is_on in accepted.items() if is_on]
    if any(version in named for version in OLD):
        return Judgement("fail", ", ".join(named))
    if not {"TLSv1.2", "TLSv1.3"} & set(named):
        return Judgement("fail", "neither TLS 1.2 nor 1.3")
    if any(version not in accepted for version in ("TLSv1.0", "TLSv1.1")):
        return Judgement("unanswered", "whether an older version is accepted was not told")
    return Judgement("pass", ", ".join(named))


def suites(seen: Seen, number: int) -> Judgement:
    """No suite that RFC 9325, section 4.1, forbids is accepted."""
    found = seen.tls.get(str(number))
    if found is None:
        return Judgement("not-applicable", "no TLS is meant to be here")
    accepted = found.get("ciphers")
    if not accepted:
        return Judgement("unanswered", "; ".join(found.get("gaps", ()))[:200] or "not told")
    named = {name for each in accepted.values() for name in each}
    broken = sorted(name for name in named if flaw_of(name) is not None)
    if broken:
        return Judgement("fail", ", ".join(broken[:5]))
    return Judgement("pass", f"{len(named)} suites")


def reloaded(seen: Seen) -> Judgement:
    """A certificate put in place of the old one is served after a reload."""
    if seen.reload is None:
        return Judgement("not-applicable", "asked of nginx only")
    if seen.reload["seen"] == seen.reload["wanted"]:
        return Judgement("pass", "the new serial")
    return Judgement("fail", f"still {seen.reload['seen'][:40]}")


def _worst(found: Sequence[Judgement]) -> Judgement:
    order: tuple[State, ...] = ("fail", "unanswered", "pass", "not-applicable")
    for state in order:
        judged = next((j for j in found if j.state == state), None)
        if judged is not None:
            return judged
    return Judgement("unanswered", "nothing was asked")
