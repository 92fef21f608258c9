"""Kustomize: an overlay with the resources that it takes from its bases is one deployment.

https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/ (read 2026). What an overlay
changes stands on the line of its patch; what is not followed is said.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from plainwire.model import Environment, SourceFile
from plainwire.source.assembly.known import QUIET, Known
from plainwire.source.assembly.kustomize_changes import (
    WEIGHT,
    Changes,
    Resource,
    strings,
    text_of,
    under,
)
from plainwire.source.deploy import envfile
from plainwire.source.deploy.yaml_edits import Copier, TooMuchError, inner, scalar
from plainwire.source.deploy.yaml_nodes import Yaml, documents
from plainwire.source.joined import JoinedFile, line_in

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
MAX_DEPTH, MAX_FILES, MAX_RESOURCES = 8, 500, 2000
_UNREAD = (
    "replacements",
    "vars",
    "generators",
    "transformers",
    "helmCharts",
    "helmChartInflationGenerator",
)


@dataclass
class Overlay:
    """A kustomization that no other one builds on, with everything that it takes in."""

    name: str
    environment: Environment
    documents: list[tuple[Yaml, SourceFile]] = field(default_factory=list)
    files: list[SourceFile] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)


def overlays(known: Known) -> Iterator[Overlay]:
    """The overlays of a project; a base is part of each overlay that names it."""
    read = _Kustomizations(known)
    for folder, (file, _) in read.found.items():
        if folder not in read.bases and file.environment not in QUIET:
            overlay = Overlay(folder or "manifests", file.environment)
            build = _Build(read, overlay)
            resources: list[Resource] = []
            try:
                build.take(folder, resources, ())
            except TooMuchError:
                known.skip(file.path, "more than is followed of Kustomize in one project")
                continue
            parts = tuple(build.changes.parts)
            for one in resources:
                own = one.file
                joined = JoinedFile(own.path, own.format, own.environment, own.text, parts)
                overlay.documents.append((Yaml(one.root), joined))
            yield overlay


class _Kustomizations:
    """The kustomizations of a project by their folders, and which of them are bases."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.copier = Copier()
        self.found: dict[str, tuple[SourceFile, Yaml]] = {}
        self._read: dict[str, tuple[Yaml, ...]] = {}
        for file in known.files:
            node = next(iter(self.documents(file)), None) if file.name in NAMES else None
            if node is not None and not _is_of_flux(node):
                self.found[file.folder] = (file, node)
        self.bases = {
            inner
            for folder, (_, node) in self.found.items()
            for inner, _ in _entries(node, folder)
            if inner in self.found and inner != folder
        }

    def documents(self, file: SourceFile) -> tuple[Yaml, ...]:
        """The documents of a file, none if it is no YAML, which is said."""
        if file.path not in self._read:
            try:
                self._read[file.path] = documents(file.text)[:500]
            except ValueError as error:
                self.known.skip(file.path, str(error))
                self._read[file.path] = ()
        return self._read[file.path]


