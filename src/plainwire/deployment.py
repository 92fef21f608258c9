"""The paths of a deployment and their verdicts: pure functions over its facts.

A path is a way from outside to an application or a store. Its verdicts: is every hop that a
client's network sees encrypted, is http redirected, is HSTS emitted, does the application learn
of https, can the edge be passed by? What cannot be told is None, with the reason in ``unknowns``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from itertools import pairwise

from plainwire.model import (
    App,
    Deployment,
    Forward,
    Hop,
    Listen,
    Path,
    ProxySite,
    Publication,
    Relay,
    Route,
    Service,
    Span,
    Start,
)

LOOPBACK = ("127.", "localhost", "::1", "[::1]")
# Routers that answer both schemes: https://devcenter.heroku.com/articles/http-routing, Fly's docs.
BOTH_SCHEMES = ("platform router", "Heroku router", "Fly proxy")
MAX_RELAYS = 3  # proxies behind the first that are followed
NO_TERMINATOR = "nothing in the project terminates TLS here; something outside may"


def all_paths(deployments: Sequence[Deployment]) -> tuple[Path, ...]:
    """The paths of every deployment of a project that runs an application of it."""
    has_apps = any(deployment.apps for deployment in deployments)
    found = [
        path
        for deployment in deployments
        if deployment.apps or not has_apps  # what runs other programs is not ours to judge
        for path in paths(deployment)
    ]
    return tuple(_behind_hosts(found))


def paths(deployment: Deployment) -> tuple[Path, ...]:
    """The paths of one deployment, in the order of its services."""
    found = tuple(_paths(deployment))
    over_tls = {p.app.place for p in found if p.app is not None and p.is_encrypted}
    return tuple(path for path in found if not _only_refuses(path, over_tls))


def leaves_http_to_application(path: Path) -> bool:
    """True if a platform's router passes plain HTTP on and the application enforces nothing."""
    app = path.app
    if app is None or path.route is None or path.route.program not in BOTH_SCHEMES:
        return False
    enforces = app.redirect_hook is not None or any(
        m.name.endswith(("Talisman", "SSLify")) for m in app.middleware
    )
    return path.redirects is None and not enforces


def _only_refuses(path: Path, over_tls: Set[Span]) -> bool:
    """True for a plain port where the application itself sends everybody away to its TLS port."""
    app = path.app
    if path.kind != "direct" or path.is_encrypted is not False or app is None:
        return False
    return app.redirect_hook is not None and app.place in over_tls


def _paths(d: Deployment) -> Iterator[Path]:
    for route in d.routes:
        yield from _routed(d, route)
    for service in d.services:
        open_ports = [p for p in service.publications if not p.is_local]
        for port in open_ports:
            yield from _published(d, service, port)
        if service.name == d.name:  # an image or a module by itself
            yield from _unpublished(d, service)
        is_embedded = any(site.is_embedded for site in service.sites)
        if is_embedded and not service.publications:
            yield from _unmounted(d, service)


def _routed(d: Deployment, route: Route) -> Iterator[Path]:
    service = next((s for s in d.services if s.name == route.service), None)
    edge = Hop(route.program, "https" if route.has_tls else "http", route.place)
    target = service or Service(route.service, route.place, d.environment)
    start = _start(target, route.port) or (target.starts[0] if len(target.starts) == 1 else None)
    yield Path(
        d.name,
        target.environment,
        "routed",
        (edge, *_last_hops(target, start, d.apps.get(target.name))),
        route.has_tls,
        target,
        d.apps.get(target.name),
        start,
        route=route,
        redirects=route.redirects,
        hsts=route.hsts,
        tells_https=route.sets_forwarded,
        proxy=route.place,
    )


