"""Who is at the other end of the server's socket, and whether it is a trusted proxy."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

UNIX = "unix"
# What servers put into REMOTE_ADDR for a unix socket: gunicorn an empty string, gevent nothing,
# waitress "localhost", Werkzeug "<local>", uWSGI "0.0.0.0", which is nobody's address.
_UNIX_WORDS = frozenset({"", "localhost", "<local>", "0.0.0.0", "unix", "unix:"})  # noqa: S104
_REMEMBERED = 1024
_WIDEST = {4: 8, 6: 16}  # a wider network than these is no network of proxies

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def peer_of(environ: Mapping[str, Any]) -> str:
    """The address of the peer as the server saw it, or "unix".

    A ProxyFix that wraps the application from outside has put the client there already, by a header
    that anybody can send; what it keeps as the original is taken.
    """
    original = environ.get("werkzeug.proxy_fix.orig")
    address = (original or environ).get("REMOTE_ADDR") or ""
    return UNIX if address in _UNIX_WORDS else str(address)


def socket_of(environ: Mapping[str, Any]) -> Any:
    """The server's own socket of this connection; None if the server does not show it."""
    return environ.get("gunicorn.socket") or environ.get("werkzeug.socket")


def is_tls(socket: Any) -> bool:
    """Does this socket speak TLS (an ``ssl.SSLSocket``, gevent's too)?"""
    return hasattr(socket, "getpeercert")


def address_of(text: str) -> Address | None:
    """An IP address, an IPv4-mapped one as IPv4 (RFC 4291, section 2.5.5.2). None if it is none."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_loopback(peer: str) -> bool:
    """Is this peer on the same machine?"""
    if peer == UNIX:
        return True
    address = address_of(peer)
    return address is not None and address.is_loopback


def said_of_wide(network: Network) -> str:
    """What it means to trust so many."""
    return f"TLS_TRUSTED_PROXIES trusts {network}: whoever reaches the port can claim https"


class Peers:
    """The proxies that are believed: networks, and unix sockets if named."""

    def __init__(self, networks: Sequence[Network] = (), has_unix: bool = False) -> None:
        self.networks = tuple(networks)
        self.has_unix = has_unix
        self._known: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return self.has_unix or bool(self.networks)

    def wide(self) -> list[Network]:
        """The networks that are too wide to be of proxies."""
        return [one for one in self.networks if one.prefixlen < _WIDEST[one.version]]

    def trusts(self, peer: str) -> bool:
        """Is this peer (of `peer_of`) a trusted proxy? What is no address is none."""
        known = self._known.get(peer)
        if known is None:
            known = self._looked_up(peer)
            if len(self._known) < _REMEMBERED:  # peers can be many where the port is open to all
                self._known[peer] = known
        return known

    def _looked_up(self, peer: str) -> bool:
        if peer == UNIX:
            return self.has_unix
        address = address_of(peer)
        return address is not None and any(
            address.version == network.version and address in network for network in self.networks
        )
