"""Which names and schemas stand for a credential, and what security schemes are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

_WORDS = frozenset(
    {
        "password",
        "passwd",
        "pwd",
        "passphrase",
        "passcode",
        "secret",
        "token",
        "otp",
        "totp",
        "pin",
        "apikey",
        "credential",
        "credentials",
        "jwt",
    }
)
_PAIRS = frozenset({("api", "key"), ("private", "key"), ("access", "key"), ("auth", "key")})
# "password_hint", "token_type" and "next_page_token" are no secrets.
_ABOUT = frozenset(
    {
        "hint",
        "policy",
        "url",
        "uri",
        "count",
        "length",
        "type",
        "name",
        "id",
        "at",
        "expires",
        "expiry",
        "expiration",
        "ttl",
        "page",
        "next",
        "cursor",
        "continuation",
        "pagination",
        "max",
        "min",
        "has",
        "is",
    }
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def is_credential(name: str, schema: Mapping[str, Any]) -> bool:
    """True if a property of that name and schema holds a credential (``format: password`` does)."""
    if schema.get("format") == "password":
        return True
    if schema.get("type") == "boolean":
        return False
    return _is_secret(name[:256])


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(name)]
    if _ABOUT.intersection(words):
        return False
    pairs = pairwise(words)
    return bool(_WORDS.intersection(words)) or any(pair in _PAIRS for pair in pairs)


def scheme_name(scheme: Mapping[str, Any]) -> str:
    """A security scheme in words: ``http bearer``, ``apiKey header X-Api-Key``, ``oauth2``.

    Returns an empty string for a scheme that names no type (OpenAPI 3.1, section 4.8.27).
    """
    kind = scheme.get("type")
    match kind:
        case "basic":  # Swagger 2
            return "http basic"
        case "http":
            return f"http {str(scheme.get('scheme') or '').lower()[:64]}".strip()
        case "apiKey":
            return f"apiKey {str(scheme.get('in'))[:16]} {str(scheme.get('name'))[:128]}"
        case str():
            return kind[:64]
        case _:
            return ""
