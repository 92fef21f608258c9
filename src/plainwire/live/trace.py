"""The record of everything sent: for ``--trace``, ``--dry-run`` and the proofs in the tests."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plainwire.live.credentials import LOGIN
from plainwire.model import Exchange, Origin, Request
from plainwire.wire.masking import Masker


@dataclass
class Trace:
    """What was sent, in order; secrets are masked on the way in.

    ``sent`` has a line a question, ``entries`` everything in a form like HAR 1.2, where there is a
    masker and ``is_kept``. ``tell`` is called with each line.
    """

    masker: Masker | None = None
    with_bodies: bool = False
    tell: Callable[[str], None] | None = None
    is_kept: bool = True
    entries: list[dict[str, Any]] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    _open: dict[int, dict[str, Any]] = field(default_factory=dict)

    def _note(self, line: str) -> None:
        line = self.masker.text(line) if self.masker else line
        self.sent.append(line)
        if self.tell is not None:
            self.tell(line)

    def request(self, request: Request, headers: Sequence[tuple[str, str]]) -> None:
        """Note a request as it leaves."""
        extra = self.masker.headers(request.headers) if self.masker else request.headers
        words = [str(request), *(f"{name}: {value}" for name, value in extra)]
        if request.body and request.identity != LOGIN:
            words.append(f"body {request.body.decode('utf-8', 'replace')}")
        self._note(", ".join(words))
        if self.masker is None or not self.is_kept:
            return
        masked = self.masker.headers(tuple(headers))
        entry = {
            "request": {
                "method": request.method,
                "url": self.masker.text(request.url),
                "headers": [{"name": n, "value": v} for n, v in masked],
            }
        }
        self.entries.append(entry)
        self._open[id(request)] = entry

    def answer(self, exchange: Exchange) -> None:
        """Note what came back."""
        entry = self._open.pop(id(exchange.request), None)
        if self.masker is None or entry is None:
            return
        masked = self.masker.headers(exchange.headers)
        content: dict[str, Any] = {
            "size": len(exchange.body),
            "mimeType": exchange.content_type,
            "isCut": exchange.is_cut,
        }
        if self.with_bodies and exchange.request.identity != LOGIN:  # its answer is a token
            content["text"] = self.masker.text(exchange.text)
        entry["serverIPAddress"] = exchange.address
        entry["response"] = {
            "status": exchange.status,
            "statusText": exchange.reason,
            "headers": [{"name": n, "value": v} for n, v in masked],
            "content": content,
        }

    def hello(self, origin: Origin, what: str) -> None:
        """Note a ClientHello as it leaves."""
        self._note(f"{what} to {origin.host}:{origin.port}")
        if self.masker is not None and self.is_kept:
            entry = {"hello": {"host": origin.host, "port": origin.port, "offered": what}}
            self.entries.append(entry)

    def handshake(self, origin: Origin) -> None:
        """Note a TLS handshake of the local OpenSSL as it begins."""
        if self.masker is not None and self.is_kept:
            what = "a TLS handshake (OpenSSL)"
            entry = {"hello": {"host": origin.host, "port": origin.port, "offered": what}}
            self.entries.append(entry)

    def write(self, path: Path) -> None:
        """Write the record to a file that only its owner can read.

        Raises:
            OSError: if it cannot be written.
        """
        record = {
            "log": {"version": "1.2", "creator": {"name": "plainwire"}, "entries": self.entries}
        }
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            # Before the first byte is in it; a device or a pipe keeps the mode that it has.
            if stat.S_ISREG(os.fstat(handle).st_mode) and hasattr(os, "fchmod"):
                os.fchmod(handle, 0o600)
            json.dump(record, file, indent=1)
