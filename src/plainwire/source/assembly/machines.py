"""Hosts, images and modules that nothing else describes: what starts in them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Set
from dataclasses import replace

from plainwire.deployment.ends import LOOPBACK
from plainwire.deployment.published import UNPUBLISHED_IMAGE
from plainwire.model import (
    Deployment,
    Forward,
    ProxySite,
    Publication,
    Service,
    Setting,
    Stage,
    Start,
)
from plainwire.source.assembly import images
from plainwire.source.assembly.known import (
    DEVELOPMENT_NAME,
    PRODUCTION_NAME,
    QUIET,
    Known,
    implied,
    is_under,
)
from plainwire.source.deploy import programs
from plainwire.source.flask_app import folder_of
from plainwire.source.python.serving import servers
from plainwire.source.starting import Context

_UWSGI = re.compile(r"(?m)^\[uwsgi\]")
_UWSGI_HTTP = re.compile(r"\s*(http|http-socket|https|socket)\s*=")


def hosts(known: Known) -> Iterator[Deployment]:
    """Proxies configured on a machine, with the programs that a supervisor starts there."""
    containers = _containers_asked(known)
    for path, sites in known.sites.items():
        if path in known.claimed or not sites or sites[0].environment in QUIET:
            continue
        if not any(site.forwards for site in sites):
            continue
        if _is_variant(sites, containers.get(path.rpartition("/")[0], set())):
            continue
        folder = folder_of(path, known.roots)
        service = Service(
            "host",
            sites[0].place,
            sites[0].environment,
            _published(sites),
            tuple(_supervised(known, folder)),
            sites,
            {},
            "",
            folder,
            "proxy",
        )
        yield known.finished(path, sites[0].environment, (service,), ())


def _containers_asked(known: Known) -> dict[str, set[str]]:
    """By folder, what configurations forward to that a container mounts or an image holds.

    Containers are told by their names, servers beside the proxy by their ports.
    """
    found: dict[str, set[str]] = {}
    for path in known.claimed:
        asked = {_asked(f) for site in known.sites.get(path, ()) for f in site.forwards}
        found.setdefault(path.rpartition("/")[0], set()).update(asked - {""})
    return found


def _asked(forward: Forward) -> str:
    """A container's name, or a port on the same machine; empty for another machine."""
    if forward.host.startswith(LOOPBACK):
        return f":{forward.port}"
    return forward.host if "." not in forward.host else ""


def _is_variant(sites: Iterable[ProxySite], containers: Set[str]) -> bool:
    """True for what is there to take the place of a file beside it that a container has.

    It forwards to the same container by its name, which no machine knows, or to the same port
    beside itself.
    """
    asked = {_asked(forward) for site in sites for forward in site.forwards}
    return bool(asked) and asked <= containers


def _supervised(known: Known, folder: str) -> Iterator[Start]:
    for file in known.files:
        if programs.is_supervisor(file) and is_under(file.path, folder):
            for text, place in programs.commands(file):
                yield from known.starter.unit(text, place, Context(folder, {}))


def bare_units(known: Known) -> Iterator[Deployment]:
    """What systemd or supervisor starts on a machine, where nothing else says what does."""
    for file in known.files:
        if not programs.is_supervisor(file) or file.environment != "production":
            continue
        folder = folder_of(file.path, known.roots)
        if any(is_under(path, folder) for path in known.images):
            continue  # the image's own supervisor
        units = programs.commands(file)[:20]
        if _UWSGI.search(file.text):
            line = next((n for n, t in enumerate(file.lines, 1) if _UWSGI_HTTP.match(t)), 1)
            units = ((f"uwsgi --ini /{file.path}", file.span(line)),)
        for text, place in units:
            starts = known.starter.unit(text, place, Context(folder, {}))
            service = Service(file.path, place, "production", (), starts, folder=folder, role="app")
            if starts:
                yield known.finished(file.path, "production", (service,), ())


