"""The words every other module speaks: Target, Question, Evidence, Finding, Check, Report, Grade.

Frozen data and pure functions over it; no I/O, standard library only. A check is given a
`Site` and yields `Finding`; everything it may know of the world is declared in this file.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any, Literal, Protocol

CATEGORIES = (
    "authentication",
    "bola",
    "bfla",
    "property-authorization",
    "input-validation",
    "rate-limiting",
    "data-exposure",
    "encryption",
    "ssrf",
    "inventory",
    "unsafe-consumption",
    "llm",
)

Scheme = Literal["http", "https"]
Letter = Literal["A", "B", "C", "D", "E", "F"]
TlsStatus = Literal["PASS", "FAIL", "UNKNOWN"]
CategoryStatus = Literal["pass", "findings", "unanswered", "not-tested", "not-applicable"]
Headers = tuple[tuple[str, str], ...]


# Errors ------------------------------------------------------------------------------------


class PlainwireError(Exception):
    """The root of every error that plainwire raises on purpose."""


class UsageError(PlainwireError):
    """The caller's words are wrong (exit code 2)."""


class TargetError(PlainwireError):
    """The target could not be asked; the engine turns it into `Unanswered`."""


class WireError(PlainwireError):
    """The peer broke the RFC. The message names the section and, where known, the offset."""


