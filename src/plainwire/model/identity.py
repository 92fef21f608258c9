"""Who asks: what a check may know of an identity, which is never its credential."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from plainwire.model.target import Operation

Forgery = Literal["signature", "alg-none"]
# What may stand in the place of an identity's JSON Web Token, by what was done to it.
FORGERIES: tuple[Forgery, ...] = ("signature", "alg-none")


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What a JSON Web Token says of itself (RFC 7519); the token is not in it.

    ``claims`` are the names of its claims, ``telling`` those that hold a secret or personal data.
    ``lifetime_s`` is from issue to expiry; None where either is not said. ``expires_at`` is in
    seconds since 1970; None without an expiry.
    """

    algorithm: str
    claims: tuple[str, ...] = ()
    telling: tuple[str, ...] = ()
    has_expiry: bool = False
    lifetime_s: int | None = None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """One of those that the scan may ask as.

    ``is_admin`` is what the user said of it, or its token; None if neither says. ``names`` are
    the values that stand for it in data: a user name, a subject. ``login`` is the operation that
    gave its token, where a login was made.
    """

    name: str
    is_admin: bool | None = None
    names: frozenset[str] = field(default=frozenset(), repr=False)
    login: Operation | None = None
    token: TokenFacts | None = None
