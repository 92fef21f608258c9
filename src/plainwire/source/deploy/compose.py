"""Compose files: services with their ports, commands, environment, mounts and labels.

https://github.com/compose-spec/compose-spec (read 2026). Interpolation is left to the caller.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from plainwire.model import Publication, Setting, SourceFile, Span
from plainwire.source.deploy.words import expanded, split
from plainwire.source.deploy.yaml_nodes import Yaml, documents
from plainwire.source.numerals import whole

_DEFAULT = re.compile(r"\$\{(\w{1,100}):?-([^${}]{1,1000})\}")


@dataclass(frozen=True, slots=True)
class ComposeService:
    """A service as it is written; paths are from the project's root."""

    name: str
    place: Span
    image: str = ""
    context: str | None = None
    dockerfile: str = "Dockerfile"
    target: str | None = None
    command: tuple[str, ...] = ()
    command_place: Span | None = None
    entrypoint: tuple[str, ...] = ()
    publications: tuple[Publication, ...] = ()
    settings: dict[str, Setting] = field(default_factory=dict)
    env_files: tuple[str, ...] = ()
    mounts: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, Span], ...] = ()
    profiles: tuple[str, ...] = ()
    on_host_network: bool = False
    flags: tuple[tuple[str, Span], ...] = ()
    extends: tuple[str, str] | None = None
    arguments: dict[str, str] = field(default_factory=dict)  # of the build
    replaced: frozenset[str] = frozenset()  # keys under !reset or !override: nothing is merged in

    @property
    def is_whole(self) -> bool:
        """True if it says what runs, so that it needs no other file's service under it."""
        return bool(self.image) or self.context is not None


@dataclass(frozen=True, slots=True)
class ComposeFile:
    """A compose file: its services, and the files that its secrets come from."""

    file: SourceFile
    services: tuple[ComposeService, ...]
    secrets: tuple[tuple[str, Span], ...] = ()


def read(file: SourceFile) -> ComposeFile:
    """A compose file's services.

    Raises:
        ValueError: if it is no YAML.
    """
    roots = documents(file.text)
    services = []
    secrets = []
    for root in roots[:1]:
        for name, line, node in (root.get("services") or root).items():
            if isinstance(node, Yaml) and any(True for _ in node.items()):
                services.append(service(name, line, node, file))
        for _, _, secret in (root.get("secrets") or _EMPTY).items():
            source = secret.get("file")
            if source is not None and source.text:
                path = _path(file, source.text)
                secrets.append((path, file.span(source.line)))
    return ComposeFile(file, tuple(services), tuple(secrets))


def service(
    name: str, line: int, node: Yaml, file: SourceFile, ports: str = "", env: str = "environment"
) -> ComposeService:
    """A service by what is said of it; ``ports`` is another word for its ports than compose's."""
    build = _kept(node, "build")
    context = dockerfile = target = None
    arguments: dict[str, Setting] = {}
    if build is not None:
        context = build.text if build.text is not None else _text(build.get("context")) or "."
        dockerfile = _text(build.get("dockerfile"))
        target = _text(build.get("target"))
        arguments = _environment(build.get("args"), file, name)
    command, place = _command(node, "command", file)
    entrypoint, entry_place = _command(node, "entrypoint", file)
    return ComposeService(
        name,
        file.span(line),
        expanded(_text(_kept(node, "image")) or "", {}),
        _path(file, context) if context is not None else None,
        expanded(dockerfile or "Dockerfile", {}),
        expanded(target, {}) if target else None,
        command,
        place or entry_place,
        entrypoint,
        tuple(_publications(_kept(node, "ports") or _kept(node, ports), file)),
        _environment(_kept(node, env), file, name),
        tuple(_path(file, p) for p in _env_files(_kept(node, "env_file"))),
        tuple(_mounts(_kept(node, "volumes"), file)),
        tuple(_labels(node, file)),
        (node.get("profiles") or _EMPTY).words(),
        _text(node.get("network_mode")) == "host",
        tuple(_flags(_kept(node, "command"), file)),
        _extends(node.get("extends"), file),
        {n: expanded(s.value, {}) for n, s in arguments.items() if s.value is not None},
        frozenset(n for n, _, v in node.items() if v.tag in ("!reset", "!override")),
    )


def _kept(node: Yaml, key: str) -> Yaml | None:
    """A key's value. Returns None if there is none or ``!reset`` takes it away."""
    value = node.get(key)
    return None if value is not None and value.tag == "!reset" else value


def _extends(node: Yaml | None, file: SourceFile) -> tuple[str, str] | None:
    """The file and the name of the service that one extends."""
    if node is None:
        return None
    name = node.text if node.text is not None else _text(node.get("service"))
    path = _text(node.get("file"))
    return (_path(file, path) if path else file.path, name) if name else None


