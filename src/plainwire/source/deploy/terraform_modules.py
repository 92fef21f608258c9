"""Terraform's modules with their arguments: each use of a local module, what its variables say.

https://developer.hashicorp.com/terraform/language/modules and …/values/variables (read 2026).
A value that a caller or a file of variables gives stands where it is written.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from plainwire.model import UNKNOWN, Environment, Skip, SourceFile
from plainwire.source.deploy import hcl
from plainwire.source.deploy.hcl import Block
from plainwire.source.deploy.hcl_values import Names, Value, elements_of, value_of, value_of_block
from plainwire.source.joined import JoinedFile, line_in

MAX_DEPTH, MAX_INSTANCES, MAX_BLOCKS, MAX_EACH = 8, 200, 30_000, 50
MAX_CHAIN = 10  # names that stand for each other
_UNSHIPPED = ("test", "documentation", "vendored", "example")
_PRODUCTION = re.compile(r"(^|[/._-])prod(uction)?([/._-]|$)", re.IGNORECASE)
_META = frozenset({"source", "version", "providers", "depends_on", "count", "for_each"})
_NOT_KNOWN = Value(UNKNOWN)


@dataclass
class Folder:
    """The files of a folder, as Terraform reads them together; ``given`` are its var files."""

    path: str
    files: list[tuple[SourceFile, Block]] = field(default_factory=list)
    given: list[tuple[SourceFile, Block]] = field(default_factory=list)

    def all(self, kind: str) -> Iterator[tuple[Block, SourceFile]]:
        """The blocks of a kind."""
        return ((b, f) for f, root in self.files for b in root.blocks if b.kind == kind)


@dataclass
class Instance:
    """A use of a module: its resources with their values, and what it is called with.

    ``inner`` are the modules that it uses, by their names, ``outer`` the instance that uses it.
    """

    folder: Folder
    environment: Environment | None
    resources: list[tuple[Block, SourceFile]] = field(default_factory=list)
    inner: dict[str, list[Instance]] = field(default_factory=dict)
    outer: Instance | None = None
    call: Block | None = None

    def resource(self, kind: str, reference: str, depth: int = 0) -> Block | None:
        """The resource that ``aws_lb.main.arn`` names, also as a module's output or argument.

        Returns None if it is not here.
        """
        match = re.search(rf"\b{kind}\.([\w-]+)", reference)
        if match:
            found = (b for b, _ in self.resources if b.labels == (kind, match[1]))
            return next(found, None)
        match = re.search(r"\bmodule\.([\w-]+)(?:\[[^\]]*\])?\.([\w-]+)|\bvar\.([\w-]+)", reference)
        if match is None or depth > MAX_DEPTH:
            return None
        if match[3]:
            outer, text = self.outer, _text(self.call, match[3])
            return outer.resource(kind, text, depth + 1) if outer is not None else None
        for inner in self.inner.get(match[1], [])[:1]:
            for block, _ in inner.folder.all("output"):
                if block.labels[:1] == (match[2],):
                    return inner.resource(kind, _text(block, "value"), depth + 1)
        return None


def _text(block: Block | None, name: str) -> str:
    return block.attributes.get(name, ("", 0))[0] if block is not None else ""


@dataclass
class Reading:
    """The folders of a project, and what was not understood of them."""

    folders: dict[str, Folder] = field(default_factory=dict)
    skipped: list[Skip] = field(default_factory=list)
    blocks: int = 0
    instances: int = 0

    def skip(self, file: SourceFile, reason: str, line: int) -> None:
        """Note what was not understood, once."""
        skip = Skip(file.path, reason, line)
        if len(self.skipped) < 500 and skip not in self.skipped:
            self.skipped.append(skip)

    def uses_modules(self, path: str) -> bool:
        """True if a folder uses another one of the project."""
        folder = self.folders[path]
        return any(
            inner in self.folders
            for block, _ in folder.all("module")
            for inner in _local(block, folder)
        )

    def roots(self) -> Iterator[Folder]:
        """The folders that no other one uses as a module, examples and tests left out."""
        used = {
            path
            for folder in self.folders.values()
            for block, file in folder.all("module")
            if file.environment not in _UNSHIPPED
            for path in _local(block, folder)
            if path != folder.path
        }
        return (f for f in self.folders.values() if f.path not in used and f.files)


def load(files: Sequence[SourceFile]) -> Reading:
    """The files by their folders; a file of variables alone is for the folder above it."""
    reading = Reading()
    variables = []
    for file in files:
        try:
            root = hcl.load(file.text)
        except ValueError as error:
            reading.skip(file, str(error), 0)
            continue
        if file.name.endswith(".tfvars"):
            variables.append((file, root))
        else:
            folder = reading.folders.setdefault(file.folder, Folder(file.folder))
            folder.files.append((file, root))
    for file, root in variables:
        path = file.folder
        while path and path not in reading.folders:
            path = posixpath.dirname(path)
        path = path if path in reading.folders else file.folder
        reading.folders.setdefault(path, Folder(path)).given.append((file, root))
    return reading


def _local(block: Block, folder: Folder) -> Iterator[str]:
    source = block.text("source") or ""
    if source.startswith(("./", "../")):
        yield posixpath.normpath(posixpath.join(folder.path, source)).removeprefix("./").strip(".")


def instance_of(reading: Reading, folder: Folder, environment: Environment | None) -> Instance:
    """A root folder with all that it uses, for an environment, or for that of each file."""
    instance = Instance(folder, environment)
    _fill(reading, instance, _Scope(folder, [], _given(folder)), ())
    return instance


def _given(folder: Folder) -> dict[str, tuple[Block, SourceFile] | None]:
    """The file of variables that gives each one its value; None where it depends on which is taken.

    Some files are loaded by themselves. Of those that somebody names and that are for no other
    environment, one for production is taken, or the only one; else what all say alike.
    """
    own = [pair for pair in folder.given if _is_loaded(pair[0], folder)]
    every = [pair for pair in folder.given if pair not in own]
    named = [pair for pair in every if pair[0].environment == "production"]
    shipped = [pair for pair in named if _PRODUCTION.search(pair[0].path)]
    chosen = shipped if len(shipped) == 1 else named
    # What another environment's file gives, somebody gives in production as well.
    found: dict[str, tuple[Block, SourceFile] | None] = {
        name: None for _, root in every for name in _names(root)
    }
    for file, root in own:
        found |= {name: (root, file) for name in _names(root)}
    for name in {name for _, root in chosen for name in _names(root)}:
        texts = {_text(root, name) for _, root in chosen}
        alike = len(texts) == 1 and (len(chosen) == 1 or "" not in texts)
        found[name] = (chosen[0][1], chosen[0][0]) if alike else None
    return found


def _is_loaded(file: SourceFile, folder: Folder) -> bool:
    is_auto = file.name == "terraform.tfvars" or file.name.endswith(".auto.tfvars")
    return is_auto and file.folder == folder.path


def _names(block: Block) -> Iterator[str]:
    """The names that a block gives values, on one line or over several."""
    yield from block.attributes
    yield from (inner.kind for inner in block.blocks)


class _Scope:
    """What names stand for in an instance of a module; each is worked out once."""

    def __init__(
        self,
        folder: Folder,
        parts: list[SourceFile],
        given: Mapping[str, tuple[Block, SourceFile] | None] | None = None,
        arguments: Mapping[str, Value] | None = None,
    ) -> None:
        self.folder = folder
        self.parts = parts
        self._given = given or {}
        self._arguments = arguments
        self._known: dict[tuple[str, str], Value] = {}
        self._depth = 0
        self._defaults = {b.labels[0]: (b, f) for b, f in folder.all("variable") if b.labels}
        self._locals = {
            name: (block, file) for block, file in folder.all("locals") for name in _names(block)
        }

    def part(self, file: SourceFile) -> int:
        """The number of a file among the parts."""
        for number, one in enumerate(self.parts):
            if one is file:
                return number
        self.parts.append(file)
        return len(self.parts) - 1

    def names(self, kind: str, name: str) -> Value:
        """What ``var.name`` or ``local.name`` stands for; anything else is not known."""
        key = (kind, name)
        if key not in self._known:
            self._known[key] = _NOT_KNOWN  # what leads back to itself
            if self._depth < MAX_CHAIN:
                self._depth += 1
                self._known[key] = self._worked_out(kind, name)
                self._depth -= 1
        return self._known[key]

    def _worked_out(self, kind: str, name: str) -> Value:
        if kind == "local" and name in self._locals:
            return self.entry(*self._locals[name], name)
        if kind != "var":
            return _NOT_KNOWN
        if self._arguments is not None and name in self._arguments:
            return self._arguments[name]
        if name in self._given:
            place = self._given[name]
            if place is None:
                return _NOT_KNOWN
            block, file = place
            line = line_in(self.part(file), block.line_of(name))
            return replace(self.entry(block, file, name), line=line)
        if name in self._defaults:
            return self.entry(*self._defaults[name], "default")
        return _NOT_KNOWN

    def entry(self, block: Block, file: SourceFile, name: str, names: Names | None = None) -> Value:
        """What an attribute of a block comes to, be it on one line or over several."""
        number = self.part(file)
        if name in block.attributes:
            text, line = block.attributes[name]
            return value_of(text, names or self.names, line_in(number, line))
        inner = next((b for b in block.blocks if b.kind == name), None)
        if inner is None:
            return _NOT_KNOWN
        found = value_of_block(inner, names or self.names, lambda line: line_in(number, line))
        return replace(found, line=0)


def _fill(reading: Reading, into: Instance, scope: _Scope, above: tuple[str, ...]) -> None:
    folder = into.folder
    for block, file in folder.all("resource"):
        if reading.blocks > MAX_BLOCKS:
            reading.skip(file, "more resources than are read", block.line)
            break
        if len(block.labels) == 2:
            for names in _repeated(reading, block, file, scope):
                made = _expanded(reading, block, scope.part(file), names)
                environment = into.environment or file.environment
                own = (file.path, file.format, environment, file.text)
                into.resources.append((made, JoinedFile(*own, scope.parts)))
    for block, file in folder.all("module"):
        path = next(_local(block, folder), None)
        inner = reading.folders.get(path) if path is not None else None
        if inner is None or not block.labels:
            reading.skip(file, "a module that is not here", block.line_of("source"))
            continue
        for names in _repeated(reading, block, file, scope):
            reading.instances += 1
            is_cycle = path in (*above, folder.path) or len(above) >= MAX_DEPTH
            if is_cycle or reading.instances > MAX_INSTANCES:
                reading.skip(file, "more modules in each other than are followed", block.line)
                break
            one = Instance(inner, into.environment, outer=into, call=block)
            into.inner.setdefault(block.labels[0], []).append(one)
            below = _Scope(inner, scope.parts, None, _arguments(block, file, scope, names))
            _fill(reading, one, below, (*above, folder.path))


def _arguments(block: Block, file: SourceFile, scope: _Scope, names: Names) -> dict[str, Value]:
    """What a module is called with, each value where it is written."""
    number = scope.part(file)
    found = {}
    for name in _names(block):
        if name not in _META:
            value = scope.entry(block, file, name, names)
            line = line_in(number, block.line_of(name))
            found[name] = value if value.line else replace(value, line=line)
    return found


def _repeated(reading: Reading, block: Block, file: SourceFile, scope: _Scope) -> Iterator[Names]:
    """What names stand for in each instance of a block: none for ``count = 0``."""
    if "count" in block.attributes:
        count = scope.entry(block, file, "count").literal
        if isinstance(count, int) and count < 1:
            return
    has_each = "for_each" in block.attributes or any(b.kind == "for_each" for b in block.blocks)
    elements = elements_of(scope.entry(block, file, "for_each")) if has_each else None
    if elements is None:
        yield _with(scope.names, "each", _NOT_KNOWN, _NOT_KNOWN)
        return
    if len(elements) > MAX_EACH:
        reading.skip(file, f"of more than {MAX_EACH} instances the first are read", block.line)
    for key, value in list(elements.items())[:MAX_EACH]:
        yield _with(scope.names, "each", Value(key), value)


def _with(names: Names, iterator: str, key: Value, value: Value) -> Names:
    def found(kind: str, name: str) -> Value:
        if kind == iterator:
            return {"key": key, "value": value}.get(name, _NOT_KNOWN)
        return names(kind, name)

    return found


def _expanded(reading: Reading, block: Block, part: int, names: Names, depth: int = 0) -> Block:
    """A block with what its attributes come to, and its dynamic blocks written out."""
    reading.blocks += 1 + sum(len(text) for text, _ in block.attributes.values()) // 50
    if reading.blocks > MAX_BLOCKS or depth > MAX_DEPTH:
        return block
    made = Block(block.kind, block.labels, block.line, {}, [], list(block.items))
    for name, (text, line) in block.attributes.items():
        value = value_of(text, names, line)
        written = value.written
        own = line_in(part, line)
        if written is None and value.literal is None and value.is_known:
            continue  # null is as if it were not there
        made.attributes[name] = (text, own) if written is None else (written, value.line or own)
    made.line = line_in(part, block.line)
    for inner in block.blocks:
        made.blocks += _dynamic(reading, inner, part, names, depth)
    return made


def _dynamic(
    reading: Reading, block: Block, part: int, names: Names, depth: int
) -> Iterator[Block]:
    """A block as it is, or for a dynamic one its content for each element."""
    content = next(block.all("content"), None)
    elements = None
    if block.kind == "dynamic" and block.labels and content is not None:
        elements = elements_of(value_of(_text(block, "for_each"), names))
    if elements is None or content is None:
        yield _expanded(reading, block, part, names, depth + 1)
        return
    iterator = _text(block, "iterator") or block.labels[0]
    for key, value in list(elements.items())[:MAX_EACH]:
        inner = _with(names, iterator, Value(key), value)
        yield replace(_expanded(reading, content, part, inner, depth + 1), kind=block.labels[0])
