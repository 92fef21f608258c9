"""All paths of a project's deployments, without those that lead nowhere of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from plainwire.deployment import published
from plainwire.deployment.ends import LOOPBACK
from plainwire.deployment.routed import routed
from plainwire.model import Deployment, Path, Span

# Routers that answer both schemes: https://devcenter.heroku.com/articles/http-routing, the docs of
# Fly and of App Engine.
BOTH_SCHEMES = ("platform router", "Heroku router", "Fly proxy", "App Engine")


def all_paths(deployments: Sequence[Deployment]) -> tuple[Path, ...]:
    """The paths of every deployment of a project that runs an application of it.

    What runs other programs is not ours to judge, but for the stores that an application in no
    container works with.
    """
    has_apps = any(deployment.apps for deployment in deployments)
    folders = {app.folder for deployment in deployments for app in deployment.apps.values()}
    is_published = any(_publishes(deployment) for deployment in deployments)
    found = [
        path
        for deployment in deployments
        for path in paths(deployment)
        if deployment.apps or not has_apps or _is_beside(path, deployment, folders, is_published)
    ]
    return tuple(_behind_hosts(found))


def _is_beside(path: Path, deployment: Deployment, folders: Set[str], is_published: bool) -> bool:
    """True for a store that an application in no container works with.

    It is in a compose file of stores alone, or in the folder of applications that no image holds
    and no deployment publishes.
    """
    folder, _, name = deployment.name.rpartition("/")
    if path.kind not in ("store", "dashboard") or not name.endswith((".yml", ".yaml")):
        return False  # a script's command is one that somebody may try
    roles = {service.role for service in deployment.services}
    are_stores = "store" in roles and roles <= {"store", "dashboard"}
    return are_stores or (not is_published and folder in {"", *folders})


def _publishes(deployment: Deployment) -> bool:
    """True if clients reach an application of a deployment, or are to reach it in an image."""
    is_public = deployment.routes or any(s.publications for s in deployment.services)
    return bool(deployment.apps and (is_public or "dockerfile" in deployment.name.lower()))


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
    enforces = app.redirect_hook is not None or any(m.enforces_https for m in app.middleware)
    return path.redirects is None and not enforces


def _only_refuses(path: Path, over_tls: Set[Span]) -> bool:
    """True for a plain port where the application itself sends everybody away to its TLS port."""
    app = path.app
    if path.kind != "direct" or path.is_encrypted is not False or app is None:
        return False
    return app.redirect_hook is not None and app.place in over_tls


def _paths(d: Deployment) -> Iterator[Path]:
    for route in d.routes:
        yield from routed(d, route)
    for service in d.services:
        open_ports = [p for p in service.publications if not p.is_local]
        for port in open_ports:
            yield from published.published(d, service, port)
        if service.name == d.name:  # an image or a module by itself
            yield from published.unpublished(d, service)
        if service.name == "host":
            yield from published.open_on_host(d, service)
        is_embedded = any(site.is_embedded for site in service.sites)
        if is_embedded and not service.publications:
            yield from published.unmounted(d, service)


def _behind_hosts(found: list[Path]) -> Iterator[Path]:
    """Paths, with a server left out that a proxy on the same machine forwards to by its port, and
    an image by itself whose application is behind a load balancer.
    """
    ports = {
        p.forward.port
        for p in found
        if p.forward is not None
        and p.forward.host.startswith(LOOPBACK)
        and p.service.name == "host"
    }
    balanced = {p.app.place for p in found if p.app is not None and _is_balanced(p)}
    for path in found:
        is_behind = path.start is not None and path.start.port in ports and path.start.port
        is_balanced = path.app is not None and path.app.place in balanced
        if not (path.kind == "unpublished" and (is_behind or is_balanced)):
            yield path


def _is_balanced(path: Path) -> bool:
    """True for a path through a cloud's load balancer: that is what stands before the image."""
    return path.site is not None and path.site.place.path.endswith(".tf")
