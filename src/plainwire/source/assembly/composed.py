"""Compose files, the containers of Ansible and of scripts: services with what belongs to them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from plainwire.model import (
    Deployment,
    Environment,
    Image,
    ProxySite,
    Publication,
    Service,
    Setting,
    Skip,
    Stage,
    Start,
    masked_value,
)
from plainwire.source.assembly import images, labels
from plainwire.source.assembly.known import (
    DASHBOARDS,
    DEVELOPMENT_NAME,
    FLAT_FOLDER,
    NODE,
    PRODUCTION_NAME,
    PROXIES,
    STORE_PORTS,
    STORES,
    Known,
    Role,
    is_under,
)
from plainwire.source.deploy import ansible, compose, docker_commands, dockerfile
from plainwire.source.deploy.compose import ComposeFile, ComposeService
from plainwire.source.starting import Context

_APPLICATIONS = frozenset({"api", "app", "application", "backend", "flask", "server", "web"})
_OTHER_LANGUAGES = re.compile(r"(node|bun|deno|ruby|golang|php|openjdk|rust)$")
_PLAIN_NAME = re.compile(r"(docker-)?compose\.ya?ml")
_SERVERS = re.compile(r"\b(flask\s+run|gunicorn|uvicorn|waitress-serve|hypercorn)\b")
# What may start a proxy beside the server: the proxy itself, a supervisor, a script.
_OTHER_PROGRAMS = re.compile(
    r"nginx|apache|httpd|caddy|haproxy|supervis|s6-|runit|systemctl|service |\.sh\b|/init\b"
)
_REFERENCE = re.compile(r"\$\{?(\w{1,100})\}?")
_SAMPLES = (".model", "-sample", ".sample", ".example", "-example", ".template", ".dist")


def deployments(known: Known) -> Iterator[Deployment]:
    """A deployment for each compose file that is not for tests."""
    read: list[ComposeFile] = []
    for file in known.files:
        is_ansible = ansible.starts_containers(file)
        is_script = not is_ansible and docker_commands.starts_containers(file)
        if not (file.format == "compose" or is_ansible or is_script):
            continue
        is_read = file.environment not in ("vendored", "documentation")
        if not is_read and file.format != "workflow":
            continue
        try:
            if is_script:
                read.append(docker_commands.containers(file))
            else:
                read.append(ansible.containers(file) if is_ansible else compose.read(file))
        except ValueError as error:
            known.skipped.append(Skip(file.path, str(error)))
    known.built_as = dict(_built_names(read))
    known.built_for = dict(_built_services(reversed(read)))
    known.own_images = {one.file.path: _own_image(known, one) for one in read}
    extended = {s.extends for one in read for s in one.services if s.extends is not None}
    for one in read:
        if _is_extended_alone(one, extended):
            continue
        environment = _compose_environment(known, one, read)
        services = tuple(
            _service(known, s, one, environment, read)
            for s in (*one.services, *_beneath(one, read))
            if environment != "test"
        )
        if environment != "test":
            known.settings += [s for path, _ in one.secrets for s in _secret(known, path)]
        routes = tuple(labels.routes(known, one))
        if services:
            yield known.finished(one.file.path, environment, services, routes)


def _built_names(read: Iterable[ComposeFile]) -> Iterator[tuple[str, tuple[str, str]]]:
    """The images that compose files build and name, with their Dockerfiles and folders."""
    for one in read:
        for service in one.services:
            if service.context is not None and service.image:
                path = posixpath.normpath(posixpath.join(service.context, service.dockerfile))
                yield images.name_of(service.image), (path, service.context)


def _is_extended_alone(one: ComposeFile, extended: Set[tuple[str, str]]) -> bool:
    """True for a file that nobody starts: all its services are there for others to extend."""
    is_started = _PLAIN_NAME.fullmatch(one.file.name) is not None
    return not is_started and all((one.file.path, s.name) in extended for s in one.services)


def _beneath(one: ComposeFile, read: Iterable[ComposeFile]) -> Iterator[ComposeService]:
    """What an overlay does not name of the plain file under it; profiles are started on request."""
    if all(s.is_whole or s.extends is not None for s in one.services):
        return
    named = {service.name for service in one.services}
    for other in read:
        if other.file.folder == one.file.folder and _PLAIN_NAME.fullmatch(other.file.name):
            for service in other.services if other is not one else ():
                if service.name not in named and not service.profiles:
                    yield service


def _secret(known: Known, path: str) -> Iterator[Setting]:
    """What a file holds that a compose file gives to a service as a secret."""
    file = known.file(path)
    if file is not None and file.text.strip():
        text = file.lines[0].strip()
        place = replace(file.span(1), text=masked_value(text[:200]))  # the line is the secret
        yield Setting(file.name, text, place, file.environment, "compose secret")


def _compose_environment(
    known: Known, one: ComposeFile, every: Sequence[ComposeFile]
) -> Environment:
    """By name and comments; the plain file beside one for production is for development."""
    file = one.file
    if file.environment != "production" or PRODUCTION_NAME.search(file.name):
        return file.environment
    beside = [
        other
        for other in every
        if other is not one
        and other.file.folder == file.folder
        and PRODUCTION_NAME.search(other.file.name)
        and any(s.context is not None or s.image for s in other.services)
    ]
    return "development" if beside else "production"


def _service(
    known: Known,
    written: ComposeService,
    one: ComposeFile,
    environment: Environment,
    every: Sequence[ComposeFile],
) -> Service:
    base = _base_of(known, written, one, every)
    image, stage, folder = _image(known, base, one)
    settings = dict(_copied_variables(known, stage, folder))
    settings |= stage.settings if stage is not None else {}
    for path in base.env_files:
        for setting in _env_file(known, path):
            settings[setting.name] = setting
    settings |= base.settings
    if environment == "production":
        environment = _service_environment(base, settings)
        if environment == "production" and not (len(every) == 1 and _runs_as_built(base)):
            environment = _said_by_flask(base)
    sites = tuple(_sites_of(known, base, image, stage, folder, settings))
    role = _role(known, base, stage, sites, folder)
    starts: tuple[Start, ...] = ()
    runs_more = bool(sites) and not PROXIES.search(_called(known, base, stage, folder))
    if role in ("app", "other") or runs_more:  # or proxy and server in one container
        at = one.file.folder if folder is None else folder
        context = Context(at, _filled(settings, _interpolated(known, one.file.folder)))
        starts = _starts(known, base, stage, image, context)
        holds_app = folder is not None and known.has_app(folder)
        is_built = base.context is not None or image is not None
        is_foreign = stage is not None and _is_of_others(stage)
        takes_app = (
            holds_app
            and is_built
            and not is_foreign
            and not _leaves_out(known, base, stage, folder or "")
        )
        if role == "other" and (starts or takes_app):
            role = "app"
        elif role == "other" and stage is not None and image is not None and _is_node(image, stage):
            role = "frontend"
        elif role == "other" and any(p.target in STORE_PORTS for p in base.publications):
            role = "store"
    if image is not None and environment in ("production", "staging"):
        known.used_images.add(image.path)
    return Service(
        base.name,
        base.place,
        environment,
        _on_the_host(base, starts) if base.on_host_network else base.publications,
        starts,
        sites,
        settings,
        base.image or (stage.base if stage else ""),
        folder,
        role,
        (*base.flags, *labels.dashboards(known, base)),
    )


def _is_node(image: Image, stage: Stage) -> bool:
    """True for a stage that is built upon Node's image, through stages of its own too."""
    for _ in range(len(image.stages)):
        under = image.stage(stage.base)
        if under is None or under is stage:
            break
        stage = under
    return bool(NODE.search(stage.base))


