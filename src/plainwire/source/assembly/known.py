"""What is known of a project while its deployments are put together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal

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
)
from plainwire.source.deploy.traefik import Files as Traefik
from plainwire.source.starting import Context, Starter

Role = Literal["app", "frontend", "proxy", "store", "dashboard", "other"]
STORES: Final = re.compile(
    r"(^|[/_-])(postgres(ql)?|postgis|mysql(-server)?|mariadb|mongo(db)?|redis(mod|-stack)?|memcached"
    r"|elasticsearch|opensearch|rabbitmq|kafka|cassandra|couchdb|influxdb|minio|etcd|zookeeper"
    r"|valkey|keydb|clickhouse|neo4j|timescaledb|percona|mssql|nats|consul|vault|pgbouncer|pgpool"
    r"|proxysql|activemq|artemis|mosquitto|openldap|solr|cockroach|scylla|rethinkdb|arangodb|pulsar)(\b|[:_-]|$)"
)
DASHBOARDS: Final = re.compile(
    r"(^|[/_-])(adminer|phpmyadmin|pgadmin\d?|mongo-express|redis-commander|redisinsight|flower|kibana"
    r"|portainer|rq-dashboard|rq-exporter|mailhog|maildev|mailcatcher|cadvisor|kafka-ui|kafdrop|akhq"
    r"|cmak|redpanda-console|graylog|pgweb|phpldapadmin|phpredisadmin|cerebro|dozzle|grafana"
    r"|prometheus|alertmanager|jaeger|zipkin|jenkins|sonarqube|metabase)(|[:_-]|$)"
)
PROXIES: Final = re.compile(
    r"(^|[/_-])(nginx|openresty|traefik|haproxy|caddy|httpd|apache|envoy|kong|varnish|swag|nginx-proxy"
    r"|nginx-proxy-manager|squid)(\b|[:_-]|$)"
)
NODE: Final = re.compile(r"^([\w./-]*/)?node(:|@|$)")  # its servers speak plain HTTP unless told
_OFFICIAL: Final = re.compile(
    r"^(alpine|amazonlinux|bash|busybox|centos|debian|eclipse-temurin|fedora|golang|memcached|node"
    r"|openjdk|php|pypy|python|registry|rockylinux|ruby|rust|telegraf|ubuntu|wordpress)$"
)
# Ports that a store listens on in clear (IANA; ActiveMQ's console 8161, RabbitMQ's 15672).
STORE_PORTS: Final = frozenset(
    {1433, 1521, 1883, 3306, 5432, 5672, 6379, 8161, 9042, 9200, 11211, 15672, 27017, 61616}
)
PROXY_FOLDER: Final = re.compile(r"^/?(usr/local/)?etc/(nginx|apache2|httpd|caddy|haproxy)(/|$)")
# Folders of which a proxy loads the files that stand directly in them.
FLAT_FOLDER: Final = re.compile(r"/(conf\.d|sites-enabled|caddy|http\.d|templates)/?$")
PRODUCTION_NAME: Final = re.compile(r"(^|[._-])prod(uction)?([._-]|$)", re.IGNORECASE)
DEVELOPMENT_NAME: Final = re.compile(r"(^|[._-])(dev|devel|development|local|debug)([._-]|$)", re.I)
QUIET: Final = ("test", "documentation", "vendored")


class Known:
    """The files' facts, and what the parts of the assembly tell each other.

    ``claimed`` are proxies' configurations and ``used_images`` Dockerfiles that a deployment has;
    ``built_as`` the Dockerfile and folder of each image that a compose file builds and names,
    ``built_for`` the same by folder and service, ``own_images`` what is likely ours of each file.
    ``is_hsts_off`` says that a ConfigMap keeps ingress-nginx from sending HSTS.
    """

    def __init__(
        self,
        files: Sequence[SourceFile],
        starter: Starter,
        apps: Sequence[App],
        images: Sequence[Image],
        sites: Mapping[str, tuple[ProxySite, ...]],
        variables: Mapping[str, tuple[Setting, ...]],
        roots: Sequence[str],
        traefik: Mapping[str, Traefik],
    ) -> None:
        self.files = files
        self._by_path = {file.path: file for file in files}
        self.starter = starter
        self.apps = apps
        self.images = {image.path: image for image in images}
        self.sites = sites
        self.variables = variables
        self.roots = roots
        self.traefik = traefik
        self.skipped: list[Skip] = []
        self.settings: list[Setting] = []
        self.claimed: set[str] = set()
        self.used_images: set[str] = set()
        self.built_as: dict[str, tuple[str, str]] = {}
        self.built_for: dict[tuple[str, str], tuple[str, str, str | None]] = {}
        self.own_images: dict[str, str] = {}
        self.is_hsts_off = False

    def is_own(self, image: str) -> bool:
        """True if an image is likely built from this project: named, and no known product."""
        name = image.partition("@")[0]
        known = (STORES, DASHBOARDS, PROXIES)
        return "/" in name and not any(pattern.search(name) for pattern in known)

    def is_local(self, image: str) -> bool:
        """True for a name without a registry that is no product's: nobody can pull it."""
        name = image.partition("@")[0].partition(":")[0].lower()
        known = (STORES, DASHBOARDS, PROXIES, _OFFICIAL)
        return bool(name) and "/" not in name and not any(p.search(name) for p in known)

    def has_app(self, folder: str) -> bool:
        """True if an application of the project is made in a folder or below."""
        return any(is_under(app.place.path, folder) for app in self.apps)

    def file(self, path: str) -> SourceFile | None:
        """A file by its path. Returns None if there is none."""
        return self._by_path.get(path)

    def skip(self, path: str, reason: str, line: int = 0) -> None:
        """Note what was not understood, once."""
        skip = Skip(path, reason, line)
        if skip not in self.skipped:
            self.skipped.append(skip)

    def run(
        self, entrypoint: Sequence[str], command: Sequence[str], place: Span, at: Context
    ) -> tuple[Start, ...]:
        """What an entry point with a command starts."""
        if not entrypoint:
            return self.starter.starts(command, place, at)
        found = self.starter.starts((*entrypoint, *command), place, at)
        return found or self.starter.starts(command, place, at)

    def of_image(self, path: str, stage: Stage, at: Context) -> tuple[Start, ...]:
        """What a stage of a Dockerfile starts, at the line that says so."""
        return self.run(stage.entrypoint, stage.command, self.command_place(path, stage), at)

    def command_place(self, path: str, stage: Stage) -> Span:
        """The line of a Dockerfile that says what a stage starts."""
        line = stage.command_line or stage.entrypoint_line or stage.line
        return self._by_path[path].span(line)

    def only_app(self) -> App | None:
        """The application, if all are in one folder. Returns None if they are not."""
        folders = {app.folder for app in self.apps}
        return self.apps[0] if len(folders) == 1 else None

    def finished(
        self,
        name: str,
        environment: Environment,
        services: tuple[Service, ...],
        routes: tuple[Route, ...],
    ) -> Deployment:
        """A deployment with its applications, and what of it is not in the project."""
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
        if service.role not in ("app", "proxy"):
            return None
        if service.folder is None:
            return self._app_named(service)
        is_bare = bool(PROXIES.search(service.image)) and not service.starts
        if service.role == "proxy" and service.name != "host" and is_bare:
            return None
        targets = set()
        for target in {start.target for start in service.starts}:
            targets |= {target, *self.starter.modules.made_by(target, service.folder)}
        inside = [a for a in self.apps if is_under(a.place.path, service.folder)]
        named = [a for a in inside if a.place.path in targets]
        if named or inside:
            return (named or sorted(inside, key=lambda a: a.place.path.count("/")))[0]
        around = [a for a in self.apps if a.folder and is_under(service.folder, a.folder)]
        return around[0] if around else self.only_app()

    def _app_named(self, service: Service) -> App | None:
        """The application that a command names, whoever builds the image that runs it."""
        paths = {
            path
            for target in {start.target for start in service.starts if ":" in start.target}
            for path in self.starter.modules.made_by(target, "")
        }
        named = [app for app in self.apps if app.place.path in paths]
        return named[0] if len(named) == 1 else None


def is_under(path: str, folder: str) -> bool:
    """True if a path is in a folder or below; "" is the project's."""
    return not folder or path == folder or path.startswith(folder + "/")


def implied(site: ProxySite) -> tuple[Publication, ...]:
    """A proxy on a machine is reached at the ports it listens on, where the address is known."""
    found: dict[tuple[int, str], Publication] = {}
    for listen in site.listens:
        host = listen.host.strip("[]*")
        if not listen.is_variable:
            host = host if host.strip("0.:") else ""  # 0.0.0.0 and ::, IPv6 beside IPv4
            found.setdefault(
                (listen.port, host),
                Publication(listen.port, listen.port, listen.place, "listen", host),
            )
    return tuple(found.values())
