"""The door for checks to an endpoint of which nothing but its TLS is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from plainwire.live.notes import Notes
from plainwire.model import (
    Answer,
    ApiOperation,
    Cleartext,
    Endpoint,
    Exchange,
    GraphqlEndpoint,
    Identity,
    McpServer,
    Origin,
    Part,
    Request,
    Scheme,
    Span,
    Target,
    TlsEndpoint,
    Unanswered,
)


class EndpointSite:
    """A finished probe as a `Site`: nothing is sent, and no question about HTTP has an answer."""

    def __init__(self, target: Target, endpoint: TlsEndpoint, now: datetime) -> None:
        self._target, self._endpoint, self._now = target, endpoint, now
        self.notes = Notes()

    @property
    def trusted_origins(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def target(self) -> Target:
        """What the user named."""
        return self._target

    @property
    def random_path(self) -> str:
        """The root: nothing is asked."""
        return "/"

    def now(self) -> datetime:
        """The time of the probe, aware and in UTC."""
        return self._now

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

    async def identity(self, name: str) -> Identity:
        """Nothing but a name."""
        return Identity(name)

    async def secret_is_known(self, name: str) -> bool | None:
        """Not known."""
        return None

    async def guarded(self, who: str) -> tuple[tuple[ApiOperation, Exchange], ...]:
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

    async def failed_logins(self, times: int, *, as_nobody: bool) -> tuple[Exchange, ...]:
        """None: nothing is sent."""
        self.notes.leave_untested("nothing is asked over HTTP")
        return ()

    async def default_logins(self) -> tuple[Exchange, ...]:
        """None: nothing is sent."""
        self.notes.leave_untested("nothing is asked over HTTP")
        return ()

    async def callback(self, token: str) -> str | None:
        """None: nothing is sent."""
        self.notes.leave_untested("nothing is asked over HTTP")
        return None

    async def was_called_back(self, token: str) -> bool:
        """False: nothing was sent."""
        return False

    def allows(self, what: str) -> bool:
        """False: nothing is sent."""
        self.notes.leave_untested("nothing is asked over HTTP")
        return False

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

    async def graphql(self) -> tuple[GraphqlEndpoint, ...]:
        """None."""
        return ()

    async def mcp(self) -> tuple[McpServer, ...]:
        """None."""
        return ()

    def leave_inapplicable(self, reason: str) -> None:
        """Note that there is nothing of the kind a check is about."""
        self.notes.leave_inapplicable(reason)

    def leave_untested(self, reason: str) -> None:
        """Note that a check has nothing to ask with."""
        self.notes.leave_untested(reason)

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

    async def refuses(self, exchange: Exchange) -> bool:
        """Not known."""
        return False

    async def named_documents(self) -> tuple[tuple[Span, Mapping[str, Any]], ...]:
        """None."""
        return ()

    async def documents(self) -> tuple[tuple[Exchange, Mapping[str, Any]], ...]:
        """None."""
        return ()
