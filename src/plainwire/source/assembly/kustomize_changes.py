"""What a kustomization changes in the resources that it takes in: patches, names, labels, images.

https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/ (read 2026).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

import yaml

from plainwire.model import SourceFile
from plainwire.source.assembly.known import Known
from plainwire.source.deploy import yaml_edits
from plainwire.source.deploy.yaml_edits import Copier, inner, put, scalar
from plainwire.source.deploy.yaml_nodes import Yaml, documents
from plainwire.source.joined import line_in

# Kinds whose lists are merged by keys; of others Kustomize knows no schema.
_BUILT_IN = ("", "apps", "batch", "networking.k8s.io", "autoscaling", "policy", "extensions")
_PODS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet", "Pod")
# Where a name is another resource's: the key around it, and its own.
_REFERENCES: Final[Mapping[tuple[str, str], str]] = {
    ("configMapRef", "name"): "ConfigMap",
    ("configMap", "name"): "ConfigMap",
    ("configMapKeyRef", "name"): "ConfigMap",
    ("secretRef", "name"): "Secret",
    ("secretKeyRef", "name"): "Secret",
    ("secret", "secretName"): "Secret",
    ("service", "name"): "Service",
    ("backend", "serviceName"): "Service",
    ("backendRefs", "name"): "Service",
    ("services", "name"): "Service",
    ("to", "name"): "Service",
    ("destination", "host"): "Service",
    ("parentRefs", "name"): "Gateway",
}
MAX_PATCHES, MAX_SAID = 500, 100
WEIGHT = 100  # what a file or a word about it costs, in nodes


@dataclass
class Resource:
    """A resource as it has become: its nodes, the file it is of, the names that it has had."""

    root: yaml.MappingNode
    file: SourceFile
    names: set[str] = field(default_factory=set)

    @classmethod
    def named(cls, kind: str, name: str, file: SourceFile, line: int) -> Resource:
        """A resource of which nothing but its kind and name is known yet."""
        root = yaml_edits.mapping([], line)
        put(root, "kind", scalar(kind, line), line)
        put(inner(root, "metadata"), "name", scalar(name, line), line)
        return cls(root, file, {name})

    @property
    def kind(self) -> str:
        """Its kind."""
        return text_of(Yaml(self.root), "kind")

    @property
    def name(self) -> str:
        """Its name, prefixes and suffixes with it."""
        return text_of(Yaml(self.root), "metadata", "name")

    @property
    def group(self) -> str:
        """Its API group; empty for the core's."""
        return text_of(Yaml(self.root), "apiVersion").rpartition("/")[0]


@dataclass(frozen=True)
class _Patch:
    """A patch: its document, in which file and how far down there, and what it is for."""

    node: Yaml
    part: int
    shift: int
    target: Yaml | None


