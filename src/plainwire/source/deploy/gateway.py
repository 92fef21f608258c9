"""The Gateway API and Traefik's IngressRoute: listeners, and the routes that attach to them.

https://gateway-api.sigs.k8s.io/reference/spec/ and
https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/ (read 2026).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from plainwire.model import Route, SourceFile, Span
from plainwire.source.deploy.yaml_nodes import Yaml
from plainwire.source.numerals import whole


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener of a Gateway."""

    gateway: str
    name: str
    has_tls: bool
    place: Span
    host: str = ""
    port: str = ""


@dataclass(frozen=True, slots=True)
class Attached:
    """An HTTPRoute: the listeners it names, by name or port, and where it leads."""

    parents: tuple[tuple[str, str, str], ...]
    backends: tuple[tuple[str, int | None], ...]
    redirects: bool
    hsts: Span | None
    place: Span
    hosts: tuple[str, ...] = ()


def is_host_of(name: str, other: str) -> bool:
    """True if one of two host names, either of which may be a wildcard, is or holds the other."""
    if "*" in (name, other) or "_" in name + other or name == other:  # _: a template's value
        return True
    return any(
        wild.startswith("*.") and host.endswith(wild[1:])
        for wild, host in ((name, other), (other, name))
    )


def _text(node: Yaml | None) -> str:
    return (node.text or "") if node is not None else ""


def _all(node: Yaml | None) -> tuple[Yaml, ...]:
    return node.elements() if node is not None else ()


def _number(node: Yaml | None) -> int | None:
    return whole(_text(node))


def listeners(document: Yaml, name: str, file: SourceFile) -> Iterator[Listener]:
    """The listeners of a Gateway that speak HTTP, in clear or within TLS."""
    for one in _all(document.get("spec", "listeners")):
        protocol = _text(one.get("protocol")).upper()
        if protocol in ("HTTP", "HTTPS", "TLS"):
            place = file.span(one.key_line("protocol"))
            host, port = _text(one.get("hostname")), _text(one.get("port"))
            yield Listener(name, _text(one.get("name")), protocol != "HTTP", place, host, port)


def attached(document: Yaml, file: SourceFile) -> Attached:
    """What an HTTPRoute says."""
    spec = document.get("spec") or document
    parents = tuple(
        (_text(p.get("name")), _text(p.get("sectionName")), _text(p.get("port")))
        for p in _all(spec.get("parentRefs"))
    )
    backends: dict[tuple[str, int | None], None] = {}
    redirects = False
    hsts = None
    for one in _all(spec.get("rules")):
        for backend in _all(one.get("backendRefs")):
            backends[_text(backend.get("name")), _number(backend.get("port"))] = None
        for filter_ in _all(one.get("filters")):
            if _text(filter_.get("requestRedirect", "scheme")) == "https":
                redirects = True
            for verb in ("set", "add"):
                for header in _all(filter_.get("responseHeaderModifier", verb)):
                    if _text(header.get("name")).lower() == "strict-transport-security":
                        hsts = file.span(header.line)
    place = file.span(document.key_line("spec"))
    hosts = spec.get("hostnames")
    named = hosts.words()[:100] if hosts is not None else ()
    return Attached(parents, tuple(backends), redirects, hsts, place, named)


def routes(heard: Sequence[Listener], taken: Sequence[Attached]) -> Iterator[Route]:
    """One route for each service and way to it; TLS is not known where the Gateway is elsewhere.

    A route that names no listener attaches to all of its Gateway, those in clear too.
    """
    for one in taken:
        if not one.backends:
            continue
        found = [x for x in heard if _attaches(one, x)]
        plain = [x for x in heard if not x.has_tls and x.gateway in {p[0] for p in one.parents}]
        served = [x for x in plain if _attaches(one, x) and not one.redirects]
        redirecting = [o for o in taken if o.redirects and any(_attaches(o, x) for x in plain)]
        redirects = False if served else True if redirecting else None
        ways: list[bool | None] = [*sorted({x.has_tls for x in found}, reverse=True)]
        for has_tls in ways or [None]:
            if has_tls is False and one.redirects:
                continue
            places = tuple(x.place for x in found if x.has_tls is has_tls)
            for service, port in one.backends:
                yield Route(
                    "gateway", one.place, service, port, has_tls, places, redirects, hsts=one.hsts
                )


def _attaches(one: Attached, to: Listener) -> bool:
    is_named = any(
        name == to.gateway and section in ("", to.name) and port in ("", to.port)
        for name, section, port in one.parents
    )
    is_served = not to.host or not one.hosts or any(is_host_of(h, to.host) for h in one.hosts)
    return is_named and is_served


def ingress_routes(document: Yaml, file: SourceFile) -> Iterator[Route]:
    """The routes of Traefik's own resource; TLS where it has a ``tls`` section."""
    spec = document.get("spec")
    if spec is None:
        return
    has_tls = any(name == "tls" for name, _, _ in spec.items())
    place = file.span(document.key_line("spec"))
    seen = set()
    for route in _all(spec.get("routes")):
        for service in _all(route.get("services")):
            name = _text(service.get("name"))
            if name not in seen and name != "noop@internal":
                seen.add(name)
                yield Route("traefik", place, name, _number(service.get("port")), has_tls)
