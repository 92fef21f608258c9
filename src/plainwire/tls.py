"""The TLS probe: everything that one endpoint reveals of its TLS, in the fewest connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import get_args

from plainwire import __version__, catalog
from plainwire.grading import grade
from plainwire.judging import Outcome, categories, not_asked, run_checks, scope
from plainwire.live import dial, dns, trust
from plainwire.live.apart import run_apart
from plainwire.live.dns import DnsAnswer
from plainwire.live.settings import Settings
from plainwire.live.stopping import until
from plainwire.live.tls.asker import Asker
from plainwire.live.tls.connections import Connections
from plainwire.live.tls.gate import Gate
from plainwire.live.tls.opening import Opener
from plainwire.live.tls.plan import examine
from plainwire.live.tls.result import endpoint_of
from plainwire.live.tls.seen import Seen
from plainwire.live.tls.site import EndpointSite
from plainwire.model import (
    Check,
    Coverage,
    Gap,
    Part,
    Report,
    Target,
    TargetError,
    TlsEndpoint,
    Unanswered,
    UsageError,
    in_order,
)
from plainwire.tls_status import endpoint_status
from plainwire.wire.rsa_keys import RunKeys
from plainwire.wire.starttls import PROTOCOLS, Protocol
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
    starttls: str | None = None,
    stop: asyncio.Event | None = None,
    clock: Callable[[], datetime] | None = None,
    stores: Mapping[str, tuple[bytes, ...]] | None = None,
) -> TlsEndpoint:
    """What the TLS listener of an endpoint reveals; what was not answered is absent from it.

    ``endpoint`` is ``HOST[:PORT]`` or an https URL (port 443 unless named), ``address`` the IP
    address to use instead of asking the resolver, ``parts`` what to ask about (everything unless
    given; versions always), ``connections`` how many may be open at a time once two were seen
    served at once, ``probes_attacks`` opts in to questions that resemble an attack (Heartbleed
    and its like, asked only where their precondition was seen). ``starttls`` is the protocol that
    TLS is begun in (`plainwire.wire.starttls.PROTOCOLS`), whose port is then the usual one.
    ``stop``, once set, ends it with what is known. Never raises for what a server does.

    Raises:
        UsageError: if ``endpoint`` is a string that names none, or there is no such protocol.
    """
    protocol = _protocol(starttls)
    port = protocol.port if protocol else 443
    target = parse_endpoint(endpoint, port) if isinstance(endpoint, str) else endpoint
    settings = settings or Settings()
    origin, at = target.https[0], monotonic()
    name = None if target.is_ip else origin.host
    try:
        address = address or target.address or await dial.address((origin,), settings)
    except TargetError as error:
        gap = Gap("versions", f"{origin.host}:{origin.port}: its address", str(error))
        return TlsEndpoint(origin.host, origin.port, server_name=name, inconclusive=(gap,))
    opener = Opener(origin, address, settings, protocol)
    timeout_s, limit_s = settings.answer_timeout_s, settings.probe_limit_s
    asker = Asker(Connections(opener.open_stream, Gate(connections), timeout_s, limit_s))
    wanted = PARTS if parts is None else parts
    seen, records = Seen(), DnsAnswer()

    async def work() -> bool:
        async with asyncio.TaskGroup() as group:
            if settings.asks_dns and name is not None:
                group.create_task(_dns(name, origin.port, settings, records))
            await examine(asker, name, wanted, probes_attacks=probes_attacks, seen=seen)
        return True

    try:
        if await until(stop, work()) is None:
            seen.gaps.append(Gap("versions", INTERRUPTED, "interrupted"))
    finally:
        asker.gate.end_trial()
    found = endpoint_of(
        origin,
        address,
        name,
        seen,
        connections=asker.connections.opened,
        duration_s=monotonic() - at,
        now=clock() if clock else datetime.now(UTC),
        stores=stores if stores is not None else trust.stores(settings.ca_file),
    )
    gaps = tuple(Gap("features", *gap) for gap in records.gaps)
    is_known = settings.asks_dns and name is not None
    found = replace(
        found,
        dns=records.records if is_known else None,
        inconclusive=(*found.inconclusive, *gaps),
    )
    if found.speaks_tls is None and opener.refusal is not None:
        reason = f"refused: {opener.refusal}"
        gap = Gap("versions", f"{origin.host}:{origin.port}: STARTTLS", reason)
        found = replace(found, speaks_tls=False, inconclusive=(gap,))
    return replace(found, starttls=protocol.name) if protocol and protocol.script else found


async def _dns(name: str, port: int, settings: Settings, into: DnsAnswer) -> None:
    """Put what DNS says about a name into an answer."""
    found = await dns.ask(name, port, server=settings.resolver, timeout_s=settings.answer_timeout_s)
    into.records.update(found.records)
    into.gaps += found.gaps


def _protocol(name: str | None) -> Protocol | None:
    """The protocol that TLS is begun in. Returns None if TLS is spoken from the first byte.

    Raises:
        UsageError: if there is none of that name.
    """
    if name is None:
        return None
    if name not in PROTOCOLS:
        raise UsageError(f"no STARTTLS for {name!r}; there are {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]


async def report_async(
    target: Target | str,
    *,
    checks: Sequence[Check] | None = None,
    settings: Settings | None = None,
    connections: int = CONNECTIONS,
    probes_attacks: bool = False,
    starttls: str | None = None,
    stop: asyncio.Event | None = None,
    clock: Callable[[], datetime] | None = None,
    stores: Mapping[str, tuple[bytes, ...]] | None = None,
    keys: RunKeys | None = None,
) -> Report:
    """The report on one endpoint: the probe's result, and what checks find in it.

    ``keys`` are those that a run met so far, with which those of the endpoint are compared. The
    other options are those of `probe_async`.

    Raises:
        UsageError: if ``target`` is a string that names none.
    """
    protocol = _protocol(starttls)
    port = protocol.port if protocol else 443
    target = parse_endpoint(target, port) if isinstance(target, str) else target
    checks = [c for c in catalog.load() if c.asks == "tls"] if checks is None else checks
    started, at = clock() if clock else datetime.now(UTC), monotonic()
    endpoint = await probe_async(
        target,
        settings=settings,
        connections=connections,
        probes_attacks=probes_attacks,
        starttls=starttls,
        stop=stop,
        clock=lambda: started,
        stores=stores,
    )
    if endpoint.address is None:
        reason, question = endpoint.inconclusive[0].reason, f"the address of {target.host}"
        return not_asked("endpoint", target.value, question, checks, started, reason, NOT_LOOKED_AT)
    nothing_told = endpoint.speaks_tls is None and not endpoint.connections
    if nothing_told and len(endpoint.inconclusive) == 1:
        gap = endpoint.inconclusive[0]
        found = not_asked(
            "endpoint", target.value, gap.question, checks, started, gap.reason, NOT_LOOKED_AT
        )
        return replace(found, tls=(endpoint,))
    if keys is not None:
        endpoint = keys.compared(endpoint)
    return await _judged(target, endpoint, checks, _notes(target, protocol), started, at)


async def with_shared_keys(
    report: Report, target: Target, keys: RunKeys, checks: Sequence[Check]
) -> Report:
    """The report on a target, judged anew if a key that came later shares a prime with its own."""
    marked = [keys.marked(endpoint) for endpoint in report.tls if endpoint.certificates]
    if not marked or marked[0] == report.tls[0]:
        return report
    found = await _judged(target, marked[0], checks, report.notes, report.started_at, monotonic())
    return replace(found, duration_s=report.duration_s)


def _notes(target: Target, protocol: Protocol | None) -> tuple[str, ...]:
    notes = [f"asked at {target.address}"] if target.address else []
    if protocol is not None and protocol.script is None:
        notes.append(f"{protocol.name} has no STARTTLS: TLS was spoken from the first byte")
    return tuple(notes)


async def _judged(
    target: Target,
    endpoint: TlsEndpoint,
    checks: Sequence[Check],
    notes: tuple[str, ...],
    started: datetime,
    at: float,
) -> Report:
    """What checks find in a probe's result; ``at`` is when it began on the monotonic clock."""
    site, outcome = EndpointSite(target, endpoint, started), Outcome()
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
        notes=notes,
    )


def probe(endpoint: Target | str, **options: object) -> TlsEndpoint:
    """`probe_async` from any thread and inside any event loop.

    Raises:
        UsageError: if ``endpoint`` is a string that names none.
    """
    # Which options there are says `probe_async` alone.
    return run_apart(lambda: probe_async(endpoint, **options))  # type: ignore[arg-type]
