"""TLS's presentation language (RFC 8446, section 3): numbers and vectors, read and written."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from plainwire.model import WireError

FORMATS = {1: "B", 2: "H"}


class Cursor:
    """A place in the bytes of one structure; ``where`` names it in errors."""

    def __init__(self, data: bytes, where: str) -> None:
        self._data = data
        self._where = where
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes are still to be read."""
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes.

        Raises:
            WireError: if fewer are left.
        """
        if count > self.left:
            raise WireError(f"{self._where}: ends at offset {len(self._data)}, wants {count} more")
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, size: int) -> int:
        """An unsigned number of ``size`` bytes, most significant first (RFC 8446, 3.3).

        Raises:
            WireError: if the bytes end.
        """
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        """A vector: its length in ``size`` bytes, then as many bytes (RFC 8446, 3.4).

        Raises:
            WireError: if the bytes end.
        """
        return self.take(self.number(size))

    def end(self) -> None:
        """Check that nothing is left.

        Raises:
            WireError: if something is.
        """
        if self.left:
            raise WireError(f"{self._where}: {self.left} bytes too many at offset {self._at}")


def code_points(data: bytes, where: str) -> tuple[int, ...]:
    """Code points of two bytes each, one after the other.

    Raises:
        WireError: if one is cut off.
    """
    count, odd = divmod(len(data), 2)
    if odd:
        raise WireError(f"{where}: ends at offset {len(data)}, wants 2 more")
    return struct.unpack(f">{count}H", data)


def vectors(size: int, data: bytes, where: str) -> tuple[bytes, ...]:
    """Vectors, one after the other, each with its length in ``size`` bytes.

    Raises:
        WireError: if one is cut off.
    """
    cursor, found = Cursor(data, where), []
    while cursor.left:
        found.append(cursor.vector(size))
    return tuple(found)


def vector(size: int, data: bytes) -> bytes:
    """A vector: the length of ``data`` in ``size`` bytes, then ``data`` (RFC 8446, 3.4).

    Raises:
        OverflowError: if ``data`` is longer than the length can say.
    """
    return len(data).to_bytes(size, "big") + data


def numbers(size: int, values: Iterable[int]) -> bytes:
    """Unsigned numbers of ``size`` bytes each, 1 or 2, one after the other."""
    listed = tuple(values)
    return struct.pack(f">{len(listed)}{FORMATS[size]}", *listed)
