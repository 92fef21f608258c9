"""Opens the connections of a probe: directly or through a proxy, STARTTLS included."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from plainwire.live import dial, starttls
from plainwire.live.hellos import Stream
from plainwire.live.lane import Connection
from plainwire.live.settings import Settings
from plainwire.model import Origin
from plainwire.wire.starttls import Protocol


@dataclass
class Opener:
    """Opens connections to an address, through the environment's proxy if there is one.

    ``refusal`` says why the server will not have TLS where it has to be asked for it.
    """

    origin: Origin
    address: str
    settings: Settings
    protocol: Protocol | None = None
    refusal: str | None = None
    _proxy: str | None = field(init=False)

    def __post_init__(self) -> None:
        self._proxy = dial.proxy_for(self.origin, self.address, self.settings)

    @contextlib.asynccontextmanager
    async def open_stream(self) -> AsyncIterator[Stream]:
        """A new connection that is ready for a hello, aborted afterwards."""
        if self._proxy is not None:
            connection = await dial.through_proxy(self._proxy, self.origin, self.settings)
        else:
            connection = await dial.tcp(self.address, self.origin.port, self.settings)
        try:
            if self.protocol is not None:
                await self._ask_for_tls(connection, self.protocol)
            yield connection.reader, connection.writer
        finally:
            connection.abort()

    async def _ask_for_tls(self, connection: Connection, protocol: Protocol) -> None:
        timeout_s = self.settings.answer_timeout_s
        try:
            await starttls.begin(connection, protocol, self.origin.host, timeout_s)
        except starttls.NoStarttlsError as error:
            self.refusal = str(error)
            raise
