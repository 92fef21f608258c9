"""Lists and reads the files under a directory, bounded in number, size and depth."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plainwire.model import Skip, SourceFile, TargetError
from plainwire.source.encoding import encoding_of, text_of, unread_encoding

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
# Endings of files that are of no known format, whatever is in them.
_NEVER = frozenset(
    {"png", "jpg", "jpeg", "gif", "ico", "webp", "svg", "mp3", "mp4", "webm", "wav"}
    | {"woff", "woff2", "ttf", "eot", "otf", "pdf", "md", "rst", "ipynb", "po", "mo", "pot"}
    | {"zip", "gz", "bz2", "xz", "whl", "jar", "exe", "so", "bin", "pyc", "class"}
    | {"csv", "tsv", "sqlite", "sqlite3", "db", "lock", "map"}
)


def is_promising(name: str) -> bool:
    """True if a file of this name may be one of the formats that are read."""
    return name.rpartition(".")[2].lower() not in _NEVER or "." not in name


@dataclass(frozen=True, slots=True)
class Tree:
    """What was read, and what was not and why."""

    files: tuple[SourceFile, ...]
    skipped: tuple[Skip, ...]


@dataclass(frozen=True, slots=True)
class Raw:
    """The files that may be of a known format as they are, and what was left out and why."""

    files: list[tuple[str, bytes]]
    skipped: list[Skip]

    @property
    def size(self) -> int:
        """How many bytes the files have together."""
        return sum(len(data) for _, data in self.files)

    def digest(self) -> str:
        """A digest of everything that a `Tree` made of this depends on."""
        digest = hashlib.sha256()
        for path, data in self.files:
            name = path.encode("utf-8", "surrogatepass")
            digest.update(b"%d %d\n%b" % (len(name), len(data), name))
            digest.update(data)
        digest.update(repr(self.skipped).encode("utf-8", "backslashreplace"))
        return digest.hexdigest()


def read_raw(root: Path) -> Raw:
    """Read every file under ``root`` whose name does not say that it is of no known format.

    Links that lead out are named and skipped.

    Raises:
        TargetError: if ``root`` is no directory that can be listed.
    """
    if not root.is_dir():
        raise TargetError(f"{root} is not a directory")
    raw = Raw([], [])
    total = 0
    for path, relative in _paths(str(root.resolve()), raw.skipped):
        if len(raw.files) >= MAX_FILES or total > MAX_TOTAL:
            raw.skipped.append(Skip(relative, "the project has more files than are read"))
            break
        data = _data(path, relative, raw.skipped)
        if data is not None:
            total += len(data)
            raw.files.append((relative, data))
    return raw


def read_tree(root: Path) -> Tree:
    """Read every file of a known format under ``root``.

    Raises:
        TargetError: if ``root`` is no directory that can be listed.
    """
    return tree_of(read_raw(root))


def tree_of(raw: Raw) -> Tree:
    """The files of a known format; ``raw`` is used up, so that nothing is held twice."""
    from plainwire.source import kinds  # what a kept report does not need

    files = []
    raw.files.reverse()
    while raw.files:
        relative, data = raw.files.pop()
        text = text_of(data)
        kind = kinds.format_of(relative, text)
        if kind is not None:
            environment = kinds.environment_of(relative, text, kind)
            files.append(SourceFile(relative, kind, environment, text))
    return Tree(tuple(files), tuple(raw.skipped))


def _paths(top: str, skipped: list[Skip]) -> Iterator[tuple[str, str]]:
    """Every promising file under ``top``, in the order of their paths, each entered once."""
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
                    deeper.append((entry.path, relative + "/", depth + 1))
                elif not is_promising(entry.name):
                    continue
                elif entry.is_file(follow_symlinks=False):
                    yield entry.path, relative
                else:
                    skipped.append(Skip(relative, "a pipe, socket or device, which is not read"))
            except OSError as error:
                skipped.append(Skip(relative, f"cannot be read: {error.strerror}"))
        waiting += reversed(deeper)


def _note_link(entry: os.DirEntry[str], relative: str, top: str, skipped: list[Skip]) -> None:
    """A link inside the project is met again at its target; one that leads out is said."""
    target = Path(os.path.realpath(entry.path))
    if not target.is_relative_to(top):
        skipped.append(Skip(relative, "a symbolic link that leads out of the project"))


def _data(path: str, relative: str, skipped: list[Skip]) -> bytes | None:
    """A file's content. Returns None if it is binary, too large, or cannot be read."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags)
        try:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                return None
            if state.st_size > MAX_BYTES:
                _note_large(relative, skipped)
                return None
            data = _read(descriptor, state.st_size)
        finally:
            os.close(descriptor)
    except OSError as error:
        skipped.append(Skip(relative, f"cannot be read: {error.strerror}"))
        return None
    if b"\0" not in data[:4096]:
        return data
    if unread := unread_encoding(data):
        skipped.append(Skip(relative, f"{unread}, which is not read"))
    elif encoding_of(data)[0] != "utf-8":
        return data
    else:
        _note_binary(relative, skipped)
    return None


def _read(descriptor: int, size: int) -> bytes:
    """What is in a file of about this size, as far as files are read: what is asked for is made."""
    pieces: list[bytes] = []
    left = MAX_BYTES + 1
    while left > 0 and (piece := os.read(descriptor, min(left, size + 4096))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _note_binary(relative: str, skipped: list[Skip]) -> None:
    """Say that a file is not read which by its name alone would be."""
    from plainwire.source import kinds

    is_named = relative.endswith(".conf") or kinds.format_of(relative, "") is not None
    if is_named and not kinds.is_vendored(relative):
        skipped.append(Skip(relative, "not text: it has a byte of zero"))


def _note_large(relative: str, skipped: list[Skip]) -> None:
    from plainwire.source import kinds

    if not kinds.is_vendored(relative):
        skipped.append(Skip(relative, f"larger than {MAX_BYTES} bytes"))
