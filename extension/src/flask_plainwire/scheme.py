"""Did this request come over TLS? The whole decision, a function of the environ and the settings.

Whatever is not certain is "http", with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask_plainwire import forwarded
from flask_plainwire.peers import is_tls, peer_of, socket_of
from flask_plainwire.settings import PROXY, Settings

VERDICT = "flask_plainwire.verdict"
# And a header's key: what the proxy said, where the application gets another word. The gate of an
# application that is mounted in this one decides by it.
TOLD = "flask_plainwire.told."

# ws and wss: Traefik sends them for WebSocket handshakes.
_SCHEMES = {"https": "https", "wss": "https", "http": "http", "ws": "http"}

# Every header by which some server or framework learns of TLS.
SCHEME_HEADERS = frozenset(
    {
        "HTTP_X_FORWARDED_PROTO",
        "HTTP_X_FORWARDED_PROTOCOL",
        "HTTP_X_FORWARDED_SCHEME",
        "HTTP_X_FORWARDED_SSL",
        "HTTP_X_SCHEME",
        "HTTP_X_URL_SCHEME",
        "HTTP_FRONT_END_HTTPS",
        "HTTP_FORWARDED",
    }
)
# And the others that only a proxy sends.
PROXY_HEADERS = SCHEME_HEADERS | {
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_SERVER",
    "HTTP_X_REAL_IP",
}


class Verdict(NamedTuple):
    """ "https" or "http"; for http the reason, a word, and what was seen, for the log.

    The reasons: ``cleartext`` (the server or the proxy says http), ``peer-untrusted``,
    ``header-missing``, ``header-malformed``, ``hop-count``, ``scheme-unknown``,
    ``scheme-forged`` (https only by a header that anybody can send).
    """

    scheme: str
    reason: str = ""
    detail: str = ""


SECURE = Verdict("https")
CLEARTEXT = Verdict("http", "cleartext")


def decide(environ: Mapping[str, Any], settings: Settings) -> Verdict:
    """The scheme of a request, from who sent it and what that peer may say."""
    if settings.termination == PROXY:
        return _told_by_proxy(environ, settings)
    return _seen_by_server(environ, settings)


def _told_by_proxy(environ: Mapping[str, Any], settings: Settings) -> Verdict:
    peer = peer_of(environ)
    if not settings.peers.trusts(peer):
        return Verdict("http", "peer-untrusted", _untrusted(peer, environ))
    value = environ.get(settings.header_key)
    if value == "https" and settings.hops == 1 and not settings.is_rfc7239:
        return SECURE
    value = environ.get(TOLD + settings.header_key, value)
    if not value:
        return Verdict("http", "header-missing", _missing(environ, settings))
    return _judged(value, settings)


def _untrusted(peer: str, environ: Mapping[str, Any]) -> str:
    told = f"{shown(peer)} is not in TLS_TRUSTED_PROXIES"
    if peer in environ.get("HTTP_X_FORWARDED_FOR", ""):
        told += "; the server has taken it from X-Forwarded-For, where it must leave the peer's"
    return told


def _missing(environ: Mapping[str, Any], settings: Settings) -> str:
    told = f"the proxy sent no {settings.header}"
    if str(environ.get("SERVER_SOFTWARE", "")).startswith("waitress"):
        told += ", or waitress took it away (clear_untrusted_proxy_headers)"
    return told


def _judged(value: str, settings: Settings) -> Verdict:
    if settings.is_rfc7239:
        values = forwarded.protos(value)
        if values is None:
            detail = f"{settings.header} does not obey RFC 7239: {shown(value)}"
            return Verdict("http", "header-malformed", detail)
    else:
        values = [item.strip(" \t").lower() for item in value.split(",")]
    if len(values) != settings.hops:
        detail = f"{settings.header} has {len(values)} values, TLS_PROXY_HOPS is {settings.hops}"
        return Verdict("http", "hop-count", f"{detail}: {shown(value)}")
    # Each trusted proxy has added one: the first is what the outermost of them saw of the client.
    scheme = _SCHEMES.get(values[0])
    if scheme is None:
        return Verdict("http", "scheme-unknown", f"{settings.header} says {shown(value)}")
    return SECURE if scheme == "https" else CLEARTEXT


def _seen_by_server(environ: Mapping[str, Any], settings: Settings) -> Verdict:
    """TLS ends in the server: its socket says so, else its word, unless a header may have made it.

    gunicorn and uvicorn believe X-Forwarded-Proto of loopback, uWSGI of everybody.
    """
    socket = socket_of(environ)
    if socket is not None:
        return SECURE if is_tls(socket) else CLEARTEXT
    original = environ.get("werkzeug.proxy_fix.orig") or environ
    if original["wsgi.url_scheme"] != "https":
        return CLEARTEXT
    if SCHEME_HEADERS.isdisjoint(environ):
        return SECURE
    names = ", ".join(sorted(header_name(key) for key in SCHEME_HEADERS.intersection(environ)))
    return Verdict("http", "scheme-forged", f"the request brings {names}, which no proxy has set")


def header_name(key: str) -> str:
    """The name of a header from its key in the environ: ``X-Forwarded-Proto``."""
    return key.removeprefix("HTTP_").replace("_", "-").title()


def shown(value: str, longest: int = 80) -> str:
    """A peer's text for the log: ASCII, quoted, cut."""
    return ascii(value[:longest]) + ("…" if len(value) > longest else "")
