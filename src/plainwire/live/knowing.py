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


async def knowing(identities: Identities, name: str, *, with_numbers: bool) -> Identity:
    """What is known of an identity, with the facts of its first token."""
    about = identities.about(name)
    token = next(iter(identities.tokens(name)), None)
    if token is None:
        return about
    is_known = await asyncio.to_thread(_is_known, token, with_numbers)
    said = {str(token.claims[key])[:256] for key in _NAMING if _is_plain(token.claims.get(key))}
    is_admin = members.says_admin(token.claims)
    return replace(
        about,
        is_admin=about.is_admin if about.is_admin is not None else is_admin,
        names=about.names | said,
        token=_facts(token, is_known),
    )


def _is_known(token: jwt.Token, with_numbers: bool) -> bool | None:
    if not with_numbers:
        return jwt.is_signed_with_any(token, weak_secrets.words())
    return jwt.is_signed_with_any(token, chain(weak_secrets.words(), weak_secrets.numbers()))


def _facts(token: jwt.Token, is_known: bool | None) -> TokenFacts:
    issued, expires = (_time(token.claims.get(key)) for key in ("iat", "exp"))
    telling = dict.fromkeys(each.key[:64] for each in members.telling(token.claims))
    return TokenFacts(
        token.algorithm,
        tuple(str(name)[:64] for name in token.claims)[:64],
        tuple(telling),
        expires is not None,
        expires - issued if issued is not None and expires is not None else None,
        is_known,
    )


def _time(value: Any) -> int | None:
    """A NumericDate in seconds (RFC 7519, section 2). Returns None if it is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and 0 < value < 10**11 else None


def _is_plain(value: Any) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool) and bool(value)