def _leaves_out(known: Known, service: ComposeService, stage: Stage | None, folder: str) -> bool:
    """True for an image that takes other files of its folder than an application's.

    What a stage before it may have taken, and what is mounted, is not left out.
    """
    copied = [source for source, _, _ in stage.copies] if stage is not None else []
    if not copied or any(":" in source or "$" in source for source in copied):
        return False
    taken = [posixpath.normpath(posixpath.join(folder, source)) for source in copied]
    taken += [posixpath.normpath(source) for source, _ in service.mounts]
    return not any(
        is_under(app.place.path, "" if path == "." else path)
        for app in known.apps
        for path in taken
    )


def _base_of(
    known: Known, written: ComposeService, one: ComposeFile, every: Sequence[ComposeFile]
) -> ComposeService:
    """A service of an overlay, with what the file under it says of the same name."""
    if written.extends is not None:
        path, name = written.extends
        named = (s for o in every if o.file.path == path for s in o.services)
        parent = next((s for s in named if s.name == name and s is not written), None)
        if parent is not None:
            return _merged(parent, written)
    if written.is_whole:
        return written
    for other in every:
        if other.file.folder != one.file.folder or other is one:
            continue
        for service in other.services:
            if service.name == written.name and service.is_whole:
                return _merged(service, written)
    return written


