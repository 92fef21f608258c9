"""A site that was recorded: a capture answers what it holds, and nothing is ever sent.

A question that the capture has no answer to is not tested, which is no gap: nobody asked it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from plainwire.live.descriptions import Description
from plainwire.live.discover import Discovery
from plainwire.live.passive import PassiveSite
from plainwire.model import (
    Answer,
    ApiOperation,
    Cleartext,
    Endpoint,
    Exchange,
    Origin,
    Part,
    Request,
    Scheme,
    Span,
    Target,
    TlsEndpoint,
    Unanswered,
    WireError,
)
from plainwire.wire import cleartext, openapi, page_parts
from plainwire.wire.har import Capture

MAX_OPERATIONS = 500
NOT_RECORDED = "the capture does not hold it"
_VALUE = re.compile(r"\d+|[0-9a-fA-F]{16,64}|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
# Parts of pages; the scripts among them are asked for by the checks that read them.
_PARTS = ("image/", "font/", "text/css", "text/javascript", "application/javascript", "video/")


class RecordedSite(PassiveSite):
    """A capture's exchanges with one target. It obeys the `Site` protocol."""

    reason = NOT_RECORDED

    def __init__(
        self,
        capture: Capture,
        target: Target,
        now: datetime,
        descriptions: Sequence[Description] = (),
    ) -> None:
        super().__init__(target, now)
        origins = {*target.https, *target.http}
        mine = [each for each in capture.exchanges if each.request.origin in origins]
        self._recorded: dict[tuple[Origin, str, str], list[Exchange]] = {}
        for each in mine:
            key = each.request.origin, each.request.method, each.request.path
            self._recorded.setdefault(key, []).append(each)
        self.found = self._discovered(mine, [*descriptions, *_documents(mine)])

    @property
    def identities(self) -> tuple[str, ...]:
        """Whoever was logged in as the capture was made, if anybody was."""
        has_any = any(e.request.identity for kept in self._recorded.values() for e in kept)
        return ("given",) if has_any else ()

    async def users(self, number: int = 1) -> tuple[str, ...]:
        """None: nobody can be asked as anybody."""
        self.notes.leave_untested(NOT_RECORDED)
        return ()

    @property
    def random_path(self) -> str:
        """A path that nobody asked for."""
        return "/000000000000000000000000"

    async def ask(self, request: Request) -> Answer:
        """The answer that was recorded; one without a credential only to one without."""
        kept = self._recorded.get((request.origin, request.method, request.path), [])
        if (
            request.headers
            or request.body
            or request.forgery
            or request.identity not in ("given", None)
        ):
            kept = []
        fit = [each for each in kept if request.identity or each.request.identity is None]
        if not fit:
            self.notes.leave_untested(NOT_RECORDED)
            return Unanswered("", str(request), NOT_RECORDED)
        # The best of several: what was given, rather than "not modified" or an error.
        answer = min(fit, key=lambda each: (each.status >= 300, not each.body))
        self.notes.take(answer)
        return answer

    async def confirm(self, request: Request) -> tuple[Answer, Answer]:
        """The recorded answer, for both: it was seen, and is not asked again."""
        answer = await self.ask(replace(request, repetition=0))
        return answer, answer

    @property
    def was_throttled(self) -> bool:
        """True if a 429 was recorded."""
        return any(each.status == 429 for kept in self._recorded.values() for each in kept)

    async def burst(self, request: Request, times: int) -> tuple[Answer, ...]:
        """No answer: nothing is sent, and what was asked before says nothing of it."""
        self.notes.leave_inapplicable(NOT_RECORDED)
        return (Unanswered("", str(request), NOT_RECORDED),)

    def control_of(self, request: Request) -> Request:
        """A request that nobody made."""
        return replace(request, path=self.random_path)

    async def is_missing(self, exchange: Exchange) -> bool | None:
        """False: whoever was recorded knew what to ask for."""
        return False

    async def chain(self, request: Request, hops: int = 10) -> tuple[Answer, ...]:
        """The recorded answer."""
        return (await self.ask(request),)

    async def present(self, *paths: str) -> tuple[Exchange, ...]:
        """Those of the paths that were recorded with 200, for somebody without a credential."""
        found = []
        for origin in (*self._target.https, *self._target.http):
            for path in paths:
                if (origin, "GET", path) in self._recorded:
                    answer = await self.ask(Request(origin, "GET", path, identity=None))
                    if isinstance(answer, Exchange) and answer.status == 200:
                        found.append(answer)
        return tuple(found)

    async def loaded_by(self, pages: Iterable[Exchange]) -> Mapping[Request, Answer]:
        """The style sheets and scripts of pages, however many were recorded."""
        return {each: await self.ask(each) for each in page_parts.parts(pages)}

    async def answers(
        self, identity: str | None = "given"
    ) -> tuple[tuple[ApiOperation, Exchange], ...]:
        """Each recorded operation with its answer."""
        found = []
        for each in self.found.operations:
            if each.request is not None:
                answer = await self.ask(replace(each.request, identity=identity))
                if isinstance(answer, Exchange):
                    found.append((each, answer))
        return tuple(found)

    async def pages(self, scheme: Scheme) -> tuple[tuple[Endpoint, Exchange], ...]:
        """The recorded answers over one scheme."""
        recorded = await self.answers()
        places = {each.operation: each for each in self.found.endpoints}
        return tuple(
            (places[operation.operation], answer)
            for operation, answer in recorded
            if answer.request.origin.scheme == scheme
        )

    async def cleartext(self) -> tuple[Cleartext, ...]:
        """What was answered in clear; whether an error is a refusal a capture cannot tell."""
        found = []
        for endpoint, answer in await self.pages("http"):
            if cleartext.redirects_to_https(answer):
                found.append(Cleartext(endpoint, answer, "redirected"))
            elif cleartext.is_redirect(answer):
                found.append(Cleartext(endpoint, answer, "redirected-elsewhere"))
            elif answer.status < 400 or answer.status in cleartext.ANSWERS_OF_AN_APPLICATION:
                found.append(Cleartext(endpoint, answer, "served"))
        return tuple(found)

    async def operations(self) -> tuple[ApiOperation, ...]:
        """What was recorded, and what descriptions tell beside it."""
        return self.found.operations

    async def endpoints(self) -> tuple[Endpoint, ...]:
        """What was recorded."""
        return self.found.endpoints

    async def described(self) -> tuple[Endpoint, ...]:
        """The operations of descriptions."""
        return self.found.described

    async def documents(self) -> tuple[tuple[Exchange, Mapping[str, Any]], ...]:
        """The API descriptions in the capture."""
        return tuple((e.exchange, e.root) for e in self.found.documents if e.exchange)

    async def named_documents(self) -> tuple[tuple[Span, Mapping[str, Any]], ...]:
        """The descriptions in the files that the user named."""
        return self.found.named_documents

    async def tls(self, about: Part = "certificates") -> tuple[TlsEndpoint, ...]:
        """Nothing is known of any: a capture holds no handshake."""
        self.notes.leave_untested("a capture holds no handshake")
        return tuple([await self.tls_of(origin) for origin in self._target.https])

    async def tls_of(self, origin: Origin) -> TlsEndpoint:
        """Nothing is known."""
        return TlsEndpoint(origin.host, origin.port)

    def leave_unasked(self, question: str, reason: str) -> None:
        """Nothing is asked anyway."""
        self.notes.leave_untested(reason)

    def leave_answered(self) -> None:
        """Note that a check judged what is known."""
        self.notes.take(None)

    def _discovered(self, mine: Sequence[Exchange], documents: Sequence[Description]) -> Discovery:
        unread: list[str] = []
        described = [
            replace(each, document=document.name)
            for document in documents
            for each in openapi.read(
                document.root, skipped=unread, files=document.files, url=document.url
            ).operations
        ]
        known: dict[tuple[str, str], ApiOperation] = {
            (each.method, each.path): replace(each, skipped=NOT_RECORDED) for each in described
        }
        for exchange in mine:
            if exchange.content_type.startswith(_PARTS) or len(known) > MAX_OPERATIONS:
                continue
            method, way = exchange.request.method, exchange.request.path.partition("?")[0]
            at = next((e for e in described if e.method == method and _fits(e, way)), None)
            template = at.path if at is not None else _template(way)
            had = known.get((method, template))
            if had is not None and had.request is not None and not _is_better(exchange, had, mine):
                continue
            base = had or ApiOperation(method, template, source="capture")
            asked = replace(exchange.request, identity="given")
            known[method, template] = replace(base, request=asked, skipped=None)
        return Discovery(tuple(known.values()), tuple(documents), tuple(unread))


