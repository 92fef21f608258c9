"""What is known of the API: named paths, documented operations, and links one level deep.

Nothing that may change state is ever asked, whatever its method is called (a real API drops its
database on a GET): an operation is left out by its method, and by the verbs in its path, id,
summary, tags and the first sentence of its description.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from plainwire.live import descriptions, documented, linked
from plainwire.live.descriptions import Description
from plainwire.live.filling import NO_VALUE, fill
from plainwire.model import (
    ApiOperation,
    Coverage,
    Endpoint,
    Exchange,
    Origin,
    Request,
    Skipped,
    Span,
    Target,
)
from plainwire.wire import openapi

if TYPE_CHECKING:
    from plainwire.live.site import LiveSite

MAX_ENDPOINTS = 60
MAX_LINKS = 20  # of pages, and as many of data
GUARDED = (401, 403, 405, 407, 429)
MAX_EXAMPLES = 5  # of a description, to see whether it is of this API
DOCUMENT_PATHS = (
    "/openapi.json",
    "/swagger.json",
    "/openapi.yaml",
    "/api/openapi.json",
    "/api/swagger.json",
    "/api/v1/openapi.json",
    "/apispec.json",
    "/apispec_1.json",
    "/v3/api-docs",
)
_TEMPLATED = re.compile(r"\{[^{}/]*\}")


@dataclass(frozen=True, slots=True)
class Discovery:
    """What is known of the API: every operation, documents, and what of them was not read."""

    operations: tuple[ApiOperation, ...]
    documents: tuple[Description, ...]
    unread: tuple[str, ...]

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The operations that are asked, as places."""
        return tuple(_endpoint(each) for each in self.operations if each.request)

    @property
    def described(self) -> tuple[Endpoint, ...]:
        """The operations of documents and source, asked or not, as places."""
        return tuple(_endpoint(each) for each in self.operations if each.pointer or each.place)

    @property
    def named_documents(self) -> tuple[tuple[Span, Mapping[str, Any]], ...]:
        """The descriptions in files, each with where it begins."""
        return tuple((Span(d.path, 1, 1, 1), d.root) for d in self.documents if d.path is not None)

    @property
    def coverage(self) -> Coverage:
        """How many operations are known and asked, and why the others are not."""
        asked = {each.operation for each in self.operations if each.request}
        skipped = {
            each.operation: Skipped(each.operation, each.skipped or "")
            for each in self.operations
            if not each.request and each.operation not in asked
        }
        return Coverage(len(asked) + len(skipped), len(asked), tuple(skipped.values()))


def _endpoint(operation: ApiOperation) -> Endpoint:
    path = operation.request.path if operation.request else operation.filled() or operation.path
    return Endpoint(operation.operation, path, operation.source, openapi.credentials(operation))


async def discover(
    site: LiveSite,
    named_paths: Sequence[str],
    specs: Sequence[Description | str],
    source: Sequence[ApiOperation] = (),
) -> Discovery:
    """Everything that is known of the site's API without asking anything that changes it.

    ``specs`` are descriptions that the user named, or paths of the target where they are;
    ``source`` are operations that its source code has.
    """
    origin = await site.speaking()
    named = tuple(
        ApiOperation(
            "GET",
            path.partition("?")[0],
            source="named" if number == 0 else "paths",
            request=Request(origin, "GET", path),
        )
        for number, path in enumerate(dict.fromkeys((site.target.path, *named_paths)))
    )
    pages, found = await asyncio.gather(_pages(site, named), _documents(site, origin, specs))
    if not found:
        found = await documented.shown(site, origin, pages, linked.paths(pages, origin))
    documents = tuple(each for each in found if isinstance(each, Description))
    unread = [each for each in found if isinstance(each, str)]
    described = [each for document in documents for each in _described(document, unread)]
    described += [replace(each, skipped=_reason(each)) for each in source]
    filled = await fill(site, origin, described)
    filled = await _of_here(site, documents, filled, unread)
    ways = _followed(linked.paths(pages, origin), unread)
    further: list[ApiOperation] = []
    if not any(each.pointer for each in filled):
        further, more = await linked.explored(site, origin, ways)
        ways = list(dict.fromkeys((*ways, *_followed(more, unread))))
    known = _with_links(_merged(named, [*filled, *further]), ways, origin)
    return Discovery(_sampled(known), documents, tuple(dict.fromkeys(unread)))