class _Build:
    """Takes in what one overlay names, and changes it as each kustomization on the way says."""

    def __init__(self, read: _Kustomizations, overlay: Overlay) -> None:
        self._read = read
        self._known = read.known
        self._overlay = overlay
        self._taken = 0
        self.changes = Changes(read.known, read.documents, read.copier)

    def take(self, folder: str, into: list[Resource], above: tuple[str, ...]) -> None:
        """Add what a folder's kustomization names, its bases first, and change it all."""
        file, node = self._read.found[folder]
        self._taken += 1
        self._read.copier.spend(WEIGHT)
        if folder in above or len(above) > MAX_DEPTH or self._taken > MAX_FILES:
            self.changes.say(file.path, "more bases on each other than are followed", 1)
            return
        self._overlay.folders.add(folder)
        is_component = text_of(node, "kind") == "Component"
        own = into if is_component else []  # a component changes what is there already
        for path, line in _entries(node, folder, "resources", "bases"):
            self._add(path, line, file, own, (*above, folder))
        for kind in ("ConfigMap", "Secret"):
            for one in under(node, f"{kind[0].lower()}{kind[1:]}Generator"):
                self._generate(one, kind, file, own)
        for path, line in _entries(node, folder, "components"):
            self._add(path, line, file, own, (*above, folder))
        self.changes.apply(node, file, own)
        for key in _UNREAD:
            for one in under(node, key)[:1]:
                self.changes.say(file.path, f"{key} of Kustomize are not applied", one.line)
        if not is_component:
            into += own

    def _add(
        self, path: str, line: int, by: SourceFile, into: list[Resource], above: tuple[str, ...]
    ) -> None:
        file = self._known.file(path)
        if path in self._read.found:
            self.take(path, into, above)
        elif file is None:
            self.changes.say(by.path, "a base that is not here", line)
        elif len(self._overlay.files) < MAX_FILES:
            self._overlay.files.append(file)
            part = self.changes.part(file)
            for root in self._read.documents(file):
                if len(into) < MAX_RESOURCES:
                    self.changes.add(root, file, part, into)

    def _generate(self, one: Yaml, kind: str, file: SourceFile, into: list[Resource]) -> None:
        """The ConfigMap or Secret that a generator makes, its entries where they are written."""
        part = self.changes.part(file)
        title = text_of(one, "name")
        same = next((r for r in into if r.kind == kind and title in r.names), None)
        if same is None or text_of(one, "behavior") == "replace":
            line = line_in(part, one.line)
            made = Resource.named(kind, title, file, line)
            into[:] = [r for r in into if r is not same]
            into.append(made)
            same = made
        section = inner(same.root, "stringData" if kind == "Secret" else "data")
        entries = {key.value: (key, value) for key, value in section.value}
        for name, value in self._entries(one, file, part):
            entries[name] = (scalar(name, Yaml(value).line), value)
        self._read.copier.spend(len(entries))
        section.value[:] = entries.values()

    def _entries(
        self, one: Yaml, file: SourceFile, part: int
    ) -> Iterator[tuple[str, yaml.ScalarNode]]:
        """The entries that a generator makes of literals, environment files and files."""
        for literal in under(one, "literals"):
            key, equals, text = (literal.text or "").partition("=")
            if equals:
                yield key.strip(), scalar(text.strip("'\""), line_in(part, literal.line))
        env = one.get("env")
        for text, _ in strings([*under(one, "envs"), *([env] if env is not None else [])]):
            for source, number in self._source(file, text):
                for setting in envfile.read(source):
                    yield setting.name, scalar(setting.value, line_in(number, setting.place.line))
        for text, _ in strings(under(one, "files")):
            key, _, path = text.rpartition("=")
            for source, number in self._source(file, path):
                self._known.claimed.add(source.path)  # it is where the ConfigMap is mounted
                line = line_in(number, 0)
                yield key or source.name, scalar(source.text, line, is_block=True)

    def _source(self, by: SourceFile, path: str) -> Iterator[tuple[SourceFile, int]]:
        """The file that a generator names, with its number, if it is here."""
        source = self._known.file(_joined(by.folder, path))
        if source is not None:
            self._read.copier.spend(WEIGHT + source.text.count("\n"))
            yield source, self.changes.part(source)


def _is_of_flux(node: Yaml) -> bool:
    return text_of(node, "apiVersion").startswith("kustomize.toolkit.fluxcd.io/")


def _entries(node: Yaml, folder: str, *keys: str) -> Iterator[tuple[str, int]]:
    for key in keys or ("resources", "bases", "components"):
        for text, line in strings(under(node, key)):
            yield _joined(folder, text), line


def _joined(folder: str, path: str) -> str:
    """A path from the project's root; one that leads out of it names nothing there."""
    joined = posixpath.normpath(posixpath.join(folder, path))
    return "" if joined == "." else joined
