"""What one origin reveals of its TLS: versions by hellos of our own, the chain by a handshake."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from plainwire.live.prober import VersionsAnswer
from plainwire.model import (
    Answer,
    Chain,
    Exchange,
    Gap,
    NoListener,
    Origin,
    Request,
    TlsEndpoint,
    Unanswered,
    WireError,
)

if TYPE_CHECKING:
    from plainwire.live.site import LiveSite


async def look(site: LiveSite, origin: Origin) -> TlsEndpoint:
    """The origin's TLS, as far as it answered.

    An https origin of the target is asked for its versions and its chain; any other port only
    whether it speaks TLS.
    """
    if origin not in site.target.https:
        versions, answer, chains = await site.versions(origin), None, None
    else:
        # The chain is judged while hellos are under way: it takes as long as a round trip.
        versions, (answer, chains) = await asyncio.gather(
            site.versions(origin), _served(site, origin)
        )
    speaks: bool | None = versions.speaks_tls or chains is not None or None
    if speaks is None and await _is_known_not_to(site, origin, versions):
        speaks = False
    return TlsEndpoint(
        origin.host,
        origin.port,
        address=answer.address if isinstance(answer, Exchange) else None,
        server_name=None if site.target.is_ip else origin.host,
        speaks_tls=speaks,
        protocols=versions.protocols if speaks else None,
        certificates=chains,
        inconclusive=_open_questions(origin, versions, answer, speaks) + _unseen(origin, chains),
        connections=versions.connections,
    )


async def _served(site: LiveSite, origin: Origin) -> tuple[Answer, tuple[Chain, ...] | None]:
    """The named page's answer, and the chain that came with it; None if none came."""
    answer = await site.ask(Request(origin, "GET", site.target.path, identity=None))
    chain = site.served_chain(origin)
    return answer, await _judged(site, origin, chain) if chain else None


async def _is_known_not_to(site: LiveSite, origin: Origin, versions: VersionsAnswer) -> bool:
    """True if nobody listens, the port answers in plain text, or it closes on hellos only."""
    if versions.speaks_tls is False or site.is_closed(origin):
        return True
    if "no answer within" in " ".join(versions.answers.values()):
        return False
    clear = Request(Origin("http", origin.host, origin.port), "GET", site.target.path)
    return clear.origin in site.target.http and isinstance(await site.ask(clear), Exchange)


def _open_questions(
    origin: Origin, versions: VersionsAnswer, answer: Answer | None, speaks: bool | None
) -> tuple[Gap, ...]:
    """What was asked and not answered, with the reason."""
    where = f"{origin.host}:{origin.port}"
    if speaks is False:
        return ()
    found = [Gap("versions", f"{where}: {q}", reason) for q, reason in versions.inconclusive]
    if isinstance(answer, Unanswered):
        found.append(Gap("certificates", f"{where}: which certificate?", answer.reason))
    if isinstance(answer, NoListener):
        found.append(Gap("certificates", f"{where}: which certificate?", answer.reason))
    return tuple(found)


async def _judged(site: LiveSite, origin: Origin, chain: tuple[bytes, ...]) -> tuple[Chain, ...]:
    """The served chain with its judgement; nothing if its leaf cannot be read."""
    from plainwire.wire import certificate, paths

    try:
        demands = certificate.facts(chain[0]).must_staple
        # Without the demand it makes no difference whether a staple is sent, so nothing is asked.
        stapled = await site.is_stapled(origin) if demands else False
        return (
            paths.judge(
                chain, name=origin.host, now=site.now(), stores=site.stores(), stapled=stapled
            ),
        )
    except WireError:
        return ()


def _unseen(origin: Origin, chains: tuple[Chain, ...] | None) -> tuple[Gap, ...]:
    """What of a certificate could not be looked at."""
    where = f"{origin.host}:{origin.port}"
    if chains == ():
        return (
            Gap(
                "certificates", f"{where}: which certificate?", "its certificate could not be read"
            ),
        )
    if any("must_staple_missing" not in chain.problems_checked for chain in chains or ()):
        return (
            Gap("certificates", f"{where}: is a staple sent?", "it did not say so over TLS 1.2"),
        )
    return ()
