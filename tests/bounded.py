"""What a test starts ends with it: every wait for a process or a thread is bounded."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

PATIENCE_S = 100  # on a loaded machine; a test may take a little longer


@contextmanager
def child(command: Sequence[str | Path], **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A process, killed when the block ends. Options are those of `subprocess.Popen`.

    Leaving ``with Popen(…)`` waits without end for a process that a failed test did not end.
    """
    process = subprocess.Popen([str(word) for word in command], **options)
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process, if it has not ended by itself, and close our ends of its pipes."""
    process.kill()
    process.wait(PATIENCE_S)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def await_end(thread: threading.Thread) -> None:
    """Wait for a thread, which is a daemon: a stuck one must not keep the test run from its end.

    Raises:
        RuntimeError: if it does not end in time.
    """
    assert thread.daemon
    thread.join(PATIENCE_S)
    if thread.is_alive():
        raise RuntimeError(f"{thread.name} does not end")


@asynccontextmanager
async def tcp_server(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    **options: object,
) -> AsyncIterator[int]:
    """A server of asyncio's on loopback that serves each connection so; its port.

    No connection outlives the block, and none is waited for as `Server.wait_closed` does: without
    end. Options are those of `asyncio.start_server`.
    """
    tasks: list[asyncio.Future[None]] = []
    writers: list[asyncio.StreamWriter] = []

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)  # a task that is cancelled before it begins closes nothing
        tasks.append(asyncio.ensure_future(serve(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", 0, **options)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)  # aborted transports close in the next round of the loop