def _is_better(exchange: Exchange, had: ApiOperation, mine: Sequence[Exchange]) -> bool:
    """True if an answer shows more than the one that stands for the operation so far."""
    first = next(e for e in mine if replace(e.request, identity="given") == had.request)
    return exchange.status < 300 <= first.status


def _fits(operation: ApiOperation, path: str) -> bool:
    template, parts = operation.path.split("/"), path.split("/")
    return len(template) == len(parts) and all(
        one == other or "{" in one for one, other in zip(template, parts, strict=True)
    )


def _template(path: str) -> str:
    """The path with a name in the place of numbers and ids."""
    return "/".join("{id}" if _VALUE.fullmatch(part) else part for part in path.split("/"))


def _documents(mine: Sequence[Exchange]) -> list[Description]:
    """The API descriptions among the answers, each once."""
    found: dict[str, Description] = {}
    for answer in mine:
        is_one = b"openapi" in answer.body[:4096] or b"swagger" in answer.body[:4096]
        if answer.status != 200 or not is_one or "html" in answer.content_type:
            continue
        try:
            root = openapi.load(answer.body)
        except WireError:
            continue
        if "openapi" in root or "swagger" in root:
            path = answer.request.path
            found.setdefault(path, Description(path, root, answer.body, answer.url, {}, answer))
    return list(found.values())
