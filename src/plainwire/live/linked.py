"""What answers lead to: links of pages and of data, and the objects that a listing has."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from plainwire.model import ApiOperation, Exchange, Origin, Parameter, Request, WireError
from plainwire.wire import listings, openapi, redirects
from plainwire.wire.links import links

if TYPE_CHECKING:
    from plainwire.live.site import LiveSite

# What names an object in a listing, the likeliest first.
ITEM_NAMES = ("id", "uuid", "slug", "username")
# Files that a page loads say nothing of the API; checks that read them ask for them.
STATIC = (".css", ".js", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".woff", ".woff2", ".map")


async def explored(
    site: LiveSite, origin: Origin, known: Sequence[str]
) -> tuple[list[ApiOperation], list[str]]:
    """What answers in JSON lead to where nothing describes the API: the first object of each
    listing, as an operation with a variable, and the paths of further links."""
    ways = [path for path in (site.target.path, *known) if openapi.followed_change(path) is None]
    asked = (site.ask(Request(origin, "GET", way)) for way in dict.fromkeys(ways))
    answers = [each for each in await asyncio.gather(*asked) if isinstance(each, Exchange)]
    data = [each for each in answers if each.status == 200 and "json" in each.content_type]
    items = await asyncio.gather(*(_item(site, each) for each in data))
    return [each for each in items if each is not None], paths(data, origin)


async def _item(site: LiveSite, listing: Exchange) -> ApiOperation | None:
    """The operation that gives one object of a listing. Returns None if nothing is there."""
    way = listing.request.path.partition("?")[0].rstrip("/")
    for name in ITEM_NAMES:
        value = next(iter(listings.values(name, listing.body)), None)
        if value is None or "/" in value:  # a path or an address, and no id
            continue
        path = f"{way}/{quote(value, safe='')}"
        if openapi.state_change("GET", path) is not None:
            return None
        request = replace(listing.request, path=path)
        answer = await site.ask(request)
        if not isinstance(answer, Exchange) or answer.status != 200:
            return None
        if "json" not in answer.content_type or await site.is_missing(answer) is not False:
            return None
        variable = (Parameter(name, "path", is_required=True, example=value),)
        template = f"{way}/{{{name}}}"
        return ApiOperation("GET", template, parameters=variable, source="link", request=request)
    return None


def paths(pages: Sequence[Exchange], origin: Origin) -> list[str]:
    """The paths of the pages and of same-origin links in them, each once.

    A page that only a redirect led to is looked at as one that a link leads to.
    """
    found = {page.request.path: None for page in pages if _is_page(page.request.path)}
    for page in pages:
        if page.status != 200:
            continue
        for link in links(page.text, page.content_type):
            if link.kind not in ("navigation", "data"):
                continue
            try:
                place = redirects.resolve(link.url, page.url)
            except WireError:
                continue
            path = place.path or "/"
            is_same = (place.host, place.port) == (origin.host, origin.port)
            if is_same and place.scheme == origin.scheme and _is_page(path):
                found[path] = None
    return list(found)


def _is_page(path: str) -> bool:
    return (
        len(path) < 1024
        and all("!" <= character <= "~" for character in path)
        and not path.partition("?")[0].lower().endswith(STATIC)
    )
