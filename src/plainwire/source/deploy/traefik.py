"""Traefik's own files, YAML or TOML: entry points of the static, routers of the dynamic ones.

https://doc.traefik.io/traefik/reference/ (read 2026). A router has TLS by its own ``tls`` or its
entry point's; one that names no entry point listens on all that are not internal. Traefik itself
sets X-Forwarded-For, -Proto and -Host.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from plainwire.model import Forward, Listen, ProxySite, Setting, SourceFile, Span
from plainwire.source.deploy import toml_nodes
from plainwire.source.deploy.toml_nodes import Toml
from plainwire.source.deploy.yaml_nodes import Yaml, documents
from plainwire.source.numerals import whole

OWN_HEADERS = {"x-forwarded-for": "(own)", "x-forwarded-proto": "(own)", "x-forwarded-host": ""}
MAX_ROUTERS = 500
_URL = re.compile(r"(https?|h2c)://(\[[^\]]+\]|[^:/\s]+)(?::(\d+))?")
_VERSIONS = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
Node = Yaml | Toml


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A port of Traefik; ``redirects`` is where it sends everything to https."""

    name: str
    port: int
    host: str
    has_tls: bool
    place: Span
    redirects: Span | None = None


@dataclass
class Files:
    """What the Traefik files of a folder say together."""

    entry_points: dict[str, EntryPoint] = field(default_factory=dict)
    routers: list[tuple[str, Node, SourceFile]] = field(default_factory=list)
    services: dict[str, tuple[Node, SourceFile]] = field(default_factory=dict)
    middlewares: dict[str, tuple[Node, SourceFile]] = field(default_factory=dict)
    protocols: Setting | None = None
    unverified: Span | None = None
    dashboard: Span | None = None


def read(file: SourceFile, into: Files) -> None:
    """Add what a file holds.

    Raises:
        ValueError: if it is no YAML or TOML.
    """
    root: Node | None
    if file.name.endswith(".toml"):
        root = toml_nodes.load(file.text)
    else:
        root = next(iter(documents(file.text)), None)
    if root is None:
        return
    for name, line, node in _items(root.get("entryPoints")):
        point = _entry_point(name, line, node, file)
        if point is not None:
            into.entry_points[name] = point
    insecure = root.get("api", "insecure")
    if insecure is not None and insecure.text == "true":
        into.dashboard = file.span(insecure.line)
    http = root.get("http")
    if http is not None:
        into.routers += [(n, node, file) for n, _, node in _items(http.get("routers"))]
        into.services |= {n: (node, file) for n, _, node in _items(http.get("services"))}
        into.middlewares |= {n: (node, file) for n, _, node in _items(http.get("middlewares"))}
    for _, _, node in _items(root.get("tls", "options")):
        lowest = node.get("minVersion")
        if lowest is not None and lowest.text:
            word = "TLSv1." + lowest.text[-1]
            known = _VERSIONS[_VERSIONS.index(word) :] if word in _VERSIONS else ()
            place = file.span(lowest.line)
            into.protocols = Setting("minVersion", " ".join(known), place, file.environment)
    named = [node for _, _, node in _items(root.get("http", "serversTransports"))]
    for transport in (root.get("serversTransport"), *named):
        skip = transport.get("insecureSkipVerify") if transport is not None else None
        if skip is not None and skip.text == "true":
            into.unverified = file.span(skip.line)


def _items(node: Node | None) -> Iterator[tuple[str, int, Node]]:
    if node is not None:
        yield from node.items()


def _entry_point(name: str, line: int, node: Node, file: SourceFile) -> EntryPoint | None:
    address = node.get("address")
    text = (address.text or "") if address is not None else ""
    host, _, digits = text.partition("/")[0].rpartition(":")
    port = whole(digits)
    if port is None or text.endswith("/udp"):
        return None
    place = file.span(address.line if address is not None else line)
    to = node.get("http", "redirections", "entryPoint", "to")
    redirects = file.span(to.line) if to is not None else None
    has_tls = any(key == "tls" for key, _, _ in _items(node.get("http")))
    return EntryPoint(name, port, host, has_tls, place, redirects)


def by_file(found: Files) -> dict[str, tuple[ProxySite, ...]]:
    """The sites by the file of their routers: one for each router, and one for each entry point
    that only redirects.
    """
    made: dict[str, list[ProxySite]] = {}
    for _, node, file in found.routers[:MAX_ROUTERS]:
        site = _site(node, file, found)
        if site is not None:
            made.setdefault(file.path, []).append(site)
    for sites in made.values():
        for point in found.entry_points.values():
            if point.redirects is not None:
                listen = Listen(point.port, point.place, point.has_tls, point.host)
                sites.append(
                    ProxySite("traefik", point.place, (listen,), redirects=point.redirects)
                )
    return {path: tuple(sites) for path, sites in made.items()}


def _site(node: Node, file: SourceFile, found: Files) -> ProxySite | None:
    service = node.get("service")
    target = (service.text or "").partition("@")[0] if service is not None else ""
    if target.endswith("internal") or (service is not None and "@internal" in str(service.text)):
        return None
    tls = next((line for key, line, _ in node.items() if key == "tls"), None)
    has_tls = tls is not None
    named = [one.text or "" for one in _elements(node.get("entryPoints"))]
    points = [p for p in found.entry_points.values() if not named or p.name in named]
    place = file.span(node.line)
    listens = tuple(
        Listen(p.port, p.place, has_tls or p.has_tls, p.host) for p in points if not p.redirects
    )
    if not points:  # the entry points are in no file of the project
        is_secure = has_tls or any("secure" in word for word in named)
        listens = (Listen(443 if is_secure else 80, place, is_secure),)
    if not listens:
        return None
    hsts = redirects = None
    for one in _elements(node.get("middlewares")):
        middleware = found.middlewares.get((one.text or "").partition("@")[0])
        if middleware is None:
            continue
        seconds = middleware[0].get("headers", "stsSeconds")
        if seconds is not None and seconds.text not in ("0", None):
            hsts = middleware[1].span(seconds.line)
        scheme = middleware[0].get("redirectScheme", "scheme")
        if scheme is not None and scheme.text == "https" and not any(x.has_tls for x in listens):
            redirects = middleware[1].span(scheme.line)
    return ProxySite(
        "traefik",
        place,
        listens,
        tuple(_forwards(target, found)),
        redirects,
        hsts,
        found.protocols if any(x.has_tls for x in listens) else None,
        environment=file.environment,
    )


def _elements(node: Node | None) -> Sequence[Node]:
    return node.elements() if node is not None else ()


def _forwards(service: str, found: Files) -> Iterator[Forward]:
    named = found.services.get(service)
    servers = named[0].get("loadBalancer", "servers") if named is not None else None
    for one in _elements(servers):
        url = one.get("url")
        match = _URL.match((url.text or "") if url is not None else "")
        if match and url is not None and named is not None:
            place = named[1].span(url.line)
            port = whole(match[3] or "") or (443 if match[1] == "https" else 80)
            verifies = None
            if match[1] == "https":
                verifies = found.unverified is None
            yield Forward(
                match[2], port, match[1], place, dict(OWN_HEADERS), place, verifies=verifies
            )
