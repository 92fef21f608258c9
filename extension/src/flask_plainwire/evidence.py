"""What a first request shows of the way it came, for whoever has to state it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_plainwire.layers import is_proxy_fix, layers, name
from flask_plainwire.peers import UNIX, is_loopback, is_tls, peer_of, socket_of
from flask_plainwire.scheme import PROXY_HEADERS, header_name, shown

_ALSO_TELLING = frozenset({"HTTP_VIA", "HTTP_CF_RAY", "HTTP_FLY_FORWARDED_PROTO", "HTTP_CDN_LOOP"})


def seen(environ: Mapping[str, Any], outermost: Any) -> list[str]:
    """A line for each thing that speaks for TLS in the server, or for a proxy before it.

    Names of headers, and values of those that hold a scheme; nothing that may be secret.
    """
    peer = peer_of(environ)
    software = "uWSGI" if "uwsgi.version" in environ else environ.get("SERVER_SOFTWARE", "not told")
    lines = [
        f"server software: {shown(str(software))}",
        f"peer: {peer if peer == UNIX else shown(peer)}{_place(peer)}",
        f"wsgi.url_scheme: {shown(str(environ.get('wsgi.url_scheme')))}",
    ]
    socket = socket_of(environ)
    if socket is not None:
        word = "TLS" if is_tls(socket) else "no TLS"
        lines.append(f"the server's socket: {word}")
    headers = sorted((PROXY_HEADERS | _ALSO_TELLING).intersection(environ))
    told = [_told(key, environ) for key in headers]
    lines.append(f"headers of a proxy: {', '.join(told) or 'none'}")
    fixes = [name(layer) for layer in layers(outermost) if is_proxy_fix(layer)]
    lines.append(f"ProxyFix: {', '.join(fixes) or 'none'}")
    return lines


def likely(environ: Mapping[str, Any]) -> str:
    """What the evidence speaks for; to be confirmed, since anybody can send headers."""
    if is_tls(socket_of(environ)):
        return 'TLS_TERMINATION = "server"'
    if not PROXY_HEADERS.isdisjoint(environ):
        peer = peer_of(environ)
        proxies = peer if is_loopback(peer) else "the proxy's address or network"
        return f'TLS_TERMINATION = "proxy" and TLS_TRUSTED_PROXIES = "{proxies}"'
    return (
        'TLS_TERMINATION = "proxy" with TLS_TRUSTED_PROXIES if a proxy before this server speaks '
        'TLS and sends X-Forwarded-Proto, "server" if this server does itself'
    )


def _place(peer: str) -> str:
    return " (this machine)" if is_loopback(peer) and peer != UNIX else ""


def _told(key: str, environ: Mapping[str, Any]) -> str:
    if "PROTO" in key or "SCHEME" in key or "SSL" in key:
        return f"{header_name(key)}: {shown(str(environ[key]), 40)}"
    return header_name(key)
