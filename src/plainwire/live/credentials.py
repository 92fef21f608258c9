"""Given credentials: where they may go, and what stands in for them elsewhere."""

from __future__ import annotations

import base64
import binascii
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from plainwire.model import Headers, Origin, Request

GIVEN = "given"
CANARY = "canary"  # the identity of a request that shows a random credential


@dataclass(frozen=True)
class Credentials:
    """Headers that the user gave for one origin; over cleartext a canary stands in for them.

    The canary has the same shape (length, letters, digits, punctuation) and is made anew for
    each run, so that a server's reaction to a credential in clear is seen without giving it away.
    """

    headers: Headers = field(repr=False)
    origin: Origin
    canary: Headers = field(init=False, repr=False)

    def __post_init__(self) -> None:
        canary = tuple((name, _canary_header(name, value)) for name, value in self.headers)
        object.__setattr__(self, "canary", canary)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every string that must not be seen anywhere: values, and the parts that hold them."""
        found: list[str] = []
        for name, value in self.headers:
            found.append(value)
            scheme, space, rest = value.partition(" ")
            if space and scheme.isalpha():
                found.append(rest)
                found.extend(_basic_parts(scheme, rest))
            if name.lower() == "cookie":
                found.extend(pair.partition("=")[2].strip() for pair in value.split(";"))
        return tuple(s for s in found if s)

    def goes_with(self, request: Request) -> bool:
        """True if the credential itself goes along: to its own origin, over TLS, when asked for."""
        return (
            request.identity not in (None, CANARY)
            and request.origin.scheme == "https"
            and request.origin == self.origin
        )

    def lines(self, request: Request, *, in_clear: bool = False) -> Headers:
        """The header lines that a request carries: the credential, its canary, or none.

        Over http it is the canary, unless the user allowed the credential itself ``in_clear``.
        """
        if request.identity is None:
            return ()
        if request.identity == CANARY:
            return self.canary
        if self.goes_with(request):
            return self.headers
        if request.origin.scheme == "https":
            return ()
        return self.headers if in_clear else self.canary


def canary_of(secret: str) -> str:
    """A random string of the secret's shape that differs from it (if it has a letter or digit)."""
    while True:
        made = "".join(_random_like(c) for c in secret)
        if made != secret or not any(c.isalnum() for c in secret):
            return made


def _random_like(character: str) -> str:
    for alphabet in (string.ascii_lowercase, string.ascii_uppercase, string.digits):
        if character in alphabet:
            return secrets.choice(alphabet)
    return secrets.choice(string.ascii_letters) if character.isalnum() else character


def _canary_header(name: str, value: str) -> str:
    scheme, space, rest = value.partition(" ")
    if name.lower() == "cookie":
        pairs = (pair.partition("=") for pair in value.split(";"))
        return ";".join(f"{key}{equals}{canary_of(text)}" for key, equals, text in pairs)
    if scheme.lower() == "basic" and space:
        user, colon, password = _decoded_basic(rest).partition(":")
        pair = f"{canary_of(user)}{colon}{canary_of(password)}"
        return f"{scheme} {base64.b64encode(pair.encode()).decode()}"
    if space and scheme.isalpha():
        return f"{scheme} {canary_of(rest)}"
    return canary_of(value)


def _decoded_basic(token: str) -> str:
    try:
        return base64.b64decode(token, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return token


def _basic_parts(scheme: str, token: str) -> list[str]:
    if scheme.lower() != "basic":
        return []
    user, _, password = _decoded_basic(token).partition(":")
    return [f"{user}:{password}", password]


class Identities:
    """Whose credentials there are, by name; ``"given"`` is the one of most requests."""

    def __init__(self, by_name: Mapping[str, Credentials]) -> None:
        self._by_name = dict(by_name)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of those that credentials were given for."""
        return tuple(self._by_name)

    def of(self, request: Request) -> Credentials | None:
        """The credentials that a request speaks of. Returns None if there are none."""
        name = GIVEN if request.identity == CANARY else request.identity
        return self._by_name.get(name) if name is not None else None

    def same_bytes(self, request: Request) -> Request:
        """The request by which all that send the same bytes are known: one question, not two."""
        if self.of(request) is None and request.identity != GIVEN:
            return replace(request, identity=None if self._by_name else GIVEN)
        return request
