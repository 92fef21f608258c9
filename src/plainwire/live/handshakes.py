"""What one origin reveals of its TLS: versions by hellos of our own, the chain by a handshake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plainwire.model import Chain, Exchange, NoListener, Origin, Request, TlsEndpoint, WireError

if TYPE_CHECKING:
    from plainwire.live.site import LiveSite


async def look(site: LiveSite, origin: Origin) -> TlsEndpoint:
    """The origin's TLS, as far as it answered."""
    answer = await site.ask(Request(origin, "GET", site.target.path, identity=None))
    chain = site.served_chain(origin)
    speaks = True if chain else False if isinstance(answer, NoListener) else None
    return TlsEndpoint(
        origin.host,
        origin.port,
        address=answer.address if isinstance(answer, Exchange) else None,
        server_name=None if site.target.is_ip else origin.host,
        speaks_tls=speaks,
        certificates=_judged(site, origin, chain) if chain else None,
    )


def _judged(site: LiveSite, origin: Origin, chain: tuple[bytes, ...]) -> tuple[Chain, ...]:
    """The served chain with its judgement; nothing if its leaf cannot be read."""
    from plainwire.wire import paths

    stores = site.stores()
    try:
        return (paths.judge(chain, name=origin.host, now=site.now(), stores=stores),)
    except WireError:
        return ()
