"""API descriptions: files that the user names, and documents of the target with companions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

from plainwire.model import Answer, Exchange, Origin, Request, UsageError, WireError
from plainwire.wire import openapi
from plainwire.wire.openapi.document import MAX_JSON, looks_like_json

MAX_ROUNDS = 3  # companions of companions
MAX_BYTES = 32 << 20  # of all companions together
PATIENT_BYTES = 256 * 1024  # what is read in a thread of its own


@dataclass(frozen=True)
class Description:
    """A parsed document: ``name`` is for a reader, ``url`` its own, ``files`` its companions.

    ``exchange`` is what it came in, or None for one that the user named. ``path`` is the local
    file, ``text`` what lines are looked up in.
    """

    name: str
    root: Mapping[str, Any] = field(repr=False)
    text: bytes = field(repr=False)
    url: str
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    exchange: Exchange | None = None
    path: str | None = None
    skipped: tuple[str, ...] = ()


class Asks(Protocol):
    """What can be asked for a document."""

    async def ask(self, request: Request) -> Answer:
        """The answer to one request."""


def from_file(name: str) -> Description:
    """The document in a local file, with the companions in its own directory and below.

    Raises:
        UsageError: if it cannot be read or is no OpenAPI document.
    """
    path = Path(name)
    try:
        text = _read(path)
        root = openapi.load(text)
    except (OSError, WireError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"--spec {name}: {why or error}") from None
    if "openapi" not in root and "swagger" not in root:
        raise UsageError(f"--spec {name}: neither OpenAPI 3 nor Swagger 2")
    url = f"file:///{quote(path.name)}"
    files: dict[str, Mapping[str, Any]] = {}
    skipped: list[str] = []
    waiting = list(openapi.companions(text, url))
    top, room = path.resolve().parent, MAX_BYTES
    for _ in range(MAX_ROUNDS):
        wanted, waiting = [u for u in waiting if u not in files and u != url], []
        for other in dict.fromkeys(wanted):
            place = (top / unquote(urlsplit(other).path).lstrip("/")).resolve()
            try:
                if not place.is_relative_to(top):
                    raise WireError("outside the directory of the document")
                found = _read(place)
                room -= len(found)
                if room < 0:
                    raise WireError("too much to read")
                files[other] = openapi.load(found)
                waiting += openapi.companions(found, other)
            except (OSError, WireError, ValueError) as error:
                skipped.append(f"{place.name}: {getattr(error, 'strerror', None) or error}")
    return Description(name, root, text, url, files, None, path.as_posix(), tuple(skipped))


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise FileNotFoundError(2, "no such file")
    with path.open("rb") as file:
        return file.read(MAX_JSON + 1)


async def at(site: Asks, origin: Origin, path: str) -> Description | str | None:
    """The document at a path of an origin, with its companions there.

    Returns None if there is none, and words where one is there that cannot be used.
    """
    request = Request(origin, "GET", path)
    answer = await site.ask(request)
    if not isinstance(answer, Exchange) or answer.status != 200 or "html" in answer.content_type:
        return None
    if answer.is_cut:
        if not looks_like_json(answer.body) and b"openapi" not in answer.body[:4096]:
            return None
        answer = await site.ask(replace(request, body_limit=MAX_JSON))
        if not isinstance(answer, Exchange) or answer.is_cut:
            unread = answer.unread if isinstance(answer, Exchange) else ""
            return f"{path}: {unread or f'larger than {MAX_JSON >> 20} MiB, or it broke off'}"
    try:
        root = await _loaded(answer.body)
    except WireError as error:
        is_one = b"openapi" in answer.body[:4096] or b"swagger" in answer.body[:4096]
        return f"{path}: {error}" if is_one else None
    if "openapi" not in root and "swagger" not in root:
        return None
    files, skipped = await _companions(site, origin, answer)
    return Description(path, root, answer.body, answer.url, files, answer, None, skipped)


async def _companions(
    site: Asks, origin: Origin, answer: Exchange
) -> tuple[dict[str, Mapping[str, Any]], tuple[str, ...]]:
    """The other files of the same origin that a document refers to, and what was not had."""
    files: dict[str, Mapping[str, Any]] = {}
    skipped: list[str] = []
    waiting = openapi.companions(answer.body, answer.url)
    for _ in range(MAX_ROUNDS):
        wanted = [u for u in dict.fromkeys(waiting) if u not in files and u != answer.url]
        paths = [u.removeprefix(origin.url("")) for u in wanted]
        requests = [Request(origin, "GET", path) for path in paths]
        safe = [r for r in requests if openapi.state_change("GET", r.path) is None]
        answers = await asyncio.gather(*(site.ask(r) for r in safe))
        waiting = ()
        for request, found in zip(safe, answers, strict=True):
            if not isinstance(found, Exchange) or found.status != 200 or found.is_cut:
                skipped.append(f"{request.path}: not had")
                continue
            try:
                files[request.url] = await _loaded(found.body)
                waiting += openapi.companions(found.body, request.url)
            except WireError as error:
                skipped.append(f"{request.path}: {error}")
        if not waiting or len(files) > openapi.MAX_FILES:
            break
    return files, tuple(skipped)


async def _loaded(text: bytes) -> Mapping[str, Any]:
    """The mapping in a text; a large one is read aside, so that nobody else times out."""
    if len(text) < PATIENT_BYTES:
        return openapi.load(text)
    return await asyncio.to_thread(openapi.load, text)
