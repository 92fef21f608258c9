"""Descriptions that pages of documentation show, where none is at the usual places."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from plainwire.live import descriptions
from plainwire.live.descriptions import Description
from plainwire.model import Exchange, Origin, Request, WireError
from plainwire.wire import documentation, openapi, page_parts, redirects
from plainwire.wire.usual_places import DESCRIPTION_PAGES

if TYPE_CHECKING:
    from plainwire.live.site import LiveSite

MAX_LINKED = 5
MAX_SCRIPTS = 3
MAX_DOCUMENTS = 5


async def shown(
    site: LiveSite, origin: Origin, pages: Sequence[Exchange], links: Iterable[str]
) -> list[Description | str]:
    """The descriptions that the named pages show, those they lead to, and those at usual places.

    Words stand for one that is there and cannot be used. Only the target is asked.
    """
    wanted = [path for path in links if documentation.may_be_documentation(path)]
    safe = [path for path in wanted if openapi.followed_change(path) is None][:MAX_LINKED]
    if direct := await _at(site, origin, safe):
        return direct
    answers = await asyncio.gather(*(site.ask(Request(origin, "GET", path)) for path in safe))
    linked = [each for each in answers if isinstance(each, Exchange)]  # each was asked by `_at`
    every = [*pages, *linked, *await site.present(*DESCRIPTION_PAGES)]
    viewers = [each for each in every if each.status == 200]
    scripts = await _settings(site, viewers)
    found = await _at(site, origin, _places(site, (*viewers, *scripts)))
    return [*found, *(each for script in scripts if (each := _written(script)))]


async def _settings(site: LiveSite, viewers: Sequence[Exchange]) -> list[Exchange]:
    """The scripts that the pages keep their settings in."""
    parts = [part for part in page_parts.parts(viewers) if documentation.is_settings(part.path)]
    plain = [replace(part, identity=None) for part in parts[:MAX_SCRIPTS]]
    answers = await asyncio.gather(*(site.ask(part) for part in plain))
    return [each for each in answers if isinstance(each, Exchange) and each.status == 200]


def _places(site: LiveSite, answers: Iterable[Exchange]) -> list[str]:
    """The paths on the target that answers say a description is at."""
    own = {(each.host, each.port) for each in (*site.target.https, *site.target.http)}
    found: dict[str, None] = {}
    for answer in answers:
        for reference in documentation.named(answer):
            try:
                place = redirects.resolve(reference, answer.url)
            except WireError:
                continue
            if (place.host, place.port) in own and openapi.followed_change(place.path) is None:
                found[place.path or "/"] = None
    return list(found)[:MAX_DOCUMENTS]


async def _at(site: LiveSite, origin: Origin, paths: Iterable[str]) -> list[Description | str]:
    answers = await asyncio.gather(*(descriptions.at(site, origin, path) for path in paths))
    return [each for each in answers if each is not None]


def _written(script: Exchange) -> Description | None:
    """The description that is in a script itself."""
    text = documentation.written(script.text)
    if text is None:
        return None
    path = script.request.path.partition("?")[0]
    return Description(path, openapi.load(text), text, script.url, exchange=script)
