"""Paths through what stands before a deployment: an ingress, a platform's router, a gateway."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from plainwire.deployment.ends import last_hops, relay_hops, start_of
from plainwire.deployment.relays import told, ways
from plainwire.model import Deployment, Hop, Path, Relay, Route, Service


def routed(d: Deployment, route: Route) -> Iterator[Path]:
    """The paths of one route: straight to a service, or through the proxies that it leads to."""
    service = next((s for s in d.services if s.name == route.service), None)
    target = service or Service(route.service, route.place, d.environment)
    names = set()
    for relays, last in _chains(d, route, target):
        if last.name not in names:
            yield _path(d, route, target, relays, last)
        names.add(last.name)
    if not names:
        yield _path(d, route, target, (), target)


def _chains(
    d: Deployment, route: Route, proxy: Service
) -> Iterator[tuple[tuple[Relay, ...], Service]]:
    """The proxies behind a route, if it leads to one, and the services that they lead to."""
    for site in proxy.sites if not proxy.starts else ():
        for listen in site.listens:
            if route.port in (None, listen.port):
                found = ways(d, proxy, site, listen)
                yield from ((r, last) for r, last in found if last not in (None, proxy))


def _path(
    d: Deployment, route: Route, first: Service, relays: Sequence[Relay], last: Service
) -> Path:
    app, forward = d.apps.get(last.name), relays[-1].forward if relays else None
    if forward is not None:
        start = start_of(last, forward.port, forward.socket)
    else:
        only = last.starts[0] if len(last.starts) == 1 else None
        start = start_of(last, route.port) or only
    edge = Hop(route.program, "https" if route.has_tls else "http", route.place)
    place = forward.place if forward is not None else None
    return Path(
        d.name,
        first.environment,
        "routed",
        (edge, *relay_hops(relays), *last_hops(last, start, app, place)),
        route.has_tls,
        first,
        app,
        start,
        forward=forward,
        route=route,
        redirects=route.redirects,
        hsts=route.hsts or next((r.site.hsts for r in relays if r.site.hsts is not None), None),
        tells_https=told(relays, route.sets_forwarded),
        proxy=route.place,
    )
