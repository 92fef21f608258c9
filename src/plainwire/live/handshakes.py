"""What one origin of a scan reveals of its TLS: the probe's answers and the page's handshake."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from plainwire.live.prober import VersionsAnswer
from plainwire.live.tls.result import endpoint_of
from plainwire.live.tls.seen import Seen
from plainwire.model import (
    Answer,
    Exchange,
    Gap,
    NoListener,
    Origin,
    Request,
    TlsEndpoint,
    Unanswered,
)

if TYPE_CHECKING:
    from plainwire.live.site import LiveSite


async def look(site: LiveSite, origin: Origin) -> TlsEndpoint:
    """The origin's TLS, as far as it answered.

    An https origin of the target is probed; any other port is only asked whether it speaks TLS.
    """
    if origin in site.target.https:
        return await _probed(site, origin)
    versions = await site.versions(origin)
    speaks = await _speaks(site, origin, versions)
    return TlsEndpoint(
        origin.host,
        origin.port,
        server_name=None if site.target.is_ip else origin.host,
        speaks_tls=speaks,
        protocols=versions.protocols if speaks else None,
        inconclusive=_open(origin, versions) if speaks is not False else (),
        connections=versions.connections,
    )


async def _probed(site: LiveSite, origin: Origin) -> TlsEndpoint:
    at = monotonic()
    page = site.ask(Request(origin, "GET", site.target.path, identity=None))
    (seen, connections), answer = await asyncio.gather(site.probed(origin), page)
    assert seen.versions is not None
    chain = site.served_chain(origin)
    speaks = True if chain else await _speaks(site, origin, seen.versions)
    seen.versions = replace(seen.versions, speaks_tls=speaks)
    if chain and not seen.shown.chains:
        seen.shown.add(chain, sni=not site.target.is_ip)
    endpoint = endpoint_of(
        origin,
        answer.address
        if isinstance(answer, Exchange)
        else await site.transport.connector.address(),
        None if site.target.is_ip else origin.host,
        seen,
        connections=connections,
        duration_s=monotonic() - at,
        now=site.now(),
        stores=site.stores(),
    )
    if speaks is False:
        return replace(endpoint, inconclusive=())
    features = endpoint.features or {}
    if isinstance(answer, Exchange) and "alpn" in features and _offers_h3(answer):
        endpoint = replace(endpoint, features={**features, "alpn": (*features["alpn"], "h3")})
    return replace(endpoint, inconclusive=endpoint.inconclusive + _unseen(origin, seen, answer))


async def _speaks(site: LiveSite, origin: Origin, versions: VersionsAnswer) -> bool | None:
    """Whether the port speaks TLS. False if nobody listens, it answers in plain text, or it closes
    on hellos only; None if nothing told.
    """
    if versions.speaks_tls is not None:
        return versions.speaks_tls
    if site.is_closed(origin):
        return False
    if "no answer within" in " ".join(versions.answers.values()):
        return None
    clear = Request(Origin("http", origin.host, origin.port), "GET", site.target.path)
    is_http = clear.origin in site.target.http and isinstance(await site.ask(clear), Exchange)
    return False if is_http else None


def _open(origin: Origin, versions: VersionsAnswer) -> tuple[Gap, ...]:
    """The versions that got no answer, with the reason."""
    where = f"{origin.host}:{origin.port}"
    return tuple(Gap("versions", f"{where}: {q}", reason) for q, reason in versions.inconclusive)


def _unseen(origin: Origin, seen: Seen, answer: Answer) -> tuple[Gap, ...]:
    """What of a certificate could not be looked at."""
    if isinstance(answer, Unanswered | NoListener) and not seen.shown.chains:
        question = f"{origin.host}:{origin.port}: which certificate?"
        return (Gap("certificates", question, answer.reason),)
    return ()


def _offers_h3(answer: Exchange) -> bool:
    """Whether an answer names HTTP/3 as an alternative (RFC 7838, section 3; RFC 9114, 3.1.1)."""
    services = (answer.header("alt-svc") or "").split(",")
    return any(service.strip().startswith("h3=") for service in services)
