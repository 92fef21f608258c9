"""Which endpoints are asked: the named ones, documented ones, and links one level deep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from plainwire.model import Endpoint, Exchange, Operation, Origin, Request, Skipped, Target
from plainwire.wire import cleartext

if TYPE_CHECKING:
    from plainwire.live.site import LiveSite

MAX_ENDPOINTS = 100


@dataclass(frozen=True, slots=True)
class Discovery:
    """What is known of the API: asked endpoints, all described ones, and what was left out."""

    endpoints: tuple[Endpoint, ...]
    described: tuple[Endpoint, ...]
    skipped: tuple[Skipped, ...]
    documents: tuple[tuple[Exchange, Mapping[str, Any]], ...]


async def discover(site: LiveSite, named_paths: tuple[str, ...]) -> Discovery:
    """Everything that is known of the site's API without asking anything that changes it."""
    paths = dict.fromkeys((site.target.path, *named_paths))
    named = [
        Endpoint(Operation("GET", path.partition("?")[0]), path, "named" if i == 0 else "paths")
        for i, path in enumerate(paths)
    ]
    return Discovery(tuple(named), (), (), ())


def next_hop(answer: Exchange, target: Target) -> Request | None:
    """The request that a redirect asks for, if it stays on the target's host and ports."""
    if not cleartext.is_redirect(answer):
        return None
    try:
        parts = urlsplit(urljoin(answer.url, (answer.header("location") or "").strip()))
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        return None
    if scheme not in ("http", "https") or not host:
        return None
    origin = Origin(scheme, host, port or (443 if scheme == "https" else 80))  # type: ignore[arg-type]
    if origin not in (*target.https, *target.http):
        return None
    path = parts.path or "/"
    return Request(origin, "GET", f"{path}?{parts.query}" if parts.query else path)