def _published(d: Deployment, service: Service, port: Publication) -> Iterator[Path]:
    edge = Hop(_words(port), "http", port.place)
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
    if service.role in ("store", "dashboard"):
        kind = "store" if service.role == "store" else "dashboard"
        yield Path(
            d.name,
            service.environment,
            kind,  # type: ignore[arg-type]
            (edge, Hop(service.name, "tcp", service.place)),
            False,
            service,
            publication=port,
        )
        return
    start = _start(service, port.target)
    if start is not None and start.is_local:
        return
    if start is None and service.starts:
        return  # another port of it, where nothing says what listens
    if service.role != "app" and start is None and not _proxy_to(d, service):
        return
    proxy = _proxy_to(d, service)
    app = d.apps.get(service.name)
    yield Path(
        d.name,
        service.environment,
        "beside" if proxy is not None else "direct",
        (edge, *_last_hops(service, start, app)),
        start.has_tls if start is not None else False,
        service,
        app,
        start,
        publication=port,
        proxy=proxy,
        tells_https=False,
    )


def _proxied(d: Deployment, service: Service, port: Publication) -> Iterator[Path]:
    """The paths through the server blocks that listen on a published port."""
    number = port.target
    places: set[Span] = set()
    for site in service.sites:
        is_twice = site.place in places
        places.add(site.place)
        listen = next((one for one in site.listens if number in (None, one.port)), None)
        if listen is None or is_twice:
            continue
        if site.redirects is not None and not listen.has_tls:
            continue
        seen = set()
        for relays, target in _ways(d, service, site, listen):
            name = target.name if target is not None else ""
            if name in seen:
                continue
            seen.add(name)
            yield _through(d, service, port, site, listen, relays, target)
            if service.name == "host":
                break


def _ways(
    d: Deployment, service: Service, site: ProxySite, listen: Listen, seen: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[Relay, ...], Service | None]]:
    """The chains of proxies that begin with a server block, and the service that each ends at.

    None: it is not of this deployment. A block that forwards nothing has the empty chain.
    """
    if not site.forwards:
        yield (), None
    for forward in site.forwards:
        here = Relay(site, listen, forward, service.name)
        target = _target(d, service, forward)
        is_new = target is not None and target.name not in (*seen, service.name)
        behind = list(_taking(target, forward)) if target is not None and is_new else []
        if not behind or len(seen) == MAX_RELAYS or target is None:
            yield (here,), target
            continue
        for inner, port in behind:
            for relays, last in _ways(d, target, inner, port, (*seen, service.name)):
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
    hops = []
    if port.place != listen.place and port.means != "listen":
        hops.append(Hop(_words(port), scheme, port.place))
    hops.append(Hop(f"{site.program} :{listen.port}", scheme, listen.place))
    app = d.apps.get(target.name if target is not None else service.name)
    start, forward = None, relays[-1].forward if relays else None
    for before, relay in pairwise(relays):
        inner = "https" if relay.listen.has_tls else "http"
        hops.append(Hop("forwards", inner, before.forward.place))
        hops.append(Hop(f"{relay.site.program} :{relay.listen.port}", inner, relay.listen.place))
    if forward is not None:
        behind = (target or service).starts
        start = _start(target or service, forward.port, forward.socket)
        start = start or (behind[0] if len(behind) == 1 else None)
        hops += _last_hops(target or service, start, app, forward.place)
    return Path(
        d.name,
        service.environment,
        "proxied",
        tuple(hops),
        listen.has_tls,
        service,
        app,
        start,
        site,
        forward,
        publication=port,
        redirects=_redirects(service, site) if listen.has_tls else False,
        hsts=next((r.site.hsts for r in relays if r.site.hsts is not None), site.hsts),
        tells_https=_told(relays),
        proxy=site.place,
        relays=relays,
    )


def _unpublished(d: Deployment, service: Service) -> Iterator[Path]:
    """A server that nothing here publishes: not provable, unless it binds to loopback alone."""
    for start in service.starts[:5]:
        if start.is_local or start.has_tls or start.host is None:
            continue
        app = d.apps.get(service.name)
        yield Path(
            d.name,
            service.environment,
            "unpublished",
            tuple(_last_hops(service, start, app)),
            None,
            service,
            app,
            start,
            tells_https=False,
            unknowns=(NO_TERMINATOR,),
        )


