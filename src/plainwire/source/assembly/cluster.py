"""Kubernetes manifests put together: services with the containers that they select."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from plainwire.model import (
    Deployment,
    Environment,
    ProxySite,
    Service,
    Setting,
    Skip,
    SourceFile,
    Start,
)
from plainwire.source.assembly import helm_charts, kustomize
from plainwire.source.assembly.known import DASHBOARDS, PROXIES, QUIET, STORES, Known, Role, implied
from plainwire.source.deploy import kubernetes, nginx
from plainwire.source.starting import Context


def deployments(known: Known) -> Iterator[Deployment]:
    """A deployment for each folder of manifests, each Kustomize overlay with what it takes in,
    and each chart with each file of values.
    """
    overlays = tuple(kustomize.overlays(known))
    taken = {folder for one in overlays for folder in one.folders}
    taken |= {file.folder for one in overlays for file in one.files}
    charts = {f.folder for f in known.files if f.name in ("Chart.yaml", "Chart.yml")}
    folders: dict[str, list[SourceFile]] = {}
    for file in known.files:
        if file.format == "kubernetes" and file.environment not in QUIET:
            if "/templates/" in f"/{file.path}":
                continue  # a chart's, whose values decide what is there
            if file.folder not in taken:
                folders.setdefault(file.folder, []).append(file)
    for folder, files in folders.items():
        yield from _deployment(known, folder or "manifests", files[0].environment, files)
    for one in overlays:
        yield from _deployment(known, one.name, one.environment, one.files, one.settings)
    for chart in sorted(charts):
        for name, environment, files in helm_charts.charts(known, chart):
            yield from _deployment(known, name, environment, files)


def _deployment(
    known: Known,
    name: str,
    environment: Environment,
    files: Sequence[SourceFile],
    settings: Sequence[Setting] = (),
) -> Iterator[Deployment]:
    found = kubernetes.Manifests(settings=list(settings))
    for file in files:
        try:
            kubernetes.read(file, found)
        except ValueError as error:
            known.skipped.append(Skip(file.path, str(error)))
    known.settings += [s for s in found.settings if s.environment not in QUIET]
    services = tuple(_services(known, found, environment))
    routes = found.all_routes
    if services or routes:
        yield known.finished(name, environment, services, routes)


def _services(
    known: Known, found: kubernetes.Manifests, environment: Environment
) -> Iterator[Service]:
    by_source: dict[str, list[Setting]] = {}
    for setting in found.settings:
        by_source.setdefault(setting.scope.partition(" ")[2], []).append(setting)
    app = known.only_app()
    for service in found.services:
        starts: tuple[Start, ...] = ()
        settings: dict[str, Setting] = {}
        image = ""
        for workload in found.workloads:
            is_mine = service.selector and service.selector.items() <= workload.labels.items()
            if not is_mine:
                continue
            for source in workload.sources:
                settings |= {s.name: s for s in by_source.get(source, ())}
            settings |= workload.settings
            image = workload.image
            own = posixpath.join(app.folder if app is not None else "", "Dockerfile")
            if known.is_own(image) and own in known.images:
                known.used_images.add(own)
            place = workload.command_place or workload.place
            code = app.folder if app is not None else ""
            context = Context(code, settings)
            starts += known.starter.starts(workload.command, place, context)
            starts += _of_own_image(known, image, code, settings) if not starts else ()
        role = _role(service.name, image)
        yield Service(
            service.name,
            service.place,
            environment,
            service.publications,
            starts,
            (),
            settings,
            image,
            app.folder if app is not None and role == "app" else None,
            role,
        )
    for name, text, line, file in found.embedded:
        for site in _embedded(text, line, file):
            is_mounted = any(name in w.mounts for w in found.workloads)
            yield Service(
                name,
                file.span(line),
                environment,
                implied(site) if is_mounted else (),
                (),
                (site,),
                {},
                "",
                None,
                "proxy",
            )


def _of_own_image(
    known: Known, image: str, folder: str, settings: Mapping[str, Setting]
) -> tuple[Start, ...]:
    dockerfile = known.images.get(posixpath.join(folder, "Dockerfile"))
    stage = dockerfile.stage(None) if dockerfile is not None else None
    if not known.is_own(image) or dockerfile is None or stage is None:
        return ()
    known.used_images.add(dockerfile.path)
    at = Context(folder, {**stage.settings, **settings})
    return known.of_image(dockerfile.path, stage, at)


def _role(name: str, image: str) -> Role:
    words = (image or name).lower()
    if STORES.search(words):
        return "store"
    if DASHBOARDS.search(words):
        return "dashboard"
    return "proxy" if PROXIES.search(image.lower()) else "app"


def _embedded(text: str, line: int, file: SourceFile) -> tuple[ProxySite, ...]:
    if "server" not in text or "{" not in text:
        return ()
    return nginx.sites(file, (), text, line)
