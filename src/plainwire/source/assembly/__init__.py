"""From facts to deployments: which service runs what, behind which proxy, published where."""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Deployment
from plainwire.source.assembly import cluster, composed, machines, platform
from plainwire.source.assembly.known import Known

__all__ = ["Known", "deployments"]


def deployments(known: Known) -> Iterator[Deployment]:
    """Every deployment, those that claim files before those of what is left over."""
    described = [
        *composed.deployments(known),
        *cluster.deployments(known),
        *platform.procfiles(known),
        *platform.platforms(known),
        *platform.clouds(known),
    ]
    yield from described
    images = list(machines.bare_images(known))  # they claim the proxies that they hold
    hosts = list(machines.hosts(known))
    yield from (*hosts, *images)
    placed = {s.place for d in (*hosts, *images) for v in d.services for s in v.starts}
    started = {
        app.folder
        for d in (*hosts, *images)
        for name, app in d.apps.items()
        if any(v.starts for v in d.services if v.name == name)
    }
    for unit in machines.bare_units(known):
        if not any(s.place in placed for v in unit.services for s in v.starts):
            yield unit
            started |= {app.folder for app in unit.apps.values()}
    started |= {
        app.folder
        for d in described
        for v in d.services
        if (app := d.apps.get(v.name)) is not None and v.starts and v.environment == "production"
    }
    for one in machines.bare_scripts(known, started):
        if not any(s.place in placed for v in one.services for s in v.starts):
            yield one
            placed |= {s.place for v in one.services for s in v.starts}
    for one in machines.bare_modules(known, started):
        if not any(s.place in placed for v in one.services for s in v.starts):
            yield one