def _image(
    known: Known, service: ComposeService, one: ComposeFile
) -> tuple[Image | None, Stage | None, str | None]:
    """The Dockerfile, stage and folder of a service's image, as far as the project has them."""
    if service.context is not None:
        path = posixpath.normpath(posixpath.join(service.context, service.dockerfile))
        image = known.images.get(path)
        file = known.file(path)
        if image is not None and file is not None and service.arguments:
            image = dockerfile.read(file, service.arguments)
        stage = image.stage(service.target) if image is not None else None
        return image, stage, service.context
    if named := images.built_from(known, service.image):
        path, context = named
        image = images.shipped(known, path)
        return image, image.stage(None), context
    if built := _built_beside(known, service, one):
        return built
    own = known.own_images.get(one.file.path)
    if own and own == images.name_of(service.image):
        for folder in (one.file.folder, "", "docker"):
            image = known.images.get(posixpath.join(folder, "Dockerfile"))
            context = "" if folder == "docker" else folder
            if image is not None and known.has_app(context):
                image = images.shipped(known, image.path)
                return image, image.stage(None), context
        # Who gives the registry by a variable pushes there.
        only = images.only_built(known) if service.image.startswith("$") else None
        if only is not None:
            path, context = only
            return known.images[path], known.images[path].stage(None), context
    return None, None, None


def _built_beside(
    known: Known, service: ComposeService, one: ComposeFile
) -> tuple[Image, Stage | None, str] | None:
    """What another file of the folder builds for the service of that name."""
    same = known.built_for.get((one.file.folder, service.name))
    if same is None or not known.is_own(service.image):
        return None
    path, context, target = same
    if path not in known.images:
        return None
    is_for_users = PRODUCTION_NAME.search(one.file.name)
    image = images.shipped(known, path) if is_for_users else known.images[path]
    return image, image.stage(target if image.path == path else None), context


def _built_services(
    read: Iterable[ComposeFile],
) -> Iterator[tuple[tuple[str, str], tuple[str, str, str | None]]]:
    """The Dockerfile, folder and target of each service that is built, by folder and name."""
    for one in read:
        for service in one.services:
            if service.context is not None:
                path = posixpath.normpath(posixpath.join(service.context, service.dockerfile))
                yield (one.file.folder, service.name), (path, service.context, service.target)


def _own_image(known: Known, one: ComposeFile) -> str:
    """The one image of a file that no product is known by and that may be built here, or nothing.

    Beside an image that is built it may be anybody's; beside others of which nothing is known it is
    ours where its service alone is called like an application.
    """
    if any(s.context is not None for s in one.services):
        return ""
    unknown = [s for s in one.services if known.is_own(s.image) or known.is_local(s.image)]
    called = {images.name_of(s.image) for s in unknown if s.name.lower() in _APPLICATIONS}
    names = called or {images.name_of(s.image) for s in unknown}
    return names.pop() if len(names) == 1 else ""


def _env_file(known: Known, path: str) -> tuple[Setting, ...]:
    for candidate in (path, *(path + suffix for suffix in _SAMPLES)):
        if candidate in known.variables:
            return known.variables[candidate]
    return ()