def _text(node: Yaml | None) -> str | None:
    return node.text if node is not None else None


def _path(file: SourceFile, path: str) -> str:
    """A path as written, from the project's root; what leads out of it stays as it is."""
    joined = posixpath.normpath(posixpath.join(file.folder, expanded(path, {})))
    return "" if joined == "." else joined


def _command(node: Yaml, key: str, file: SourceFile) -> tuple[tuple[str, ...], Span | None]:
    found = _kept(node, key)
    if found is None:
        return (), None
    place = file.span(node.key_line(key))
    if found.text is not None:
        if found.is_block or any(c in found.text for c in ";&|\n"):
            return ("sh", "-c", found.text.replace("\n", " ")), place
        try:
            return tuple(split(found.text)), place
        except ValueError:
            return tuple(found.text.split()), place
    return found.words(), place


def _flags(node: Yaml | None, file: SourceFile) -> Iterator[tuple[str, Span]]:
    """The words of a command that is a list, each with its own line."""
    for one in node.elements() if node is not None else ():
        yield one.text or "", file.span(one.line)


def _publications(node: Yaml | None, file: SourceFile) -> Iterator[Publication]:
    for one in node.elements() if node is not None else ():
        place = file.span(one.line)
        if one.text is not None:
            yield from ports_in(expanded(one.text, {}), place)
            continue
        target, published = _text(one.get("target")), _text(one.get("published"))
        host = _text(one.get("host_ip")) or ""
        if _text(one.get("protocol")) in (None, "tcp"):
            yield Publication(_number(published), _number(target), place, host=host)


def ports_in(text: str, place: Span) -> Iterator[Publication]:
    """``[HOST:]PORT:TARGET[/PROTOCOL]``; a bare target gets a random port, on every interface."""
    address, _, protocol = text.partition("/")
    if protocol not in ("", "tcp"):
        return
    host, port = "", ""
    if address.startswith("["):
        host, _, address = address[1:].partition("]:")
    parts = address.split(":")
    target = parts[-1]
    if len(parts) > 1:
        port = parts[-2]
    if len(parts) > 2:
        host = ":".join(parts[:-2])
    yield Publication(_number(port), _number(target), place, host=host.replace("0.0.0.0", ""))  # noqa: S104


def _number(text: str | None) -> int | None:
    return whole((text or "").partition("-")[0].strip())


def _environment(node: Yaml | None, file: SourceFile, scope: str) -> dict[str, Setting]:
    found: dict[str, Setting] = {}
    if node is None:
        return found
    for name, line, value in node.items():
        found[name] = _variable(name, value.text, file.span(line), file, scope)
    for one in node.elements():
        name, equals, text = (one.text or "").partition("=")
        value_text = text if equals else None
        found[name.strip()] = _variable(name.strip(), value_text, file.span(one.line), file, scope)
    return found


def _variable(name: str, value: str | None, place: Span, file: SourceFile, scope: str) -> Setting:
    """A variable, with the default of the one that compose puts in (``${NAME:-default}``)."""
    match = _DEFAULT.fullmatch(value or "")
    if match is None:
        return Setting(name, value, place, file.environment, scope)
    return Setting(name, match[2], place, file.environment, scope, match[1], is_default=True)


def _env_files(node: Yaml | None) -> Iterator[str]:
    if node is None:
        return
    if node.text:
        yield node.text
    for one in node.elements():
        path = one.text or _text(one.get("path"))
        if path:
            yield path


def _mounts(node: Yaml | None, file: SourceFile) -> Iterator[tuple[str, str]]:
    for one in node.elements() if node is not None else ():
        if one.text is not None:
            source, colon, rest = one.text.partition(":")
            if colon and source[:1] in (".", "/"):
                yield _path(file, source), rest.partition(":")[0]
        else:
            source_text, target = _text(one.get("source")), _text(one.get("target"))
            if source_text and target:
                yield _path(file, source_text), target


def _labels(node: Yaml, file: SourceFile) -> Iterator[tuple[str, Span]]:
    for labels in (_kept(node, "labels"), node.get("deploy", "labels")):
        if labels is None:
            continue
        for name, line, value in labels.items():
            yield f"{name}={value.text or ''}", file.span(line)
        for one in labels.elements():
            yield one.text or "", file.span(one.line)


class _Empty:
    """A node that is not there."""

    def items(self) -> Iterator[tuple[str, int, Yaml]]:
        """Nothing."""
        return iter(())

    def words(self) -> tuple[str, ...]:
        """Nothing."""
        return ()


_EMPTY = _Empty()
