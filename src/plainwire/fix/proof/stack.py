"""From what the audit found of a tree to a stack that can be started: nothing is run here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Final

from plainwire.fix.proof import commands
from plainwire.fix.proof.ground import Ground
from plainwire.fix.proof.plan import Entrance, Process, Stack
from plainwire.fix.proof.plan import Route as Asked
from plainwire.fix.proof.proxies import Moved, Mover, apache, caddy, haproxy, nginx, stand_in
from plainwire.model import (
    Deployment,
    Environment,
    Route,
    Service,
    SourceFile,
    Span,
    Start,
)
from plainwire.source.project import LocalProject
from plainwire.source.python.program import Program
from plainwire.source.routes import in_folder
from plainwire.source.starting import Context, Starter
from plainwire.wire.openapi.verbs import state_change

MAX_ROUTES: Final = 300
HOST: Final = "app.test"  # RFC 6761: where the project names no host
NOWHERE: Final = "nowhere"
ASSUMED: Final = "an edge outside the project"
_MOVERS: Final = {
    "nginx": nginx.moved,
    "apache": apache.moved,
    "caddy": caddy.moved,
    "haproxy": haproxy.moved,
}
_INGRESS_HOST: Final = re.compile(
    r"^\s*-?\s*host:\s*[\"']?([A-Za-z0-9.-]+\.[A-Za-z]+)[\"']?\s*$", re.M
)


@dataclass(frozen=True)
class Routes:
    """Paths that may be asked, words about those that are not, and templates never to be asked."""

    asked: tuple[Asked, ...]
    left: tuple[str, ...]
    denied: tuple[str, ...]


@dataclass
class _Building:
    """A stack while it is put together."""

    deployment: Deployment
    services: list[Service]
    files: dict[str, SourceFile]
    ground: Ground
    start_command: str = ""
    processes: list[Process] = field(default_factory=list)
    entrances: list[Entrance] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    hosts: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unsaid: list[str] = field(default_factory=list)
    shared: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def machine(self, name: str) -> str:
        """The address of a service, which is then known by its name."""
        address = self.ground.machine(name)
        if re.fullmatch(r"[A-Za-z0-9][\w.-]*", name) and name != "host":
            self.names.setdefault(name, address)
        return address


def _name(now: _Building) -> None:
    """Give each service its address; Services of a cluster that lead to one pod have one."""
    file = now.files.get(now.deployment.name)
    is_compose = file is not None and file.format == "compose"
    first: dict[object, str] = {}
    kept: list[Service] = []
    for service in now.services:
        known = service.name
        if service.starts and not is_compose:
            known = first.setdefault(service.starts, service.name)
            now.ground.alias(service.name, known)
        is_again = known != service.name or any(s.name == known for s in kept)
        kept.append(replace(service, starts=()) if is_again else service)
        if is_again:
            now.shared.add(service.name)
        now.machine(service.name)
    now.services = kept


def deployments(project: LocalProject, environment: Environment) -> tuple[Deployment, ...]:
    """What of a project can be started: the deployments that run an application of it.

    Images and modules by themselves count only where nothing describes more.
    """
    running = [d for d in project.deployments if d.environment == environment and d.apps]
    whole = [d for d in running if d.routes or any(s.publications for s in d.services)]
    return tuple(whole or running)


def build(
    project: LocalProject,
    deployment: Deployment,
    ground: Ground,
    *,
    environment: Environment = "production",
    start_command: str = "",
    assumes_edge: bool = False,
) -> Stack:
    """The stack of one deployment; what of it cannot be started is in ``missing``.

    ``start_command`` starts the application where no file of the project says how. Where nothing
    is published, an edge that terminates TLS is assumed; ``assumes_edge``: in any case.
    """
    services = [s for s in deployment.services if s.environment == environment]
    now = _Building(
        deployment,
        services or list(deployment.services),
        {f.path: f for f in project.files},
        ground,
        start_command,
    )
    _name(now)
    for service in now.services:
        _application(now, service)
    for service in now.services:
        _proxy(now, service)
    for route in deployment.routes:
        _routed(now, route)
    for service in now.services:
        _published(now, service)
    if not any(not p.tests for p in now.processes):
        now.missing += now.unsaid or ["nothing says how the application starts: say it by --start"]
    if (assumes_edge or not now.entrances) and not now.missing:
        _assumed(now)
    now.processes.sort(key=lambda p: bool(p.tests))  # applications first, then what asks them
    host = next(iter(now.hosts), HOST)
    _direct(now)
    return Stack(
        deployment.name,
        host,
        tuple(now.processes),
        _once(now.entrances),
        now.texts,
        now.names,
        tuple(dict.fromkeys((host, *now.hosts, *now.names, "localhost", "127.0.0.1"))),
        tuple(dict.fromkeys(now.missing)),
        tuple(dict.fromkeys(now.notes)),
    )


def routes(project: LocalProject, deployment: Deployment | None = None) -> Routes:
    """The paths that may be asked with GET, and what is left out with the reason.

    ``deployment``: the paths of its applications only.
    """
    asked: dict[str, Asked] = {"/": Asked("/")}
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
        asked.setdefault(path, Asked(path, _place(route.place)))
    allowed = tuple(route for path, route in asked.items() if path not in denied)
    return Routes(allowed, tuple(dict.fromkeys(left)), tuple(dict.fromkeys(denied)))


def _place(span: Span | None) -> str:
    return f"{span.path}:{span.line}" if span is not None else ""


def _once(entrances: Sequence[Entrance]) -> tuple[Entrance, ...]:
    """Each public port once, and each direct one once."""
    found: dict[tuple[int, bool], Entrance] = {}
    for entrance in entrances:
        found.setdefault((entrance.number, entrance.is_public), entrance)
    return tuple(found.values())


# What starts ------------------------------------------------------------------------------


def _application(now: _Building, service: Service) -> None:
    starts: Sequence[Start] = service.starts
    if not starts and now.start_command and service.name in now.deployment.apps:
        starts = _given(now, service)
    whole = [s for s in starts if not any("$" in word for word in s.command)]
    for _, group in groupby(whole or starts, key=lambda s: s.command):
        done = commands.started(list(group), service, now.files, now.ground)
        now.texts |= done.files
        now.missing += done.missing
        now.notes += done.notes
        if done.process is not None:
            now.processes.append(done.process)
    if not starts and service.role == "app" and service.name not in now.shared:
        what = f"nothing says what starts in {service.name}"
        now.notes.append(f"not started: {what}")
        if service.name in now.deployment.apps:
            now.unsaid.append(f"{what}: say it by --start")
    if service.role == "store":
        now.notes.append(f"not started: {service.name}, a store ({service.image or 'its image'})")


def _given(now: _Building, service: Service) -> Sequence[Start]:
    """What the user's own command starts, read as one of the project would be."""
    files = tuple(now.files.values())
    starter = Starter(files, Program(f for f in files if f.format == "python"), {})
    place = Span("--start", 1, 1, 1, now.start_command)
    return starter.text(now.start_command, place, Context(service.folder or ""))