def _interpolated(known: Known, folder: str) -> dict[str, Setting]:
    """What compose puts into its file: of the ``.env`` beside it, or the one for production.

    https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/
    """
    for names in (re.compile(r"\.env"), re.compile(r"\.env[._-]?prod(uction)?")):
        for path, settings in known.variables.items():
            holder, _, name = path.rpartition("/")
            if holder == folder and names.fullmatch(name):
                return {s.name: s for s in settings}
    return {}


def _filled(settings: Mapping[str, Setting], known: Mapping[str, Setting]) -> dict[str, Setting]:
    """Variables with the value, and its place, of the one that each is said to be."""
    found = dict(settings)
    for name, setting in settings.items():
        match = _REFERENCE.fullmatch(setting.value or "")
        if match and match[1] in known:
            found[name] = replace(known[match[1]], name=name)
    return found


def _copied_variables(
    known: Known, stage: Stage | None, folder: str | None
) -> Iterator[tuple[str, Setting]]:
    """The variables of an environment file that an image holds as ``.env``."""
    for source, target, _ in stage.copies if stage is not None else ():
        if target.rpartition("/")[2] in (".env", ".flaskenv"):
            path = posixpath.normpath(posixpath.join(folder or "", source))
            yield from ((s.name, s) for s in known.variables.get(path, ()))


def _sites_of(
    known: Known,
    service: ComposeService,
    image: Image | None,
    stage: Stage | None,
    folder: str | None,
    settings: Mapping[str, Setting],
) -> Iterator[ProxySite]:
    """The proxy configuration mounted into a service, copied by its image, or beside it."""
    paths: dict[str, None] = {}
    is_proxy = bool(PROXIES.search(_called(known, service, stage, folder)))
    for source, target in service.mounts:
        for path in known.sites:
            if path == source or (is_proxy and _is_loaded(path, source.rstrip("/"), target)):
                paths[path] = None
    is_left = not is_proxy and _starts_something_else(service)
    if not paths and stage is not None and (image is not None or not is_proxy) and not is_left:
        paths = images.copied_sites(known, stage, folder or "", is_proxy=is_proxy)
    samples = _env_file(known, posixpath.join(service.place.path.rpartition("/")[0], ".env"))
    values = {s.name: s.value for s in (*samples, *settings.values()) if s.value is not None}
    for path in paths:
        known.claimed.add(path)
        for site in known.sites[path]:
            yield images.filled(site, values)


def _is_of_others(stage: Stage) -> bool:
    """True for an image that runs no Python, by what it is built from."""
    return bool(_OTHER_LANGUAGES.match(images.name_of(stage.base)))


def _starts_something_else(service: ComposeService) -> bool:
    """True for a command of compose's own that starts a server and not the image's proxy."""
    words = " ".join((*service.entrypoint, *service.command))
    return bool(_SERVERS.search(words)) and not _OTHER_PROGRAMS.search(words)


def _role(
    known: Known,
    service: ComposeService,
    stage: Stage | None,
    sites: Sequence[ProxySite],
    folder: str | None,
) -> Role:
    name = _called(known, service, stage, folder)
    if PROXIES.search(name) or sites:
        return "proxy"
    if DASHBOARDS.search(name):
        return "dashboard"
    if STORES.search(name):
        return "store"
    is_flower = service.command[:1] == ("celery",) and "flower" in service.command
    if is_flower or any(DASHBOARDS.search(word) for word in service.command[:2]):
        return "dashboard"
    is_built = service.context is not None and not known.has_app(service.context)
    if is_built and STORES.search(service.name.lower()):  # built here, named by what it is
        return "store"
    return "other"


def _called(known: Known, service: ComposeService, stage: Stage | None, folder: str | None) -> str:
    """The name that tells what a service runs: of its image, or of what that is built upon here.

    An image of the application may be called as the project is: ``shop-redis-demo-web``.
    """
    is_ours = stage is not None and folder is not None and known.has_app(folder)
    name = service.image or (stage.base if stage is not None else "")
    if is_ours and stage is not None and not images.is_product(stage.base):
        name = stage.base
    return name.lower().partition("@")[0]


