"""What an answer in clear amounts to, by comparing it with a random path and with https."""

from __future__ import annotations

from plainwire.model import Cleartext, Endpoint, Exchange, Request, Site
from plainwire.wire import cleartext


async def judged(site: Site, endpoint: Endpoint, exchange: Exchange) -> Cleartext:
    """An endpoint's answer over http with its verdict."""
    if cleartext.redirects_to_https(exchange):
        return Cleartext(endpoint, exchange, "redirected")
    if cleartext.is_redirect(exchange):
        last = (await site.chain(exchange.request))[-1]
        if not isinstance(last, Exchange) or not await _is_content_in_clear(site, last):
            return Cleartext(endpoint, exchange, "redirected-elsewhere")
    elif await _is_refusal(site, exchange):
        return Cleartext(endpoint, exchange, "refused")
    return Cleartext(endpoint, exchange, "served")


async def _is_content_in_clear(site: Site, last: Exchange) -> bool:
    """True if a chain's last answer came over http: the API redirects within itself."""
    if last.request.origin.scheme == "https" or cleartext.is_redirect(last):
        return False
    return not await _is_refusal(site, last)


async def _is_refusal(site: Site, exchange: Exchange) -> bool:
    if exchange.status < 400:
        return False
    control = await site.ask(Request(exchange.request.origin, "GET", site.random_path))
    twin = await _twin(site, exchange)
    return isinstance(control, Exchange) and cleartext.is_constant_refusal(exchange, control, twin)


async def _twin(site: Site, exchange: Exchange) -> Exchange | None:
    """The answer over https at the same path. Returns None if none came."""
    for origin in site.target.https:
        answer = await site.ask(Request(origin, "GET", exchange.request.path))
        if isinstance(answer, Exchange):
            return answer
    return None
