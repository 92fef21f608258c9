"""TLS servers on loopback whose certificate and configuration change on cue."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from certificates import Issued


@dataclass
class Site:
    """One listener. `serve` and `close` are the cues; the context is read at each connection."""

    folder: Path
    port: int = 0
    server: asyncio.Server | None = None
    context: ssl.SSLContext | None = None
    accepted: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def open(self) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self.server
        self.server.close()
        await self.server.wait_closed()

    def serve(self, *issued: Issued, least: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2) -> None:
        """Serve these certificates (one a kind of key), and versions from ``least`` on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")
        chain, key = self.folder / "chain.pem", self.folder / "key.pem"
        for each in issued:
            chain.write_text(each.chain_pem)
            key.write_text(each.key_pem)
            context.load_cert_chain(chain, key)
        with _quietly():
            context.minimum_version = least
        self.context = context

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            await writer.start_tls(self.context)
            head = await reader.readuntil(b"\r\n\r\n")
            lines = {"Content-Length": "2", "Connection": "close", **self.headers}
            said = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
            if head:
                writer.write(f"HTTP/1.1 200 OK\r\n{said}\r\nok".encode())
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, EOFError):
            pass
        finally:
            writer.close()


def _quietly() -> Any:
    import warnings

    caught = warnings.catch_warnings()

    class Quiet:
        def __enter__(self) -> None:
            caught.__enter__()
            warnings.simplefilter("ignore", DeprecationWarning)

        def __exit__(self, *error: object) -> None:
            caught.__exit__(*error)

    return Quiet()


@asynccontextmanager
async def farm(folder: Path, count: int) -> AsyncIterator[list[Site]]:
    sites = []
    log = logging.getLogger("asyncio")  # it tells of each hello that was answered by an alert
    level = log.level
    log.setLevel(logging.ERROR)
    for number in range(count):
        place = folder / f"site{number}"
        place.mkdir()
        site = Site(place)
        await site.open()
        sites.append(site)
    try:
        yield sites
    finally:
        log.setLevel(level)
        for site in sites:
            if site.server:
                site.server.close()
