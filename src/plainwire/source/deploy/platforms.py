"""Platforms that terminate TLS before the application: Fly, Render and Heroku, by their files.

https://fly.io/docs/reference/configuration/, https://render.com/docs/blueprint-spec,
https://devcenter.heroku.com/articles/build-docker-images-heroku-yml (read 2026).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

from plainwire.model import SourceFile, Span
from plainwire.source.deploy.yaml_nodes import documents

FILES = frozenset({"fly.toml", "render.yaml", "render.yml", "heroku.yml"})


@dataclass(frozen=True, slots=True)
class Platform:
    """A web service of a platform; ``command`` is empty where its image says what it starts.

    ``redirects`` None: the platform leaves http to the application.
    """

    name: str
    place: Span
    command: str = ""
    dockerfile: str = "Dockerfile"
    port: int | None = None
    redirects: bool | None = None


def services(file: SourceFile) -> Iterator[Platform]:
    """The web services that a file describes.

    Raises:
        ValueError: if it is no TOML or YAML.
    """
    if file.name == "fly.toml":
        yield from _fly(file)
    elif file.name == "heroku.yml":
        yield from _heroku(file)
    else:
        yield from _render(file)


def _line(file: SourceFile, *starts: str) -> int:
    numbered = enumerate(file.lines, 1)
    return next((n for n, line in numbered if line.strip().startswith(starts)), 1)


def _fly(file: SourceFile) -> Iterator[Platform]:
    try:
        table = tomllib.loads(file.text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f"not TOML: {error}") from None
    service = table.get("http_service")
    if not isinstance(service, dict):
        yield from _fly_services(file, table)
        return
    port = service.get("internal_port")
    processes = table.get("processes")
    command = processes.get("app") if isinstance(processes, dict) else None
    yield Platform(
        "Fly proxy",
        file.span(_line(file, "[http_service]")),
        command if isinstance(command, str) else "",
        port=port if isinstance(port, int) else None,
        redirects=service.get("force_https") is True,
    )


def _fly_services(file: SourceFile, table: dict[str, object]) -> Iterator[Platform]:
    """Services with ports of their own: handlers ["tls", "http"], and force_https on the plain."""
    services = table.get("services")
    for service in services if isinstance(services, list) else ():
        ports = service.get("ports") if isinstance(service, dict) else None
        tables = [p for p in ports if isinstance(p, dict)] if isinstance(ports, list) else []
        if not any("tls" in str(p.get("handlers")) for p in tables):
            continue
        plain = [p for p in tables if str(p.get("handlers")) == "['http']"]
        port = service.get("internal_port")
        yield Platform(
            "Fly proxy",
            file.span(_line(file, "[[services]]")),
            port=port if isinstance(port, int) else None,
            redirects=all(p.get("force_https") is True for p in plain) or None,
        )


def _render(file: SourceFile) -> Iterator[Platform]:
    for root in documents(file.text)[:1]:
        for one in (root.get("services") or root).elements():
            kind, command = one.get("type"), one.get("startCommand") or one.get("dockerCommand")
            if kind is not None and kind.text == "web":
                place = file.span(command.line if command is not None else one.line)
                text = (command.text or "") if command is not None else ""
                yield Platform("Render proxy", place, text, redirects=True)


def _heroku(file: SourceFile) -> Iterator[Platform]:
    for root in documents(file.text)[:1]:
        image, command = root.get("build", "docker", "web"), root.get("run", "web")
        node = command or image
        if node is not None:
            name = (image.text or "Dockerfile") if image is not None else "Dockerfile"
            text = (command.text or "") if command is not None else ""
            yield Platform("Heroku router", file.span(node.line), text, name)
