"""Looking at a target: `probe` for a light look, `scan` or a whole probe for a full one.

A light look asks for versions and certificates, a full one for everything. Each address of the
name is looked at by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from plainwire import __version__
from plainwire.live import dial
from plainwire.live.credentials import Credentials
from plainwire.live.settings import Settings
from plainwire.live.tls.chains import UNFOLLOWED
from plainwire.live.trace import Trace
from plainwire.model import Chain, Gap, PlainwireError, Report, Target, TargetError, TlsEndpoint
from plainwire.monitor import secrets, snapshot
from plainwire.monitor.seen import Certificate, Look, Status
from plainwire.monitor.targets import Watched
from plainwire.monitor.times import SECOND, Clock, moment
from plainwire.report import clean
from plainwire.scan import scan_async
from plainwire.tls import probe_async, report_async
from plainwire.wire.masking import Masker

Observe = Callable[[Watched, bool], Awaitable[list[Look]]]
MAX_ADDRESSES = 8
LONGEST_S = {False: 60.0, True: 600.0}  # of a look: light, full
MAX_ERROR = 300


class Observer:
    """Looks at targets over the network; the clock is the one that certificates are judged by."""

    def __init__(self, clock: Clock, settings: Settings | None = None) -> None:
        self._clock = clock
        self._settings = settings or Settings()

    async def look(self, one: Watched, is_full: bool) -> list[Look]:
        """What one target shows at each of its addresses now; never raises for what it does."""
        target, settings = one.target, self._settings_of(one)
        try:
            found = await self._addresses(one, target, settings)
        except TargetError as error:
            return [Look("", "unreachable", self._clock(), error=_words(error))]
        return [await self._at(one, replace(target, address=a), is_full, settings) for a in found]

    def _settings_of(self, one: Watched) -> Settings:
        ca = one.options.get("ca")
        return replace(self._settings, ca_file=Path(ca)) if ca else self._settings

    async def _addresses(self, one: Watched, target: Target, settings: Settings) -> tuple[str, ...]:
        if "resolve" in one.options:
            return (str(one.options["resolve"]),)
        found = await dial.addresses(target.host, settings)
        if target.host == "localhost":
            return (await dial.address(target.https, settings),)
        return tuple(sorted(found))[:MAX_ADDRESSES]

    async def _at(self, one: Watched, target: Target, is_full: bool, settings: Settings) -> Look:
        begun, loop = self._clock(), asyncio.get_running_loop()
        at = loop.time()
        try:
            async with asyncio.timeout(LONGEST_S[is_full]):
                look = await (self._full if is_full else self._light)(one, target, settings)
        except TimeoutError:
            look = _failed(target, "unknown", f"not done in {LONGEST_S[is_full]:g} s")
        except PlainwireError as error:
            look = _failed(target, "unknown", str(error))
        except Exception as error:
            # The border to the engine: a defect of it is told of its target and ends no loop.
            look = _failed(target, "unknown", f"{type(error).__name__}: {error}")
        return replace(look, started_at=begun, duration_ms=round((loop.time() - at) * SECOND))

    async def _light(self, one: Watched, target: Target, settings: Settings) -> Look:
        endpoint = await probe_async(
            target,
            address=target.address,
            parts=("versions", "certificates"),
            settings=settings,
            starttls=one.options.get("starttls"),
            clock=lambda: moment(self._clock()),
        )
        return await self._probed(one, target, endpoint, settings)

    async def _probed(
        self, one: Watched, target: Target, endpoint: TlsEndpoint, settings: Settings
    ) -> Look:
        if endpoint.speaks_tls is None:
            if not await _is_open(target, settings):
                return _failed(target, "unreachable", _gap(endpoint))
            if endpoint.protocols is None and not _is_refused(endpoint):
                words = f"it takes connections and answers no TLS hello: {_gap(endpoint)}"
                return replace(_failed(target, "unknown", words), is_mute=True)
            endpoint = replace(endpoint, speaks_tls=False, inconclusive=())
        return _look(target, [endpoint], snapshot.of_endpoint(endpoint))

    async def _full(self, one: Watched, target: Target, settings: Settings) -> Look:
        if one.kind == "endpoint":
            report = await report_async(
                target,
                settings=settings,
                starttls=one.options.get("starttls"),
                clock=lambda: moment(self._clock()),
            )
            return await self._reported(target, report, (), settings)
        trace = Trace(Masker(b"", ()))
        report = await scan_async(
            target,
            settings=settings,
            credentials=_credentials(one, target),
            paths=tuple(one.options.get("paths", ())),
            trace=trace,
            clock=lambda: moment(self._clock()),
        )
        wanted = {target.path, *one.options.get("paths", ())}
        return await self._reported(target, report, _answers(trace.entries, wanted), settings)

    async def _reported(
        self,
        target: Target,
        report: Report,
        answers: Iterable[Mapping[str, Any]],
        settings: Settings,
    ) -> Look:
        if report.grade is None:
            gaps = [f"{gap.question}: {gap.reason}" for gap in report.unanswered]
            why = next(iter(gaps), next(iter(report.tls_reasons), "nothing answered"))
            status: Status = "unknown" if await _is_open(target, settings) else "unreachable"
            return _failed(target, status, why)
        body = snapshot.of_report(report, answers)
        return replace(_look(target, report.tls, body), grade=report.grade.letter)


def _look(target: Target, endpoints: Sequence[TlsEndpoint], body: Mapping[str, Any]) -> Look:
    served: dict[str, dict[str, Certificate]] = {}
    revoked: set[str] = set()
    good: set[str] = set()
    for endpoint, chain in _chains(target, endpoints):
        leaf = Certificate.of(chain.chain[0])
        key = f"{endpoint.port} {chain.asked_with.get('key', 'any')}"
        served.setdefault(key, {})[leaf.fingerprint] = leaf
        if "revoked" in chain.problems_checked:
            (revoked if "revoked" in chain.problems else good).add(leaf.fingerprint)
    latest = {key: max(many.values(), key=_age) for key, many in served.items()}
    beside = {one.fingerprint: one for many in served.values() for one in many.values()}
    return Look(
        target.address or "",
        "answered",
        0,
        body=body,
        certificates=latest,
        beside=tuple(beside[one] for one in sorted(beside.keys() - _fingerprints(latest))),
        is_partial=any(_hides_certificates(gap) for e in endpoints for gap in e.inconclusive),
        revoked=frozenset(revoked),
        good=frozenset(good - revoked),
        tool_version=__version__,
    )


def _chains(
    target: Target, endpoints: Iterable[TlsEndpoint]
) -> Iterator[tuple[TlsEndpoint, Chain]]:
    """The chains served for the target's name."""
    for endpoint in endpoints:
        for chain in endpoint.certificates or ():
            if chain.chain and (chain.asked_with.get("sni", True) or target.is_ip):
                yield endpoint, chain


