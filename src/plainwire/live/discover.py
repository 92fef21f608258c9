"""Which endpoints are asked: the named ones, documented ones, and links one level deep.

Nothing that may change state is ever asked, whatever its method is called (a real API drops its
database on a GET): an operation is left out by its method, and by the verbs in its path, id,
summary and tags.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plainwire.model import (
    Endpoint,
    Exchange,
    Operation,
    Origin,
    Request,
    Skipped,
    Target,
    WireError,
)
from plainwire.wire import cleartext, openapi, redirects
from plainwire.wire.links import links

if TYPE_CHECKING:
    from plainwire.live.site import LiveSite

MAX_ENDPOINTS = 60
MAX_LINKS = 20
DOCUMENT_PATHS = (
    "/openapi.json",
    "/swagger.json",
    "/openapi.yaml",
    "/api/openapi.json",
    "/api/swagger.json",
    "/apispec_1.json",
)
# Files that a page loads say nothing of the API; checks that read them ask for them.
STATIC = (".css", ".js", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".woff", ".woff2", ".map")


@dataclass(frozen=True, slots=True)
class Discovery:
    """What is known of the API: asked endpoints, all described ones, and what was left out."""

    endpoints: tuple[Endpoint, ...]
    described: tuple[Endpoint, ...]
    skipped: tuple[Skipped, ...]
    documents: tuple[tuple[Exchange, Mapping[str, Any]], ...]


async def discover(site: LiveSite, named_paths: tuple[str, ...]) -> Discovery:
    """Everything that is known of the site's API without asking anything that changes it."""
    origin = await _speaking(site)
    named = dict.fromkeys((site.target.path, *named_paths))
    asked = {
        path: Endpoint(_operation(path), path, "named" if number == 0 else "paths")
        for number, path in enumerate(named)
    }
    skipped: dict[Operation, Skipped] = {}
    pages, documents = await asyncio.gather(_pages(site, origin, asked), _documents(site, origin))
    described = [e for _, document in documents for e in _described(document, skipped)]
    for endpoint in described:
        if endpoint.operation not in skipped:
            _add(asked, endpoint)
    for path in _linked(pages, origin, site.target):
        reason = openapi.state_change("GET", path)
        operation = _operation(path)
        if reason is not None:
            skipped.setdefault(operation, Skipped(operation, reason))
        else:
            _add(asked, Endpoint(operation, path, "link"))
    every = tuple(asked.values())
    for endpoint in every[MAX_ENDPOINTS:]:
        reason = f"more than {MAX_ENDPOINTS} endpoints"
        skipped.setdefault(endpoint.operation, Skipped(endpoint.operation, reason))
    return Discovery(
        every[:MAX_ENDPOINTS], tuple(described), tuple(skipped.values()), tuple(documents)
    )


def _operation(path: str) -> Operation:
    return Operation("GET", path.partition("?")[0])


def _add(asked: dict[str, Endpoint], endpoint: Endpoint) -> None:
    """Add an endpoint, or what is newly known of one that is there."""
    known = asked.get(endpoint.path)
    if known is None:
        asked[endpoint.path] = endpoint
    elif endpoint.credentials and not known.credentials:
        asked[endpoint.path] = Endpoint(
            endpoint.operation, known.path, known.source, endpoint.credentials
        )


async def _speaking(site: LiveSite) -> Origin:
    """The origin that documents and links are read from: the first to answer, https first."""
    for origin in (*site.target.https, *site.target.http):
        if isinstance(await site.ask(Request(origin, "GET", site.target.path)), Exchange):
            return origin
    return site.target.https[0]


async def _pages(site: LiveSite, origin: Origin, asked: Mapping[str, Endpoint]) -> list[Exchange]:
    """The named pages, each at the end of its redirects on the same origin."""
    chains = await asyncio.gather(*(site.chain(Request(origin, "GET", path)) for path in asked))
    last = [chain[-1] for chain in chains]
    return [a for a in last if isinstance(a, Exchange) and a.request.origin == origin]


async def _documents(site: LiveSite, origin: Origin) -> list[tuple[Exchange, Mapping[str, Any]]]:
    """The OpenAPI documents at the usual places, under the root and under the named path."""
    base = site.target.path.partition("?")[0].rstrip("/")
    places = dict.fromkeys(
        [*DOCUMENT_PATHS, *([f"{base}/openapi.json", f"{base}/swagger.json"] if base else [])]
    )
    answers = await asyncio.gather(*(site.ask(Request(origin, "GET", path)) for path in places))
    found: list[tuple[Exchange, Mapping[str, Any]]] = []
    for answer in answers:
        if not isinstance(answer, Exchange) or answer.status != 200 or answer.is_cut:
            continue
        document = openapi.parse(answer.body, answer.content_type)
        if document is not None and all(document != other for _, other in found):
            found.append((answer, document))
    return found


def _described(
    document: Mapping[str, Any], skipped: dict[Operation, Skipped]
) -> Iterator[Endpoint]:
    """The operations of a document, re-based on the target; those that are not asked are noted."""
    unread: list[str] = []
    for each in openapi.read(document, skipped=unread).operations:
        operation = Operation(each.method, each.path)
        credentials = each.security + tuple(
            f"{name} in the body" for name in each.credential_fields
        )
        reason = openapi.changes_state(each)
        path = each.concrete_path
        if reason is None and path is None:
            reason = "no value is known for a parameter of the path"
        if reason is None and each.method != "GET":
            reason = f"{each.method} is not asked"
        if reason is not None:
            skipped.setdefault(operation, Skipped(operation, reason))
        yield Endpoint(operation, path or each.path, "openapi", credentials)


def _linked(pages: Iterable[Exchange], origin: Origin, target: Target) -> list[str]:
    """The paths of same-origin links in the pages, each once, at most `MAX_LINKS`."""
    found: dict[str, None] = {}
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
    return list(found)[:MAX_LINKS]


def _is_page(path: str) -> bool:
    return (
        len(path) < 1024
        and all("!" <= character <= "~" for character in path)
        and not path.partition("?")[0].lower().endswith(STATIC)
    )


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
