"""The copy of a tree that is run, and the digests that say which tree and which patch it was."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from plainwire.source.walk import SKIPPED_FOLDERS

MAX_BYTES: Final = 200_000_000
MAX_FILES: Final = 20_000
MAX_DIFF_BYTES: Final = 1_000_000
_ENV_FILE: Final = re.compile(r"\.env(\..*)?|.+\.env|\.flaskenv", re.IGNORECASE)


class TooLargeError(Exception):
    """The tree is more than is copied; the message says which limit."""


def files(root: Path) -> Iterator[tuple[str, Path]]:
    """Every regular file that is run, by its path from the root, in order.

    Left out: environment files, what `plainwire audit` never reads (.git, virtual environments),
    and links that lead out of the tree.
    """
    top = root.resolve()
    for folder, names, found in os.walk(top):
        names[:] = sorted(n for n in names if n not in SKIPPED_FOLDERS)
        for name in sorted(found):
            path = Path(folder, name)
            is_inside = path.resolve().is_relative_to(top)
            if is_inside and path.is_file() and not _ENV_FILE.fullmatch(name):
                yield path.relative_to(top).as_posix(), path


def digest(root: Path) -> str:
    """The SHA-256 of a tree: over the path and the SHA-256 of each file that is run."""
    whole = hashlib.sha256()
    for relative, path in files(root):
        whole.update(f"{_digest(path)}  {relative}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def patch(before: Path, after: Path) -> bytes:
    """The unified diff of two trees; a file that is no text, or very large, by its digests."""
    old, new = dict(files(before)), dict(files(after))
    pieces: list[bytes] = []
    for name in sorted(old.keys() | new.keys()):
        one, other = _bytes(old.get(name)), _bytes(new.get(name))
        if one == other:
            continue
        lines = [[*data.splitlines(keepends=True)] for data in (one, other)]
        if b"\0" in one + other or len(one) + len(other) > MAX_DIFF_BYTES:
            pieces.append(f"binary {name}: {_sha(one)} {_sha(other)}\n".encode())
            continue
        path = os.fsencode(name)
        pieces += difflib.diff_bytes(
            difflib.unified_diff, lines[0], lines[1], b"a/" + path, b"b/" + path
        )
    return b"".join(pieces)


def copy(root: Path, target: Path) -> None:
    """Copy what is run of a tree.

    Raises:
        TooLargeError: if it has more files or bytes than `MAX_FILES` and `MAX_BYTES`.
        OSError: if a file cannot be read.
    """
    total = 0
    for number, (relative, path) in enumerate(files(root)):
        total += path.stat().st_size
        if total > MAX_BYTES or number >= MAX_FILES:
            raise TooLargeError(f"the tree has over {MAX_BYTES} bytes or {MAX_FILES} files")
        into = target / relative
        into.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, into)
        into.chmod(0o700 if path.stat().st_mode & 0o100 else 0o600)
    target.mkdir(parents=True, exist_ok=True)


def _bytes(path: Path | None) -> bytes:
    return path.read_bytes() if path is not None else b""


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