def _proxy(now: _Building, service: Service) -> None:
    """The proxy that a service runs, with the files of the project that configure it."""
    for program, sites in groupby(service.sites, key=lambda s: s.program):
        listed = list(sites)
        paths = tuple(dict.fromkeys(s.place.path for s in listed))
        if any(s.is_embedded for s in listed):
            now.missing.append(f"{service.name}: its {program} configuration is inside {paths[0]}")
            continue
        move = _MOVERS.get(program)
        if move is None:
            now.missing.append(f"{service.name}: {program} cannot be started here")
            continue
        variables = {n: s.value for n, s in service.settings.items() if s.value is not None}
        mover = Mover(
            now.ground,
            service.name,
            service.folder or "",
            now.files,
            variables,
            [s.name for s in now.services],
        )
        moved = move([now.files[p] for p in paths if p in now.files], mover)
        _take(
            now,
            moved,
            Process(
                f"{service.name}: {program}",
                moved.words,
                now.ground.folder + "/home",
                listens=tuple(moved.listens),
                tests=moved.tests,
                place=f"{listed[0].place.path}:{listed[0].place.line}",
            ),
        )
    if service.role == "proxy" and not service.sites:
        named = any(r.program == "traefik" for r in now.deployment.routes)
        if not named:
            now.missing.append(
                f"{service.name}: the configuration of {service.image or 'the proxy'} is not in "
                "the tree"
            )


def _take(now: _Building, moved: Moved, process: Process) -> None:
    now.texts |= moved.files
    now.missing += moved.missing
    now.notes += moved.notes
    now.hosts += moved.hosts
    for name in moved.upstreams:
        is_known = name in now.names or re.fullmatch(r"[\d.]+|localhost|\[.*\]", name)
        if not is_known and "$" not in name:
            now.names[name] = now.ground.machine(NOWHERE)
            now.notes.append(f"{name} is not part of this deployment: nothing listens there")
    if moved.words:
        now.processes.append(process)


# Where clients come in --------------------------------------------------------------------


