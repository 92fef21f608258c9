"""A tree that is run, as it lies on the disk or with changes to it, and its digest."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from plainwire.model import SourceFile
from plainwire.source import kinds
from plainwire.source.encoding import text_of
from plainwire.source.project import LocalProject
from plainwire.source.walk import SKIPPED_FOLDERS, Tree, read_tree

MAX_BYTES: Final = 200_000_000
MAX_FILES: Final = 20_000
MAX_DIFF_BYTES: Final = 1_000_000
_ENV_FILE: Final = re.compile(r"\.env(\..*)?|.+\.env|\.flaskenv", re.IGNORECASE)


class TooLargeError(Exception):
    """The tree is more than is copied; the message says which limit."""


@dataclass(frozen=True)
class Source:
    """A directory, and the bytes of files that are to be otherwise or new, by their paths in it."""

    root: Path
    changes: Mapping[str, bytes] = field(default_factory=dict)

    def files(self) -> Iterator[tuple[str, bytes | Path]]:
        """Every file that is run by its path from the root, in order: its place or its bytes.

        Left out: environment files, what `plainwire audit` never reads (.git, virtual
        environments), and links that lead out of the tree.
        """
        found: dict[str, bytes | Path] = dict(_on_disk(self.root.resolve()))
        found |= {p: data for p, data in self.changes.items() if _is_run(p.rpartition("/")[2])}
        yield from sorted(found.items())

    def digest(self) -> str:
        """The SHA-256 over the lines that ``sha256sum`` writes of the files that are run."""
        whole = hashlib.sha256()
        for relative, file in self.files():
            whole.update(f"{_digest(file)}  {relative}\n".encode("utf-8", "surrogateescape"))
        return whole.hexdigest()

    def copy(self, target: Path) -> None:
        """Write the files that are run below a folder.

        Raises:
            TooLargeError: if there are more files or bytes than `MAX_FILES` and `MAX_BYTES`.
            OSError: if a file cannot be read or written.
        """
        total = 0
        target.mkdir(parents=True, exist_ok=True)
        for number, (relative, file) in enumerate(self.files()):
            total += len(file) if isinstance(file, bytes) else file.stat().st_size
            if total > MAX_BYTES or number >= MAX_FILES:
                raise TooLargeError(f"the tree has over {MAX_BYTES} bytes or {MAX_FILES} files")
            into = target / relative
            into.parent.mkdir(parents=True, exist_ok=True)
            into.write_bytes(_bytes(file))
            into.chmod(0o700 if self._is_executable(relative) else 0o600)

    def _is_executable(self, relative: str) -> bool:
        return os.access(self.root / relative, os.X_OK)

    def project(self) -> LocalProject:
        """The door to it; nothing of it is run.

        Raises:
            TargetError: if ``root`` is no directory that can be read.
        """
        tree = read_tree(self.root)
        files = {file.path: file for file in tree.files}
        for path, data in self.changes.items():
            text = text_of(data)
            format = kinds.format_of(path, text)
            if format is not None:
                files[path] = SourceFile(path, format, kinds.environment_of(path, text), text)
        ordered = tuple(files[path] for path in sorted(files))
        return LocalProject(self.root, Tree(ordered, tree.skipped))


def patch(before: Source, after: Source) -> bytes:
    """The unified diff of two trees; a file that is no text, or very large, by its digests."""
    old, new = dict(before.files()), dict(after.files())
    pieces: list[bytes] = []
    for name in sorted(old.keys() | new.keys()):
        one, other = _bytes(old.get(name, b"")), _bytes(new.get(name, b""))
        if one == other:
            continue
        if b"\0" in one + other or len(one) + len(other) > MAX_DIFF_BYTES:
            digests = " ".join(hashlib.sha256(data).hexdigest() for data in (one, other))
            pieces.append(f"binary {name}: {digests}\n".encode("utf-8", "surrogateescape"))
            continue
        path = os.fsencode(name)
        lines = [data.splitlines(keepends=True) for data in (one, other)]
        pieces += difflib.diff_bytes(
            difflib.unified_diff, lines[0], lines[1], b"a/" + path, b"b/" + path
        )
    return b"".join(pieces)


def _on_disk(top: Path) -> Iterator[tuple[str, Path]]:
    for folder, names, found in os.walk(top):
        names[:] = sorted(n for n in names if n not in SKIPPED_FOLDERS)
        for name in sorted(found):
            path = Path(folder, name)
            if _is_run(name) and path.resolve().is_relative_to(top) and path.is_file():
                yield path.relative_to(top).as_posix(), path


def _is_run(name: str) -> bool:
    return not _ENV_FILE.fullmatch(name)


def _bytes(file: bytes | Path) -> bytes:
    return file if isinstance(file, bytes) else file.read_bytes()


def _digest(file: bytes | Path) -> str:
    return hashlib.sha256(_bytes(file)).hexdigest()
