"""Lists and reads the files under a directory, bounded in number, size and depth."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plainwire.model import Skip, SourceFile, TargetError
from plainwire.source import kinds

MAX_FILES = 60_000
MAX_DEPTH = 40
MAX_BYTES = 2_000_000
MAX_TOTAL = 400_000_000
SKIPPED_FOLDERS = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".tox",
        ".nox",
        ".venv",
        "venv",
        "node_modules",
        "bower_components",
        "__pycache__",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".eggs",
        "site-packages",
        ".terraform",
    }
)


@dataclass(frozen=True, slots=True)
class Tree:
    """What was read, and what was not and why."""

    files: tuple[SourceFile, ...]
    skipped: tuple[Skip, ...]
    seen: int = 0


def read_tree(root: Path) -> Tree:
    """Read every file of a known format under ``root``; links that lead out are named and skipped.

    Raises:
        TargetError: if ``root`` is no directory that can be listed.
    """
    if not root.is_dir():
        raise TargetError(f"{root} is not a directory")
    top = root.resolve()
    files: list[SourceFile] = []
    skipped: list[Skip] = []
    total = seen = 0
    for path, relative in _paths(top, skipped):
        seen += 1
        if len(files) >= MAX_FILES or total > MAX_TOTAL:
            skipped.append(Skip(relative, "the project has more files than are read"))
            break
        if not kinds.is_promising(relative):
            continue
        text = _text(path, relative, skipped)
        if text is None:
            continue
        total += len(text)
        kind = kinds.format_of(relative, text)
        if kind is not None:
            files.append(SourceFile(relative, kind, kinds.environment_of(relative, text), text))
    return Tree(tuple(files), tuple(skipped), seen)


def _paths(top: Path, skipped: list[Skip]) -> Iterator[tuple[Path, str]]:
    """Every regular file under ``top``, in the order of their paths, each entered once."""
    waiting = [(top, "", 0)]
    while waiting:
        folder, prefix, depth = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            skipped.append(Skip(prefix or ".", f"cannot be listed: {error.strerror}"))
            continue
        deeper = []
        for entry in found:
            relative = prefix + entry.name
            try:
                if entry.is_symlink():
                    _note_link(entry, relative, top, skipped)
                elif entry.is_dir(follow_symlinks=False):
                    if entry.name in SKIPPED_FOLDERS:
                        continue
                    if depth >= MAX_DEPTH:
                        skipped.append(Skip(relative, "too deep"))
                        continue
                    deeper.append((Path(entry.path), relative + "/", depth + 1))
                elif entry.is_file(follow_symlinks=False):
                    yield Path(entry.path), relative
            except OSError as error:
                skipped.append(Skip(relative, f"cannot be read: {error.strerror}"))
        waiting += reversed(deeper)


def _note_link(entry: os.DirEntry[str], relative: str, top: Path, skipped: list[Skip]) -> None:
    """A link inside the project is met again at its target; one that leads out is said."""
    target = Path(os.path.realpath(entry.path))
    if not target.is_relative_to(top):
        skipped.append(Skip(relative, "a symbolic link that leads out of the project"))


def _text(path: Path, relative: str, skipped: list[Skip]) -> str | None:
    """A file's text. Returns None if it is binary, too large, or cannot be read."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags)
        with os.fdopen(descriptor, "rb") as file:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                return None
            if state.st_size > MAX_BYTES:
                if not kinds.is_vendored(relative):
                    skipped.append(Skip(relative, f"larger than {MAX_BYTES} bytes"))
                return None
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        skipped.append(Skip(relative, f"cannot be read: {error.strerror}"))
        return None
    if b"\0" in data[:4096]:
        return None
    text = data.decode("utf-8-sig", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")
