"""A receiver of webhooks on loopback that counts, and answers as it is told."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Received:
    """One POST: headers in lower case, the body, and its JSON."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def payload(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """``answer`` gives the status line's rest and further header lines for each POST."""

    url: str = ""
    answer: Callable[[Received], tuple[str, dict[str, str]]] = lambda got: ("204 No Content", {})
    delay_s: float = 0.0
    context: ssl.SSLContext | None = None  # TLS
    got: list[Received] = field(default_factory=list)

    @property
    def payloads(self) -> list[Any]:
        return [each.payload for each in self.got]


@asynccontextmanager
async def receiver(**options: Any) -> AsyncIterator[Receiver]:
    made = Receiver(**options)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            lines = [line.partition(":") for line in head.split("\r\n")[1:] if line]
            headers = {name.lower(): value.strip() for name, _, value in lines}
            got = Received(headers, await reader.readexactly(int(headers["content-length"])))
            made.got.append(got)
            await asyncio.sleep(made.delay_s)
            status, more = made.answer(got)
            extra = "".join(f"{name}: {value}\r\n" for name, value in more.items())
            writer.write(f"HTTP/1.1 {status}\r\n{extra}Content-Length: 0\r\n\r\n".encode())
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=made.context)
    made.url = (
        f"http{'s' if made.context else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    )
    try:
        yield made
    finally:
        server.close()
