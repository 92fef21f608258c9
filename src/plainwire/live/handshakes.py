"""What one origin reveals of its TLS: versions by hellos of our own, the chain by a handshake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plainwire.model import Exchange, NoListener, Origin, Request, TlsEndpoint

if TYPE_CHECKING:
    from plainwire.live.site import LiveSite


async def look(site: LiveSite, origin: Origin) -> TlsEndpoint:
    """The origin's TLS, as far as it answered."""
    answer = await site.ask(Request(origin, "GET", site.target.path))
    speaks = (
        True if isinstance(answer, Exchange) else False if isinstance(answer, NoListener) else None
    )
    return TlsEndpoint(origin.host, origin.port, speaks_tls=speaks)