class Severity(IntEnum):
    """How bad one finding is; the weights are in `grading.py`."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    def __str__(self) -> str:
        return self.name.lower()


class Confidence(StrEnum):
    """How sure a finding is. `TENTATIVE` halves its weight."""

    CERTAIN = "certain"
    FIRM = "firm"
    TENTATIVE = "tentative"


# What is asked -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Origin:
    """A scheme, a host (A-label or IP literal without brackets) and a port: RFC 6454, section 4."""

    scheme: Scheme
    host: str
    port: int

    @property
    def authority(self) -> str:
        """Host and port as a Host header has them: the default port left out (RFC 9110, 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = 443 if self.scheme == "https" else 80
        return host if self.port == default else f"{host}:{self.port}"

    def url(self, path: str = "/") -> str:
        """The absolute URL of ``path``, which starts with a slash."""
        return f"{self.scheme}://{self.authority}{path}"


@dataclass(frozen=True, slots=True)
class Target:
    """What the user named, parsed once; both schemes of it are examined.

    ``value`` is what reports show: it never holds a credential. ``https`` and ``http`` are the
    origins that are asked over TLS and in clear (80 and 443 are twins; on any other port both
    protocols are tried on that port). ``extra_http`` holds further ports asked for by name.
    """

    value: str
    host: str
    path: str
    named: Scheme | None
    https: tuple[Origin, ...]
    http: tuple[Origin, ...]
    is_ip: bool = False
    address: str | None = None

    @property
    def is_local_name(self) -> bool:
        """True for IP addresses and localhost, where HSTS does not apply (RFC 6797, 8.1.1)."""
        return self.is_ip or self.host == "localhost" or self.host.endswith(".localhost")


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP question. Two equal requests to one site cost one exchange on the wire.

    ``path`` is sent byte for byte as it stands. ``identity`` says which credential goes along:
    ``"given"`` is the user's (replaced by a canary over cleartext), ``None`` is none.
    ``repetition`` tells apart requests that must really be sent again.
    """

    origin: Origin
    method: str = "GET"
    path: str = "/"
    headers: Headers = ()
    identity: Literal["given"] | None = "given"
    repetition: int = 0

    @property
    def url(self) -> str:
        """The absolute URL."""
        return self.origin.url(self.path)

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


@dataclass(frozen=True, slots=True)
class Operation:
    """A method and a templated path, such as ``GET /users/{id}``."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A place of the API that may be asked: where it is and what is known of it.

    ``source`` says who told: "named" by the user, "paths" file, "openapi", "link", "login".
    ``credentials`` names what the document says it takes ("http bearer", "apiKey header
    X-Api-Key", "password in the body"); empty where nothing is declared.
    """

    operation: Operation
    path: str
    source: str
    credentials: tuple[str, ...] = ()


# What comes back ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and the answer that it got.

    Header names keep their case, order and duplicates. ``body`` holds at most the site's body
    limit, decoded; ``is_cut`` says that there was more. ``address`` is the peer's IP address.
    """

    request: Request
    status: int
    headers: Headers
    body: bytes = field(repr=False, default=b"")
    is_cut: bool = False
    address: str = ""
    reason: str = ""

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case. Returns None if it is absent."""
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header in the order sent."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)

    @property
    def content_type(self) -> str:
        """The media type in lower case without parameters, or an empty string."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

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
class Unanswered:
    """A question that got no answer: never a pass."""

    check: str
    question: str
    reason: str


Answer = Exchange | NoListener | Unanswered


@dataclass(frozen=True, slots=True)
class Cleartext:
    """What an endpoint's answer over http amounts to.

    "redirected" is a direct redirect to https on the same host; "refused" a constant refusal
    (the same for a random path, and not what https answers); "redirected-elsewhere" any other
    redirect, unless it stays on the host and ends in content over http. All else is "served".
    """

    endpoint: Endpoint
    exchange: Exchange
    verdict: Literal["served", "redirected", "redirected-elsewhere", "refused"]


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


# TLS ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What one certificate says. Times are aware and in UTC; ``key_bits`` in bits."""

    subject: str
    issuer: str
    sans: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    key_type: str
    key_bits: int
    signature_hash: str | None
    fingerprint_sha256: str
    must_staple: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """A served chain with its judgement.

    ``problems`` and ``problems_checked`` are words of the report contract, ``trusted_by`` the
    stores ("mozilla", "system", "ca-file") with a path to a root of theirs, ``paths`` the
    subjects of each such path from leaf to root. A word in neither list was not looked at.
    """

    chain: tuple[CertificateFacts, ...]
    problems: tuple[str, ...]
    problems_checked: tuple[str, ...]
    trusted_by: tuple[str, ...]
    paths: tuple[tuple[str, ...], ...] = ()
    asked_with: Mapping[str, Any] = field(default_factory=lambda: {"sni": True})
    scts: int | None = None


@dataclass(frozen=True, slots=True)
class TlsEndpoint:
    """What a TLS server revealed. None: not looked at or not answered; False and (): not there."""

    host: str
    port: int
    address: str | None = None
    server_name: str | None = None
    speaks_tls: bool | None = None
    protocols: Mapping[str, bool] | None = None
    certificates: tuple[Chain, ...] | None = None
    features: Mapping[str, Any] | None = None
    inconclusive: tuple[tuple[str, str], ...] = ()
    connections: int = 0
    duration_s: float = 0.0

    def chains_with(self, problem: str) -> tuple[Chain, ...]:
        """The served chains that have a problem; empty where none was seen."""
        return tuple(chain for chain in self.certificates or () if problem in chain.problems)

    def shown(self, chain: Chain) -> Handshake:
        """A served chain as evidence: subject, issuer, times and fingerprint of its leaf."""
        leaf = chain.chain[0]
        return Handshake(
            self.host,
            self.port,
            f"a TLS handshake for {self.server_name or self.host}",
            f"{leaf.subject}, issued by {leaf.issuer}, valid from {leaf.not_before:%Y-%m-%d} to "
            f"{leaf.not_after:%Y-%m-%d}, SHA-256 {leaf.fingerprint_sha256}",
        )


# Findings ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Location:
    """Where a finding is: a URL, a file's line, or a host and port; unused parts are None."""

    url: str | None = None
    method: str | None = None
    path: str | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    host: str | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a finding does not count, and until when (a date, inclusive)."""

    reason: str
    until: str | None = None


@dataclass(frozen=True, slots=True)
class FixReference:
    """A fix that exists for a finding."""

    level: Literal["safe", "conditional", "unsafe", "advice"]
    id: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A flaw that is there, with what proves it. Made by `Check.finding`."""

    id: str
    category: str
    severity: Severity
    title: str
    message: str
    cwe: tuple[int, ...] = ()
    owasp: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    confidence: Confidence = Confidence.CERTAIN
    operation: Operation | None = None
    locations: tuple[Location, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    remediation: str = ""
    parameter: str | None = None
    cap: Letter | None = None
    kind: str | None = None
    layer: str | None = None
    environment: str | None = None
    fix: FixReference | None = None
    baseline: Literal["new", "known"] | None = None
    suppressed: Suppression | None = None

    @property
    def fingerprint(self) -> str:
        """Stable words of a live finding, hashed: id, method, templated path and parameter.

        Scheme, host and port are left out, so that a baseline from staging serves production.
        Returns 32 hex digits.
        """
        method, path = (self.operation.method, self.operation.path) if self.operation else ("", "")
        words = "\x00".join((self.id, method, path, self.parameter or ""))
        return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    @property
    def counts(self) -> bool:
        """True if the finding counts for the letter: neither suppressed nor in the baseline."""
        return self.suppressed is None and self.baseline != "known"


# Doors and checks --------------------------------------------------------------------------


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

    async def tls(
        self, about: Literal["certificates", "versions"] = "certificates"
    ) -> tuple[TlsEndpoint, ...]:
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


LiveRun = Callable[[Site], AsyncIterator[Finding]]


@dataclass(frozen=True, slots=True)
class Page:
    """A check's page, read from its module's docstring."""

    title: str
    why: str
    remedy: str
    bad: str
    good: str
    limits: str


SECTIONS = ("Remedy", "Bad", "Good", "Limits")


def parse_page(doc: str) -> Page:
    """The page in a module docstring: title, why, then the sections `SECTIONS` in any order.

    Raises:
        ValueError: if a section is missing or empty.
    """
    title, _, rest = doc.strip().partition("\n")
    pieces = re.split(rf"^({'|'.join(SECTIONS)}):[ \t]*$", rest, flags=re.MULTILINE)
    found = {name: text.strip("\n") for name, text in zip(pieces[1::2], pieces[2::2], strict=True)}
    missing = [name for name in SECTIONS if not found.get(name, "").strip()]
    if missing:
        raise ValueError(f"page {title!r} lacks {', '.join(missing)}")
    return Page(
        title.rstrip("."),
        pieces[0].strip(),
        " ".join(found["Remedy"].split()),
        found["Bad"],
        found["Good"],
        found["Limits"].strip(),
    )


@dataclass(frozen=True, slots=True)
class Check:
    """A live flaw that is looked for: a documented function from a site to findings.

    ``module`` is where the function lives; its docstring is the page. The file's folder is the
    category and its name the id.
    """

    id: str
    category: str
    severity: Severity
    cwe: tuple[int, ...]
    owasp: tuple[str, ...]
    references: tuple[str, ...]
    module: str
    run: LiveRun
    cap: Letter | None = None

    @property
    def page(self) -> Page:
        """The check's page, read from the source file (so that ``python -OO`` has it too)."""
        return parse_page(_docstring(self.module))

    def finding(
        self,
        message: str,
        *evidence: Evidence,
        severity: Severity | None = None,
        confidence: Confidence = Confidence.CERTAIN,
        operation: Operation | None = None,
        parameter: str | None = None,
        locations: tuple[Location, ...] | None = None,
        cap: Letter | None = None,
    ) -> Finding:
        """A finding of this check; severity and cap are the check's unless given."""
        page = self.page
        return Finding(
            id=self.id,
            category=self.category,
            severity=self.severity if severity is None else severity,
            title=page.title,
            message=message,
            cwe=self.cwe,
            owasp=self.owasp,
            references=self.references,
            confidence=confidence,
            operation=operation,
            locations=locations if locations is not None else locations_of(evidence),
            evidence=evidence,
            remediation=page.remedy,
            parameter=parameter,
            cap=cap or self.cap,
        )


def locations_of(evidence: tuple[Evidence, ...]) -> tuple[Location, ...]:
    """The places that evidence was seen at, each once, in order."""
    places: dict[Location, None] = {}
    for item in evidence:
        match item:
            case Exchange():
                places[Location(url=item.url, method=item.request.method)] = None
            case Handshake():
                places[Location(host=item.host, port=item.port)] = None
            case Span():
                place = Location(
                    path=item.path, line=item.line, column=item.column, end_line=item.end_line
                )
                places[place] = None
    return tuple(places)


def _docstring(module: str) -> str:
    loaded = sys.modules.get(module)
    if loaded is not None and loaded.__doc__:
        return loaded.__doc__
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return ""
    return ast.get_docstring(ast.parse(Path(spec.origin).read_text("utf-8"))) or ""


def check(
    *,
    severity: Severity,
    cwe: tuple[int, ...],
    references: tuple[str, ...],
    owasp: tuple[str, ...] = ("API8:2023",),
    cap: Letter | None = None,
) -> Callable[[LiveRun], Check]:
    """Turn a module's one function into a `Check`; file = function = id, folder = category."""

    def wrap(run: LiveRun) -> Check:
        folder = run.__module__.split(".")[-2].replace("_", "-")
        name = run.__name__.replace("_", "-")
        return Check(name, folder, severity, cwe, owasp, references, run.__module__, run, cap)

    return wrap


# The report --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cap:
    """A finding that keeps the letter from being better than ``letter``."""

    finding: str
    letter: Letter
    why: str


@dataclass(frozen=True, slots=True)
class Grade:
    """A letter and the score it comes from (0-100), with what caps it and what would lift it."""

    letter: Letter
    score: int
    is_upper_bound: bool
    scope: tuple[str, ...]
    caps: tuple[Cap, ...]
    to_reach_a: tuple[str, ...]
    unsuppressed_letter: Letter


@dataclass(frozen=True, slots=True)
class Category:
    """One of the twelve, with how it ended."""

    id: str
    status: CategoryStatus
    checks_run: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """An operation that is known and was not asked, and why."""

    operation: Operation
    reason: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the API was asked: operations known, exercised, left out."""

    known: int
    exercised: int
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that one run learned about one target: schema ``plainwire-report/1``.

    ``notes`` are sentences about the run itself that are neither findings nor gaps.
    """

    target_kind: Literal["url", "endpoint", "source"]
    target: str
    started_at: datetime
    duration_s: float
    requests: int
    connections: int
    grade: Grade | None
    tls_status: TlsStatus
    tls_reasons: tuple[str, ...]
    categories: tuple[Category, ...]
    coverage: Coverage
    findings: tuple[Finding, ...]
    unanswered: tuple[Unanswered, ...]
    tls: tuple[TlsEndpoint, ...]
    tool_version: str
    is_interrupted: bool = False
    notes: tuple[str, ...] = ()


def canonical_json(value: Any) -> str:
    """JSON with two-space indent and keys in the order given: one form, so reports compare."""
    return json.dumps(value, ensure_ascii=False, indent=2)
