"""The paths of an application that may be asked with GET, and those that may not, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from plainwire.fix.proof.building import place
from plainwire.fix.proof.plan import Route
from plainwire.model import Deployment
from plainwire.source.project import LocalProject
from plainwire.source.routes import in_folder
from plainwire.wire.openapi.verbs import state_change

MAX_ROUTES: Final = 300


@dataclass(frozen=True)
class Routes:
    """Paths that may be asked, words about those that are not, and templates never to be asked."""

    asked: tuple[Route, ...]
    left: tuple[str, ...]
    denied: tuple[str, ...]


def routes(project: LocalProject, deployment: Deployment | None = None) -> Routes:
    """The paths that may be asked with GET, and what is left out with the reason.

    ``deployment``: the paths of its applications only.
    """
    asked: dict[str, Route] = {"/": Route("/")}
    left: list[str] = []
    denied: list[str] = []
    found = project.routes
    if deployment is not None and deployment.apps:
        folders = {app.folder for app in deployment.apps.values()}
        found = tuple(r for folder in sorted(folders) for r in in_folder(project.routes, folder))
    for route in found:
        if route.method != "GET":
            continue
        why = route.skipped or state_change("GET", route.path, names=(route.operation_id,))
        path = route.filled()
        if why is None and path is None:
            why = "needs a value that the source does not give"
        if why is None and len(asked) >= MAX_ROUTES:
            why = f"more than {MAX_ROUTES} routes"
        if why is not None or path is None:
            left.append(f"GET {route.path}: {why}")
            denied += [route.path] if path is not None or route.skipped else []
            continue
        asked.setdefault(path, Route(path, place(route.place)))
    allowed = tuple(route for path, route in asked.items() if path not in denied)
    return Routes(allowed, tuple(dict.fromkeys(left)), tuple(dict.fromkeys(denied)))
