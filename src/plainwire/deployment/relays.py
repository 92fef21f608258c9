"""Proxies behind proxies: where a chain of them ends, and what it says of the client's scheme."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from plainwire.deployment.ends import target_of
from plainwire.model import Deployment, Forward, Listen, Path, ProxySite, Relay, Service

MAX_RELAYS = 3  # proxies behind the first that are followed


def ways(
    d: Deployment, service: Service, site: ProxySite, listen: Listen, seen: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[Relay, ...], Service | None]]:
    """The chains of proxies that begin with a server block, and the service that each ends at.

    None: it is not of this deployment. A block that forwards nothing has the empty chain.
    """
    if not site.forwards:
        yield (), None
    for forward in site.forwards:
        here = Relay(site, listen, forward, service.name)
        target = target_of(d, forward)
        is_new = target is not None and target.name not in (*seen, service.name)
        behind = list(_taking(target, forward)) if target is not None and is_new else []
        if not behind or len(seen) == MAX_RELAYS or target is None:
            yield (here,), target
            continue
        for inner, port in behind:
            for relays, last in ways(d, target, inner, port, (*seen, service.name)):
                yield (here, *relays), last or target


def _taking(service: Service, forward: Forward) -> Iterator[tuple[ProxySite, Listen]]:
    """The server blocks of a proxy that take what is forwarded to it."""
    number = forward.port or (443 if forward.scheme == "https" else 80)
    for site in service.sites:
        listen = next((one for one in site.listens if one.port == number), None)
        if listen is not None and (site.redirects is None or listen.has_tls):
            yield site, listen


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
