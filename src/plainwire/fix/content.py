"""A file's bytes beside the text that rules read, so that edits of the text keep all other bytes.

The text has lost its byte order mark, its line ends and what is no UTF-8 (`source/walk.py`); an
edit of it is one of a stretch of bytes, and nothing outside that stretch is touched.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from plainwire.model import Edit

_BOM = codecs.BOM_UTF8


@dataclass(frozen=True)
class Content:
    """A file of the project as its bytes."""

    path: str
    data: bytes

    @cached_property
    def sha256(self) -> str:
        """The digest of the bytes, in hex."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def text(self) -> str:
        """The text as rules read it."""
        return self._read[0]

    @cached_property
    def _read(self) -> tuple[str, list[int]]:
        """The text, and the byte that each of its characters begins at, and one past the last."""
        start = len(_BOM) if self.data.startswith(_BOM) else 0
        pieces: list[str] = []
        offsets: list[int] = []
        at = start
        for piece, size in _decoded(self.data[start:]):
            if piece == "\n" and pieces and self.data[at - 1 : at] == b"\r":
                at += size  # the second half of a line end: its first stands for both
                continue
            offsets.append(at)
            pieces.append("\n" if piece == "\r" else piece)
            at += size
        return "".join(pieces), [*offsets, at]

    def edited(self, edits: Iterable[Edit]) -> Content:
        """The content after edits of its text, none of which may overlap.

        Raises:
            ValueError: if two overlap, or one is out of bounds.
        """
        text, offsets = self._read
        parts: list[bytes] = []
        done = 0
        for edit in sorted(edits, key=lambda e: (e.start, e.end)):
            if not 0 <= edit.start <= edit.end <= len(text):
                raise ValueError(f"an edit of {self.path} is out of bounds")
            start, end = offsets[edit.start], offsets[edit.end]
            if start < done:
                raise ValueError(f"two edits of {self.path} overlap")
            new = edit.new.replace("\n", self._line_end(start))
            parts += (self.data[done:start], new.encode("utf-8"))
            done = end
        return Content(self.path, b"".join((*parts, self.data[done:])))

    def _line_end(self, at: int) -> str:
        """How the line around a byte ends; the one before it if it is the last."""
        found = self.data.find(b"\n", at)
        if found < 0:
            found = self.data.rfind(b"\n", 0, at)
        return "\r\n" if found > 0 and self.data[found - 1 : found] == b"\r" else "\n"


def _decoded(data: bytes) -> Iterator[tuple[str, int]]:
    """Each character with its size in bytes; what is no UTF-8 as the replacement character."""
    at = 0
    for character in data.decode("utf-8", "replace"):
        size = len(character.encode("utf-8"))
        if character == "\ufffd" and data[at : at + size] != b"\xef\xbf\xbd":
            size = _undecodable(data[at : at + 4])
        yield character, size
        at += size


def _undecodable(data: bytes) -> int:
    """How many bytes the decoder takes for one replacement character."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.end - error.start
    return 1
