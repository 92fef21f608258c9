"""From what the audit found of a tree to a stack that can be started: nothing is run here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from plainwire.fix.proof import commands, entrances
from plainwire.fix.proof.building import Building
from plainwire.fix.proof.ground import Ground
from plainwire.fix.proof.plan import Entrance, Process, Stack
from plainwire.fix.proof.proxies import Mover, apache, caddy, haproxy, nginx
from plainwire.model import (
    Deployment,
    Environment,
    Service,
    SourceFile,
    Span,
    Start,
)
from plainwire.source.deploy import nginx as nginx_reader
from plainwire.source.project import LocalProject
from plainwire.source.python.program import Program
from plainwire.source.starting import Context, Starter

HOST: Final = "app.test"  # RFC 6761: where the project names no host
MAX_HOSTS: Final = 8  # beside the one that everything is asked of
_MOVERS: Final = {
    "nginx": nginx.moved,
    "apache": apache.moved,
    "caddy": caddy.moved,
    "haproxy": haproxy.moved,
}


def _name(now: Building) -> None:
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
    now = Building(
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
        entrances.routed(now, route)
    for service in now.services:
        entrances.published(now, service)
    if not any(not p.tests for p in now.processes):
        now.missing += now.unsaid or ["nothing says how the application starts: say it by --start"]
    if (assumes_edge or not now.entrances) and not now.missing:
        entrances.assumed(now)
    now.processes.sort(key=lambda p: bool(p.tests))  # applications first, then what asks them
    now.hosts = [name.lower() for name in now.hosts]
    host = next(iter(now.hosts), HOST)
    entrances.direct(now)
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
        others=tuple(dict.fromkeys(name for name in now.hosts if name != host)),
    )


def _once(entrances: Sequence[Entrance]) -> tuple[Entrance, ...]:
    """Each public port once, and each direct one once."""
    found: dict[tuple[int, bool], Entrance] = {}
    for entrance in entrances:
        found.setdefault((entrance.number, entrance.is_public), entrance)
    return tuple(found.values())


def _application(now: Building, service: Service) -> None:
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


def _given(now: Building, service: Service) -> Sequence[Start]:
    """What the user's own command starts, read as one of the project would be."""
    files = tuple(now.files.values())
    starter = Starter(files, Program(f for f in files if f.format == "python"), {})
    place = Span("--start", 1, 1, 1, now.start_command)
    return starter.text(now.start_command, place, Context(service.folder or ""))


def _proxy(now: Building, service: Service) -> None:
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
        files = [now.files[p] for p in paths if p in now.files]
        moved = move([*_main(now, files), *files] if program == "nginx" else files, mover)
        now.take(
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


def _main(now: Building, files: Sequence[SourceFile]) -> Sequence[SourceFile]:
    """The file that has nginx's server blocks in its http block, unless it is one of them."""
    mains = nginx_reader.mains(tuple(f for f in now.files.values() if f.format == "nginx"))
    held = {file.path: nginx_reader.holding(file, mains) for file in files}
    found = {main.file.path: main.file for own in held.values() for main in own}
    if len(found) > 1:
        names = ", ".join(sorted(found))
        now.notes.append(f"nginx's defaults in the place of one of {names}: which is not known")
        return ()
    return [file for path, file in found.items() if path not in held]


def with_host(stack: Stack, host: str) -> Stack:
    """The stack, asked by another name that its certificate has too."""
    host = host.lower()
    names = tuple(dict.fromkeys((host, *stack.certificates)))
    known = (stack.host, *stack.others) if stack.host != HOST else stack.others
    others = tuple(name for name in known if name != host)
    left = tuple(f"not asked as {name}: --host names it" for name in others[MAX_HOSTS:])
    return replace(
        stack,
        host=host,
        certificates=names,
        others=others[:MAX_HOSTS],
        notes=(*stack.notes, *left),
    )
