"""A TCP proxy on loopback that adds a round-trip time, charged as a real path would.

The kernel accepts a client's connection at once, so the SYN's round trip is charged at first use.
With a one-way delay d, a connection accepted at t0:

- the client could not have sent before t0+2d: what it sends at t reaches the server at
  max(t, t0+2d)+d;
- the upstream connection is made at t0+3d, when a real server would have seen the handshake done;
- what the server sends at t reaches the client at t+d, and so do ends of stream.

So connecting and the first flight cost 4d, two round trips, and each later flight one. Not
modelled: slow start, loss, and a connection that sends nothing (a real one costs a round trip,
here none).
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass


@dataclass
class Counts:
    """What passed through: connections, the most at once, bytes each way."""

    connections: int = 0
    open: int = 0
    most_open: int = 0
    upstream_bytes: int = 0
    downstream_bytes: int = 0


class DelayProxy:
    """Listens on a free loopback port and forwards to ``port`` with ``rtt_s`` added."""

    def __init__(self, port: int, rtt_s: float) -> None:
        self.counts = Counts()
        self._upstream, self._delay_s = port, rtt_s / 2
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen; returns the port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=1024)
        return self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut every connection."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.counts.connections += 1
        self.counts.open += 1
        self.counts.most_open = max(self.counts.most_open, self.counts.open)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._forward(reader, writer)
        self.counts.open -= 1
        writer.transport.abort()
        self._tasks.discard(task)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        sending_from = start + 2 * self._delay_s
        early = asyncio.create_task(self._read(reader, queue, sending_from, up=True))
        await asyncio.sleep(3 * self._delay_s)
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        down: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        tasks = [
            asyncio.create_task(self._write(up_writer, queue)),
            asyncio.create_task(self._read(up_reader, down, 0.0, up=False)),
        ]
        try:
            await self._write(writer, down)
        finally:
            for task in (early, *tasks):
                task.cancel()
            await asyncio.gather(early, *tasks, return_exceptions=True)
            up_writer.transport.abort()

    async def _read(
        self,
        reader: asyncio.StreamReader,
        queue: asyncio.Queue[tuple[float, bytes]],
        not_before: float,
        *,
        up: bool,
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                data = await reader.read(65536)
            except OSError:
                data = b""
            if up:
                self.counts.upstream_bytes += len(data)
            else:
                self.counts.downstream_bytes += len(data)
            await queue.put((max(loop.time(), not_before) + self._delay_s, data))
            if not data:
                return

    async def _write(
        self, writer: asyncio.StreamWriter, queue: asyncio.Queue[tuple[float, bytes]]
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, data = await queue.get()
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            if not data:
                with contextlib.suppress(OSError):
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()
