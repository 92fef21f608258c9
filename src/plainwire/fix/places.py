"""What a finding speaks of in its project: paths, the application, the class for production."""

from __future__ import annotations

import re

from plainwire.model import App, Finding, Location, Path, Project, Span

_PRODUCTION = re.compile(r"class \w*prod", re.IGNORECASE)


def is_at(place: Span | None, location: Location) -> bool:
    """True if evidence stands where a finding says."""
    return place is not None and (place.path, place.line) == (location.path, location.line)


def paths_of(finding: Finding, project: Project) -> list[Path]:
    """The paths that a finding speaks of: those all of whose hops are among its places."""
    named = {(place.path, place.line) for place in finding.locations}
    return [
        path
        for path in project.paths
        if path.environment == finding.environment
        and all((hop.path, hop.line) in named for hop in path.places)
    ]


def app_at(path: str, project: Project) -> App | None:
    """The application that a file belongs to. Returns None if there is none, or several."""
    holding = [a for a in project.apps if not a.folder or path.startswith(a.folder + "/")]
    deepest = max((len(a.folder) for a in holding), default=0)
    nearest = [a for a in holding if len(a.folder) == deepest]
    return nearest[0] if len(nearest) == 1 else None


def production_classes(app: App) -> list[Span]:
    """Where the classes begin that are an application's configuration in production."""
    return [span for span in app.config_places if _PRODUCTION.match(span.text)]
