"""The way from a client to an application, as the files of a project describe it: facts only.

Each fact has the place (file and line) that says so. What could not be known is None, or stands
in a deployment's ``unknowns``; it is never guessed. `plainwire.deployment` derives the paths.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from plainwire.model.answer import Span

Environment = Literal[
    "production", "staging", "development", "test", "example", "documentation", "vendored"
]


_VARIABLE: Final = re.compile(r"\{\{|\$|%[({]|____")
# Names of a Dockerfile's stages.
_FOR_DEVELOPERS: Final = re.compile(
    r"(^|[_-])(dev|devel|development|debug|local|tests?)($|[_-])", re.I
)
_FOR_USERS: Final = re.compile(r"(^|[_-])(prod|production|runtime|release|final)($|[_-])", re.I)


@dataclass(frozen=True, slots=True)
class Setting:
    """A variable's or configuration key's value; None where it is given outside the project.

    ``is_default`` says that a variable of the environment may replace it; ``scope`` is the class,
    stage or service it belongs to.
    """

    name: str
    value: str | None
    place: Span
    environment: Environment = "production"
    scope: str = ""
    variable: str | None = None
    is_default: bool = False
    is_conditional: bool = False

    @property
    def is_true(self) -> bool:
        """True if the value reads as yes."""
        return (self.value or "").strip().lower() in ("1", "true", "yes", "on", "y", "t")

    @property
    def is_false(self) -> bool:
        """True if the value reads as no."""
        return self.value is not None and self.value.strip().lower() in (
            "0",
            "false",
            "no",
            "off",
            "n",
            "f",
            "",
            "none",
        )


@dataclass(frozen=True, slots=True)
class Start:
    """A server process for the application, and what starts it.

    ``host`` None: not said; ``is_local`` is true for loopback and Unix sockets. ``trusts`` is where
    it is told to believe forwarded headers from anybody. ``via`` are the
    places that lead to it, the outermost first (``CMD``, the script's line, ``app.run``).
    ``command`` are the words that start it, variables filled in as far as they are known.
    ``claims_https`` is where it is told to call every request https. ``is_gateway`` says that it
    speaks the uwsgi protocol, which no browser does.
    """

    program: str
    place: Span
    host: str | None = None
    port: int | None = None
    has_tls: bool = False
    is_local: bool = False
    is_development: bool = False
    debug: Span | None = None
    via: tuple[Span, ...] = ()
    target: str = ""
    socket: str = ""
    certificate: str = ""
    trusts: Span | None = None
    claims_https: Span | None = None
    command: tuple[str, ...] = ()
    is_gateway: bool = False


@dataclass(frozen=True, slots=True)
class Listen:
    """A port that a proxy listens on."""

    port: int
    place: Span
    has_tls: bool = False
    host: str = ""

    @property
    def is_local(self) -> bool:
        """True if only the machine itself reaches it."""
        return _is_loopback(self.host)

    @property
    def is_variable(self) -> bool:
        """True if a variable or a template says where it listens, so that ``port`` is a guess."""
        return _VARIABLE.search(self.host) is not None


# In the place of X-Forwarded-Proto: uwsgi and FastCGI have words of their own for it.
GATEWAY: Final = "(protocol's own)"


@dataclass(frozen=True, slots=True)
class Forward:
    """Requests passed on: to which host and port, over what, with which headers set.

    ``headers`` maps lower-case names to the value set; empty for a header that is cleared.
    """

    host: str
    port: int | None
    scheme: str
    place: Span
    headers: Mapping[str, str] = field(default_factory=dict)
    header_place: Span | None = None
    socket: str = ""
    verifies: bool | None = None


@dataclass(frozen=True, slots=True)
class ProxySite:
    """One server block, virtual host or route of a reverse proxy.

    ``redirects`` is where it sends every request to https or refuses it, ``comes_back`` is that
    where it goes to the same host whatever a proxy before it says, ``hsts`` where it sends that,
    ``asks_password`` where it wants a password by Basic authentication. ``protocols`` are the TLS
    versions it names, ``ciphers`` the suites as OpenSSL's list (ciphers(1)). ``staples`` is where
    it asks the certificate's issuer for OCSP responses.
    """

    program: str
    place: Span
    listens: tuple[Listen, ...]
    forwards: tuple[Forward, ...] = ()
    redirects: Span | None = None
    hsts: Span | None = None
    protocols: Setting | None = None
    certificate: Setting | None = None
    environment: Environment = "production"
    is_embedded: bool = False
    policy: Span | None = None
    asks_password: Span | None = None
    ciphers: Setting | None = None
    staples: Span | None = None
    is_passed_through: bool = False  # bytes as they come: TLS ends behind it
    comes_back: Span | None = None

    @property
    def has_tls(self) -> bool:
        """True if any of its ports speaks TLS."""
        return any(listen.has_tls for listen in self.listens)


@dataclass(frozen=True, slots=True)
class Publication:
    """A port of a service that can be reached from outside: ``host`` is "" for every interface."""

    port: int | None
    target: int | None
    place: Span
    means: str = "ports"
    host: str = ""

    @property
    def is_local(self) -> bool:
        """True if only the machine itself reaches it."""
        return _is_loopback(self.host)


@dataclass(frozen=True, slots=True)
class Route:
    """A rule of an ingress, router or platform that leads from outside to a service's port.

    ``has_tls`` None: whether the edge terminates TLS is not said in the project.
    """

    program: str
    place: Span
    service: str
    port: int | None
    has_tls: bool | None
    places: tuple[Span, ...] = ()
    redirects: bool | None = None
    sets_forwarded: bool = True
    hsts: Span | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """Something that runs: a container, a pod, a process group."""

    name: str
    place: Span
    environment: Environment
    publications: tuple[Publication, ...] = ()
    starts: tuple[Start, ...] = ()
    sites: tuple[ProxySite, ...] = ()
    settings: Mapping[str, Setting] = field(default_factory=dict)
    image: str = ""
    folder: str | None = None
    role: Literal["app", "frontend", "proxy", "store", "dashboard", "other"] = "other"
    flags: tuple[tuple[str, Span], ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a Dockerfile."""

    name: str
    base: str
    line: int
    settings: Mapping[str, Setting] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    command_line: int = 0
    entrypoint: tuple[str, ...] = ()
    entrypoint_line: int = 0
    exposed: tuple[int, ...] = ()
    copies: tuple[tuple[str, str, int], ...] = ()
    runs: tuple[tuple[str, int], ...] = ()
    workdir: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a cloud lets every address of the internet reach: ports, or a database by itself.

    ``first`` to ``last`` are TCP ports; ``database`` is the name of one with a public address.
    ``place`` lets everybody in, ``ports_place`` names the ports where that is another line.
    """

    place: Span
    environment: Environment
    first: int = 0
    last: int = 0
    database: str = ""
    ports_place: Span | None = None

    @property
    def places(self) -> tuple[Span, ...]:
        """The lines that make the opening, the cause first."""
        return (self.place,) if self.ports_place is None else (self.place, self.ports_place)


@dataclass(frozen=True, slots=True)
class Image:
    """A Dockerfile: its stages in order, the last one being what is built by default."""

    path: str
    stages: tuple[Stage, ...]
    environment: Environment

    def stage(self, name: str | None) -> Stage | None:
        """A stage by its name, or the last. Returns None if there is no such stage."""
        if not name:
            return self.stages[-1] if self.stages else None
        return next((s for s in self.stages if s.name.lower() == name.lower()), None)

    @property
    def shipped(self) -> Stage | None:
        """The stage that a registry is likely to hold. Returns None if there is none.

        That is the last, unless its name speaks of development or tests and another's of
        production: then builds name the other (``--target``).
        """
        last = self.stages[-1] if self.stages else None
        if last is None or not _FOR_DEVELOPERS.search(last.name):
            return last
        return next((s for s in reversed(self.stages) if _FOR_USERS.search(s.name)), last)


@dataclass(frozen=True, slots=True)
class Middleware:
    """Something wrapped around an application: ``werkzeug.….ProxyFix`` with its arguments.

    ``changes`` says where one of them is replaced afterwards, as an attribute.
    """

    name: str
    place: Span
    arguments: Mapping[str, object] = field(default_factory=dict)
    is_conditional: bool = False
    scope: str = ""
    changes: Mapping[str, Span] = field(default_factory=dict)

    @property
    def enforces_https(self) -> bool:
        """True for what redirects or refuses plain HTTP and was not told to leave it."""
        is_one = self.name.endswith(("Talisman", "SSLify", "flask_plainwire.TLS"))
        return is_one and self.arguments.get("force_https") is not False


@dataclass(frozen=True, slots=True)
class App:
    """A Flask application: where it is made, its effective settings, what is wrapped around it.

    ``folder`` is the part of the project that it belongs to; ``settings`` are all that its
    configuration may say, each with the environment that it is for.
    """

    place: Span
    folder: str
    settings: tuple[Setting, ...] = ()
    middleware: tuple[Middleware, ...] = ()
    extensions: frozenset[str] = frozenset()
    has_sessions: bool = False
    credentials: tuple[Span, ...] = ()
    external_urls: tuple[Span, ...] = ()
    redirect_hook: Span | None = None
    hsts_hook: Span | None = None
    config_places: tuple[Span, ...] = ()

    def setting(self, name: str, *environments: str) -> tuple[Setting, ...]:
        """The settings of a name, for some environments if they are named."""
        return tuple(
            s
            for s in self.settings
            if s.name == name and (not environments or s.environment in environments)
        )


@dataclass(frozen=True, slots=True)
class Deployment:
    """One way of running the project: a compose file, a cluster's files, a host's configuration."""

    name: str
    environment: Environment
    services: tuple[Service, ...]
    routes: tuple[Route, ...] = ()
    apps: Mapping[str, App] = field(default_factory=dict)
    unknowns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hop:
    """One station of a path: what it is, how requests arrive at it, where the files say so."""

    what: str
    arrives: str
    place: Span


@dataclass(frozen=True, slots=True)
class Relay:
    """A proxy on a path: the server block, the port that requests arrive at, how it passes them on.

    ``service`` is the name of what it runs in.
    """

    site: ProxySite
    listen: Listen
    forward: Forward
    service: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """A way from outside to an application or a store, with its verdicts.

    ``is_encrypted`` speaks of the way up to the last hop that a client's network sees; None: not
    provable from the project. ``kind`` sorts paths: through a proxy, beside one, direct, an image
    of which nothing says who publishes it, a store, a dashboard. ``relays`` are the proxies of the
    project on the way, the edge first, and ``forward`` is what the last of them does.
    """

    deployment: str
    environment: Environment
    kind: Literal["proxied", "beside", "direct", "unpublished", "store", "dashboard", "routed"]
    hops: tuple[Hop, ...]
    is_encrypted: bool | None
    service: Service
    app: App | None = None
    start: Start | None = None
    site: ProxySite | None = None
    forward: Forward | None = None
    route: Route | None = None
    publication: Publication | None = None
    redirects: bool | None = None
    hsts: Span | None = None
    tells_https: bool | None = None
    proxy: Span | None = None
    unknowns: tuple[str, ...] = ()
    relays: tuple[Relay, ...] = ()

    @property
    def places(self) -> tuple[Span, ...]:
        """The places of its hops, each once, the edge first."""
        return tuple(dict.fromkeys(hop.place for hop in self.hops))


def _is_loopback(host: str) -> bool:
    return host.startswith("127.") or host in ("localhost", "::1", "[::1]")
