"""The TLS probe: everything that one endpoint reveals of its TLS, in the fewest connections."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import get_args

from plainwire import __version__, catalog
from plainwire.grading import grade
from plainwire.judging import Outcome, categories, in_order, not_asked, run_checks, scope
from plainwire.live import dial, trust
from plainwire.live.hellos import OpenStream, Stream
from plainwire.live.settings import Settings
from plainwire.live.stopping import until
from plainwire.live.tls import chains, facts
from plainwire.live.tls.asker import Asker
from plainwire.live.tls.gate import Gate
from plainwire.live.tls.plan import Seen, examine
from plainwire.live.tls.site import EndpointSite
from plainwire.model import (
    Check,
    Coverage,
    Gap,
    Origin,
    Part,
    Report,
    Target,
    TargetError,
    TlsEndpoint,
    Unanswered,
)
from plainwire.policy import post_quantum, profiles, weaknesses
from plainwire.policy.versions import Version
from plainwire.tls_status import endpoint_status
from plainwire.wire.target import parse_endpoint

INTERRUPTED = "what was not asked yet"
NOT_LOOKED_AT = "only TLS was looked at"
PARTS: frozenset[Part] = frozenset(get_args(Part))
CONNECTIONS = 10


async def probe_async(
    endpoint: Target | str,
    *,
    address: str | None = None,
    parts: Collection[Part] | None = None,
    settings: Settings | None = None,
    connections: int = CONNECTIONS,
    probes_attacks: bool = False,
    stop: asyncio.Event | None = None,
    clock: Callable[[], datetime] | None = None,
    stores: Mapping[str, tuple[bytes, ...]] | None = None,
) -> TlsEndpoint:
    """What the TLS listener of an endpoint reveals; what was not answered is absent from it.

    ``endpoint`` is ``HOST[:PORT]`` or an https URL (port 443 unless named), ``address`` the IP
    address to use instead of asking the resolver, ``parts`` what to ask about (everything unless
    given; versions always), ``connections`` how many may be open at a time once two were seen
    served at once, ``probes_attacks`` opts in to questions that resemble an attack (Heartbleed
    and its like, asked only where their precondition was seen). ``stop``, once set, ends it with
    what is known. Never raises for what a server does.

    Raises:
        UsageError: if ``endpoint`` is a string that names none.
    """
    target = parse_endpoint(endpoint) if isinstance(endpoint, str) else endpoint
    settings = settings or Settings()
    origin, at = target.https[0], monotonic()
    name = None if target.is_ip else origin.host
    try:
        address = address or target.address or (await dial.addresses(origin.host, settings))[0]
    except TargetError as error:
        gap = Gap("versions", f"{origin.host}:{origin.port}: its address", str(error))
        return TlsEndpoint(origin.host, origin.port, server_name=name, inconclusive=(gap,))
    asker = Asker(opener(origin, address, settings), Gate(connections), settings.answer_timeout_s)
    wanted = PARTS if parts is None else parts
    seen = Seen()
    try:
        work = examine(asker, name, wanted, probes_attacks=probes_attacks, seen=seen)
        if await until(stop, work) is None:
            seen.gaps.append(Gap("versions", INTERRUPTED, "interrupted"))
    finally:
        asker.gate.end_trial()
    return endpoint_of(
        origin,
        address,
        name,
        seen,
        connections=asker.connections,
        duration_s=monotonic() - at,
        now=clock() if clock else datetime.now(UTC),
        stores=stores if stores is not None else trust.stores(settings.ca_file),
    )


def endpoint_of(
    origin: Origin,
    address: str,
    name: str | None,
    seen: Seen,
    *,
    connections: int,
    duration_s: float,
    now: datetime,
    stores: Mapping[str, tuple[bytes, ...]],
) -> TlsEndpoint:
    """The answers of a listener in the words of the report."""
    versions = seen.versions
    speaks = versions.speaks_tls if versions else None
    where = f"{origin.host}:{origin.port}: "
    gaps = [Gap("versions", q, why) for q, why in versions.inconclusive] if versions else []
    gaps = [Gap(g.part, where + g.question, g.reason) for g in (*gaps, *seen.gaps)]
    if not speaks:
        return TlsEndpoint(
            origin.host,
            origin.port,
            address=address,
            server_name=name,
            speaks_tls=speaks,
            inconclusive=tuple(gaps),
            connections=connections,
            duration_s=duration_s,
        )
    assert versions is not None
    endpoint = TlsEndpoint(
        origin.host,
        origin.port,
        address=address,
        server_name=name,
        speaks_tls=True,
        protocols=versions.protocols,
        ciphers=facts.ciphers(seen) or None,
        cipher_order=facts.cipher_order(seen) or None,
        groups=facts.group_names(seen) or None,
        signature_algorithms=facts.scheme_names(seen) or None,
        dh=facts.dh(seen.flights),
        certificates=chains.judged(seen.shown, name=origin.host, now=now, stores=stores) or None,
        features=facts.features(seen) or None,
        inconclusive=tuple(gaps),
        connections=connections,
        duration_s=duration_s,
    )
    return _judged(endpoint, seen)


def _judged(endpoint: TlsEndpoint, seen: Seen) -> TlsEndpoint:
    """The endpoint with what follows from the rest of it."""
    groups = seen.groups.get(Version.TLS_1_3)
    return replace(
        endpoint,
        vulnerabilities=(dict(seen.vulnerabilities) | weaknesses.derived(endpoint)) or None,
        profiles=profiles.verdicts(endpoint) if endpoint.ciphers else None,
        post_quantum=post_quantum.judged(endpoint, groups.order if groups else None),
    )


async def report_async(
    target: Target | str,
    *,
    checks: Sequence[Check] | None = None,
    settings: Settings | None = None,
    connections: int = CONNECTIONS,
    probes_attacks: bool = False,
    stop: asyncio.Event | None = None,
    clock: Callable[[], datetime] | None = None,
    stores: Mapping[str, tuple[bytes, ...]] | None = None,
) -> Report:
    """The report on one endpoint: the probe's result, and what checks find in it.

    The options are those of `probe_async`.

    Raises:
        UsageError: if ``target`` is a string that names none.
    """
    target = parse_endpoint(target) if isinstance(target, str) else target
    checks = [c for c in catalog.load() if c.asks == "tls"] if checks is None else checks
    started, at = datetime.now(UTC), monotonic()
    now = clock() if clock else started
    endpoint = await probe_async(
        target,
        settings=settings,
        connections=connections,
        probes_attacks=probes_attacks,
        stop=stop,
        clock=lambda: now,
        stores=stores,
    )
    if endpoint.address is None:
        reason = endpoint.inconclusive[0].reason
        return not_asked(
            "endpoint", target.value, target.host, checks, started, reason, NOT_LOOKED_AT
        )
    site, outcome = EndpointSite(target, endpoint, now), Outcome()
    await run_checks(site, checks, outcome)
    unanswered = outcome.gaps(checks, site.notes)
    is_interrupted = any(gap.question.endswith(INTERRUPTED) for gap in endpoint.inconclusive)
    if is_interrupted:
        unanswered += (Unanswered("tls", INTERRUPTED, "interrupted"),)
    findings = in_order(outcome.findings)
    status, reasons = endpoint_status(endpoint)
    return Report(
        target_kind="endpoint",
        target=target.value,
        started_at=started,
        duration_s=monotonic() - at,
        requests=0,
        connections=endpoint.connections,
        grade=grade(findings, is_upper_bound=bool(unanswered), scope=scope(checks))
        if endpoint.speaks_tls
        else None,
        tls_status=status,
        tls_reasons=reasons,
        categories=categories(checks, findings, unanswered, site.notes, NOT_LOOKED_AT),
        coverage=Coverage(0, 0),
        findings=findings,
        unanswered=tuple(sorted(unanswered, key=lambda gap: (gap.check, gap.question))),
        tls=(endpoint,),
        tool_version=__version__,
        is_interrupted=is_interrupted,
        notes=(f"asked at {target.address}",) if target.address else (),
    )


def opener(origin: Origin, address: str, settings: Settings) -> OpenStream:
    """Opens connections to an origin's address, through the environment's proxy if there is one."""
    proxy = dial.proxy_for(origin, address, settings)

    @contextlib.asynccontextmanager
    async def open_stream() -> AsyncIterator[Stream]:
        if proxy is not None:
            connection = await dial.through_proxy(proxy, origin, settings)
        else:
            connection = await dial.tcp(address, origin.port, settings)
        try:
            yield connection.reader, connection.writer
        finally:
            connection.abort()

    return open_stream


def probe(endpoint: Target | str, **options: object) -> TlsEndpoint:
    """`probe_async` from any thread and inside any event loop.

    Raises:
        UsageError: if ``endpoint`` is a string that names none.
    """
    done: list[TlsEndpoint] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            done.append(asyncio.run(probe_async(endpoint, **options)))  # type: ignore[arg-type]
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work, name="plainwire-tls", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]
