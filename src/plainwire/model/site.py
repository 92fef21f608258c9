"""The door to a live target, as a protocol that `live/` implements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from plainwire.model.answer import Answer, Cleartext, Exchange
from plainwire.model.target import Endpoint, Origin, Request, Scheme, Target
from plainwire.model.tls import Part, TlsEndpoint


class Site(Protocol):
    """The door to a live target. Everything a check may do with the network is here.

    No method raises for a target that does not answer: the answer is then a `NoListener` or an
    `Unanswered`, and the engine notes by itself which check was left without an answer.
    """

    @property
    def target(self) -> Target:
        """What the user named."""

    async def ask(self, request: Request) -> Answer:
        """The answer to one request; the same request is sent once however many ask it."""

    def leave_unasked(self, question: str, reason: str) -> None:
        """Note a question that a check must not ask here, and why: the check then does not pass."""

    async def endpoints(self) -> tuple[Endpoint, ...]:
        """The endpoints that are asked, the named one first; found once."""

    async def described(self) -> tuple[Endpoint, ...]:
        """Every operation that OpenAPI documents describe, of any method; most are not asked."""

    async def pages(self, scheme: Scheme) -> tuple[tuple[Endpoint, Exchange], ...]:
        """Every endpoint's answer over one scheme, as far as there is one, redirects unfollowed."""

    async def tls(self, about: Part = "certificates") -> tuple[TlsEndpoint, ...]:
        """What each https origin reveals, with a TLS listener or not.

        ``about`` is what the check looks at: it is left unanswered by what is open there only.
        """

    async def tls_of(self, origin: Origin) -> TlsEndpoint:
        """What one origin reveals of its TLS, also one on a port that should speak none."""

    async def cleartext(self) -> tuple[Cleartext, ...]:
        """Every endpoint's answer in clear, with what it amounts to."""

    async def chain(self, request: Request, hops: int = 10) -> tuple[Answer, ...]:
        """The answers along a redirect chain on the named host; a hop off it is not followed."""

    async def documents(self) -> tuple[tuple[Exchange, Mapping[str, Any]], ...]:
        """The OpenAPI documents found, parsed, with the exchange each came in."""

    @property
    def random_path(self) -> str:
        """A path that nothing is served at, the same for the whole scan: the control."""

    def now(self) -> datetime:
        """The time of the scan, aware and in UTC: the clock that certificates are judged by."""
