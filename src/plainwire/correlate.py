"""Where source and wire meet: the routes that a scan asks, with what the source promises of each.

A scan that is given these asks them over both schemes, places its findings in the code, and says
where the wire serves in clear what the source says is never served so.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from plainwire.model import ApiOperation, App, Function, Middleware, Security, Span
from plainwire.source.project import LocalProject

_PASSWORD, _NOTHING = Security((("password in the body",),), True), Security()
_DEMANDS = re.compile(
    r"(require[sd]?|force|enforce|only)_?(https|ssl|tls|secure)|(https|ssl|tls)_?(required|only)",
    re.IGNORECASE,
)


def of_folder(root: Path | str) -> tuple[ApiOperation, ...]:
    """The routes of the source under a folder; nothing of it is run.

    Raises:
        TargetError: if ``root`` is no directory that can be read.
    """
    return operations(LocalProject(Path(root)))


def operations(project: LocalProject) -> tuple[ApiOperation, ...]:
    """The routes of a project, each with the place that enforces https for it, if one does."""
    demanding = {
        module.span(function.line): _place(project, function, module.span(function.line))
        for module in project.modules
        for function in module.functions
        if any(_DEMANDS.search(d.name.rpartition(".")[2]) for d in function.decorators)
    }
    logins = {place for app in project.apps for place in app.credentials}
    return tuple(
        replace(
            route,
            security=_PASSWORD if route.method != "GET" and route.place in logins else _NOTHING,
            https_by=demanding.get(route.place) or _whole(project, route),
        )
        for route in project.routes
        if route.place is not None
    )


def _place(project: LocalProject, function: Function, otherwise: Span) -> Span:
    """The line of the decorator that demands https."""
    file = project.file(otherwise.path)
    decorator = next(d for d in function.decorators if _DEMANDS.search(d.name.rpartition(".")[2]))
    return file.span(decorator.line) if file is not None else otherwise


def _whole(project: LocalProject, route: ApiOperation) -> Span | None:
    """What enforces https for all of a route's application: a hook, middleware, or its proxy."""
    path = route.place.path if route.place is not None else ""
    for app in project.apps:
        if app.folder and not path.startswith(app.folder + "/"):
            continue
        found = app.redirect_hook or _middleware(app) or _proxy(project, app)
        if found is not None:
            return found
    return None


def _middleware(app: App) -> Span | None:
    return next((m.place for m in app.middleware if _forces(m)), None)


def _forces(one: Middleware) -> bool:
    last = one.name.rpartition(".")[2]
    forces = one.arguments.get("force_https", True) is not False
    return not one.is_conditional and (last == "SSLify" or (last == "Talisman" and forces))


def _proxy(project: LocalProject, app: App) -> Span | None:
    """The redirect that every way to the application in production passes."""
    mine = [
        p
        for p in project.paths
        if p.app is not None and p.app.place == app.place and p.environment == "production"
    ]
    if not mine or not all(p.is_encrypted and p.redirects for p in mine):
        return None
    sites = (s for p in mine for s in p.service.sites if s.redirects is not None)
    return next((s.redirects for s in sites), mine[0].hops[0].place)