def _age(one: Certificate) -> tuple[int, int, str]:
    return one.not_before, one.not_after, one.fingerprint


def _fingerprints(served: Mapping[str, Certificate]) -> set[str]:
    return {one.fingerprint for one in served.values()}


def _hides_certificates(gap: Gap) -> bool:
    """True if a certificate may have been there that was not shown; not where one was only hard."""
    return gap.part == "certificates" and gap.question != UNFOLLOWED


def _failed(target: Target, status: Status, error: str) -> Look:
    return Look(target.address or "", status, 0, error=_words(error), tool_version=__version__)


def _words(error: object) -> str:
    return clean.visible(str(error), MAX_ERROR)


def _gap(endpoint: TlsEndpoint) -> str:
    return next((gap.reason for gap in endpoint.inconclusive), "no answer")


def _is_refused(endpoint: TlsEndpoint) -> bool:
    """True if nobody listens for TLS, which is an answer where somebody listens for HTTP."""
    return "refused" in _gap(endpoint).lower()


async def _is_open(target: Target, settings: Settings) -> bool:
    """True if any port of the target takes a connection."""
    for origin in (*target.https, *target.http):
        try:
            (await dial.tcp(target.address or origin.host, origin.port, settings)).abort()
        except (OSError, TimeoutError):
            continue
        return True
    return False


def _credentials(one: Watched, target: Target) -> Credentials | None:
    if "bearer" not in one.options:
        return None
    token = secrets.read(one.options["bearer"])
    return Credentials((("Authorization", f"Bearer {token}"),), target.https[0])


_USUAL = {"host", "user-agent", "accept", "accept-encoding", "connection", "authorization"}


def _answers(
    entries: Iterable[Mapping[str, Any]], wanted: Iterable[str]
) -> list[Mapping[str, Any]]:
    """The first plain GET of each wanted path at each scheme, with what came back."""
    found: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        if "response" not in entry or entry["request"]["method"] != "GET":
            continue
        url = entry["request"]["url"]
        path = "/" + url.partition("://")[2].partition("/")[2]
        names = {header["name"].lower() for header in entry["request"]["headers"]}
        if path in wanted and names <= _USUAL:
            found.setdefault(url, entry)
    return [found[url] for url in sorted(found)]
