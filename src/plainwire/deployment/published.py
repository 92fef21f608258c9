"""Paths through the ports that a deployment publishes, and to servers that nobody publishes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from plainwire.deployment.ends import LOOPBACK, last_hops, relay_hops, start_of, target_of, words
from plainwire.deployment.relays import tells, told, ways
from plainwire.model import (
    Deployment,
    Forward,
    Hop,
    Listen,
    Path,
    ProxySite,
    Publication,
    Relay,
    Service,
    Span,
    Start,
)

_UNSEEN = "nothing says what listens on port {}"
STORE_TLS_PORTS = (636, 5671, 6380, 8883)  # ldaps, amqps, Redis with TLS, secure-mqtt
TLS_PORTS = (443, 6443, 8443, 9443)  # where TLS is usual, so that nobody knows without looking
NO_TERMINATOR = "nothing in the project terminates TLS here; something outside may"
UNPUBLISHED_IMAGE = "nothing in the project says who publishes the image, and behind what"
NO_PUBLISHER = "nothing in the project says who publishes this proxy"
UNKNOWN_FIREWALL = "whether a firewall closes the port is not in the project"


def published(d: Deployment, service: Service, port: Publication) -> Iterator[Path]:
    """The paths that begin at a published port, through the proxy there or straight."""
    edge = Hop(words(port), "http", port.place)
    flag = next((p for text, p in service.flags if "api.insecure=true" in text), None)
    if flag is not None and port.target == 8080:  # Traefik's dashboard and API, as it says
        hops = (edge, Hop(f"{service.name} dashboard", "tcp", flag))
        yield Path(d.name, service.environment, "dashboard", hops, False, service, publication=port)
        return
    if service.sites:
        behind = tuple(_proxied(d, service, port))
        yield from behind
        if behind or not service.starts:
            return
    if service.role == "store" or service.role == "dashboard":
        hops = (edge, Hop(service.name, "tcp", service.place))
        is_unknown = port.target in STORE_TLS_PORTS
        yield Path(
            d.name,
            service.environment,
            service.role,
            hops,
            None if is_unknown else False,
            service,
            publication=port,
            unknowns=(_UNSEEN.format(port.target),) if is_unknown else (),
        )
        return
    start = start_of(service, port.target)
    if start is not None and start.is_local:
        return
    if start is None and service.starts:
        return  # another port of it, where nothing says what listens
    proxy = proxy_to(d, service)
    if service.role == "frontend" and not d.apps:
        return
    if service.role not in ("app", "frontend") and start is None and proxy is None:
        return
    app = d.apps.get(service.name)
    is_unknown = start is None and port.target in TLS_PORTS
    yield Path(
        d.name,
        service.environment,
        "beside" if proxy is not None and not is_unknown else "direct",
        (edge, *last_hops(service, start, app)),
        start.has_tls if start is not None else None if is_unknown else False,
        service,
        app,
        start,
        publication=port,
        proxy=proxy,
        tells_https=False,
        unknowns=(_UNSEEN.format(port.target),) if is_unknown else (),
    )


def _proxied(d: Deployment, service: Service, port: Publication) -> Iterator[Path]:
    """The paths through the server blocks that listen on a published port."""
    number = port.target
    places: set[Span] = set()
    for site in service.sites:
        is_twice = site.place in places
        places.add(site.place)
        listen = next((one for one in site.listens if number in (None, one.port)), None)
        variable = (replace(o, port=number or o.port) for o in site.listens if o.is_variable)
        listen = listen or next(variable, None)
        if listen is None or is_twice:
            continue
        if site.redirects is not None and not listen.has_tls:
            continue
        if site.is_passed_through:
            yield from _passed_through(d, service, port, site)
            continue
        seen = set()
        for relays, target in ways(d, service, site, listen):
            name = target.name if target is not None else ""
            if name in seen:
                continue
            seen.add(name)
            yield _through(d, service, port, site, listen, relays, target)
            if service.name == "host":
                break


def _is_elsewhere(service: Service, forward: Forward) -> bool:
    """True where a machine's proxy asks another port than that by which it asks the application."""
    ports = {start.port for start in service.starts}
    if forward.port is None or forward.port in ports or None in ports:
        return False
    return any(f.port in ports for site in service.sites for f in site.forwards)


def _passed_through(
    d: Deployment, service: Service, port: Publication, site: ProxySite
) -> Iterator[Path]:
    """The paths through what answers where a proxy passes bytes on as they come."""
    for forward in site.forwards:
        target = target_of(d, forward)
        if target is not None and not any(s.is_passed_through for s in target.sites):
            yield from published(d, target, replace(port, target=forward.port))