def _followed(links: list[str], unread: list[str]) -> list[str]:
    """The first links, at most `MAX_LINKS`; that there are more is noted."""
    if len(links) > MAX_LINKS:
        unread.append(f"only the first {MAX_LINKS} of {len(links)} links are followed")
    return links[:MAX_LINKS]


async def _of_here(
    site: LiveSite,
    documents: Sequence[Description],
    operations: list[ApiOperation],
    unread: list[str],
) -> list[ApiOperation]:
    """The operations without those of a description that came with the site and is of another API.

    It names servers elsewhere only, and nothing that it describes is here: an example for readers.
    """
    elsewhere = set()
    for document in documents:
        if document.exchange is None or not _names_others_only(document, site.target):
            continue
        own = [e.request for e in operations if e.document == document.name and e.request]
        answers = await asyncio.gather(*(site.ask(request) for request in own[:MAX_EXAMPLES]))
        there = [each for each in answers if isinstance(each, Exchange)]
        # Where a login stands before everything, nothing tells what is behind it.
        if not own or len(there) < len(answers) or any(each.status in GUARDED for each in there):
            continue
        if all(await asyncio.gather(*(site.is_missing(each) for each in there))):
            elsewhere.add(document.name)
            unread.append(f"{document.name}: describes an API that is not here")
    return [each for each in operations if each.document not in elsewhere]


def _names_others_only(document: Description, target: Target) -> bool:
    own = {(each.host, each.port) for each in (*target.https, *target.http)}
    servers = openapi.read(document.root, skipped=[]).servers
    places = [urlsplit(server) for server in servers]
    return bool(places) and all((each.hostname, _port(each)) not in own for each in places)


def _port(place: SplitResult) -> int | None:
    try:
        return place.port or {"http": 80, "https": 443}.get(place.scheme)
    except ValueError:
        return None


async def speaking(site: LiveSite) -> Origin:
    """The origin that documents and links are read from: the first to answer, https first."""
    for origin in (*site.target.https, *site.target.http):
        if isinstance(await site.ask(Request(origin, "GET", site.target.path)), Exchange):
            return origin
    return site.target.https[0]


async def _pages(site: LiveSite, named: Iterable[ApiOperation]) -> list[Exchange]:
    """The named pages, with all that their redirects lead to on the target."""
    requests = [each.request for each in named if each.request is not None]
    chains = await asyncio.gather(*(site.chain(request) for request in requests))
    return [answer for chain in chains for answer in chain if isinstance(answer, Exchange)]


async def _documents(
    site: LiveSite, origin: Origin, specs: Sequence[Description | str]
) -> list[Description | str]:
    """The descriptions named, and those at the usual places: under the root and the named path.

    Words stand for one that is there and cannot be used.
    """
    base = site.target.path.partition("?")[0].rstrip("/")
    named = [each for each in specs if isinstance(each, str)]
    usual = [*DOCUMENT_PATHS, *([f"{base}/openapi.json", f"{base}/swagger.json"] if base else [])]
    places = list(dict.fromkeys((*named, *usual)))
    found: list[Description | str] = [each for each in specs if isinstance(each, Description)]
    answers = await asyncio.gather(*(descriptions.at(site, origin, path) for path in places))
    for path, answer in zip(places, answers, strict=True):
        if answer is None and path in named:
            site.leave_open(f"GET {origin.url(path)}", "no API description is there")
        elif isinstance(answer, Description):
            roots = [each.root for each in found if isinstance(each, Description)]
            if all(answer.root != other for other in roots):
                found.append(answer)
        elif answer is not None:
            found.append(answer)
    return found


