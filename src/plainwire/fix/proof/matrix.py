"""The questions that tell whether a stack keeps its clients' requests from being read or changed.

What is right is said by RFCs and not by our own rules: each case names its source. GET and HEAD
only; a WebSocket handshake is a GET (RFC 6455, 4.1).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from secrets import token_bytes, token_hex
from typing import Any, Final, Literal

from plainwire.fix.proof import expectations as expect
from plainwire.fix.proof.expectations import Judgement, Seen
from plainwire.fix.proof.plan import Entrance, Question, Route, Stack
from plainwire.wire.forged_schemes import FORGED

Group = Literal["request", "spoof", "route", "handshake", "direct"]
MAX_PATHS: Final = 8
SPOOFED_PATHS: Final = 3
MAX_SLASHES: Final = 10
_CLEAR: Final = "draft-ietf-httpapi-privacy-06, sections 2-3; RFC 9110, section 17.1"
_FORWARDED: Final = "RFC 7239, section 8.1"
# Made anew for each proof, so that an application cannot know its client by them.
_MARK: Final = token_hex(6)
UNKNOWN_PATH: Final = f"/{_MARK}"
STATIC_PATH: Final = f"/static/{_MARK}.css"
WEBSOCKET: Final = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", b64encode(token_bytes(16)).decode()),
)
CREDENTIALS: Final[Mapping[str, tuple[str, str]]] = {
    "bearer": ("Authorization", f"Bearer {token_hex(16)}"),
    "other": ("Authorization", f"Bearer {token_hex(16)}"),
    "key": ("X-API-Key", token_hex(16)),
}
SPOOFS: Final = {**FORGED, "xf-host": ("X-Forwarded-Host", "evil.example")}


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that must hold. ``is_required``: a proof fails without it; else it is shown."""

    id: str
    group: Group
    title: str
    expected: str
    basis: str
    judge: Callable[[Seen], Judgement]
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class Matrix:
    """The questions to ask of both trees, and the cases that their answers decide.

    ``https`` is the port whose answers over https are compared; None where neither tree has TLS.
    """

    questions: tuple[Question, ...]
    cases: tuple[Case, ...]
    https: int | None


def matrix(stacks: Sequence[Stack], routes: Sequence[Route]) -> Matrix:
    """The matrix over every entrance that any of the stacks has."""
    public = _numbers(e for s in stacks for e in s.entrances if e.is_public)
    secured = _numbers(e for s in stacks for e in s.entrances if e.is_public and e.has_tls)
    inside = _numbers(e for s in stacks for e in s.entrances if not e.is_public)
    https = 443 if 443 in secured else next(iter(secured), None)
    paths = [route.path for route in routes]
    few = _few(paths)
    hosts = list(dict.fromkeys(s.host for s in stacks))
    others = list(dict.fromkeys(name for s in stacks for name in s.others))
    questions = [
        *(q for number in public for q in _in_clear(number, few)),
        *(q for number in public for q in _by_others(number, few, others)),
        *(q for number in secured or [443] for q in _over_https(number, few, paths)),
        *(q for number in inside for q in _directly(number, few)),
        *_compared(https, public, inside, paths),
    ]
    cases = [
        *_https_cases(https, few, paths),
        *(c for n in public for c in _clear_cases(n, few, https, is_tls=n in secured)),
        *(case for n in public for case in _other_cases(n, few, hosts, others, https)),
        *(case for number in public for case in _spoof_cases(number, few)),
        *(case for number in secured for case in _handshake_cases(number)),
        *(case for number in inside for case in _direct_cases(number, few)),
    ]
    return Matrix(tuple(questions), tuple(cases), https)


def _numbers(entrances: Iterator[Entrance]) -> list[int]:
    return sorted({e.number for e in entrances})


