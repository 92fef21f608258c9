"""What is asked: targets, origins, requests, operations, endpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scheme = Literal["http", "https"]
Headers = tuple[tuple[str, str], ...]


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
    ``"given"`` is the user's (replaced by a canary over cleartext), ``None`` is none, ``"canary"``
    a random one of the given one's shape, and any other name that of a further identity.
    ``repetition`` tells apart requests that must really be sent again; such a one is sent alone.
    ``body_limit`` bounds the answer's body in bytes, where the site's own limit is too small.
    ``body`` goes along with a POST: a constant one of `wire/constant_posts.py`, or a login.
    ``forgery`` puts a forged token in the place of the identity's own (`model/identity.py`).
    """

    origin: Origin
    method: str = "GET"
    path: str = "/"
    headers: Headers = ()
    identity: str | None = "given"
    repetition: int = 0
    body_limit: int | None = None
    body: bytes = b""
    forgery: str = ""

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