def _described(document: Description, unread: list[str]) -> Iterator[ApiOperation]:
    """The operations of a document, those that are never asked with the reason."""
    reasons: list[str] = list(document.skipped)
    api = openapi.read(document.root, skipped=reasons, files=document.files, url=document.url)
    unread += [f"{document.name}: {reason}" for reason in reasons]
    for each in api.operations:
        yield replace(each, document=document.name, skipped=_reason(each))


def _reason(each: ApiOperation) -> str | None:
    """Why an operation is never asked. Returns None if it may be."""
    reason = each.skipped or openapi.changes_state(each)
    if reason is None and each.method != "GET":
        return f"{each.method} is not asked"
    return reason


def _merged(named: Iterable[ApiOperation], described: Iterable[ApiOperation]) -> list[ApiOperation]:
    """Each operation once; what is named by the user and documented has both."""
    found: dict[object, ApiOperation] = {}
    for each in named:
        found[each.request] = each
    for each in described:
        key = each.request or (each.method, _TEMPLATED.sub("{}", each.path))
        known = found.get(key)
        if known is None:
            found[key] = each
        elif each.source == "source":
            found[key] = replace(known, place=each.place, https_by=each.https_by)
        elif known.source != "openapi":
            found[key] = replace(each, source=known.source)
    return list(found.values())


def _with_links(
    known: list[ApiOperation], paths: Iterable[str], origin: Origin
) -> list[ApiOperation]:
    """The operations with the links that are none of them; a link may be a template's example."""
    found = list(known)
    asked = {each.request.path for each in known if each.request is not None}
    for path in paths:
        if path in asked:
            continue
        request = Request(origin, "GET", path)
        at = next((n for n, each in enumerate(found) if _fits(each, path)), None)
        if at is not None:
            if found[at].request is None and found[at].skipped == NO_VALUE:
                found[at] = replace(found[at], request=request, skipped=None)
            continue
        reason = openapi.followed_change(path)
        way = path.partition("?")[0]
        if reason is not None and any(e.operation.path == way for e in found):
            continue
        found.append(
            ApiOperation(
                "GET",
                way,
                source="link",
                request=None if reason else request,
                skipped=reason,
            )
        )
        asked.add(path)
    return found


def _fits(operation: ApiOperation, path: str) -> bool:
    """True if a path is one of a templated operation."""
    if operation.method != "GET" or not operation.variables or "?" in path:
        return False
    template, parts = operation.path.split("/"), path.split("/")
    return len(template) == len(parts) and all(
        one == other or ("{" in one and other) for one, other in zip(template, parts, strict=True)
    )


def _sampled(known: Sequence[ApiOperation]) -> tuple[ApiOperation, ...]:
    """The operations, of those that may be asked at most `MAX_ENDPOINTS`: a fair sample.

    Named ones come first, then one of each part of the API in turn (its tag, or where it is).
    """
    asked = [each for each in known if each.request is not None]
    if len(asked) <= MAX_ENDPOINTS:
        return tuple(known)
    first = [each for each in asked if each.source in ("named", "paths")]
    parts: dict[str, list[ApiOperation]] = {}
    for each in asked:
        if each.source not in ("named", "paths"):
            parts.setdefault(_part(each), []).append(each)
    rounds = zip_longest(*parts.values())
    fair = [*first, *(each for turn in rounds for each in turn if each is not None)]
    kept = {id(each) for each in fair[:MAX_ENDPOINTS]}
    reason = f"more than {MAX_ENDPOINTS} endpoints"
    return tuple(
        each if each.request is None or id(each) in kept else _left_out(each, reason)
        for each in known
    )


def _part(operation: ApiOperation) -> str:
    return operation.tags[0] if operation.tags else "/".join(operation.path.split("/")[:3])


def _left_out(operation: ApiOperation, reason: str) -> ApiOperation:
    return replace(operation, request=None, skipped=reason)
