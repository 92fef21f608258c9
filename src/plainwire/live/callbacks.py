"""A listener of our own: who asks it for a path that only one question named was sent there."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING

from plainwire.live import dial

if TYPE_CHECKING:
    from plainwire.live.site import LiveSite

SSRF_PROBES = "ssrf-probes"
LINE_LIMIT = 4096  # bytes of a request line
TIMEOUT_S = 5.0
_LINE = re.compile(rb"[A-Z]{3,10} (/[!-~]{0,1000}) HTTP/1\.[01]\r?\n")
_ANSWER = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


class Callbacks:
    """Listens at one address, and keeps which of the words that were given out it is asked for.

    Others may ask it for anything: that is dropped, so that nobody can fill it.
    """

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self.url = ""
        self._given: set[str] = set()
        self._heard: set[str] = set()
        self._called = asyncio.Condition()

    async def listen(self, address: str, port: int) -> None:
        """Begin to listen; port 0 is any.

        Raises:
            OSError: if that cannot be.
        """
        self._server = await asyncio.start_server(self._take, address, port, limit=LINE_LIMIT)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://[{address}]:{port}/" if ":" in address else f"http://{address}:{port}/"

    def url_of(self, token: str) -> str:
        """The URL that stands for a word."""
        self._given.add(token)
        return f"{self.url}{token}"

    async def were_for(self, token: str, limit_s: float) -> bool:
        """True if a word was asked for, or is within so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s), self._called:
                await self._called.wait_for(lambda: token in self._heard)
        return token in self._heard

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Keep the path of one request, and answer it with nothing."""
        with contextlib.suppress(OSError, ValueError, TimeoutError):
            async with asyncio.timeout(TIMEOUT_S):
                line = _LINE.fullmatch(await reader.readline())
            token = line[1].decode("ascii").lstrip("/") if line is not None else ""
            if token in self._given:
                async with self._called:
                    self._heard.add(token)
                    self._called.notify_all()
                writer.write(_ANSWER)
                await writer.drain()
        writer.close()


async def listening(site: LiveSite) -> Callbacks | str:
    """A listener where the target can reach it, or why there is none.

    A target on loopback reaches loopback; another one the address that the user gave.
    """
    given = site.settings.callback
    if given is None and not dial.is_loopback(await site.transport.connector.address()):
        return "needs --callback ADDRESS, where the target reaches this machine"
    address, port = given or ("127.0.0.1", 0)
    callbacks = Callbacks()
    try:
        await callbacks.listen(address, port)
    except OSError as error:
        return f"cannot listen on {address}:{port}: {error.strerror or error}"
    return callbacks
