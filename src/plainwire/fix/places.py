"""What a finding speaks of in its project: paths, the application, the class for production."""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import App, Call, Finding, Location, Path, Project, Span, Value

_PRODUCTION = re.compile(r"class \w*prod", re.IGNORECASE)
_CLASS = re.compile(r"^class (\w*(?:config|settings)\w*)", re.IGNORECASE | re.MULTILINE)
_CHOOSING = re.compile(r"conf|setting|env|stage|mode|profile", re.IGNORECASE)  # a variable's name
_CHOSEN = re.compile(r"([\w.-]+[.:_-])?prod(uction)?(config|settings)?", re.IGNORECASE)
_OTHER = re.compile(r"dev|default|local|test|stag|debug", re.IGNORECASE)
_TAKING = re.compile(r"app|conf|setting|from_object", re.IGNORECASE)  # the name of a callee


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


def is_loaded(place: Span, app: App, project: Project) -> bool:
    """True if the files show that what is deployed loads the class of configuration at a place.

    A class for production stands beside others, and a variable or an argument chooses.
    """
    file = project.file(place.path)
    named = _CLASS.match(place.text)
    if file is None or named is None:
        return False
    if len(_CLASS.findall(file.text)) == 1:
        return True
    calls = [call for module in project.modules if module.file.environment == "production"
             for call in module.calls if not call.conditions]  # fmt: skip
    if any(_loads(call, named[1]) for call in calls):
        return True
    services = [
        {name: setting.value or "" for name, setting in service.settings.items()}
        for deployment in project.deployments
        if deployment.environment == "production"
        for service in deployment.services
        if deployment.apps.get(service.name) is app
    ]
    given = [
        value
        for call in calls
        if _TAKING.search(call.name.rpartition(".")[2])
        for value in _values(call)
    ]
    return bool(services) and all(_chooses(settings, given, project) for settings in services)


def _loads(call: Call, name: str) -> bool:
    """True for ``from_object`` with a class, by itself or by its name."""
    given = call.argument("obj", 0)
    names = (call.named("obj", 0), given.text if given is not None else "")
    return call.name.endswith(".from_object") and name in (n.rpartition(".")[2] for n in names)


def _values(call: Call) -> Iterator[Value]:
    for value in (call.argument("", 0), *(call.argument(key) for key in call.keywords)):
        if value is not None:
            yield value


def _chooses(settings: dict[str, str], given: list[Value], project: Project) -> bool:
    """True if what a service sets, or else what is passed in the code, speaks of production."""
    texts = [f.text for f in project.files if f.format == "python" and f.environment != "test"]
    chosen = [
        value
        for name, value in settings.items()
        if _CHOOSING.search(name) and any(re.search(rf"[\"']{name}[\"']", t) for t in texts)
    ]
    names = chosen or [value.text for value in given if value.variable not in settings]
    return any(map(_CHOSEN.fullmatch, names)) and not any(map(_OTHER.search, names))
