"""Kustomize: an overlay with the resources that it takes from its bases is one deployment.

https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/ (read 2026). Patches are not
applied, which is said: a line of a patched resource would be in neither file.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from plainwire.model import Environment, Setting, Skip, SourceFile
from plainwire.source.assembly.known import QUIET, Known
from plainwire.source.deploy import envfile
from plainwire.source.deploy.yaml_nodes import Yaml, documents

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
MAX_DEPTH, MAX_FILES = 8, 500
_PATCHES = ("patches", "patchesStrategicMerge", "patchesJson6902", "replacements")


@dataclass
class Overlay:
    """A kustomization that no other one builds on, with everything that it takes in."""

    name: str
    environment: Environment
    files: list[SourceFile] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)


def overlays(known: Known) -> Iterator[Overlay]:
    """The overlays of a project; a base is part of each overlay that names it."""
    read = _Kustomizations(known)
    for folder, (file, _) in read.found.items():
        if folder not in read.bases and file.environment not in QUIET:
            overlay = Overlay(folder or "manifests", file.environment)
            read.take(folder, overlay, 0)
            yield overlay


class _Kustomizations:
    """The kustomizations of a project by their folders, and which of them are bases."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._by_path = {file.path: file for file in known.files}
        self.found: dict[str, tuple[SourceFile, Yaml]] = {}
        for file in known.files:
            if file.name in NAMES:
                try:
                    node = next(iter(documents(file.text)), None)
                except ValueError as error:
                    known.skipped.append(Skip(file.path, str(error)))
                    continue
                if node is not None:
                    self.found[file.folder] = (file, node)
        self.bases = {
            inner
            for folder, (_, node) in self.found.items()
            for inner, _ in _entries(node, folder)
            if inner in self.found and inner != folder
        }

    def take(self, folder: str, into: Overlay, depth: int) -> None:
        """Add what a folder's kustomization names, its bases first."""
        file, node = self.found[folder]
        if folder in into.folders or depth > MAX_DEPTH:
            return
        into.folders.add(folder)
        for path, line in _entries(node, folder):
            if path in self.found:
                self.take(path, into, depth + 1)
            elif path in self._by_path and len(into.files) < MAX_FILES:
                into.files.append(self._by_path[path])
            elif path not in self._by_path:
                self._known.skipped.append(Skip(file.path, "a base that is not here", line))
        for key in _PATCHES:
            written = node.get(key)
            if written is not None and written.elements():
                self._known.skipped.append(
                    Skip(file.path, "a Kustomize patch is not applied", written.line)
                )
        for kind in ("configMapGenerator", "secretGenerator"):
            for one in _elements(node, kind):
                into.settings += self._generated(one, kind.removesuffix("Generator"), file)

    def _generated(self, one: Yaml, kind: str, file: SourceFile) -> Iterator[Setting]:
        name = one.get("name")
        scope = f"{kind} {name.text if name is not None else ''}"
        for literal in _elements(one, "literals"):
            key, equals, value = (literal.text or "").partition("=")
            if equals:
                text = value.strip("'\"")
                place = file.span(literal.line)
                yield Setting(key.strip(), text, place, file.environment, scope)
        for written in (*_elements(one, "envs"), one.get("env")):
            path = _joined(file.folder, written.text or "") if written is not None else ""
            if path in self._by_path:
                for setting in envfile.read(self._by_path[path]):
                    yield replace(setting, environment=file.environment, scope=scope)


def _entries(node: Yaml, folder: str) -> Iterator[tuple[str, int]]:
    for key in ("resources", "bases", "components"):
        for one in _elements(node, key):
            if one.text:
                yield _joined(folder, one.text), one.line


def _elements(node: Yaml, key: str) -> tuple[Yaml, ...]:
    found = node.get(key)
    return found.elements() if found is not None else ()


def _joined(folder: str, path: str) -> str:
    """A path from the project's root; one that leads out of it names nothing there."""
    joined = posixpath.normpath(posixpath.join(folder, path))
    return "" if joined == "." else joined
