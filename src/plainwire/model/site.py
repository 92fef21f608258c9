"""The door to a live target, as a protocol that `live/` implements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from plainwire.model.answer import Answer, Cleartext, Exchange, Span
from plainwire.model.api import ApiOperation
from plainwire.model.identity import Identity
from plainwire.model.peers import GraphqlEndpoint, McpServer
from plainwire.model.target import Endpoint, Origin, Request, Scheme, Target
from plainwire.model.tls import Part, TlsEndpoint


class Site(Protocol):
    """The door to a live target. Everything a check may do with the network is here.

    No method raises for a target that does not answer: the answer is then a `NoListener` or an
    `Unanswered`, and the engine notes by itself which check was left without an answer.

    A check of an API reads `operations`, asks the request of each, as whoever it needs
    (``replace(request, identity=None)``), holds what it sees against a control (`control_of`,
    `is_missing`), and confirms a finding before it yields it (`confirm`).
    """

    @property
    def target(self) -> Target:
        """What the user named."""

    async def ask(self, request: Request) -> Answer:
        """The answer to one request; the same request is sent once however many ask it.

        Its ``identity`` says as whom: "given", None, "canary", or a name of `identities`. A body
        that is not known whole (``unread`` says why) leaves a check that ``reads_bodies``, and
        found nothing in it, without an answer.
        """

    @property
    def trusted_origins(self) -> tuple[str, ...]:
        """The origins that the user says browsers may ask the API from."""

    @property
    def identities(self) -> tuple[str, ...]:
        """Whose credentials were given: "given" first if the user gave one, then further names."""

    async def users(self, number: int = 1) -> tuple[str, ...]:
        """The identities whose own credentials go where operations are asked, the first given
        first; also those whose login failed: what is asked as one of them gets no answer.

        Fewer than ``number`` leave the asking check untested, with the reason, and give none.
        """

    async def identity(self, name: str) -> Identity:
        """What is known of an identity beside its credential: what its token says of itself."""

    async def secret_is_known(self, name: str) -> bool | None:
        """True if a well-known secret signs an identity's token. Returns None if it has no HMAC."""

    async def guarded(self, who: str) -> tuple[tuple[ApiOperation, Exchange], ...]:
        """The operations that give data to an identity and neither to nobody nor to a random
        credential of the same shape, with the answer that the identity gets."""

    async def operations(self) -> tuple[ApiOperation, ...]:
        """Every operation that is known, asked or not: an example request, or why there is none.

        No request of these changes anything by its method or its name. What a document says is in
        them; an operation of a link or of a named path has no more than its path.
        """

    def control_of(self, request: Request) -> Request:
        """The request at a random path beside its own: an answer that proves a thing is there,
        or is refused, must come out differently for it. One for each place, asked once."""

    async def is_missing(self, exchange: Exchange) -> bool | None:
        """True if an answer is what the site gives where nothing is, whatever its status says.

        Returns None if the control got no answer (which is noted).
        """

    async def confirm(self, request: Request) -> tuple[Answer, Answer]:
        """The answers to the same request sent twice more, serially, with nothing else under way.

        A finding that rests on an error, a difference or a reflection holds only if both show it.
        """

    async def failed_logins(self, times: int, *, as_nobody: bool) -> tuple[Exchange, ...]:
        """The answers to a login with a wrong password, sent ``times`` in a row up to the first
        423 or 429: as the first recipe's user, or as one that nobody is.

        Without ``--allow login-probes`` or a recipe it leaves the check untested and gives none.
        """

    async def default_logins(self) -> tuple[Exchange, ...]:
        """The answers to logins with users and passwords that systems are delivered with, of those
        that got in twice, by the first recipe; the credential that they gave is not in them.

        Without ``--allow default-credentials`` or a recipe it leaves the check untested.
        """

    async def callback(self, token: str) -> str | None:
        """A URL of our own listener with a word that nobody else has, for the target to ask.

        Without ``--allow ssrf-probes``, or where the target does not reach us, it leaves the check
        untested and returns None.
        """

    async def was_called_back(self, token: str) -> bool:
        """True if our listener was asked for that word, now or within a second."""

    def allows(self, what: str) -> bool:
        """True if the user opted in to a class of questions; else the check is left untested."""

    async def answers(
        self, identity: str | None = "given"
    ) -> tuple[tuple[ApiOperation, Exchange], ...]:
        """Each operation that is asked with the answer that an identity or nobody (None) gets to
        its example, as far as there is one."""

    async def present(self, *paths: str) -> tuple[Exchange, ...]:
        """The answers of those paths, under the root, where something is for anybody: 200, and
        not missing. What is there must still be known by its content.
        """

    async def loaded_by(self, pages: Iterable[Exchange]) -> Mapping[Request, Answer]:
        """The answers of the style sheets and scripts that pages load from their own origin.

        Of more than 20 in all the rest is left unasked.
        """

    @property
    def was_throttled(self) -> bool:
        """True if the host answered 429 to anything so far."""

    async def burst(self, request: Request, times: int) -> tuple[Answer, ...]:
        """The answers to one request sent ``times``, as many at once as the host's pace allows.

        After a 429 or a gap no more are sent.
        For a check that ``is_last``: nothing is asked again, nor more slowly.
        """

    async def graphql(self) -> tuple[GraphqlEndpoint, ...]:
        """The places that answered a GraphQL query, with their schema if they tell it."""

    async def mcp(self) -> tuple[McpServer, ...]:
        """The places that answered MCP's handshake, with the tools that they list."""

    def leave_answered(self) -> None:
        """Note that a check has judged what was known without asking: a description's words."""

    def leave_inapplicable(self, reason: str) -> None:
        """Note that there is nothing of the kind that a check is about: it neither passes nor
        fails, and a category that has nothing else is not applicable."""

    def leave_untested(self, reason: str) -> None:
        """Note that a check has nothing to ask with (an identity or an opt-in not given).

        Its category is then not tested, with the reason, unless another check of it was answered.
        It is no gap: it neither lowers nor bounds the grade.
        """

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

    async def refuses(self, exchange: Exchange) -> bool:
        """True if an answer in clear is a constant refusal, and not what the application says."""

    async def chain(self, request: Request, hops: int = 10) -> tuple[Answer, ...]:
        """The answers along a redirect chain on the named host; a hop off it is not followed."""

    async def documents(self) -> tuple[tuple[Exchange, Mapping[str, Any]], ...]:
        """The OpenAPI documents found, parsed, with the exchange each came in."""

    async def named_documents(self) -> tuple[tuple[Span, Mapping[str, Any]], ...]:
        """The descriptions in files that the user named, parsed, each with where it begins."""

    @property
    def random_path(self) -> str:
        """A path that nothing is served at, the same for the whole scan: the control."""

    def now(self) -> datetime:
        """The time of the scan, aware and in UTC: the clock that certificates are judged by."""
