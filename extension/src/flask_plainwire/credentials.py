"""Credentials that a request in clear has given away: found for a signal, stripped for a view."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask_plainwire.scheme import header_name

# Headers that hold nothing but a credential.
HEADERS = frozenset(
    {
        "HTTP_X_API_KEY",
        "HTTP_API_KEY",
        "HTTP_APIKEY",
        "HTTP_X_API_TOKEN",
        "HTTP_X_ACCESS_TOKEN",
        "HTTP_X_AUTH_TOKEN",
        "HTTP_AUTHENTICATION_TOKEN",
        "HTTP_X_CSRF_TOKEN",
        "HTTP_X_CSRFTOKEN",
        "HTTP_PROXY_AUTHORIZATION",
    }
)
PARAMETERS = frozenset(
    {
        "access_token",
        "api_key",
        "apikey",
        "auth_token",
        "client_secret",
        "id_token",
        "jwt",
        "password",
        "refresh_token",
        "token",
    }
)
# Of https://www.iana.org/assignments/http-authschemes (2025-10-20) and the usual, those that send
# what is to be revoked. Another word may be a part of the secret.
_SCHEMES = frozenset(
    {
        *("bearer", "dpop", "gnap", "negotiate", "ntlm", "oauth", "privatetoken", "vapid"),
        *("api-key", "apikey", "jwt", "key", "token"),
    }
)
# What these schemes send is a signature of the request and not the secret: nothing to revoke.
SIGNATURES = frozenset(
    {"digest", "hawk", "signature", "aws4-hmac-sha256", "aws4-ecdsa-p256-sha256"}
)
_NOT_SECRET = frozenset({"HTTP_X_CSRF_TOKEN", "HTTP_X_CSRFTOKEN"})
# A key of Flask's, Flask-Login's or Flask-JWT-Extended's, and its default.
_COOKIES = {
    "SESSION_COOKIE_NAME": "session",
    "REMEMBER_COOKIE_NAME": "remember_token",
    "JWT_ACCESS_COOKIE_NAME": "access_token_cookie",
    "JWT_REFRESH_COOKIE_NAME": "refresh_token_cookie",
}
_MOST_PARAMETERS = 1000
# Where servers repeat the request's target as it was sent.
_TARGETS = ("REQUEST_URI", "RAW_URI")


@dataclass(frozen=True)
class Exposed:
    """A credential that was seen in clear, without the credential."""

    kind: str
    name: str
    sha256: str
    username: str | None = None


def exposed(
    environ: Mapping[str, Any], config: Mapping[str, Any], more_headers: frozenset[str]
) -> Iterator[Exposed]:
    """The credentials in a request's head; its body is not read."""
    if value := environ.get("HTTP_AUTHORIZATION"):
        yield from _authorization(value)
    for key in sorted((HEADERS | more_headers) - _NOT_SECRET):
        if value := environ.get(key):
            yield Exposed("header", header_name(key), _digest(value))
    for name, value in _cookies(environ.get("HTTP_COOKIE", ""), config):
        yield Exposed("cookie", name, _digest(value))
    for name, value in _query(environ):
        if name.lower() in PARAMETERS and value:
            yield Exposed("query", name, _digest(value))


def strip(environ: MutableMapping[str, Any], more_headers: frozenset[str]) -> None:
    """Take every credential out of a request: a view that is served in clear never sees one."""
    for key in HEADERS | more_headers | {"HTTP_AUTHORIZATION", "HTTP_COOKIE"}:
        environ.pop(key, None)
    environ.pop("REMOTE_USER", None)
    environ.pop("AUTH_TYPE", None)
    found = _query(environ)
    kept = [pair for pair in found if pair[0].lower() not in PARAMETERS]
    if len(kept) < len(found) or (environ.get("QUERY_STRING") and not found):
        environ["QUERY_STRING"] = urlencode(kept)
        for key in _TARGETS:
            environ.pop(key, None)


def _authorization(value: str) -> Iterator[Exposed]:
    scheme, _, rest = value.strip().partition(" ")
    kind, secret = scheme.lower(), rest.strip()
    if not secret:  # a bare token: some clients leave the scheme out
        yield Exposed("header", "Authorization", _digest(scheme))
    elif kind == "basic":
        yield _basic(secret)
    elif kind not in SIGNATURES:
        yield Exposed(kind if kind in _SCHEMES else "header", "Authorization", _digest(secret))


def _basic(secret: str) -> Exposed:
    """RFC 7617: base64 of user-id ":" password."""
    try:
        pair = base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        return Exposed("basic", "Authorization", _digest(secret))
    user = pair.partition(b":")[0].decode("utf-8", "replace")
    return Exposed("basic", "Authorization", hashlib.sha256(pair).hexdigest(), user)


def _cookies(header: str, config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    wanted = {config.get(key) or usual for key, usual in _COOKIES.items()}
    for pair in header.split(";"):
        name, _, value = pair.strip().partition("=")
        if name in wanted and value:
            yield name, value


def _query(environ: Mapping[str, Any]) -> list[tuple[str, str]]:
    try:
        return parse_qsl(environ.get("QUERY_STRING", ""), True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return []


def _digest(text: str) -> str:
    """WSGI gives header bytes as latin-1 (PEP 3333)."""
    return hashlib.sha256(text.encode("latin-1", "replace")).hexdigest()
