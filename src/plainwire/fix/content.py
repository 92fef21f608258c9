"""A file's bytes beside the text that rules read, so that edits of the text keep all other bytes.

The text has lost its byte order mark, its line ends and what is no text (`source/encoding.py`); an
edit of it is one of a stretch of bytes, and nothing outside that stretch is touched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from plainwire.model import Edit
from plainwire.source.encoding import encoding_of


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
        name, start = encoding_of(self.data)
        pieces: list[str] = []
        offsets: list[int] = []
        at = start
        is_after_return = False
        for piece, size in _decoded(self.data[start:], name):
            if piece == "\n" and is_after_return:
                at += size  # the second half of a line end: its first stands for both
                is_after_return = False
                continue
            is_after_return = piece == "\r"
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
            parts += (self.data[done:start], new.encode(encoding_of(self.data)[0]))
            done = end
        return Content(self.path, b"".join((*parts, self.data[done:])))

    def _line_end(self, at: int) -> str:
        """How the line around a byte ends; the one before it if it is the last."""
        name, _ = encoding_of(self.data)
        end, back = "\n".encode(name), "\r".encode(name)
        found = self.data.find(end, at)
        if found < 0:
            found = self.data.rfind(end, 0, at)
        return "\r\n" if found > 0 and self.data[found - len(back) : found] == back else "\n"


def _decoded(data: bytes, name: str) -> Iterator[tuple[str, int]]:
    """Each character with its size in bytes; what is none as the replacement character."""
    at = 0
    for character in data.decode(name, "replace"):
        if name == "utf-8":
            size = len(character.encode("utf-8"))
            if character == "\ufffd" and data[at : at + size] != b"\xef\xbf\xbd":
                size = _undecodable(data[at : at + 4])
        else:  # a half of a pair alone is one replacement character, and so is an odd last byte
            size = min(4 if character > "\uffff" else 2, len(data) - at)
        yield character, size
        at += size


def _undecodable(data: bytes) -> int:
    """How many bytes the decoder takes for one replacement character."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.end - error.start
    return 1