def _few(paths: Sequence[str]) -> list[str]:
    """Paths from all over the application: the root, if it may be asked, and evenly spread ones."""
    first = [p for p in paths if p == "/"]
    rest = [p for p in paths if p != "/"]
    step = max(1, len(rest) // (MAX_PATHS - 1))
    return [*first, *rest[::step]][:MAX_PATHS] or [UNKNOWN_PATH]


def _in_clear(number: int, few: Sequence[str]) -> Iterator[Question]:
    at = f"clear:{number}"
    for n, path in enumerate((*few, UNKNOWN_PATH, STATIC_PATH)):
        yield Question(f"{at}:get:{n}", number, "http", path)
    for n, path in enumerate(few[:SPOOFED_PATHS]):
        yield Question(f"{at}:head:{n}", number, "http", path, "HEAD")
        yield Question(f"{at}:websocket:{n}", number, "http", path, headers=WEBSOCKET)
    for name, header in CREDENTIALS.items():
        for n, path in enumerate(few[:SPOOFED_PATHS]):
            yield Question(f"{at}:{name}:{n}", number, "http", path, headers=(header,))
    yield Question(f"{at}:follow", number, "http", few[0], hops=5, verifies=False)
    for name, header in SPOOFS.items():
        for n, path in enumerate(few[:SPOOFED_PATHS]):
            yield Question(f"spoof:{number}:{name}:{n}", number, "http", path, headers=(header,))


def _by_others(number: int, few: Sequence[str], others: Sequence[str]) -> Iterator[Question]:
    for host in others:
        for n, path in enumerate(few[:SPOOFED_PATHS]):
            yield Question(f"clear:{number}:as:{host}:{n}", number, "http", path, host=host)


def _over_https(number: int, few: Sequence[str], paths: Sequence[str]) -> Iterator[Question]:
    at = f"https:{number}"
    for n, path in enumerate(few):
        yield Question(f"{at}:get:{n}", number, "https", path, verifies=False)
        yield Question(f"{at}:follow:{n}", number, "https", path, hops=5, verifies=False)
        told = (("X-Forwarded-Proto", "http"),)
        yield Question(f"{at}:told-http:{n}", number, "https", path, headers=told, verifies=False)
    for n, path in enumerate(_slashes(paths)):
        yield Question(f"{at}:slash:{n}", number, "https", path, verifies=False)


def _slashes(paths: Sequence[str]) -> list[str]:
    return [p.rstrip("/") for p in paths if p.endswith("/") and p != "/"][:MAX_SLASHES]


def _directly(number: int, few: Sequence[str]) -> Iterator[Question]:
    for n, path in enumerate(few[:SPOOFED_PATHS]):
        yield Question(f"direct:{number}:get:{n}", number, "http", path, is_direct=True)
        for name, header in SPOOFS.items():
            yield Question(
                f"direct:{number}:{name}:{n}",
                number,
                "http",
                path,
                headers=(header,),
                is_direct=True,
            )


def _compared(
    https: int | None, public: Sequence[int], inside: Sequence[int], paths: Sequence[str]
) -> Iterator[Question]:
    """Every route twice, over https and in every other way that shows what it answers."""
    told = (("X-Forwarded-Proto", "https"),)
    for n, path in enumerate(paths):
        for time in ("first", "again"):
            if https is not None:
                yield Question(f"route:https:{n}:{time}", https, "https", path, verifies=False)
            for number in public:
                yield Question(f"route:clear-{number}:{n}:{time}", number, "http", path)
            for number in inside:
                yield Question(
                    f"route:inside-{number}:{n}:{time}", number, "http", path, "GET", told, True
                )


def _https_cases(https: int | None, few: Sequence[str], paths: Sequence[str]) -> Iterator[Case]:
    number = https or 443
    gets = [f"https:{number}:get:{n}" for n in range(len(few))]
    follows = [f"https:{number}:follow:{n}" for n in range(len(few))]
    slashes = [f"https:{number}:slash:{n}" for n in range(len(_slashes(paths)))]

    def case(name: str, group: Group, title: str, expected: str, basis: str, judge: Any) -> Case:
        return Case(f"https:{name}", group, title, expected, basis, judge)

    yield case(
        "answered",
        "request",
        "GET over https",
        "an answer, the certificate verified",
        "RFC 9110, section 4.2.2; RFC 9525",
        lambda seen: expect.answered(seen, gets),
    )
    yield case(
        "no-loop",
        "request",
        "redirects over https",
        "none leads back to its own URL",
        "RFC 9110, section 15.4",
        lambda seen: expect.no_loop(seen, follows),
    )
    yield case(
        "told-http",
        "spoof",
        "X-Forwarded-Proto: http over https",
        "the answer stays what it is",
        _FORWARDED,
        lambda seen: expect.unmoved(seen, number, len(few)),
    )
    yield case(
        "scheme-kept",
        "route",
        "links and redirects over https",
        "none leads to http",
        "RFC 9110, section 17.1; RFC 3986, section 4.2",
        lambda seen: expect.scheme_kept(seen, [*gets, *slashes]),
    )
    yield case(
        "cookies-secure",
        "route",
        "cookies set over https",
        "each has Secure",
        "RFC 6265, sections 4.1.2.5 and 8.3",
        lambda seen: expect.cookies_secure(seen, gets),
    )
    yield case(
        "hsts-once",
        "route",
        "Strict-Transport-Security over https",
        "at most one field",
        "RFC 6797, section 7.1",
        lambda seen: expect.hsts_once(seen, gets),
    )


def _clear_cases(
    number: int, few: Sequence[str], https: int | None, *, is_tls: bool
) -> Iterator[Case]:
    at = f"clear:{number}"
    gets = [f"{at}:get:{n}" for n in range(len(few) + 2)]
    count = min(len(few), SPOOFED_PATHS)

    def case(name: str, title: str, expected: str, basis: str, judge: Any) -> Case:
        return Case(f"{at}:{name}", "request", f":{number} {title}", expected, basis, judge)

    refused = "nobody listens, one refusal for all, or a redirect to https"
    yield case(
        "get",
        f"GET in clear, {len(gets)} paths",
        refused,
        _CLEAR,
        lambda seen: expect.not_served(seen, gets, https),
    )
    yield case(
        "head",
        "HEAD in clear",
        "not served",
        _CLEAR,
        lambda seen: expect.alike(seen, [f"{at}:head:{n}" for n in range(count)], gets),
    )
    yield case(
        "websocket",
        "WebSocket handshake in clear",
        "no 101",
        "RFC 6455, section 10.6",
        lambda seen: expect.alike(seen, [f"{at}:websocket:{n}" for n in range(count)], gets),
    )
    yield case(
        "credentials",
        "the same with credentials",
        "the same answer for all of them and for none",
        "draft-ietf-httpapi-privacy-06, section 3.2",
        lambda seen: expect.same_for_all(seen, at, list(CREDENTIALS), count),
    )
    yield case(
        "one-hop",
        "redirects that begin in clear",
        "the first leads to https on the same host",
        "RFC 6797, section 7.2",
        lambda seen: expect.one_hop(seen, f"{at}:follow"),
    )
    # nginx adds what has "always" to its 400 for http on a port with TLS too.
    yield replace(
        case(
            "no-hsts",
            "Strict-Transport-Security in clear",
            "none",
            "RFC 6797, section 7.2",
            lambda seen: expect.no_hsts(seen, gets),
        ),
        is_required=not is_tls,
    )


def _other_cases(
    number: int,
    few: Sequence[str],
    hosts: Sequence[str],
    others: Sequence[str],
    https: int | None,
) -> Iterator[Case]:
    """A proxy has a server for each of its names, and any of them may pass requests on in clear."""
    for host in others:
        at = f"clear:{number}:as:{host}"
        yield Case(
            at,
            "request",
            f":{number} GET in clear as {host}",
            "nobody listens, a refusal, or a redirect to https by a name of the project",
            _CLEAR,
            partial(
                expect.not_served_as,
                names=[f"{at}:{n}" for n in range(min(len(few), SPOOFED_PATHS))],
                hosts=[host, *hosts, *others],
                https=https,
            ),
        )


def _spoof_cases(number: int, few: Sequence[str]) -> Iterator[Case]:
    for name, (header, value) in SPOOFS.items():
        pairs = [
            (f"spoof:{number}:{name}:{n}", f"clear:{number}:get:{n}")
            for n in range(min(len(few), SPOOFED_PATHS))
        ]
        yield Case(
            f"spoof:{number}:{name}",
            "spoof",
            f":{number} in clear with {header}: {value}",
            "not served",
            _FORWARDED,
            partial(expect.not_fooled, pairs=pairs),
        )


def _handshake_cases(number: int) -> Iterator[Case]:
    yield Case(
        f"handshake:{number}:versions",
        "handshake",
        f":{number} versions",
        "TLS 1.2 or 1.3, nothing older",
        "RFC 8996; RFC 9325, section 3.1.1",
        lambda seen: expect.versions(seen, number),
    )
    yield Case(
        f"handshake:{number}:suites",
        "handshake",
        f":{number} suites",
        "no NULL, anonymous, EXPORT, RC4 or DES suite",
        "RFC 9325, section 4.1; RFC 7465",
        lambda seen: expect.suites(seen, number),
    )
    yield Case(
        f"handshake:{number}:reload",
        "handshake",
        f":{number} a new certificate after a reload",
        "its serial is served",
        "nginx(8), HUP",
        expect.reloaded,
        is_required=False,
    )


def _direct_cases(number: int, few: Sequence[str]) -> Iterator[Case]:
    """Shown only: no client reaches the port, but a neighbour in the network does."""
    pairs = [
        (f"direct:{number}:{name}:{n}", f"direct:{number}:get:{n}")
        for name in SPOOFS
        for n in range(min(len(few), SPOOFED_PATHS))
    ]
    gets = [f"direct:{number}:get:{n}" for n in range(min(len(few), SPOOFED_PATHS))]
    yield Case(
        f"direct:{number}:get",
        "direct",
        f"the application's own :{number} in clear",
        "not served",
        _CLEAR,
        lambda seen: expect.not_served(seen, gets, None),
        is_required=False,
    )
    yield Case(
        f"direct:{number}:spoof",
        "direct",
        f"the application's own :{number}, forged headers",
        "not served",
        _FORWARDED,
        lambda seen: expect.not_fooled(seen, pairs),
        is_required=False,
    )
