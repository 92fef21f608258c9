"""The files on the disk: read once more as bytes, and all of a change written or none of it.

New files are first written beside the old ones and flushed, so that a full disk is met before
anything is changed. Then each takes the other's place by rename, which is atomic (POSIX.1-2017,
rename), while the old one is kept under another name; what fails half-way is put back by rename,
for which a full disk has room.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from plainwire.fix.content import Content
from plainwire.model import TargetError

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def read(root: Path, path: str) -> Content:
    """A file's bytes.

    Raises:
        TargetError: if it cannot be read, is no regular file, or is reached by a symbolic link.
    """
    place = _place(root, path)
    try:
        descriptor = os.open(place, os.O_RDONLY | _NO_LINK | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise TargetError(f"{path} is no regular file")
            return Content(path, file.read())
    except OSError as error:
        raise TargetError(f"{path} cannot be read: {error.strerror}") from None


def write(root: Path, changes: Sequence[tuple[Content, Content]]) -> None:
    """Put the second content of each pair in the place of the first, all of them or none.

    Mode and owner are kept. Ctrl-C and SIGTERM wait until it is done.

    Raises:
        TargetError: if a file is not what its first content says, may not be written, or the
            disk fails; then the tree is as it was, but for files that are named.
    """
    with _undisturbed():
        staged: list[_Staged] = []
        try:
            for before, after in changes:
                staged.append(_Staged.of(root, before))
                staged[-1].write(after.data)
            for one in staged:
                one.swap()
        except (OSError, TargetError) as error:
            said = error.strerror if isinstance(error, OSError) else None
            lost = [one for one in reversed(staged) if not one.undo()]
            names = ", ".join(f"{one.before.path} (kept as {one.old.name})" for one in lost)
            end = f"could not be put back: {names}" if lost else "nothing was changed"
            raise TargetError(f"{said or error}; {end}") from None
        for one in staged:
            one.finish()


def create(root: Path, texts: Mapping[str, str]) -> None:
    """Write files that are not there, all of them or none; folders on their way are made.

    Raises:
        TargetError: if one is there, lies outside the project, or cannot be written; then none is.
    """
    with _undisturbed():
        made: list[Path] = []
        try:
            for path, text in texts.items():
                place = _place(root, path)
                place.parent.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o644)
                made.append(place)
                with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
        except (OSError, TargetError) as error:
            for place in made:
                with contextlib.suppress(OSError):
                    place.unlink()
            said = f"{error.strerror}: {path}" if isinstance(error, OSError) else str(error)
            raise TargetError(f"{said}; nothing was written") from None


@dataclass
class _Staged:
    """One file on its way: the new one beside it, then the old one under another name."""

    place: Path
    before: Content
    new: Path
    old: Path
    is_swapped: bool = False

    @classmethod
    def of(cls, root: Path, before: Content) -> _Staged:
        place = _place(root, before.path)
        mark = secrets.token_hex(4)
        new, old = (place.with_name(f".{place.name}.{mark}.{word}") for word in ("new", "old"))
        return cls(place, before, new, old)

    def write(self, data: bytes) -> None:
        """Write the new file with the mode and owner of the old one, down to the disk."""
        state = self._unchanged()
        if not state.st_mode & 0o222:
            raise TargetError(f"{self.before.path} is read-only")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | getattr(os, "O_BINARY", 0)
        descriptor = os.open(self.new, flags, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            self._give(file.fileno(), state)
            os.chmod(self.new, stat.S_IMODE(state.st_mode))  # noqa: PTH101 (as the rest here)
            os.fsync(file.fileno())

    def _give(self, descriptor: int, state: os.stat_result) -> None:
        """Let the new file belong to whom the old one belongs to."""
        mine = os.fstat(descriptor)
        if (mine.st_uid, mine.st_gid) == (state.st_uid, state.st_gid) or not hasattr(os, "fchown"):
            return
        try:
            os.fchown(descriptor, state.st_uid, state.st_gid)
        except PermissionError:  # only root may give a file away
            raise TargetError(f"{self.before.path} belongs to somebody else") from None

    def swap(self) -> None:
        """Let the new file take the old one's place."""
        self._unchanged()
        try:
            os.link(self.place, self.old, follow_symlinks=False)
        except (OSError, NotImplementedError):  # a file system without hard links
            self.old.write_bytes(self.before.data)
            os.chmod(self.old, stat.S_IMODE(self.place.stat().st_mode))  # noqa: PTH101
        os.replace(self.new, self.place)  # noqa: PTH105
        self.is_swapped = True

    def undo(self) -> bool:
        """Put the old file back and take the new one away; False if it could not be put back."""
        if self.is_swapped:
            try:
                os.replace(self.old, self.place)  # noqa: PTH105
            except OSError:
                return False
        for leftover in (self.new, self.old):
            with contextlib.suppress(OSError):
                leftover.unlink()
        return True

    def finish(self) -> None:
        """Drop the old file, and let the folder reach the disk."""
        with contextlib.suppress(OSError):
            self.old.unlink()
        with contextlib.suppress(OSError):  # not every system lets a folder be opened
            folder = os.open(self.place.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _unchanged(self) -> os.stat_result:
        """The file's state.

        Raises:
            TargetError: if its bytes are not those that the change was made for.
        """
        state = os.lstat(self.place)
        if not stat.S_ISREG(state.st_mode):
            raise TargetError(f"{self.before.path} is no regular file")
        if Content(self.before.path, self.place.read_bytes()).sha256 != self.before.sha256:
            raise TargetError(f"{self.before.path} was changed meanwhile")
        return state


def _place(root: Path, path: str) -> Path:
    """Where a file of the project lies, no folder on the way being a link that leads out."""
    top = root.resolve()
    place = top / path
    parent = place.parent.resolve()
    if not parent.is_relative_to(top):
        raise TargetError(f"{path} lies outside the project")
    return parent / place.name


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold back the signals that would end the process between two renames."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
