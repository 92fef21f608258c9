"""The certificates of one proof: of an authority that is made for it, whose key is never written.

What is issued is what `plainwire devcert` issues, for the names of one stack alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from plainwire.wire import issuing

FILES = ("chain.pem", "key.pem", "both.pem", "ca.pem")


class Authority:
    """A CA for some DNS names and IP addresses; `issue` writes a server's certificate of it."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._issued = issuing.authority(names, datetime.now(UTC))

    def issue(self, folder: Path) -> str:
        """Write chain.pem, key.pem, both.pem and ca.pem, all 0600, and return the serial as hex."""
        leaf = issuing.server(self._names, self._issued, datetime.now(UTC))
        ca = self._issued.pem
        parts = (leaf.pem + ca, leaf.key_pem, leaf.pem + ca + leaf.key_pem, ca)
        folder.mkdir(parents=True, exist_ok=True)
        for file, data in zip(FILES, parts, strict=True):
            path = folder / file
            path.touch(mode=0o600)
            path.write_bytes(data)
        return f"{leaf.certificate.serial_number:x}"
