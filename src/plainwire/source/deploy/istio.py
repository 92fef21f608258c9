"""Istio: the servers of Gateways, and the VirtualServices that are bound to them.

https://istio.io/latest/docs/reference/config/networking/ (gateway, virtual-service; read 2026).
A VirtualService that names no gateway is for the sidecars of the mesh, and opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from plainwire.model import Route, SourceFile, Span
from plainwire.source.deploy.gateway import is_host_of
from plainwire.source.deploy.yaml_nodes import Yaml
from plainwire.source.numerals import whole

GROUP = "networking.istio.io/"
_PLAIN = frozenset({"HTTP", "HTTP2", "GRPC", "GRPC-WEB"})
_ENCRYPTED = frozenset({"HTTPS", "TLS"})
# What tells which scheme or port a request came by, and nothing else of it.
_SCHEMES = frozenset({"port", "scheme", "name", "gateways"})


@dataclass(frozen=True, slots=True)
class Server:
    """A server of a Gateway; ``redirects`` is where it sends every request to https."""

    gateway: str
    hosts: tuple[str, ...]
    has_tls: bool
    redirects: Span | None
    place: Span


@dataclass(frozen=True, slots=True)
class Virtual:
    """A VirtualService: the gateways and hosts it is for, where it leads, what it sends."""

    gateways: tuple[str, ...]
    hosts: tuple[str, ...]
    backends: tuple[tuple[str, int | None], ...]
    redirects: bool
    hsts: Span | None
    place: Span


def servers(document: Yaml, name: str, file: SourceFile) -> Iterator[Server]:
    """The servers of a Gateway that speak HTTP, in clear or within TLS."""
    for one in _all(document.get("spec", "servers")):
        protocol = _text(one.get("port", "protocol")).upper()
        if protocol not in _PLAIN | _ENCRYPTED:
            continue
        port = one.get("port") or one
        tls = one.get("tls")
        redirects = None
        if tls is not None and _text(tls.get("httpsRedirect")).lower() == "true":
            redirects = file.span(tls.key_line("httpsRedirect"))
        hosts = tuple(host.rpartition("/")[2] for host in _words(one.get("hosts")))
        place = file.span(port.key_line("protocol"))
        yield Server(name, hosts, protocol in _ENCRYPTED, redirects, place)


def virtual(document: Yaml, file: SourceFile) -> Virtual:
    """What a VirtualService says."""
    spec = document.get("spec") or document
    gateways = (name.rpartition("/")[2] for name in _words(spec.get("gateways")))
    backends: dict[tuple[str, int | None], None] = {}
    redirects = False
    hsts = None
    for kind in ("http", "tls", "tcp"):
        for one in _all(spec.get(kind)):
            redirects = redirects or _is_to_https(one)
            for way in (one, *_all(one.get("route"))):
                hsts = _hsts(way, file) or hsts
                host = _text(way.get("destination", "host"))
                if host:  # a service, or its name with namespace and domain
                    number = whole(_text(way.get("destination", "port", "number")))
                    backends[host.partition(".")[0], number] = None
    place = file.span(document.key_line("spec"))
    named = tuple(name for name in gateways if name != "mesh")
    return Virtual(named, _words(spec.get("hosts")), tuple(backends), redirects, hsts, place)


def _is_to_https(one: Yaml) -> bool:
    """True for a rule that sends whatever comes in clear to https."""
    keys = {name for match in _all(one.get("match")) for name, _, _ in match.items()}
    return _text(one.get("redirect", "scheme")).lower() == "https" and keys <= _SCHEMES


def _hsts(way: Yaml, file: SourceFile) -> Span | None:
    for verb in ("set", "add"):
        headers = way.get("headers", "response", verb)
        for name, line, _ in headers.items() if headers is not None else ():
            if name.lower() == "strict-transport-security":
                return file.span(line)
    return None


def routes(heard: Sequence[Server], bound: Sequence[Virtual]) -> Iterator[Route]:
    """One route for each service and way to it; TLS is not known where the Gateway is elsewhere."""
    for one in bound:
        if not one.gateways or not one.backends:
            continue
        found = [server for server in heard if _binds(one, server)]
        plain = [server for server in found if not server.has_tls]
        served = [] if one.redirects else [s for s in plain if s.redirects is None]
        beside = [o for o in bound if o.redirects and any(_binds(o, s) for s in heard)]
        is_led = bool(plain) or any(_shares_host(one, other) for other in beside)
        redirects = False if served else True if is_led else None
        ways: list[tuple[bool | None, list[Server]]] = [
            (True, [s for s in found if s.has_tls]),
            (False, served),
        ]
        for has_tls, by in [way for way in ways if way[1]] or [(None, [])]:
            places = tuple(server.place for server in by)
            for service, port in one.backends:
                yield Route(
                    "istio gateway", one.place, service, port, has_tls, places, redirects,
                    hsts=one.hsts,
                )  # fmt: skip


def _binds(one: Virtual, server: Server) -> bool:
    return server.gateway in one.gateways and (
        not server.hosts
        or not one.hosts
        or any(is_host_of(a, b) for a in one.hosts for b in server.hosts)
    )


def _shares_host(one: Virtual, other: Virtual) -> bool:
    return any(is_host_of(a, b) for a in one.hosts for b in other.hosts)


def _text(node: Yaml | None) -> str:
    return (node.text or "") if node is not None else ""


def _all(node: Yaml | None) -> tuple[Yaml, ...]:
    return node.elements() if node is not None else ()


def _words(node: Yaml | None) -> tuple[str, ...]:
    return node.words()[:100] if node is not None else ()