def _through(
    d: Deployment,
    service: Service,
    port: Publication,
    site: ProxySite,
    listen: Listen,
    relays: tuple[Relay, ...],
    target: Service | None,
) -> Path:
    scheme = "https" if listen.has_tls else "http"
    edge = Hop(f"{site.program} :{listen.port}", scheme, listen.place)
    hops = [*relay_hops(relays)] or [edge]
    if port.place != listen.place and port.means != "listen":
        hops.insert(0, Hop(words(port), scheme, port.place))
    start, forward = None, relays[-1].forward if relays else None
    app = d.apps.get(target.name if target is not None else service.name)
    is_foreign = target is not None and target.role == "dashboard" and app is None
    is_published = service.name != d.name  # else an image by itself
    if target is None and forward is not None and _is_elsewhere(service, forward):
        app = None
    if forward is not None:
        behind = (target or service).starts
        start = start_of(target or service, forward.port, forward.socket)
        start = start or (behind[0] if len(behind) == 1 else None)
        hops += last_hops(target or service, start, app, forward.place)
    if is_foreign and target is not None:
        hops.append(Hop(target.name, "tcp", target.place))
    return Path(
        d.name,
        service.environment,
        "dashboard" if is_foreign and not listen.has_tls else "proxied",
        tuple(hops),
        listen.has_tls or (False if is_published else None),
        (target or service) if is_foreign else service,
        app,
        start,
        site,
        forward,
        publication=port,
        unknowns=() if is_published else (NO_PUBLISHER,),
        redirects=_redirects(service, site) if listen.has_tls else False,
        hsts=next((r.site.hsts for r in relays if r.site.hsts is not None), site.hsts),
        tells_https=told(relays[1:], tells(relays[0].forward)) if relays else None,
        proxy=site.place,
        relays=relays,
    )


def unpublished(d: Deployment, service: Service) -> Iterator[Path]:
    """A server that nothing here publishes: not provable, unless it binds to loopback alone.

    One that the image's own proxy asks is at the end of that one's path; one of an image that
    speaks uwsgi is there for a proxy, which is on no machine that is described.
    """
    behind = {
        f.port for site in service.sites for f in site.forwards if f.host.startswith(LOOPBACK)
    } - {None}
    for start in service.starts[:5]:
        if start.is_local or start.has_tls or start.host is None:
            continue
        if start.is_gateway and UNPUBLISHED_IMAGE in d.unknowns:
            continue
        if start.port not in behind:
            yield _unproven(d, service, start, "unpublished", NO_TERMINATOR)


def open_on_host(d: Deployment, service: Service) -> Iterator[Path]:
    """A server that a proxy with TLS on the same machine asks, and that listens for everybody."""
    asked = {
        f.port: f.place
        for site in service.sites
        if site.has_tls
        for f in site.forwards
        if f.host.startswith(LOOPBACK)
    }
    for start in service.starts[:5]:
        if start.port in asked and not start.is_local and not start.has_tls and start.host:
            path = _unproven(d, service, start, "beside", UNKNOWN_FIREWALL)
            yield replace(path, proxy=asked[start.port])


def _unproven(
    d: Deployment,
    service: Service,
    start: Start,
    kind: Literal["unpublished", "beside"],
    unknown: str,
) -> Path:
    app = d.apps.get(service.name)
    return Path(
        d.name,
        service.environment,
        kind,
        tuple(last_hops(service, start, app)),
        None,
        service,
        app,
        start,
        tells_https=False,
        unknowns=(unknown,),
    )


def unmounted(d: Deployment, service: Service) -> Iterator[Path]:
    """Plain ports of a proxy that holds the application in itself, and that nobody publishes."""
    for site in service.sites:
        for listen in site.listens[:1]:
            if listen.has_tls or site.redirects is not None:
                continue
            yield Path(
                d.name,
                service.environment,
                "proxied",
                (Hop(f"{site.program} :{listen.port}", "http", listen.place),),
                None,
                service,
                None,
                None,
                site,
                site.forwards[0] if site.forwards else None,
                unknowns=(NO_PUBLISHER,),
            )


def proxy_to(d: Deployment, service: Service) -> Span | None:
    """Where a published proxy or a route leads to a service. Returns None if none does."""
    for other in d.services:
        if other is service or not other.publications:
            continue
        for site in other.sites:
            listen = site.listens[0] if site.listens else Listen(0, site.place)
            for relays, last in ways(d, other, site, listen):
                if last is service:
                    return relays[-1].forward.place
    for route in d.routes:
        if route.service == service.name or _same_app(d, route.service, service):
            return route.place
    return None


def _same_app(d: Deployment, name: str, service: Service) -> bool:
    """True if another service leads to the same processes."""
    other = next((s for s in d.services if s.name == name), None)
    return bool(
        other is not None
        and other.starts
        and service.starts
        and other.starts[0].place == service.starts[0].place
    )


def _redirects(service: Service, site: ProxySite) -> bool | None:
    """True if plain HTTP is redirected beside a TLS site, False if it is served, None: no port."""
    plain = [s for s in service.sites if any(not one.has_tls for one in s.listens)]
    if not plain:
        return None
    return all(s.redirects is not None for s in plain)
