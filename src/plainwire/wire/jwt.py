"""JSON Web Tokens in compact form (RFC 7515, section 7.1; RFC 7519): read, forged, tried.

BASE64URL(header) "." BASE64URL(claims) "." BASE64URL(signature)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from plainwire.model import WireError

MAX_BYTES = 16 * 1024
# A header begins with {" in base64url; encrypted tokens have five parts and are none of ours.
FOUND = re.compile(r"(?<![\w.-])(eyJ[\w-]{4,}\.[\w-]{2,}\.[\w-]*)(?![\w.-])", re.ASCII)
_HASHES = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart. ``signed`` is what its signature is over."""

    header: dict[str, Any] = field(repr=False)
    claims: dict[str, Any] = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def algorithm(self) -> str:
        """The algorithm that it names, or an empty text."""
        name = self.header.get("alg")
        return name[:32] if isinstance(name, str) else ""


def parse(text: str) -> Token:
    """The token in a text.

    Raises:
        WireError: if it is no token in compact form whose parts are JSON objects.
    """
    if len(text) > MAX_BYTES or not text.isascii():
        raise WireError("not a token: too long, or not ASCII")
    parts = text.split(".")
    if len(parts) != 3:
        raise WireError("RFC 7515, section 7.1: not three parts")
    header, claims = _object(parts[0]), _object(parts[1])
    signed = f"{parts[0]}.{parts[1]}".encode("ascii")
    return Token(header, claims, signed, decoded(parts[2]))


def _object(part: str) -> dict[str, Any]:
    try:
        value = json.loads(decoded(part))
    except (ValueError, RecursionError):
        raise WireError("RFC 7515, section 5.2: a part is not JSON") from None
    if not isinstance(value, dict):
        raise WireError("RFC 7515, section 5.2: a part is not a JSON object")
    return value


def decoded(part: str) -> bytes:
    """The bytes of unpadded base64url.

    Raises:
        WireError: if it is none.
    """
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise WireError("RFC 7515, section 2: not base64url") from None


def encoded(data: bytes) -> str:
    """Unpadded base64url (RFC 7515, appendix C)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def with_signature(text: str, random: bytes) -> str:
    """The token with another signature of the same length; ``random`` is at least as long.

    The whole of it is replaced: the last character alone may hold bits that nobody reads.
    """
    token = parse(text)
    size = len(token.signature) or 32
    return f"{token.signed.decode('ascii')}.{encoded(random[:size])}"


def with_no_algorithm(text: str) -> str:
    """The token that says it is unsigned: "alg": "none" (RFC 7519, section 6)."""
    token = parse(text)
    header = json.dumps(token.header | {"alg": "none"}, separators=(",", ":")).encode()
    return f"{encoded(header)}.{text.split('.')[1]}."


def is_signed_with_any(token: Token, secrets: Iterable[bytes]) -> bool | None:
    """True if one of the secrets makes the signature; None if the algorithm is no HMAC."""
    name = _HASHES.get(token.algorithm)
    if name is None or not token.signature:
        return None
    size = hashlib.new(name).digest_size
    if len(token.signature) != size:
        return None
    return any(hmac.digest(each, token.signed, name) == token.signature for each in secrets)
