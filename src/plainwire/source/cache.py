"""What an audit found, kept in the user's cache folder for the next run over the same content.

https://specifications.freedesktop.org/basedir-spec/latest/ (version 0.8): ``XDG_CACHE_HOME``, if it
is absolute, else ``~/.cache``. Whatever goes wrong here, the audit is done as if nothing were kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from plainwire import __version__

MAX_ENTRY = 16_000_000  # bytes
MAX_TOTAL = 64_000_000
_SUFFIX = ".json"


class Cache:
    """A folder of entries, each with the digest of its text before it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> str | None:
        """The text kept for a key. Returns None if there is none that is whole and our own."""
        path = self._folder / (key + _SUFFIX)
        with contextlib.suppress(OSError, ValueError):
            if not _is_own(self._folder.lstat(), stat.S_ISDIR):
                return None
            with os.fdopen(os.open(path, os.O_RDONLY | _flags()), "rb") as file:
                if not _is_own(os.fstat(file.fileno()), stat.S_ISREG):
                    return None
                data = file.read(MAX_ENTRY + 1)
            digest, _, body = data.partition(b"\n")
            if len(data) <= MAX_ENTRY and hashlib.sha256(body).hexdigest().encode() == digest:
                with contextlib.suppress(OSError):
                    os.utime(path)  # those asked for last are kept longest
                return body.decode("utf-8")
        return None

    def put(self, key: str, text: str) -> None:
        """Keep a text; what was asked for longest ago goes where there is no room."""
        body = text.encode()
        import tempfile  # what reading does not need

        data = hashlib.sha256(body).hexdigest().encode() + b"\n" + body
        if len(data) > MAX_ENTRY:
            return
        with contextlib.suppress(OSError):
            self._folder.mkdir(0o700, parents=True, exist_ok=True)
            if not _is_own(self._folder.lstat(), stat.S_ISDIR):
                return
            descriptor, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                Path(name).replace(self._folder / (key + _SUFFIX))
            except OSError:
                Path(name).unlink()
                raise
            self._shrink()

    def _shrink(self) -> None:
        entries = sorted(self._entries(), reverse=True)
        total = 0
        for _, size, path in entries:
            total += size
            if total > MAX_TOTAL:
                path.unlink(missing_ok=True)

    def _entries(self) -> Iterator[tuple[float, int, Path]]:
        for path in self._folder.iterdir():
            with contextlib.suppress(OSError):  # another run took it away
                state = path.lstat()
                yield state.st_mtime, state.st_size, path


def of_user(root: Path) -> Cache | None:
    """The user's cache. Returns None if there is no place for it, or only inside the project."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        home = named if named.is_absolute() else Path.home() / ".cache"
        folder = home / "plainwire" / "audit"
        if folder.resolve().is_relative_to(root.resolve()):
            return None
    except (OSError, RuntimeError, ValueError):
        return None
    return Cache(folder)


@lru_cache(maxsize=1)
def program() -> str:
    """What the answers depend on beside the project: plainwire as it is installed, Python, PyYAML.

    The version alone would not do: a checkout that is worked on keeps it through every change.
    """
    digest = hashlib.sha256(f"{__version__}\n{sys.version}\n".encode())
    digest.update(stamp(Path(__file__).parent.parent).encode())
    found = find_spec("yaml")
    if found is not None and found.origin is not None:  # its first file has its version
        digest.update(stamp(Path(found.origin)).encode())
    return digest.hexdigest()


def stamp(top: Path) -> str:
    """Size and time of a file, or of every file below a folder that Python did not make itself."""
    if not top.is_dir():
        state = top.stat()
        return f"{top.name} {state.st_size} {state.st_mtime_ns}"
    return "\n".join(sorted(_stamps(str(top), top.name)))


def _stamps(folder: str, name: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _stamps(entry.path, f"{name}/{entry.name}")
            elif entry.is_file() and not entry.name.endswith(".pyc"):
                state = entry.stat()
                yield f"{name}/{entry.name} {state.st_size} {state.st_mtime_ns}"


def _is_own(state: os.stat_result, is_kind: Callable[[int], bool]) -> bool:
    """True if nobody else can have written it; without user ids (Windows) the folder says so."""
    own = getattr(os, "geteuid", lambda: state.st_uid)()
    is_closed = not hasattr(os, "geteuid") or not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return is_kind(state.st_mode) and state.st_uid == own and is_closed


def _flags() -> int:
    return getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