class Changes:
    """Changes resources as kustomizations say; ``parts`` are the files that lines may be of."""

    def __init__(
        self,
        known: Known,
        documents_of: Callable[[SourceFile], Sequence[Yaml]],
        copier: Copier,
    ) -> None:
        self.parts: list[SourceFile] = []
        self._known = known
        self._documents_of = documents_of
        self.copier = copier
        self._said = 0

    def say(self, path: str, reason: str, line: int) -> None:
        """Note what is not followed."""
        self._said += 1
        if self._said <= MAX_SAID:
            self.copier.spend(WEIGHT)
            self._known.skip(path, reason, line)

    def part(self, file: SourceFile) -> int:
        """The number of a file among the parts."""
        for number, one in enumerate(self.parts):
            if one is file:
                return number
        self.parts.append(file)
        return len(self.parts) - 1

    def add(self, root: Yaml, file: SourceFile, part: int, into: list[Resource]) -> None:
        """Add the resource that a document is, or those that are in its list."""
        items = root.get("items") if text_of(root, "kind") == "List" else None
        for one in (root,) if items is None else items.elements():
            copied = self._copied(one, part, 0, file)
            if isinstance(copied, yaml.MappingNode):
                into.append(Resource(copied, file, {text_of(Yaml(copied), "metadata", "name")}))

    def apply(self, node: Yaml, file: SourceFile, to: list[Resource]) -> None:
        """Change resources in Kustomize's order: merges, patches, names, labels, images."""
        for patch in [*self._patches(node, file)][:MAX_PATCHES]:
            self._patch(patch, file, to)
        self._rename(text_of(node, "namePrefix"), text_of(node, "nameSuffix"), to)
        self._label(node, file, to)
        self._annotate(node, file, to)
        images = {text_of(image, "name"): image for image in under(node, "images")}
        for one in to if images else ():
            self._image(images, file, one)

    def _copied(self, node: Yaml, part: int, shift: int, file: SourceFile) -> yaml.Node | None:
        try:
            return self.copier.copy(node, part, shift)
        except ValueError as error:
            self.say(file.path, str(error), node.line)
            return None

    def _patches(self, node: Yaml, file: SourceFile) -> Iterator[_Patch]:
        for key in ("patchesStrategicMerge", "patches", "patchesJson6902"):
            for one in under(node, key):
                written = one if one.text is not None else one.get("patch") or one.get("path")
                is_path = one.get("patch") is None and "\n" not in (one.text or "")
                if written is not None and written.text:
                    read = self._from_file if is_path else self._inline
                    yield from read(written, one.get("target"), file)

    def _from_file(self, path: Yaml, target: Yaml | None, by: SourceFile) -> Iterator[_Patch]:
        file = self._known.file(posixpath.normpath(posixpath.join(by.folder, path.text or "")))
        if file is None:
            self.say(by.path, "a Kustomize patch that is not here", path.line)
            return
        for root in self._documents_of(file):
            yield _Patch(root, self.part(file), 0, target)

    def _inline(self, text: Yaml, target: Yaml | None, by: SourceFile) -> Iterator[_Patch]:
        try:
            roots = documents(text.text or "")
        except ValueError as error:
            self.say(by.path, f"a Kustomize patch is not applied: {error}", text.line)
            return
        shift = text.line if text.is_block else text.line - 1
        for root in roots[:50]:
            yield _Patch(root, self.part(by), shift, target)

    def _patch(self, patch: _Patch, by: SourceFile, to: list[Resource]) -> None:
        line, path = patch.node.line + patch.shift, self.parts[patch.part].path
        self.copier.spend(len(to))
        try:
            found = [r for r in to if _is_meant(patch, r)]
        except ValueError as error:
            self.say(path, f"a Kustomize patch is not applied: {error}", line)
            return
        if not found:
            self.say(path, "a Kustomize patch is for nothing that is here", line)
        for one in found:
            if patch.node.is_list:
                self._operate(patch, one, path)
            elif yaml_edits.deletes(patch.node):
                to.remove(one)
            else:
                copied = self._copied(patch.node, patch.part, patch.shift, by)
                if isinstance(copied, yaml.MappingNode):
                    self._merge(copied, one)

    def _merge(self, patch: yaml.MappingNode, into: Resource) -> None:
        name = into.name  # a patch with a target may have any
        yaml_edits.merge(into.root, patch, knows_lists=into.group in _BUILT_IN)
        line = Yaml(into.root).line
        put(inner(into.root, "metadata"), "name", scalar(name, line), line)

    def _operate(self, patch: _Patch, on: Resource, path: str) -> None:
        for operation in patch.node.elements():
            line = operation.line + patch.shift
            try:
                copied = self.copier.copy(operation, patch.part, patch.shift)
                yaml_edits.operate(on.root, Yaml(copied))
            except ValueError as error:
                self.say(path, f"a Kustomize patch is not applied: {error}", line)

    def _rename(self, prefix: str, suffix: str, to: Sequence[Resource]) -> None:
        if not prefix and not suffix:
            return
        new: dict[tuple[str, str], str] = {}
        for one in to:
            self.copier.spend(1)
            name = f"{prefix}{one.name}{suffix}"
            new[one.kind, one.name] = name
            line = Yaml(one.root).line
            put(inner(one.root, "metadata"), "name", scalar(name, line), line)
            one.names.add(name)
        for one in to:
            for around, value, _, key in self._walked(one):
                kind = _REFERENCES.get((around, key))
                renamed = new.get((kind, str(value.value).partition(".")[0])) if kind else None
                if renamed is not None and around != "metadata":
                    value.value = renamed

    def _label(self, node: Yaml, file: SourceFile, to: Sequence[Resource]) -> None:
        common = node.get("commonLabels")
        groups = [(common, True, True)] if common is not None else []
        for one in under(node, "labels"):
            selects = text_of(one, "includeSelectors") == "true"
            pairs = one.get("pairs")
            if pairs is not None:
                groups.append((pairs, selects, text_of(one, "includeTemplates") == "true"))
        for pairs, selects, is_in_pods in groups:
            for resource in to if selects or is_in_pods else ():
                self.copier.spend(len(resource.root.value))
                self._put_labels(resource, pairs, self.part(file), selects=selects)

    def _put_labels(self, one: Resource, pairs: Yaml, part: int, *, selects: bool) -> None:
        targets: list[tuple[str, ...]] = [("metadata", "labels")]
        if one.kind in _PODS[:-1]:
            targets.append(("spec", "template", "metadata", "labels"))
        if one.kind == "Service" and selects and Yaml(one.root).get("spec", "selector"):
            targets.append(("spec", "selector"))
        for path in targets:
            for name, line, value in pairs.items():
                at = line_in(part, line)
                put(inner(one.root, *path), name, scalar(value.text, at), at)

    def _annotate(self, node: Yaml, file: SourceFile, to: Sequence[Resource]) -> None:
        common = node.get("commonAnnotations")
        for one in to if common is not None else ():
            self.copier.spend(WEIGHT)
            for name, line, value in common.items() if common is not None else ():
                at = line_in(self.part(file), line)
                put(inner(one.root, "metadata", "annotations"), name, scalar(value.text, at), at)

    def _image(self, images: Mapping[str, Yaml], file: SourceFile, one: Resource) -> None:
        for _, value, around, key in self._walked(one):
            name = re.split(r"@|:(?=[^/]*$)", str(value.value), maxsplit=1)[0]
            image = images.get(name) if key == "image" else None
            if image is None:
                continue
            tag, digest = text_of(image, "newTag"), text_of(image, "digest")
            rest = str(value.value)[len(name) :]
            rest = f"@{digest}" if digest else f":{tag}" if tag else rest
            line = line_in(self.part(file), image.line)
            put(around, key, scalar(f"{text_of(image, 'newName') or name}{rest}", line), line)

    def _walked(self, one: Resource) -> list[tuple[str, yaml.ScalarNode, yaml.MappingNode, str]]:
        found = list(yaml_edits.pairs_of(one.root))
        self.copier.spend(len(found))
        return found


