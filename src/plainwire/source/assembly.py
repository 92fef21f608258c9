"""From facts to deployments: which service runs what, behind which proxy, published where."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from plainwire.model import (
    App,
    Deployment,
    Environment,
    Image,
    ProxySite,
    Publication,
    Route,
    Service,
    Setting,
    Skip,
    SourceFile,
    Span,
    Stage,
    Start,
    masked_value,
)
from plainwire.source.deploy import compose, kubernetes, nginx, platforms, programs
from plainwire.source.deploy.compose import ComposeFile, ComposeService
from plainwire.source.deploy.words import expanded
from plainwire.source.flask_app import folder_of
from plainwire.source.python.serving import servers
from plainwire.source.starting import Context, Starter

Role = Literal["app", "proxy", "store", "dashboard", "other"]
_STORES = re.compile(
    r"(^|[/_-])(postgres(ql)?|postgis|mysql(-server)?|mariadb|mongo(db)?|redis(mod|-stack)?|memcached"
    r"|elasticsearch|opensearch|rabbitmq|kafka|cassandra|couchdb|influxdb|minio|etcd|zookeeper"
    r"|valkey|keydb|clickhouse|neo4j|timescaledb|percona|mssql|nats|consul|vault)(\b|[:_-]|$)"
)
_DASHBOARDS = re.compile(
    r"(^|[/_-])(adminer|phpmyadmin|pgadmin\d?|mongo-express|redis-commander|redisinsight|flower|kibana"
    r"|portainer|rq-dashboard|rq-exporter|mailhog|maildev|mailcatcher|cadvisor|kafka-ui)(\b|[:_-]|$)"
)
_PROXIES = re.compile(
    r"(^|[/_-])(nginx|openresty|traefik|haproxy|caddy|httpd|apache|envoy|kong|varnish|swag|nginx-proxy"
    r"|nginx-proxy-manager|squid)(\b|[:_-]|$)"
)
_PROXY_FOLDER = re.compile(r"^/?(usr/local/)?etc/(nginx|apache2|httpd|caddy|haproxy)(/|$)")
# Folders of which a proxy loads the files that stand directly in them.
_FLAT_FOLDER = re.compile(r"/(conf\.d|sites-enabled|caddy|http\.d|templates)/?$")
_PRODUCTION_NAME = re.compile(r"(^|[._-])prod(uction)?([._-]|$)", re.IGNORECASE)
_DEVELOPMENT_NAME = re.compile(r"(^|[._-])(dev|devel|development|local|debug)([._-]|$)", re.I)
_SAMPLES = ("-sample", ".sample", ".example", "-example", ".template", ".dist")
_QUIET = ("test", "documentation", "vendored")


class Assembler:
    """Puts the files' facts together."""

    def __init__(
        self,
        files: Sequence[SourceFile],
        starter: Starter,
        apps: Sequence[App],
        images: Sequence[Image],
        sites: Mapping[str, tuple[ProxySite, ...]],
        variables: Mapping[str, tuple[Setting, ...]],
        roots: Sequence[str],
    ) -> None:
        self.files = files
        self.starter = starter
        self.apps = apps
        self.images = {image.path: image for image in images}
        self.sites = sites
        self.variables = variables
        self.roots = roots
        self.skipped: list[Skip] = []
        self.settings: list[Setting] = []
        self.claimed: set[str] = set()
        self.used_images: set[str] = set()

    def deployments(self) -> Iterator[Deployment]:
        """Every deployment, those that claim files before those of what is left over."""
        yield from self._compose()
        yield from self._kubernetes()
        yield from self._procfiles()
        yield from self._platforms()
        hosts = list(self._hosts())
        yield from hosts
        images = list(self._bare_images())
        yield from images
        known = {s.place for d in (*hosts, *images) for v in d.services for s in v.starts}
        started = {
            app.folder
            for d in (*hosts, *images)
            for name, app in d.apps.items()
            if any(v.starts for v in d.services if v.name == name)
        }
        for unit in self._bare_units():
            if not any(s.place in known for v in unit.services for s in v.starts):
                yield unit
                started |= {app.folder for app in unit.apps.values()}
        for one in self._bare_modules(started):
            if not any(s.place in known for v in one.services for s in v.starts):
                yield one

    # Compose ---------------------------------------------------------------------------------

    def _compose(self) -> Iterator[Deployment]:
        read: list[ComposeFile] = []
        for file in self.files:
            if file.format != "compose" or file.environment in ("vendored", "documentation"):
                continue
            try:
                read.append(compose.read(file))
            except ValueError as error:
                self.skipped.append(Skip(file.path, str(error)))
        for one in read:
            environment = self._compose_environment(one, read)
            services = tuple(
                self._service(s, one, environment, read)
                for s in one.services
                if environment != "test"
            )
            if environment != "test":
                self.settings += [s for path, _ in one.secrets for s in self._secret(path)]
            routes = tuple(_traefik(one, services))
            if services:
                yield self._finished(one.file.path, environment, services, routes)

    def _secret(self, path: str) -> Iterator[Setting]:
        """What a file holds that a compose file gives to a service as a secret."""
        file = next((f for f in self.files if f.path == path), None)
        if file is not None and file.text.strip():
            text = file.lines[0].strip()
            place = replace(file.span(1), text=masked_value(text[:200]))  # the line is the secret
            yield Setting(file.name, text, place, file.environment, "compose secret")

    def _compose_environment(self, one: ComposeFile, every: Sequence[ComposeFile]) -> Environment:
        """By name and comments; the plain file beside one for production is for development."""
        file = one.file
        if file.environment != "production" or _PRODUCTION_NAME.search(file.name):
            return file.environment
        beside = [
            other
            for other in every
            if other is not one
            and other.file.folder == file.folder
            and _PRODUCTION_NAME.search(other.file.name)
            and any(s.context is not None or s.image for s in other.services)
        ]
        return "development" if beside else "production"

    def _service(
        self,
        written: ComposeService,
        one: ComposeFile,
        environment: Environment,
        every: Sequence[ComposeFile],
    ) -> Service:
        base = self._base_of(written, one, every)
        image, stage, folder = self._image(base, one)
        settings = dict(self._copied_variables(stage, folder))
        settings |= stage.settings if stage is not None else {}
        for path in base.env_files:
            for setting in self._env_file(path):
                settings[setting.name] = setting
        settings |= base.settings
        if environment == "production":
            environment = _service_environment(base, settings)
        sites = tuple(self._sites_of(base, image, stage, folder, settings))
        role = self._role(base, stage, sites, folder)
        starts: tuple[Start, ...] = ()
        runs_more = bool(sites) and not _PROXIES.search(base.image or (stage.base if stage else ""))
        if role in ("app", "other") or runs_more:  # or proxy and server in one container
            context = Context(folder or one.file.folder, settings)
            starts = self._starts(base, stage, image, context)
            holds_app = folder is not None and self._has_app(folder)
            is_built = base.context is not None
            if role == "other" and (starts or (holds_app and is_built)):
                role = "app"
        if image is not None and environment in ("production", "staging"):
            self.used_images.add(image.path)
        return Service(
            base.name,
            base.place,
            environment,
            base.publications or _on_the_host(base, starts),
            starts,
            sites,
            settings,
            base.image or (stage.base if stage else ""),
            folder,
            role,
            base.flags,
        )

    def _base_of(
        self, written: ComposeService, one: ComposeFile, every: Sequence[ComposeFile]
    ) -> ComposeService:
        """A service of an overlay, with what the file under it says of the same name."""
        if written.image or written.context is not None:
            return written
        if written.extends is not None:
            path, name = written.extends
            named = (s for o in every if o.file.path == path for s in o.services)
            parent = next((s for s in named if s.name == name and s is not written), None)
            if parent is not None:
                return _merged(parent, written)
        for other in every:
            if other.file.folder != one.file.folder or other is one:
                continue
            for service in other.services:
                if service.name == written.name and (service.image or service.context is not None):
                    return _merged(service, written)
        return written

    def _image(
        self, service: ComposeService, one: ComposeFile
    ) -> tuple[Image | None, Stage | None, str | None]:
        """The Dockerfile, stage and folder of a service's image, as far as the project has them."""
        if service.context is not None:
            path = posixpath.normpath(posixpath.join(service.context, service.dockerfile))
            image = self.images.get(path)
            stage = image.stage(service.target) if image is not None else None
            return image, stage, service.context
        if service.image and self._is_own(service.image):
            for folder in (one.file.folder, "", "docker"):
                image = self.images.get(posixpath.join(folder, "Dockerfile"))
                context = "" if folder == "docker" else folder
                if image is not None and self._has_app(context):
                    return image, image.stage(None), context
        return None, None, None

    def _is_own(self, image: str) -> bool:
        """True if an image is likely built from this project: named, and no known product."""
        name = image.partition("@")[0]
        known = (_STORES, _DASHBOARDS, _PROXIES)
        return "/" in name and not any(pattern.search(name) for pattern in known)

    def _has_app(self, folder: str) -> bool:
        return any(_is_under(app.place.path, folder) for app in self.apps)

    def _env_file(self, path: str) -> tuple[Setting, ...]:
        for candidate in (path, *(path + suffix for suffix in _SAMPLES)):
            if candidate in self.variables:
                return self.variables[candidate]
        return ()

    def _copied_variables(
        self, stage: Stage | None, folder: str | None
    ) -> Iterator[tuple[str, Setting]]:
        """The variables of an environment file that an image holds as ``.env``."""
        for source, target, _ in stage.copies if stage is not None else ():
            if target.rpartition("/")[2] in (".env", ".flaskenv"):
                path = posixpath.normpath(posixpath.join(folder or "", source))
                yield from ((s.name, s) for s in self.variables.get(path, ()))

    def _sites_of(
        self,
        service: ComposeService,
        image: Image | None,
        stage: Stage | None,
        folder: str | None,
        settings: Mapping[str, Setting],
    ) -> Iterator[ProxySite]:
        """The proxy configuration mounted into a service, copied by its image, or beside it."""
        paths: dict[str, None] = {}
        is_proxy = bool(_PROXIES.search(service.image or (stage.base if stage else "")))
        for source, target in service.mounts:
            for path in self.sites:
                if path == source or (is_proxy and _is_loaded(path, source.rstrip("/"), target)):
                    paths[path] = None
        if not paths and is_proxy and image is not None and stage is not None:
            context = folder or ""
            for source, _, _ in stage.copies:
                name = posixpath.normpath(source.partition(":")[2] or source)
                for path in self.sites:
                    is_here = path == posixpath.join(context, name)
                    if is_here or (_is_under(path, context) and _ends_with(path, name)):
                        paths[path] = None
            if not paths:
                paths = dict.fromkeys(p for p in self.sites if _is_under(p, context))
        if not paths and not is_proxy and stage is not None:
            for source, target, _ in stage.copies:
                if _PROXY_FOLDER.search(target):
                    name = posixpath.normpath(posixpath.join(folder or "", source))
                    paths |= dict.fromkeys(p for p in self.sites if p == name or _is_in(p, name))
        known = {n: s.value for n, s in settings.items() if s.value is not None}
        for path in paths:
            self.claimed.add(path)
            for site in self.sites[path]:
                yield _filled(site, known)

    def _role(
        self,
        service: ComposeService,
        stage: Stage | None,
        sites: Sequence[ProxySite],
        folder: str | None,
    ) -> Role:
        name = (service.image or (stage.base if stage is not None else "")).lower()
        name = name.partition("@")[0]
        if _PROXIES.search(name) or sites:
            return "proxy"
        if _DASHBOARDS.search(name):
            return "dashboard"
        if _STORES.search(name):
            return "store"
        if any(_DASHBOARDS.search(word) for word in service.command[:2]):
            return "dashboard"
        is_built = service.context is not None and not self._has_app(service.context)
        if is_built and _STORES.search(service.name.lower()):  # built here, named by what it is
            return "store"
        return "other"

    def _starts(
        self, service: ComposeService, stage: Stage | None, image: Image | None, at: Context
    ) -> tuple[Start, ...]:
        entrypoint, command = service.entrypoint, service.command
        place = service.command_place or service.place
        if stage is not None and image is not None:
            file = next((f for f in self.files if f.path == image.path), None)
            if not entrypoint:
                entrypoint = stage.entrypoint
                if not command:
                    command = stage.command
                    line = stage.command_line or stage.entrypoint_line
                    place = file.span(line) if file is not None and line else place
        return self.run(entrypoint, command, place, at)

    def run(
        self, entrypoint: Sequence[str], command: Sequence[str], place: Span, at: Context
    ) -> tuple[Start, ...]:
        """What an entry point with a command starts."""
        if not entrypoint:
            return self.starter.starts(command, place, at)
        found = self.starter.starts((*entrypoint, *command), place, at)
        return found or self.starter.starts(command, place, at)

    # Kubernetes ------------------------------------------------------------------------------

    def _kubernetes(self) -> Iterator[Deployment]:
        folders: dict[str, list[SourceFile]] = {}
        for file in self.files:
            if file.format == "kubernetes" and file.environment not in _QUIET:
                if "/templates/" in file.path or file.path.startswith("templates/"):
                    continue  # Helm's, whose values decide what is there
                folders.setdefault(file.folder, []).append(file)
        for folder, files in folders.items():
            found = kubernetes.Manifests()
            for file in files:
                try:
                    kubernetes.read(file, found)
                except ValueError as error:
                    self.skipped.append(Skip(file.path, str(error)))
            found.routes += list(found.gateway_routes())[:200]
            environment = files[0].environment
            self.settings += [s for s in found.settings if s.environment not in _QUIET]
            services = tuple(self._kubernetes_services(found, environment, folder))
            name = folder or "manifests"
            if services or found.routes:
                yield self._finished(name, environment, services, tuple(found.routes))

    def _kubernetes_services(
        self, found: kubernetes.Manifests, environment: Environment, folder: str
    ) -> Iterator[Service]:
        by_source: dict[str, list[Setting]] = {}
        for setting in found.settings:
            by_source.setdefault(setting.scope.partition(" ")[2], []).append(setting)
        app = self._only_app()
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
                if self._is_own(image) and own in self.images:
                    self.used_images.add(own)
                place = workload.command_place or workload.place
                code = app.folder if app is not None else ""
                context = Context(code, settings)
                starts += self.starter.starts(workload.command, place, context)
                starts += self._of_own_image(image, code, settings) if not starts else ()
            role = self._kubernetes_role(service.name, image)
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
            for site in self._embedded(text, line, file):
                is_mounted = any(name in w.mounts for w in found.workloads)
                yield Service(
                    name,
                    file.span(line),
                    environment,
                    _implied(site) if is_mounted else (),
                    (),
                    (site,),
                    {},
                    "",
                    None,
                    "proxy",
                )

    def _of_own_image(
        self, image: str, folder: str, settings: Mapping[str, Setting]
    ) -> tuple[Start, ...]:
        dockerfile = self.images.get(posixpath.join(folder, "Dockerfile"))
        stage = dockerfile.stage(None) if dockerfile is not None else None
        if not self._is_own(image) or dockerfile is None or stage is None:
            return ()
        self.used_images.add(dockerfile.path)
        file = next(f for f in self.files if f.path == dockerfile.path)
        place = file.span(stage.command_line or stage.entrypoint_line or stage.line)
        at = Context(folder, {**stage.settings, **settings})
        return self.run(stage.entrypoint, stage.command, place, at)

    def _kubernetes_role(self, name: str, image: str) -> Role:
        words = (image or name).lower()
        if _STORES.search(words):
            return "store"
        if _DASHBOARDS.search(words):
            return "dashboard"
        return "proxy" if _PROXIES.search(image.lower()) else "app"

    def _embedded(self, text: str, line: int, file: SourceFile) -> tuple[ProxySite, ...]:
        if "server" not in text or "{" not in text:
            return ()
        return nginx.sites(file, (), text, line)

    # Platforms, hosts, images, modules ---------------------------------------------------------

    def _procfiles(self) -> Iterator[Deployment]:
        for file in self.files:
            if file.format != "procfile" or file.environment in _QUIET:
                continue
            for text, place in programs.commands(file)[:20]:
                port = Setting("PORT", "", place)
                starts = self.starter.text(text, place, Context(file.folder, {"PORT": port}))
                if not starts:
                    continue
                environment: Environment = (
                    "development" if _DEVELOPMENT_NAME.search(file.name) else file.environment
                )
                service = Service(
                    "web", place, environment, (), starts, folder=file.folder, role="app"
                )
                route = Route("platform router", place, "web", None, True, (), None)
                yield self._finished(file.path, environment, (service,), (route,))

    def _platforms(self) -> Iterator[Deployment]:
        for file in self.files:
            if file.name not in platforms.FILES or file.environment in _QUIET:
                continue
            try:
                found = list(platforms.services(file))
            except ValueError as error:
                self.skipped.append(Skip(file.path, str(error)))
                continue
            for one in found[:20]:
                path = posixpath.join(file.folder, one.dockerfile)
                image = self.images.get(path)
                stage = image.stage(None) if image is not None else None
                settings = dict(stage.settings) if stage is not None else {}
                settings.setdefault("PORT", Setting("PORT", "", one.place))
                at = Context(file.folder, settings)
                starts = self.starter.text(one.command, one.place, at) if one.command else ()
                if not starts and image is not None and stage is not None:
                    source = next(f for f in self.files if f.path == path)
                    place = source.span(stage.command_line or stage.entrypoint_line or 1)
                    starts = self.run(stage.entrypoint, stage.command, place, at)
                    self.used_images.add(path)
                service = Service(
                    "web", one.place, file.environment, (), starts, folder=file.folder, role="app"
                )
                route = Route(one.name, one.place, "web", one.port, True, redirects=one.redirects)
                yield self._finished(file.path, file.environment, (service,), (route,))

    def _hosts(self) -> Iterator[Deployment]:
        """Proxies configured on a machine, with the programs that a supervisor starts there."""
        for path, sites in self.sites.items():
            if path in self.claimed or not sites or sites[0].environment in _QUIET:
                continue
            if not any(site.forwards for site in sites):
                continue
            folder = folder_of(path, self.roots)
            every = (p for site in sites for p in _implied(site))
            publications = tuple({(p.port, p.host): p for p in reversed(tuple(every))}.values())
            service = Service(
                "host",
                sites[0].place,
                sites[0].environment,
                publications,
                tuple(self._supervised(folder)),
                sites,
                {},
                "",
                folder,
                "proxy",
            )
            yield self._finished(path, sites[0].environment, (service,), ())

    def _supervised(self, folder: str) -> Iterator[Start]:
        for file in self.files:
            if file.format == "ini" and _is_under(file.path, folder):
                for text, place in programs.commands(file):
                    yield from self.starter.unit(text, place, Context(folder, {}))

    def _bare_units(self) -> Iterator[Deployment]:
        """What systemd or supervisor starts on a machine, where nothing else says what does."""
        for file in self.files:
            if file.format != "ini" or file.environment != "production":
                continue
            folder = folder_of(file.path, self.roots)
            if any(_is_under(path, folder) for path in self.images):
                continue  # the image's own supervisor
            for text, place in programs.commands(file)[:20]:
                starts = self.starter.unit(text, place, Context(folder, {}))
                service = Service(
                    file.path, place, "production", (), starts, folder=folder, role="app"
                )
                if starts:
                    yield self._finished(file.path, "production", (service,), ())

    def _bare_images(self) -> Iterator[Deployment]:
        """Images that start the application and that nothing here publishes."""
        for path, image in self.images.items():
            stage = image.stage(None)
            is_quiet = image.environment in (*_QUIET, "development")
            if path in self.used_images or is_quiet or stage is None:
                continue
            if _DEVELOPMENT_NAME.search(path.rpartition("/")[2]) or self._has_production_twin(path):
                continue
            folder = path.rpartition("/")[0]
            file = next(f for f in self.files if f.path == path)
            place = file.span(stage.command_line or stage.entrypoint_line or stage.line)
            starts = self.run(
                stage.entrypoint, stage.command, place, Context(folder, dict(stage.settings))
            )
            if not starts:
                continue
            service = Service(
                path, place, image.environment, (), starts, (), stage.settings, "", folder, "app"
            )
            unknown = "nothing in the project says who publishes the image, and behind what"
            done = self._finished(path, image.environment, (service,), ())
            yield replace(done, unknowns=(*done.unknowns, unknown))

    def _has_production_twin(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        return any(
            other != path
            and other.rpartition("/")[0] == folder
            and _PRODUCTION_NAME.search(other.rpartition("/")[2])
            for other in self.images
        ) and not _PRODUCTION_NAME.search(name)

    def _bare_modules(self, started: Collection[str]) -> Iterator[Deployment]:
        """Modules that start a server when they are run, where nothing else says how to start."""
        for app in self.apps:
            prefix = app.folder
            if prefix in started:
                continue
            if any(_is_under(path, prefix) for path in self.images) or any(
                f.format == "procfile" and _is_under(f.path, prefix) for f in self.files
            ):
                continue
            for module in self.starter.program.modules:
                file = module.file
                if file.environment != "production" or not _is_under(file.path, prefix):
                    continue
                for served in servers(module):
                    if not (served.call.is_main or not served.call.scope):
                        continue
                    place = served.call.span()
                    starts = self.starter.starts(("python", file.path), place, Context("", {}))
                    service = Service(
                        file.path, place, "production", (), starts, folder=prefix, role="app"
                    )
                    if starts:
                        yield self._finished(file.path, "production", (service,), ())
                    break

    # Together ----------------------------------------------------------------------------------

    def _only_app(self) -> App | None:
        folders = {app.folder for app in self.apps}
        return self.apps[0] if len(folders) == 1 else None

    def _finished(
        self,
        name: str,
        environment: Environment,
        services: tuple[Service, ...],
        routes: tuple[Route, ...],
    ) -> Deployment:
        apps = {}
        unknowns = []
        for service in services:
            app = self._app_of(service)
            if app is not None:
                apps[service.name] = app
            elif service.role == "app" or service.starts:
                unknowns.append(f"{service.name}: its application is not in the project")
            if service.role == "other" and service.publications:
                unknowns.append(f"{service.name}: what its image runs is not in the project")
        return Deployment(name, environment, services, routes, apps, tuple(unknowns))

    def _app_of(self, service: Service) -> App | None:
        """The application that a service runs, by its folder. Returns None if none fits."""
        if service.role not in ("app", "proxy") or service.folder is None:
            return None
        is_bare = bool(_PROXIES.search(service.image)) and not service.starts
        if service.role == "proxy" and service.name != "host" and is_bare:
            return None
        targets = set()
        for start in service.starts:
            targets |= {start.target, *self.starter.made_by(start.target, service.folder)}
        inside = [a for a in self.apps if _is_under(a.place.path, service.folder)]
        named = [a for a in inside if a.place.path in targets]
        if named or inside:
            return (named or sorted(inside, key=lambda a: a.place.path.count("/")))[0]
        around = [a for a in self.apps if a.folder and _is_under(service.folder, a.folder)]
        return around[0] if around else self._only_app()


def _ends_with(path: str, name: str) -> bool:
    return path.endswith("/" + name.rpartition("/")[2])


def _is_under(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(folder + "/")


def _is_in(path: str, folder: str) -> bool:
    return path.rpartition("/")[0] == folder.removesuffix("/.")


def _is_loaded(path: str, folder: str, target: str) -> bool:
    """True if a proxy with a folder mounted at a target reads a file of it."""
    if _FLAT_FOLDER.search(target.partition(":")[0]):
        return path.rpartition("/")[0] == folder
    return path.startswith(folder + "/")


def _implied(site: ProxySite) -> tuple[Publication, ...]:
    """A proxy on a machine is reached at the ports it listens on, where the address is known."""
    found: dict[tuple[int, str], Publication] = {}
    for listen in site.listens:
        host = listen.host.strip("[]*")
        if not re.search(r"\{\{|\$|%[({]|____", listen.host):
            is_any = not host.strip("0.:")  # "", 0.0.0.0 and ::, IPv6 beside IPv4
            key = (listen.port, "" if is_any else host)
            found.setdefault(
                key, Publication(listen.port, listen.port, listen.place, "listen", host)
            )
    return tuple(found.values())


def _filled(site: ProxySite, known: Mapping[str, str]) -> ProxySite:
    """A site with the variables that its service sets (envsubst) filled in."""
    forwards = []
    for forward in site.forwards:
        host = expanded(forward.host, known)
        port = forward.port
        if ":" in host:
            host, _, number = host.rpartition(":")
            port = int(number) if number.isdecimal() else port
        forwards.append(replace(forward, host=host, port=port))
    return replace(site, forwards=tuple(forwards))


def _merged(under: ComposeService, over: ComposeService) -> ComposeService:
    """A service with what another one, which it extends or overrides, says of it."""
    return replace(
        under,
        name=over.name,
        place=over.place,
        command=over.command or under.command,
        command_place=over.command_place or under.command_place,
        publications=over.publications + under.publications,
        settings=under.settings | over.settings,
        env_files=over.env_files or under.env_files,
        mounts=under.mounts + over.mounts,
        labels=under.labels + over.labels,
    )


def _on_the_host(service: ComposeService, starts: Iterable[Start]) -> tuple[Publication, ...]:
    """The ports that a container opens which has the network of its host."""
    if not service.on_host_network:
        return ()
    return tuple(
        Publication(s.port, s.port, service.place, "host network")
        for s in starts
        if s.port is not None and not s.is_local
    )


def _service_environment(service: ComposeService, settings: Mapping[str, Setting]) -> Environment:
    words = (service.name, service.target or "", *service.profiles)
    if any(_DEVELOPMENT_NAME.search(word) for word in words):
        return "development"
    if any(re.search(r"(^|[_-])tests?([_-]|$)", word) for word in words):
        return "test"
    if any(_DEVELOPMENT_NAME.search(part) for p in service.env_files for part in p.split("/")):
        return "development"
    own = service.settings.get("FLASK_ENV") or service.settings.get("FLASK_CONFIG")
    if own is not None and (own.value or "").lower() in ("development", "dev"):
        return "development"
    return "production"


def _traefik(one: ComposeFile, services: Iterable[Service]) -> Iterator[Route]:
    """The routers that labels define; TLS by ``tls`` labels."""
    for written in one.services:
        labels = [(text, place) for text, place in written.labels if text.startswith("traefik.")]
        routers = [(t, p) for t, p in labels if ".routers." in t]
        if not routers:
            continue
        tls = [(t, p) for t, p in routers if re.search(r"\.tls(\.|=true)", t)]
        port = next(
            (int(m[1]) for t, _ in labels if (m := re.search(r"server\.port=(\d+)$", t))), None
        )
        redirect = any("redirectscheme" in t.lower() for t, _ in labels)
        hsts = next((p for t, p in labels if "stsseconds" in t.lower()), None)
        places = tuple(p for _, p in (tls or routers)[:2])
        yield Route(
            "traefik",
            (tls or routers)[0][1],
            written.name,
            port,
            bool(tls),
            places,
            redirect or None,
            hsts=hsts,
        )
