"""What stands where: the service behind a forward, its process, and the last hops to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from plainwire.model import App, Deployment, Forward, Hop, Publication, Relay, Service, Span, Start

LOOPBACK = ("127.", "localhost", "::1", "[::1]")


def words(port: Publication) -> str:
    """What a picture says of a published port: ``published :8000``."""
    words = {"ports": "published", "listen": "listens", "NodePort": "NodePort"}
    return f"{words.get(port.means, port.means)} :{port.port or port.target or '?'}"


def start_of(service: Service, port: int | None, socket: str = "") -> Start | None:
    """The server process behind a port. Returns None if nothing says what listens there."""
    if socket:
        return next((s for s in service.starts if s.socket == socket), None)
    exact = next((s for s in service.starts if s.port == port and port is not None), None)
    if exact is not None:
        return exact
    return next((s for s in service.starts if s.port is None or port is None), None)


def last_hops(
    service: Service, start: Start | None, app: App | None, forward: Span | None = None
) -> Iterator[Hop]:
    """The hops from where the last proxy forwards, if there is one, to the application."""
    if start is not None:
        if forward is not None:
            yield Hop("forwards", "http", forward)
        name = start.program if start.port is None else f"{start.program} :{start.port}"
        yield Hop(name, "https" if start.has_tls else "http", start.place)
        for place in dict.fromkeys(start.via):
            if place != start.place:
                yield Hop("started by", "", place)
    elif forward is not None:
        is_inside = service.name == "host" or (service.role == "proxy" and app is not None)
        yield Hop("the application" if is_inside else service.name, "http", forward)
    else:
        yield Hop(service.name, "http", service.place)
    if app is not None:
        yield Hop(app.place.path, "", app.place)


def target_of(d: Deployment, forward: Forward) -> Service | None:
    """The service that a proxy forwards to. Returns None if it is not of this deployment."""
    for service in d.services:
        if forward.host == service.name or forward.host.partition(".")[0] == service.name:
            return service
    return None


def relay_hops(relays: Sequence[Relay]) -> Iterator[Hop]:
    """The hops through a chain of proxies: each one's port, and where it forwards to the next."""
    for number, relay in enumerate(relays):
        scheme = "https" if relay.listen.has_tls else "http"
        if number:
            yield Hop("forwards", scheme, relays[number - 1].forward.place)
        yield Hop(f"{relay.site.program} :{relay.listen.port}", scheme, relay.listen.place)
