"""What comes back: exchanges, gaps, and the evidence that findings rest on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from plainwire.model.media_type import declared_type, looks_like
from plainwire.model.target import Endpoint, Headers, Request


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and the answer that it got.

    Header names keep their case, order and duplicates. ``body`` holds at most the site's body
    limit, decoded, text in UTF-8; ``is_cut`` says that there was more, ``is_broken`` that the peer
    let it end there. ``unread`` is the reason why not all that the body says is known, empty if it
    is. ``address`` is the peer's IP address.
    """

    request: Request
    status: int
    headers: Headers
    body: bytes = field(repr=False, default=b"")
    is_cut: bool = False
    is_broken: bool = False
    address: str = ""
    reason: str = ""
    unread: str = ""

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case. Returns None if it is absent."""
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header in the order sent."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)

    @property
    def content_type(self) -> str:
        """The media type in lower case without parameters; where none is declared, what the body
        looks like. Empty where there is neither."""
        return self.declared_type or looks_like(self.body, may_be_page=not self.is_nosniff)

    @property
    def declared_type(self) -> str:
        """The media type as declared, in lower case without parameters, or an empty string."""
        return declared_type(self.all("content-type"))

    @property
    def is_nosniff(self) -> bool:
        """True if browsers must not guess: the first value counts (Fetch, determine nosniff)."""
        value = self.header("x-content-type-options") or ""
        return value.partition(",")[0].strip().lower() == "nosniff"

    @property
    def text(self) -> str:
        """The body as UTF-8, undecodable bytes replaced."""
        return self.body.decode("utf-8", "replace")

    @property
    def url(self) -> str:
        """The URL asked."""
        return self.request.url


@dataclass(frozen=True, slots=True)
class NoListener:
    """Nobody listens there (refused, unreachable, or silent to SYN twice): an answer, not a gap."""

    question: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """TLS was refused to who shows no client certificate, where others show one: an answer."""

    question: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that got no answer: never a pass."""

    check: str
    question: str
    reason: str


Answer = Exchange | NoListener | Refused | Unanswered


@dataclass(frozen=True, slots=True)
class Cleartext:
    """What an endpoint's answer over http amounts to.

    "redirected" is a direct redirect to https on the same host; "refused" a constant refusal
    (the same for a random path, and not what https answers); "failed" such an answer with a
    status of 5xx, which is no answer to what is served in clear; "redirected-elsewhere" any other
    redirect, unless it stays on the host and ends in content over http. All else is "served".
    """

    endpoint: Endpoint
    exchange: Exchange
    verdict: Literal["served", "redirected", "redirected-elsewhere", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Handshake:
    """What one ClientHello got, as evidence: ``offered`` and ``answer`` are readable words."""

    host: str
    port: int
    offered: str
    answer: str


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a source file; lines and columns count from 1."""

    path: str
    line: int
    column: int
    end_line: int
    text: str = ""


Evidence = Exchange | Handshake | Span