def _starts(
    known: Known, service: ComposeService, stage: Stage | None, image: Image | None, at: Context
) -> tuple[Start, ...]:
    entrypoint, command = service.entrypoint, service.command
    place = service.command_place or service.place
    if stage is not None and image is not None:
        file = known.file(image.path)
        if not entrypoint:
            entrypoint = stage.entrypoint
            if not command:
                command = stage.command
                line = stage.command_line or stage.entrypoint_line
                place = file.span(line) if file is not None and line else place
        entrypoint = images.copied_script(known, stage, at.folder, entrypoint)
        command = images.copied_script(known, stage, at.folder, command)
    return known.run(entrypoint, command, place, at)


def _is_loaded(path: str, folder: str, target: str) -> bool:
    """True if a proxy with a folder mounted at a target reads a file of it."""
    if FLAT_FOLDER.search(target.partition(":")[0]):
        return path.rpartition("/")[0] == folder
    return path.startswith(folder + "/")


def _merged(under: ComposeService, over: ComposeService) -> ComposeService:
    """A service with what another one, which it extends or overrides, says of it."""
    emptied = {key: empty for key, (name, empty) in _MERGED.items() if name in over.replaced}
    under = replace(under, **emptied)
    built = over if over.context is not None else under
    return replace(
        over,
        image=over.image or under.image,
        context=built.context,
        dockerfile=built.dockerfile,
        target=over.target or under.target,
        arguments=under.arguments | over.arguments,
        command=over.command or under.command,
        command_place=over.command_place or under.command_place,
        entrypoint=over.entrypoint or under.entrypoint,
        flags=over.flags or under.flags,
        publications=_each_once(over.publications + under.publications),
        settings=under.settings | over.settings,
        env_files=over.env_files or under.env_files,
        mounts=under.mounts + over.mounts,
        labels=under.labels + over.labels,
        profiles=over.profiles or under.profiles,
        on_host_network=over.on_host_network or under.on_host_network,
    )


def _each_once(ports: tuple[Publication, ...]) -> tuple[Publication, ...]:
    """Ports without those that an earlier one is the same as (Compose, merge: ports)."""
    alike = {(port.port, port.target, port.host): port for port in reversed(ports)}
    return tuple(port for port in ports if alike[port.port, port.target, port.host] is port)


# What of a service is merged with another file's, by the key that may be under !reset.
_MERGED: dict[str, tuple[str, Any]] = {
    "command": ("command", ()),
    "command_place": ("command", None),
    "flags": ("command", ()),
    "entrypoint": ("entrypoint", ()),
    "publications": ("ports", ()),
    "settings": ("environment", {}),
    "env_files": ("env_file", ()),
    "mounts": ("volumes", ()),
    "labels": ("labels", ()),
    "profiles": ("profiles", ()),
}


def _on_the_host(service: ComposeService, starts: Iterable[Start]) -> tuple[Publication, ...]:
    """The ports that a container opens which has the network of its host.

    Docker discards what ``ports`` says there (Docker, host network driver): the address, too.
    """
    written = {p.target: p.place for p in service.publications if p.target is not None}
    opened = [s.port for s in starts if s.port is not None and not s.is_local]
    if not starts:
        opened = list(written)
    return tuple(
        Publication(n, n, written.get(n, service.place), "host network")
        for n in dict.fromkeys(opened)
    )


def _service_environment(service: ComposeService, settings: Mapping[str, Setting]) -> Environment:
    words = (service.name, service.target or "", *service.profiles)
    if any(DEVELOPMENT_NAME.search(word) for word in words):
        return "development"
    if any(re.search(r"(^|[_-])tests?([_-]|$)", word) for word in words):
        return "test"
    if any(DEVELOPMENT_NAME.search(part) for p in service.env_files for part in p.split("/")):
        return "development"
    return "production"


def _runs_as_built(service: ComposeService) -> bool:
    """True where the image says what runs: with no other file, what is deployed is this."""
    return not service.command and not service.entrypoint


def _said_by_flask(service: ComposeService) -> Environment:
    own = service.settings.get("FLASK_ENV") or service.settings.get("FLASK_CONFIG")
    is_development = own is not None and (own.value or "").lower() in ("development", "dev")
    return "development" if is_development else "production"