def _unmounted(d: Deployment, service: Service) -> Iterator[Path]:
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
                unknowns=("nothing in the project says who publishes this proxy",),
            )


def _behind_hosts(found: list[Path]) -> Iterator[Path]:
    """Paths, with a server left out that a proxy on the same machine forwards to by its port."""
    ports = {
        p.forward.port
        for p in found
        if p.forward is not None
        and p.forward.host.startswith(LOOPBACK)
        and p.service.name == "host"
    }
    for path in found:
        is_behind = path.start is not None and path.start.port in ports and path.start.port
        if not (path.kind == "unpublished" and is_behind):
            yield path


# What stands where -------------------------------------------------------------------------


def _words(port: Publication) -> str:
    words = {"ports": "published", "listen": "listens", "NodePort": "NodePort"}
    return f"{words.get(port.means, port.means)} :{port.port or port.target or '?'}"


def _start(service: Service, port: int | None, socket: str = "") -> Start | None:
    """The server process behind a port. Returns None if nothing says what listens there."""
    if socket:
        return next((s for s in service.starts if s.socket == socket), None)
    exact = next((s for s in service.starts if s.port == port and port is not None), None)
    if exact is not None:
        return exact
    return next((s for s in service.starts if s.port is None or port is None), None)


def _last_hops(
    service: Service, start: Start | None, app: App | None, forward: Span | None = None
) -> Iterator[Hop]:
    if start is not None:
        if forward is not None:
            yield Hop("forwards", "http", forward)
        name = start.program if start.port is None else f"{start.program} :{start.port}"
        yield Hop(name, "https" if start.has_tls else "http", start.place)
        for place in dict.fromkeys(start.via):
            if place != start.place:
                yield Hop("started by", "", place)
    elif forward is not None:
        yield Hop(service.name if service.name != "host" else "the application", "http", forward)
    else:
        yield Hop(service.name, "http", service.place)
    if app is not None:
        yield Hop(app.place.path, "", app.place)


def _target(d: Deployment, proxy: Service, forward: Forward) -> Service | None:
    """The service that a proxy forwards to. Returns None if it is not of this deployment."""
    for service in d.services:
        if forward.host == service.name or forward.host.partition(".")[0] == service.name:
            return service
    return None


def _proxy_to(d: Deployment, service: Service) -> Span | None:
    """Where a published proxy or a route leads to a service. Returns None if none does."""
    for other in d.services:
        if other is service or not other.publications:
            continue
        for site in other.sites:
            listen = site.listens[0] if site.listens else Listen(0, site.place)
            for relays, last in _ways(d, other, site, listen):
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


def _tells(forward: Forward) -> bool:
    headers = forward.headers
    return "x-forwarded-proto" in headers or "forwarded" in headers or "x-scheme" in headers


def _told(relays: tuple[Relay, ...]) -> bool | None:
    """True if the application is told the client's scheme by the last proxy that says one.

    One that speaks plain HTTP to a proxy before it says ``http`` whatever the client used, unless
    it passes on what that one said. None: nothing is forwarded.
    """
    if not relays:
        return None
    for relay in reversed(relays[1:]):
        value = relay.forward.headers.get("x-forwarded-proto", "")
        if value == "$scheme" and not relay.listen.has_tls:
            return False
        if _tells(relay.forward) and "$http_x_forwarded" not in value:
            return True
    return _tells(relays[0].forward)


def _redirects(service: Service, site: ProxySite) -> bool | None:
    """True if plain HTTP is redirected beside a TLS site, False if it is served, None: no port."""
    plain = [s for s in service.sites if any(not one.has_tls for one in s.listens)]
    if not plain:
        return None
    return all(s.redirects is not None for s in plain)
