"""What a look calls an address that takes connections and says no TLS."""

import asyncio
import contextlib

import pytest

from bounded import tcp_server
from plainwire.monitor.observing import Observer
from plainwire.monitor.targets import watched
from plainwire.monitor.times import system_clock


async def close(reader, writer):
    writer.close()


async def hear_and_close(reader, writer):
    await hear(reader)
    writer.close()


async def reset(reader, writer):
    await hear(reader)
    writer.transport.abort()


async def hear(reader):
    with contextlib.suppress(OSError):
        await reader.read(4096)


@pytest.mark.parametrize("behave", [close, hear_and_close, reset])
def test_a_server_that_takes_connections_and_says_nothing_is_mute(behave):
    async def main():
        found = []
        async with tcp_server(behave) as port:
            for url in (f"127.0.0.1:{port}", f"https://127.0.0.1:{port}/"):
                found += await Observer(system_clock).look(watched(url), False)
        return found

    for look in asyncio.run(main()):
        assert (look.status, look.is_mute) == ("unknown", True)
        assert look.error.startswith("it takes connections and answers no TLS hello: ")
