"""A file that is written whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

# Of a folder that takes no new file, an owner that it cannot be given to, a mount point.
_NOT_REPLACEABLE = frozenset({errno.EACCES, errno.EPERM, errno.EBUSY})


def replace(path: Path, data: bytes) -> None:
    """Let ``path``, or what it is a link to, hold ``data``; its mode and its owner stay.

    It is written beside the old file, flushed, and takes its place by rename, which is atomic
    (POSIX.1-2017, rename). What is no regular file, or cannot be replaced, is written in place.

    Raises:
        OSError: if it cannot be written; then a file that could be replaced is as it was.
    """
    place = Path(os.path.realpath(path))
    try:
        before = place.stat()
    except FileNotFoundError:
        before = None
    if before is not None and not stat.S_ISREG(before.st_mode):
        place.write_bytes(data)
        return
    beside = place.with_name(f".{os.urandom(4).hex()}.part")
    try:
        _write(beside, data, before)
        beside.replace(place)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        if before is None or error.errno not in _NOT_REPLACEABLE:
            raise
        place.write_bytes(data)


def _write(beside: Path, data: bytes, before: os.stat_result | None) -> None:
    with beside.open("xb") as file:
        if before is not None:
            mine = os.fstat(file.fileno())
            if (mine.st_uid, mine.st_gid) != (before.st_uid, before.st_gid):
                os.chown(beside, before.st_uid, before.st_gid)
            beside.chmod(stat.S_IMODE(before.st_mode))
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
