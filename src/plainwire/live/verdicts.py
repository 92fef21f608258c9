"""What an answer in clear amounts to, by comparing it with a random path and with https."""

from __future__ import annotations

from dataclasses import replace

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
    elif await site.refuses(exchange):
        # A gateway without its upstream fails alike for every path, until the upstream is back.
        return Cleartext(endpoint, exchange, "failed" if exchange.status >= 500 else "refused")
    return Cleartext(endpoint, exchange, "served")


async def is_refusal(site: Site, exchange: Exchange, identity: str | None) -> bool:
    """True if an answer in clear is a constant one, and https tells the same questions apart.

    Where https gives it to all of them too, it is the application that answers. ``identity`` is
    shown over https for the comparison: what was shown in clear.
    """
    if exchange.status < 400:
        return False
    control = await site.ask(Request(exchange.request.origin, "GET", site.random_path))
    if not isinstance(control, Exchange) or not cleartext.is_constant_refusal(exchange, control):
        return False
    answers = await _over_tls(site, exchange, control, identity)
    return not answers or not all(cleartext.is_same_answer(control, each) for each in answers)


async def _over_tls(
    site: Site, exchange: Exchange, control: Exchange, identity: str | None
) -> list[Exchange]:
    """What https says to the question, the random path, and all else that is refused in clear."""
    in_clear = [exchange, control, *(page for _, page in await site.pages("http"))]
    asked = {
        page.request.path: page.request
        for page in in_clear
        if page.request.origin == exchange.request.origin
        and cleartext.is_same_answer(page, control)
    }
    answers = [
        await site.ask(replace(request, origin=origin, identity=identity))
        for request in asked.values()
        for origin in site.target.https
    ]
    return [answer for answer in answers if isinstance(answer, Exchange)]


async def _is_content_in_clear(site: Site, last: Exchange) -> bool:
    """True if a chain's last answer came over http: the API redirects within itself."""
    if last.request.origin.scheme == "https" or cleartext.is_redirect(last):
        return False
    return not await site.refuses(last)