def _is_meant(patch: _Patch, one: Resource) -> bool:
    """True if a patch is for a resource.

    Raises:
        ValueError: if its target is not understood.
    """
    target = patch.target
    if target is None:
        node = patch.node
        if not node.is_mapping:
            raise ValueError("it names no target")
        return text_of(node, "kind") == one.kind and text_of(node, "metadata", "name") in one.names
    api = text_of(Yaml(one.root), "apiVersion")
    return (
        _matches(text_of(target, "kind"), one.kind)
        and _matches(text_of(target, "group"), one.group)
        and _matches(text_of(target, "version"), api.rpartition("/")[2])
        and any(_matches(text_of(target, "name"), name) for name in one.names)
        and _selects(text_of(target, "labelSelector"), one, "labels")
        and _selects(text_of(target, "annotationSelector"), one, "annotations")
    )


def _matches(pattern: str, text: str) -> bool:
    """True for a pattern of a target, which is a regular expression for the whole of a name.

    Only ``.*`` and alternatives are known of those: a pattern may be made to take for ever.
    """
    if not pattern or pattern == text:
        return True
    bare = pattern.removeprefix("^").removesuffix("$")
    if bare.startswith("(") and bare.endswith(")"):
        bare = bare[1:-1]
    if not re.fullmatch(r"(?:[\w/-]|\.[*+]?|\\\.|\|)*", bare):
        raise ValueError("its target is not understood")
    globs = (
        re.sub(r"\.\*", "*", one).replace(".+", "?*").replace("\\", "") for one in bare.split("|")
    )
    return any(fnmatchcase(text, glob) for glob in globs)


def _selects(selector: str, one: Resource, of: str) -> bool:
    found = Yaml(one.root).get("metadata", of)
    own = {name: value.text or "" for name, _, value in found.items()} if found is not None else {}
    for term in selector.split(",") if selector else ():
        match = re.fullmatch(r"\s*([\w./-]+)\s*(?:(==?|!=)\s*([\w.-]*))?\s*", term)
        if match is None:
            raise ValueError("its target is not understood")
        name, sign, value = match.groups()
        if sign is None and name not in own:
            return False
        if sign is not None and (own.get(name) == value) == (sign == "!="):
            return False
    return True


def text_of(node: Yaml, *keys: str) -> str:
    """The text under keys, or an empty one."""
    found = node.get(*keys)
    return (found.text or "") if found is not None else ""


def under(node: Yaml, key: str) -> tuple[Yaml, ...]:
    """The elements of the list under a key."""
    found = node.get(key)
    return found.elements() if found is not None else ()


def strings(nodes: Sequence[Yaml]) -> Iterator[tuple[str, int]]:
    """The texts among nodes, with their lines."""
    return ((node.text, node.line) for node in nodes if node.text)