def bare_images(known: Known) -> Iterator[Deployment]:
    """Images that start the application, or a proxy to it, and that nothing here publishes."""
    for path, image in known.images.items():
        stage = image.shipped
        is_quiet = image.environment in (*QUIET, "development")
        if path in known.used_images or is_quiet or stage is None:
            continue
        folder, _, name = path.rpartition("/")
        is_alternative = f"{folder}/Dockerfile".lstrip("/") in known.used_images
        if is_alternative and not PRODUCTION_NAME.search(name):
            continue
        if DEVELOPMENT_NAME.search(name) or _has_production_twin(known, path):
            continue
        place = known.command_place(path, stage)
        starts = known.of_image(path, stage, Context(folder, dict(stage.settings)))
        elsewhere = frozenset(known.claimed)
        sites = tuple(_held(known, path, stage))
        if not starts and {site.place.path for site in sites} <= elsewhere:
            continue
        service = Service(
            path,
            place,
            image.environment,
            _published(sites),
            starts,
            sites,
            stage.settings,
            "",
            folder,
            "proxy" if sites else "app",
        )
        done = known.finished(path, image.environment, (service,), ())
        yield replace(done, unknowns=(*done.unknowns, UNPUBLISHED_IMAGE))


def _held(known: Known, path: str, stage: Stage) -> Iterator[ProxySite]:
    """The proxy's configuration that an image holds beside the application."""
    found = images.copied_sites(known, stage, images.context_of(path), is_proxy=False)
    for held in found:
        if any(site.forwards for site in known.sites[held]):
            known.claimed.add(held)
            yield from known.sites[held]


def _published(sites: Iterable[ProxySite]) -> tuple[Publication, ...]:
    """What a machine with a proxy is reached at, each port once, the first place of it."""
    every = [port for site in sites for port in implied(site)]
    return tuple({(p.port, p.host): p for p in reversed(every)}.values())


def _has_production_twin(known: Known, path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return any(
        other != path
        and other.rpartition("/")[0] == folder
        and PRODUCTION_NAME.search(other.rpartition("/")[2])
        for other in known.images
    ) and not PRODUCTION_NAME.search(name)


def bare_modules(known: Known, started: Collection[str]) -> Iterator[Deployment]:
    """Modules that start a server when they are run, where nothing else says how to start."""
    for app in known.apps:
        prefix = app.folder
        if prefix in started:
            continue
        if any(is_under(path, prefix) for path in known.images) or any(
            f.format == "procfile" and is_under(f.path, prefix) for f in known.files
        ):
            continue
        for module in known.starter.files.program.modules:
            file = module.file
            if file.environment != "production" or not is_under(file.path, prefix):
                continue
            for served in servers(module):
                if not (served.call.is_main or not served.call.scope):
                    continue
                place = served.call.span()
                variables = _loaded_variables(known, file.folder, prefix)
                at = Context("", variables)
                starts = known.starter.starts(("python", file.path), place, at)
                service = Service(
                    file.path,
                    place,
                    "production",
                    (),
                    starts,
                    settings=variables,
                    folder=prefix,
                    role="app",
                )
                if starts:
                    yield known.finished(file.path, "production", (service,), ())
                break


def bare_scripts(known: Known, started: Collection[str]) -> Iterator[Deployment]:
    """Shell scripts that start a server, where nothing else says how an application starts."""
    for file in known.files:
        if file.format != "shell" or file.environment != "production":
            continue
        folder = folder_of(file.path, known.roots)
        if folder in started or any(is_under(path, folder) for path in known.images):
            continue
        starts = known.starter.script(file, Context(folder, {}))
        if starts:
            service = Service(
                file.path, starts[0].place, "production", (), starts, folder=folder, role="app"
            )
            yield known.finished(file.path, "production", (service,), ())


def _loaded_variables(known: Known, *folders: str) -> dict[str, Setting]:
    """What app.run reads of a ``.env`` by itself, where python-dotenv is there to do it.

    https://flask.palletsprojects.com/en/stable/cli/#environment-variables-from-dotenv
    """
    if "python-dotenv" not in known.starter.files.requirements:
        return {}
    found: dict[str, Setting] = {}
    for folder in folders:
        found |= {s.name: s for s in known.variables.get(f"{folder}/.env".lstrip("/"), ())}
    return found
