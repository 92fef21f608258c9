"""Proxies behind proxies: where a chain of them ends, and what it says of the client's scheme."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from plainwire.deployment.ends import LOOPBACK, target_of
from plainwire.model import (
    Deployment,
    Forward,
    Listen,
    Path,
    ProxySite,
    Relay,
    Route,
    Service,
    Span,
)

MAX_RELAYS = 3  # proxies behind the first that are followed


@dataclass(frozen=True, slots=True)
class Loop:
    """A redirect to https that a client meets again and again.

    ``before`` is where what terminates TLS asks over http, and ``site`` is what redirects there.
    """

    before: Forward | Route
    site: ProxySite
    listen: Listen
    redirect: Span


def loops(d: Deployment) -> Iterator[Loop]:
    """The redirects to https that what terminates TLS is answered over http, each once.

    Of several server blocks on one port the client's host decides which answers: all redirect.
    """
    seen: set[Span] = set()
    for before, service, port in _asked_in_clear(d):
        ports = [(site, listen) for site in service.sites for listen in site.listens]
        taking = [(site, listen) for site, listen in ports if listen.port == port]
        if isinstance(before, Route) and not taking:
            taking = ports  # a Kubernetes service has a port of its own before the pod's
        if any(listen.has_tls or site.comes_back is None for site, listen in taking):
            continue
        for site, listen in taking:
            if site.comes_back is not None and site.comes_back not in seen:
                seen.add(site.comes_back)
                yield Loop(before, site, listen, site.comes_back)


def _asked_in_clear(d: Deployment) -> Iterator[tuple[Forward | Route, Service, int | None]]:
    """What passes requests on in clear that came over TLS, to which service and port of it."""
    for service in d.services:
        for site in service.sites:
            for forward in site.forwards if site.has_tls else ():
                is_here = forward.host.startswith(LOOPBACK)
                target = service if is_here else target_of(d, forward)
                port = _port(forward)
                if forward.scheme == "http" and target is not None and port is not None:
                    yield forward, target, port
    for route in d.routes:
        target = next((one for one in d.services if one.name == route.service), None)
        if route.has_tls and target is not None:
            yield route, target, route.port


def ways(
    d: Deployment, service: Service, site: ProxySite, listen: Listen, seen: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[Relay, ...], Service | None]]:
    """The chains of proxies that begin with a server block, and the service that each ends at.

    None: it is not of this deployment. A block that forwards nothing has the empty chain.
    """
    yield from _ways(d, service, site, listen, seen, over_tls=listen.has_tls)


def _ways(
    d: Deployment,
    service: Service,
    site: ProxySite,
    listen: Listen,
    seen: tuple[str, ...],
    *,
    over_tls: bool,
) -> Iterator[tuple[tuple[Relay, ...], Service | None]]:
    if not site.forwards:
        yield (), None
    for forward in site.forwards:
        here = Relay(site, listen, forward, service.name)
        target = target_of(d, forward)
        is_new = target is not None and target.name not in (*seen, service.name)
        takes = _taking(target, forward, over_tls) if target is not None and is_new else ()
        behind = list(takes)
        if not behind or len(seen) == MAX_RELAYS or target is None:
            yield (here,), target
            continue
        for inner, port in behind:
            rest = (*seen, service.name)
            for relays, last in _ways(d, target, inner, port, rest, over_tls=over_tls):
                yield (here, *relays), last or target


def _taking(
    service: Service, forward: Forward, over_tls: bool
) -> Iterator[tuple[ProxySite, Listen]]:
    """The server blocks of a proxy that take what is forwarded to it.

    One that sends back who came over TLS, and passes requests on too, is meant to pass those on.
    """
    number = _port(forward)
    for site in service.sites if number is not None else ():
        listen = next((one for one in site.listens if one.port == number), None)
        is_meant = over_tls and site.comes_back is not None and bool(site.forwards)
        if listen is not None and (site.redirects is None or listen.has_tls or is_meant):
            yield site, listen


def _port(forward: Forward) -> int | None:
    """The port that is asked: its scheme's own if none is written, None if nobody knows it."""
    if forward.has_unknown_port:
        return None
    return forward.port or (443 if forward.scheme == "https" else 80)


def stands_behind(
    site: ProxySite, deployments: Sequence[Deployment], paths: Sequence[Path]
) -> bool:
    """True if every way to a server block that is described leads through a proxy before it which
    says itself by which scheme a request came.
    """
    for d in deployments:
        for service in d.services:
            if any(one.place == site.place for one in service.sites):
                is_open = any(not port.is_local for port in service.publications)
                if is_open or any(route.service == service.name for route in d.routes):
                    return False
    before = [
        one.relays[number - 1].forward
        for one in paths
        for number, relay in enumerate(one.relays)
        if number and relay.site.place == site.place
    ]
    return bool(before) and all(_says_scheme(forward) for forward in before)


def _says_scheme(forward: Forward) -> bool:
    value = forward.headers.get("x-forwarded-proto", "")
    return bool(value) and "$http_x_forwarded" not in value


def told(behind: Sequence[Relay], first: bool | None) -> bool | None:
    """True if an application is told the client's scheme, as the last proxy that says one has it.

    ``behind`` are the proxies after the first one, and ``first`` is what that one tells. One that
    speaks plain HTTP to a proxy before it says ``http`` whatever the client used, unless it passes
    on what that one said.
    """
    for relay in reversed(behind):
        value = relay.forward.headers.get("x-forwarded-proto", "")
        if value == "http" or (value == "$scheme" and not relay.listen.has_tls):
            return False
        if tells(relay.forward) and "$http_x_forwarded" not in value:
            return True
    return first


def tells(forward: Forward) -> bool:
    """True if a proxy says itself by which scheme a request came."""
    headers = forward.headers
    if headers.get("x-forwarded-proto") == "http":
        return False  # whatever the client asked by
    return "x-forwarded-proto" in headers or "forwarded" in headers or "x-scheme" in headers
