"""What may be known of an identity without its credential: computed here, offline."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import chain
from typing import Any

from plainwire.live.credentials import Identities
from plainwire.model import Identity, TokenFacts
from plainwire.policy import weak_secrets
from plainwire.wire import jwt, members

# Claims that say who somebody is (RFC 7519, section 4.1; OpenID Connect Core, section 5.1).
_NAMING = ("sub", "user_id", "userId", "uid", "id", "username", "preferred_username", "email")


def knowing(identities: Identities, name: str) -> Identity:
    """What is known of an identity, with the facts of its first token."""
    about = identities.about(name)
    token = next(iter(identities.tokens(name)), None)
    if token is None:
        return about
    said = {str(token.claims[key])[:256] for key in _NAMING if _is_plain(token.claims.get(key))}
    is_admin = members.says_admin(token.claims)
    return replace(
        about,
        is_admin=about.is_admin if about.is_admin is not None else is_admin,
        names=about.names | said,
        token=_facts(token),
    )


async def secret_is_known(identities: Identities, name: str, *, with_numbers: bool) -> bool | None:
    """True if a well-known secret signs an identity's first token. Returns None if it has no HMAC.

    With numbers it takes seconds of computing, in a thread: nothing else needs its answer.
    """
    token = next(iter(identities.tokens(name)), None)
    if token is None:
        return None
    numbers = weak_secrets.numbers() if with_numbers else ()
    return await asyncio.to_thread(
        jwt.is_signed_with_any, token, chain(weak_secrets.words(), numbers)
    )


def _facts(token: jwt.Token) -> TokenFacts:
    issued, expires = (_time(token.claims.get(key)) for key in ("iat", "exp"))
    telling = dict.fromkeys(each.key[:64] for each in members.telling(token.claims))
    return TokenFacts(
        token.algorithm,
        tuple(str(name)[:64] for name in token.claims)[:64],
        tuple(telling),
        expires is not None,
        expires - issued if issued is not None and expires is not None else None,
        expires,
    )


def _time(value: Any) -> int | None:
    """A NumericDate in seconds (RFC 7519, section 2). Returns None if it is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and 0 < value < 10**11 else None


def _is_plain(value: Any) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool) and bool(value)
