"""Kubernetes manifests put together: services with the containers that they select."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

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
from plainwire.source.assembly import helm_charts, images, kustomize
from plainwire.source.assembly.known import (
    DASHBOARDS,
    PRODUCTION_NAME,
    PROXIES,
    QUIET,
    STORES,
    Known,
    Role,
    implied,
)
from plainwire.source.deploy import inifile, kubernetes, nginx
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
    read = {folder: _manifests(known, files) for folder, files in folders.items()}
    known.is_hsts_off = any(found.sends_no_hsts for found in read.values())
    for folder, found in read.items():
        environment = folders[folder][0].environment
        whole = _with_workloads(found, _siblings(folder, read))
        yield from _put_together(known, folder or "manifests", environment, whole)
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
    yield from _put_together(known, name, environment, _manifests(known, files, settings))


def _manifests(
    known: Known, files: Sequence[SourceFile], settings: Sequence[Setting] = ()
) -> kubernetes.Manifests:
    found = kubernetes.Manifests(settings=list(settings))
    for file in files:
        try:
            kubernetes.read(file, found)
        except ValueError as error:
            known.skipped.append(Skip(file.path, str(error)))
    return found


def _siblings(
    folder: str, read: Mapping[str, kubernetes.Manifests]
) -> Iterator[kubernetes.Manifests]:
    """The manifests of the folders beside one, those for production first."""
    parent = folder.rpartition("/")[0]
    beside = [other for other in read if other != folder and other.rpartition("/")[0] == parent]
    beside = beside if parent else []
    for other in sorted(beside, key=lambda name: not PRODUCTION_NAME.search(name[len(parent) :])):
        yield read[other]


def _with_workloads(
    found: kubernetes.Manifests, siblings: Iterator[kubernetes.Manifests]
) -> kubernetes.Manifests:
    """Manifests with what their services select in a folder beside theirs, and in theirs not.

    `shared/service.yaml` is applied with `production/deployment.yaml`, or with another's.
    """
    lacking = [
        service.selector
        for service in found.services
        if service.selector and not any(_selects(service.selector, w) for w in found.workloads)
    ]
    for sibling in siblings if lacking else ():
        taken = [w for w in sibling.workloads if any(_selects(one, w) for one in lacking)]
        if taken:
            return replace(
                found,
                workloads=[*found.workloads, *taken],
                settings=[*found.settings, *sibling.settings],
            )
    return found


def _selects(selector: Mapping[str, str], workload: kubernetes.Workload) -> bool:
    return selector.items() <= workload.labels.items()


def _put_together(
    known: Known, name: str, environment: Environment, found: kubernetes.Manifests
) -> Iterator[Deployment]:
    said = [*found.settings, *(s for each in found.embedded for s in _written(*each[1:]))]
    known.settings += [s for s in said if s.environment not in QUIET]
    services = tuple(_services(known, found, environment))
    routes = found.all_routes
    if known.is_hsts_off or found.sends_no_hsts:
        routes = tuple(replace(r, hsts=None) if r.hsts == r.place else r for r in routes)
    targets = {(s.name, port): target for s in found.services for port, target in s.targets.items()}
    routes = tuple(
        replace(r, port=targets.get((r.service, r.port), r.port)) if r.port is not None else r
        for r in routes
    )
    if services or routes:
        yield known.finished(name, environment, services, routes)


def _services(
    known: Known, found: kubernetes.Manifests, environment: Environment
) -> Iterator[Service]:
    by_source: dict[str, list[Setting]] = {}
    for setting in found.settings:
        by_source.setdefault(setting.scope.partition(" ")[2], []).append(setting)
    placed: set[str] = set()
    for service in found.services:
        selected = [
            workload
            for workload in found.workloads
            if service.selector and service.selector.items() <= workload.labels.items()
        ]
        settings: dict[str, Setting] = {}
        for workload in selected:
            for source in workload.sources:
                settings |= {s.name: s for s in by_source.get(source, ())}
            settings |= workload.settings
        mounted = {name for workload in selected for name in workload.mounts}
        is_proxied = any(PROXIES.search(workload.image) for workload in selected)
        beside = [each for each in found.embedded if is_proxied and each[0] in mounted]
        inner = tuple(
            site for _, text, line, file in beside for site in _embedded(text, line, file)
        )
        if inner:
            placed |= {name for name, *_ in beside}
        inner = tuple(replace(site, is_embedded=False) for site in inner)
        yield _service(known, service, selected, settings, environment, inner)
    for name, text, line, file in found.embedded:
        for site in _embedded(text, line, file) if name not in placed else ():
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


def _service(
    known: Known,
    service: kubernetes.KubernetesService,
    workloads: Sequence[kubernetes.Workload],
    settings: Mapping[str, Setting],
    environment: Environment,
    sites: tuple[ProxySite, ...] = (),
) -> Service:
    """A service with what its containers run: of the image that is built here, if one is.

    ``sites`` are a proxy's among them, which a ConfigMap holds.
    """
    starts: tuple[Start, ...] = ()
    image = workloads[-1].image if workloads else ""
    role = _role(service.name, image)
    folder: str | None = None
    for workload in workloads:
        built = _built_from(known, workload.image)
        path, folder = built or ("", _folder_of_only_app(known))
        stage = known.images[path].shipped if path in known.images else None
        all_settings = {**(stage.settings if stage is not None else {}), **settings}
        context = Context(folder or "", all_settings)
        place = workload.command_place or workload.place
        own = known.starter.starts(workload.command, place, context)
        if stage is not None:
            known.used_images.add(path)
            own = own or known.of_image(path, stage, context)
            is_proxy = bool(PROXIES.search(stage.base))
            paths = images.copied_sites(known, stage, folder or "", is_proxy=is_proxy)
            known.claimed |= set(paths)
            values = {n: s.value for n, s in all_settings.items() if s.value is not None}
            sites += tuple(images.filled(s, values) for p in paths for s in known.sites[p])
            if sites or (is_proxy and not known.has_app(folder or "")):
                role = "proxy"
        starts += own
    if sites:
        role = "proxy"
    if role == "app" and folder and not starts and not known.has_app(folder):
        role = "other"  # it is built here, and no application that is known of is in it
    return Service(
        service.name,
        service.place,
        environment,
        service.publications,
        starts,
        sites,
        settings,
        image,
        folder if role in ("app", "proxy") else None,
        role,
    )


def _built_from(known: Known, image: str) -> tuple[str, str] | None:
    named = images.built_from(known, image)
    if named is not None or not (known.is_own(image) or known.is_local(image)):
        return named
    return images.only_built(known)


def _folder_of_only_app(known: Known) -> str | None:
    app = known.only_app()
    return app.folder if app is not None else None


def _role(name: str, image: str) -> Role:
    words = (image or name).lower()
    if STORES.search(words):
        return "store"
    if DASHBOARDS.search(words):
        return "dashboard"
    return "proxy" if PROXIES.search(image.lower()) else "app"


def _written(text: str, line: int, file: SourceFile) -> tuple[Setting, ...]:
    """The settings of a file that a ConfigMap or Secret holds, but of a proxy's configuration."""
    is_proxy = "server" in text and "{" in text
    return () if is_proxy else inifile.settings(text.splitlines(), line + 1, file)


def _embedded(text: str, line: int, file: SourceFile) -> tuple[ProxySite, ...]:
    if "server" not in text or "{" not in text:
        return ()
    return nginx.sites(file, (), text, line)
