"""The project as it would be after edits: read once from the disk, changed in memory only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from plainwire.audit import audit
from plainwire.fix.content import Content
from plainwire.fix.disk import read
from plainwire.model import Edit, Environment, Report, SourceFile, TargetError
from plainwire.source import kinds
from plainwire.source.project import LocalProject
from plainwire.source.walk import Tree, read_tree


@dataclass(frozen=True)
class State:
    """A project's files, and the bytes of those that are changed."""

    root: Path
    tree: Tree
    contents: Mapping[str, Content]

    @classmethod
    def of(cls, root: Path) -> State:
        """The project as it stands on the disk.

        Raises:
            TargetError: if ``root`` is no directory that can be read.
        """
        return cls(root, read_tree(root), {})

    @cached_property
    def project(self) -> LocalProject:
        """The door to this state of the project, each part of which is read once."""
        return LocalProject(self.root, self.tree)

    def report(self, environment: Environment) -> Report:
        """The audit of this state."""
        return audit(self.root, environment=environment, project=self.project)

    def content(self, path: str) -> Content:
        """A file's bytes.

        Raises:
            TargetError: if they cannot be read, or are no longer those that were audited.
        """
        if path in self.contents:
            return self.contents[path]
        found = read(self.root, path)
        file = next((f for f in self.tree.files if f.path == path), None)
        if file is None or found.text != file.text:
            raise TargetError(f"{path} was changed while it was read")
        return found

    def edited(self, edits: Iterable[Edit]) -> State:
        """The project after edits, which may not overlap; equal ones are made once.

        Raises:
            TargetError: if a file cannot be read.
            ValueError: if two edits overlap.
        """
        by_path: dict[str, dict[Edit, None]] = {}
        for edit in edits:
            by_path.setdefault(edit.path, {})[edit] = None
        new = {path: self.content(path).edited(own) for path, own in by_path.items()}
        files = tuple(_with_text(f, new[f.path]) if f.path in new else f for f in self.tree.files)
        return State(self.root, replace(self.tree, files=files), {**self.contents, **new})


def _with_text(file: SourceFile, content: Content) -> SourceFile:
    text = content.text
    kind = kinds.format_of(file.path, text) or file.format
    return SourceFile(file.path, kind, kinds.environment_of(file.path, text), text)
