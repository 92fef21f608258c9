"""What pages load of their own, asked for up to a bound; the rest is said."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from plainwire.model import Answer, Exchange, Request, Site
from plainwire.wire import page_parts

MOST = 20


async def by(site: Site, pages: Iterable[Exchange]) -> Mapping[Request, Answer]:
    """The answers of the style sheets and scripts of some pages: of `MOST` at most in all."""
    every = page_parts.parts(pages)
    wanted, rest = every[:MOST], every[MOST:]
    if rest:
        more = f" and {len(rest) - 1} more" if len(rest) > 1 else ""
        site.leave_unasked(f"{rest[0]}{more}", f"at most {MOST} style sheets and scripts are")
    answers = await asyncio.gather(*(site.ask(request) for request in wanted))
    return dict(zip(wanted, answers, strict=True))
