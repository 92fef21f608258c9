"""Redirects, followed by hand: hop by hop, on the named host's ports."""

from __future__ import annotations

from plainwire.live.descriptions import Asks
from plainwire.model import Answer, Exchange, Request, Target, WireError
from plainwire.wire import cleartext, redirects


async def chain(site: Asks, target: Target, request: Request, hops: int) -> tuple[Answer, ...]:
    """The answers along a redirect chain on the named host, the last one unfollowed."""
    answers = [await site.ask(request)]
    while isinstance(last := answers[-1], Exchange) and len(answers) <= hops:
        step = next_hop(last, target)
        if step is None or step in {a.request for a in answers if isinstance(a, Exchange)}:
            break
        answers.append(await site.ask(step))
    return tuple(answers)


def next_hop(answer: Exchange, target: Target) -> Request | None:
    """The request that a redirect asks for, if it stays on the target's host and ports."""
    if not cleartext.is_redirect(answer):
        return None
    try:
        place = redirects.resolve(answer.header("location") or "", answer.url)
    except WireError:
        return None
    for origin in (*target.https, *target.http):
        if (origin.scheme, origin.host, origin.port) == (place.scheme, place.host, place.port):
            return Request(origin, "GET", place.path or "/")
    return None
