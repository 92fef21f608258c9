"""Secrets out of evidence: a masked value keeps two characters at each end, a length and a hash."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from plainwire.model import Exchange, Headers, Request

SENSITIVE = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
        "api-key",
        "apikey",
        "x-auth-token",
        "x-access-token",
        "x-csrf-token",
        "x-amz-security-token",
    }
)
_QUERY = re.compile(
    r"(?i)([?&](?:access_token|token|api_?key|key|password|passwd|secret|sig|signature|code|auth|"
    r"jwt|session|sid)=)([^&#\s]+)"
)
# The password in a URL's user information, also where a cut took the at sign.
_LOGIN = re.compile(r"(//[^/\s@:?#]{0,256}:)([^/\s@?#]{1,4096})(?=@|…)")
SHOWN = 200  # characters of a target's own words in a message


def shortened(text: str, limit: int = SHOWN) -> str:
    """Words of a target for a message: at most ``limit`` characters, and a mark where they end.

    What is cut is masked no more as a whole. Given credentials never reach a check
    (`live.credentials`); of found ones the name stands first, and what is left is masked by it.
    """
    return text if len(text) <= limit else text[: limit - 1] + "…"


class Masker:
    """Masks the given secrets wherever they stand and sensitive headers whatever they hold.

    ``key`` keys the hash, so that the same secret is recognised within one user's reports and
    cannot be guessed from them by someone else. ``aliases`` are replaced as they stand: the
    run's random words by fixed ones, so that equal answers give equal reports.
    """

    def __init__(
        self, key: bytes, secrets: Iterable[str] = (), aliases: Mapping[str, str] | None = None
    ) -> None:
        self._key = key
        self._aliases = dict(aliases or {})
        self._secrets = sorted({s for s in secrets if len(s) > 3}, key=len, reverse=True)

    def learn(self, secrets: Iterable[str]) -> None:
        """Mask these too from now on: what a login gave."""
        every = {*self._secrets, *(s for s in secrets if len(s) > 3)}
        self._secrets = sorted(every, key=len, reverse=True)

    def value(self, secret: str) -> str:
        """The masked form of one secret: ``ab…yz (32 characters, hmac 1a2b3c4d)``."""
        digest = hmac.new(self._key, secret.encode("utf-8", "surrogatepass"), hashlib.sha256)
        ends = f"{secret[:2]}…{secret[-2:]}" if len(secret) >= 8 else "…"
        return f"{ends} ({len(secret)} characters, hmac {digest.hexdigest()[:8]})"

    def text(self, text: str) -> str:
        """The text with every given secret masked, and the query parameters that name a secret."""
        for word, alias in self._aliases.items():
            text = text.replace(word, alias)
        for pattern in (_QUERY, _LOGIN):
            text = pattern.sub(lambda m: m[1] + self.value(m[2]), text)
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, self.value(secret))
        return text

    def header(self, name: str, value: str) -> str:
        """One header value, masked where its name says that it is sensitive."""
        lower = name.lower()
        if lower not in SENSITIVE:
            return self.text(value)
        if lower == "cookie":
            return self.text(";".join(self._pair(pair) for pair in value.split(";")))
        if lower == "set-cookie":
            pair, semicolon, attributes = value.partition(";")
            return self.text(self._pair(pair) + semicolon + attributes)
        scheme, space, rest = value.partition(" ")
        return f"{scheme}{space}{self.value(rest)}" if space else self.value(value)

    def _pair(self, pair: str) -> str:
        """A cookie's name with its value masked; a nameless one is all value (RFC 6265bis, 5.6)."""
        name, equals, value = pair.partition("=")
        if not equals:
            return self.value(pair.strip()) if pair.strip() else pair
        return f"{name}={self.value(value.strip())}"

    def headers(self, headers: Headers) -> Headers:
        """Headers with their sensitive values masked."""
        return tuple((name, self.header(name, value)) for name, value in headers)

    def exchange(self, exchange: Exchange) -> Exchange:
        """The exchange as evidence: headers masked, the body left out."""
        return replace(
            exchange,
            request=self.request(exchange.request),
            headers=self.headers(exchange.headers),
            body=b"",
        )

    def request(self, request: Request) -> Request:
        """The request with its sensitive headers and query masked."""
        return replace(request, headers=self.headers(request.headers), path=self.text(request.path))
