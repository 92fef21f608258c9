"""The door for checks to an endpoint of which nothing but its TLS is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

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
)


class EndpointSite(PassiveSite):
    """A finished probe as a `Site`: nothing is sent, and no question about HTTP has an answer."""

    reason = "nothing is asked over HTTP"

    def __init__(self, target: Target, endpoint: TlsEndpoint, now: datetime) -> None:
        super().__init__(target, now)
        self._endpoint = endpoint

    @property
    def random_path(self) -> str:
        """The root: nothing is asked."""
        return "/"

    def leave_unasked(self, question: str, reason: str) -> None:
        """Note a question that is not asked."""
        self.notes.take(Unanswered("", question, f"not asked: {reason}"))

    async def tls(self, about: Part = "certificates") -> tuple[TlsEndpoint, ...]:
        """What the probe found; what is open ``about`` that is noted."""
        for gap in self._endpoint.inconclusive:
            if gap.part == about:
                self.notes.take(Unanswered("", gap.question, gap.reason))
        if self._endpoint.speaks_tls is not None and self._endpoint.tells(about):
            self.notes.take(self._endpoint)
        return (self._endpoint,)

    async def tls_of(self, origin: Origin) -> TlsEndpoint:
        """What the probe found."""
        if self._endpoint.speaks_tls is not None:
            self.notes.take(self._endpoint)
        return self._endpoint

    async def ask(self, request: Request) -> Answer:
        """No answer: HTTP is not looked at."""
        answer = Unanswered("", str(request), "HTTP is not looked at")
        self.notes.take(answer)
        return answer

    @property
    def identities(self) -> tuple[str, ...]:
        """None."""
        return ()

    async def users(self, number: int = 1) -> tuple[str, ...]:
        """None."""
        return ()

    def control_of(self, request: Request) -> Request:
        """The request itself: nothing is asked."""
        return request

    async def is_missing(self, exchange: Exchange) -> bool | None:
        """Not known."""
        return None

    async def confirm(self, request: Request) -> tuple[Answer, Answer]:
        """No answer, twice."""
        return await self.ask(request), await self.ask(request)

    async def answers(
        self, identity: str | None = "given"
    ) -> tuple[tuple[ApiOperation, Exchange], ...]:
        """None."""
        return ()

    async def present(self, *paths: str) -> tuple[Exchange, ...]:
        """None."""
        return ()

    async def loaded_by(self, pages: Iterable[Exchange]) -> Mapping[Request, Answer]:
        """None."""
        return {}

    @property
    def was_throttled(self) -> bool:
        """False: nothing was asked that a 429 could answer."""
        return False

    async def burst(self, request: Request, times: int) -> tuple[Answer, ...]:
        """The one answer that there is not."""
        return (await self.ask(request),)

    def leave_answered(self) -> None:
        """Nothing: no description is known."""

    async def operations(self) -> tuple[ApiOperation, ...]:
        """None."""
        return ()

    async def chain(self, request: Request, hops: int = 10) -> tuple[Answer, ...]:
        """The one answer that there is not."""
        return (await self.ask(request),)

    async def endpoints(self) -> tuple[Endpoint, ...]:
        """None."""
        return ()

    async def described(self) -> tuple[Endpoint, ...]:
        """None."""
        return ()

    async def pages(self, scheme: Scheme) -> tuple[tuple[Endpoint, Exchange], ...]:
        """None."""
        return ()

    async def cleartext(self) -> tuple[Cleartext, ...]:
        """None."""
        return ()

    async def named_documents(self) -> tuple[tuple[Span, Mapping[str, Any]], ...]:
        """None."""
        return ()

    async def documents(self) -> tuple[tuple[Exchange, Mapping[str, Any]], ...]:
        """None."""
        return ()
