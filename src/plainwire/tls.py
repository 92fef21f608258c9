"""The TLS probe: everything that one endpoint reveals of its TLS, in the fewest connections."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import UTC, datetime
from time import monotonic
from typing import get_args

from plainwire.live import dial, trust
from plainwire.live.hellos import OpenStream, Stream
from plainwire.live.settings import Settings
from plainwire.live.tls import chains, facts
from plainwire.live.tls.asker import Asker
from plainwire.live.tls.gate import Gate
from plainwire.live.tls.plan import Seen, examine
from plainwire.model import Gap, Origin, Part, Target, TargetError, TlsEndpoint
from plainwire.wire.target import parse_target

PARTS: frozenset[Part] = frozenset(get_args(Part))
CONNECTIONS = 10


async def probe_async(
    endpoint: Target | str,
    *,
    address: str | None = None,
    parts: Collection[Part] | None = None,
    settings: Settings | None = None,
    connections: int = CONNECTIONS,
    clock: Callable[[], datetime] | None = None,
    stores: Mapping[str, tuple[bytes, ...]] | None = None,
) -> TlsEndpoint:
    """What the TLS listener of an endpoint reveals; what was not answered is absent from it.

    ``endpoint`` is ``HOST[:PORT]`` or a URL (port 443 unless named), ``address`` the IP address to
    use instead of asking the resolver, ``parts`` what to ask about (everything unless given;
    versions always), ``connections`` how many may be open at a time once two were seen served
    at once. Never raises for what a server does.

    Raises:
        UsageError: if ``endpoint`` is a string that names none.
    """
    target = parse_target(endpoint)[0] if isinstance(endpoint, str) else endpoint
    settings = settings or Settings()
    origin, at = target.https[0], monotonic()
    name = None if target.is_ip else origin.host
    try:
        address = address or target.address or (await dial.addresses(origin.host, settings))[0]
    except TargetError as error:
        gap = Gap("versions", f"{origin.host}:{origin.port}: its address", str(error))
        return TlsEndpoint(origin.host, origin.port, server_name=name, inconclusive=(gap,))
    asker = Asker(opener(origin, address, settings), Gate(connections), settings.answer_timeout_s)
    try:
        seen = await examine(asker, name, PARTS if parts is None else parts)
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
    return TlsEndpoint(
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
        features=facts.features(seen.flights) or None,
        inconclusive=tuple(gaps),
        connections=connections,
        duration_s=duration_s,
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