def _published(now: _Building, service: Service) -> None:
    for port in service.publications:
        if port.is_local or service.role in ("store", "dashboard"):
            continue
        if not _is_started(now, service):
            now.notes.append(f"not asked: {service.name} :{port.port}, which is not started")
            continue
        if port.target is None and port.port is None:
            now.notes.append(f"{service.name}: a published port is not known")
            continue
        number, target = port.port or port.target or 0, port.target or port.port or 0
        address, real = now.ground.at(service.name, None, target)
        now.entrances.append(
            Entrance(
                f"{service.name} :{number}",
                number,
                address,
                real,
                _has_tls(service, target),
                place=_place(port.place),
            )
        )


def _is_started(now: _Building, service: Service) -> bool:
    at = now.ground.machine(service.name)
    return any(
        p.label.startswith(f"{service.name}: ") or any(host == at for host, _ in p.listens)
        for p in now.processes
    )


def _has_tls(service: Service, port: int) -> bool:
    listens = [one for site in service.sites for one in site.listens]
    return any(one.port == port and one.has_tls for one in listens) or any(
        s.port == port and s.has_tls for s in service.starts
    )


def _routed(now: _Building, route: Route) -> None:
    service = next((s for s in now.services if s.name == route.service), None)
    starts = service.starts if service is not None else ()
    start = next((s for s in starts if s.port == route.port), None) or next(iter(starts), None)
    if service is None or (start is None and not now.processes):
        if not any(each.role == "app" for each in now.services):
            now.missing.append(f"{route.service}, which {route.program} leads to, is not known")
        return
    for path in {route.place.path, *(s.path for s in route.places)}:
        file = now.files.get(path)
        now.hosts += _INGRESS_HOST.findall(file.text) if file is not None else []
    port = (start.port if start is not None else route.port) or commands.PORT
    target = now.ground.at(service.name, start.host if start is not None else None, port)
    is_platform = route.has_tls is None
    _stand_in(
        now,
        route.program,
        target,
        place=_place(route.place),
        has_tls=is_platform or bool(route.has_tls),
        redirects=bool(route.redirects),
        has_hsts=route.hsts is not None,
    )


def _stand_in(
    now: _Building,
    edge: str,
    target: tuple[str, int],
    *,
    place: str,
    has_tls: bool,
    redirects: bool = False,
    has_hsts: bool = False,
    is_assumed: bool = False,
) -> None:
    if any(p.stands_for for p in now.processes):
        return  # one edge: further routes lead to the same application, or to another's
    mover = Mover(now.ground, "edge", "", now.files, {})
    moved = stand_in.stand_in(
        mover,
        target,
        has_tls=has_tls,
        has_clear=not is_assumed,  # what an edge that nobody described does in clear is not known
        redirects=redirects,
        has_hsts=has_hsts,
    )
    process = Process(
        f"edge: nginx in the place of {edge}",
        moved.words,
        now.ground.folder + "/home",
        listens=tuple(moved.listens),
        tests=moved.tests,
        stands_for=edge,
        place=place,
    )
    _take(now, moved, process)
    now.notes.append(f"nginx stands in for {edge}, with what the files and its documentation say")
    for address, real in moved.listens:
        is_tls = has_tls and (address, real) == now.ground.at("edge", None, 443)
        number = 443 if is_tls else 80
        now.entrances.append(
            Entrance(f"{edge} :{number}", number, address, real, is_tls, True, place)
        )


def _assumed(now: _Building) -> None:
    """An edge where nothing says who publishes the server: assumed to terminate TLS."""
    service = next((s for s in now.services if s.starts), None)
    if service is None:
        return
    start = service.starts[0]
    if start.socket:
        now.missing.append("nothing says which proxy asks the server's socket")
        return
    at = now.ground.at(service.name, start.host, start.port or commands.PORT)
    if start.has_tls:
        number = start.port or commands.PORT
        entrance = Entrance(
            f"{service.name} :{number}", number, *at, True, True, _place(start.place)
        )
        now.entrances.append(entrance)
        return
    now.notes.append(
        "nothing says who publishes the server: a proxy that terminates TLS is assumed"
    )
    _stand_in(now, ASSUMED, at, place=_place(start.place), has_tls=True, is_assumed=True)


def _direct(now: _Building) -> None:
    """The application's own ports, for who is inside: never a client's way by themselves."""
    for process in now.processes:
        if process.tests or process.stands_for:
            continue
        for address, real in process.listens:
            number = now.ground.number(address, real)
            if not address.startswith("/"):
                now.entrances.append(
                    Entrance(
                        f"{process.label} directly",
                        number,
                        address,
                        real,
                        False,
                        False,
                        process.place,
                    )
                )


def with_host(stack: Stack, host: str) -> Stack:
    """The stack, asked by another name that its certificate has too."""
    names = tuple(dict.fromkeys((host, *stack.certificates)))
    return replace(stack, host=host, certificates=names)
