"""Where clients come in: published ports, edges that something stands in for, and beside them."""

from __future__ import annotations

import re
from typing import Final

from plainwire.fix.proof import commands
from plainwire.fix.proof.building import Building, place
from plainwire.fix.proof.plan import Entrance, Process
from plainwire.fix.proof.proxies import Mover, stand_in
from plainwire.model import Route, Service

ASSUMED: Final = "an edge outside the project"
_INGRESS_HOST: Final = re.compile(
    r"^\s*-?\s*host:\s*[\"']?([A-Za-z0-9.-]+\.[A-Za-z]+)[\"']?\s*$", re.M
)


def published(now: Building, service: Service) -> None:
    """Add the ports of a service that can be reached from outside."""
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
                place=place(port.place),
            )
        )


def _is_started(now: Building, service: Service) -> bool:
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


def routed(now: Building, route: Route) -> None:
    """Add an edge that leads to a service, with nginx in its place."""
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
        place=place(route.place),
        has_tls=is_platform or bool(route.has_tls),
        redirects=bool(route.redirects),
        has_hsts=route.hsts is not None,
    )


def _stand_in(
    now: Building,
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
    now.take(moved, process)
    now.notes.append(f"nginx stands in for {edge}, with what the files and its documentation say")
    for address, real in moved.listens:
        is_tls = has_tls and (address, real) == now.ground.at("edge", None, 443)
        number = 443 if is_tls else 80
        now.entrances.append(
            Entrance(f"{edge} :{number}", number, address, real, is_tls, True, place)
        )


def assumed(now: Building) -> None:
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
            f"{service.name} :{number}", number, *at, True, True, place(start.place)
        )
        now.entrances.append(entrance)
        return
    now.notes.append(
        "nothing says who publishes the server: a proxy that terminates TLS is assumed"
    )
    _stand_in(now, ASSUMED, at, place=place(start.place), has_tls=True, is_assumed=True)


def direct(now: Building) -> None:
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
