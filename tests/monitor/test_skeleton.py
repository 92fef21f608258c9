"""A target is added and looked at once; an alert about it arrives at a webhook."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from certificates import issue
from monitor.receiver import receiver
from plainwire.monitor.channels.settings import ChannelSettings
from plainwire.monitor.delivery import Deliverer
from plainwire.monitor.keeper import Keeper
from plainwire.monitor.loop import Loop, Pace
from plainwire.monitor.observing import Observer
from plainwire.monitor.store import schema, watched
from plainwire.monitor.targets import watched as target_of
from plainwire.monitor.times import system_clock


def test_one_target_once_and_one_alert(store, pem_files):
    now = datetime.now(UTC)
    leaf = issue(
        "localhost", "127.0.0.1", not_before=now - timedelta(days=85), not_after=now + timedelta(5)
    )
    files = pem_files(leaf)

    async def main():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.chain, files.key)

        async def ignore(reader, writer):
            writer.close()

        server = await asyncio.start_server(ignore, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        async with receiver() as got:
            store.run(lambda c: watched.add(c, target_of(f"127.0.0.1:{port}"), system_clock()))
            options = {"url": got.url, "allow-private": True}
            store.run(lambda c: watched.set_channel(c, ChannelSettings("hook", "webhook", options)))
            keeper, stop = Keeper(store, print), asyncio.Event()
            loop = Loop(keeper, Observer(system_clock).look, system_clock, Pace(tick_s=0.05))
            deliverer = Deliverer(keeper, system_clock, tick_s=0.05)
            async with asyncio.TaskGroup() as group:
                group.create_task(loop.run(stop))
                group.create_task(deliverer.run(stop))
                async with asyncio.timeout(60):
                    while loop.recorded < 2 or not got.got:
                        await asyncio.sleep(0.05)
                stop.set()
            server.close()
            return got.payloads

    (payload,) = asyncio.run(main())
    assert payload["type"] == "alert.opened"
    assert payload["data"]["alert"]["level"] == "critical"
    assert "ends in 4 d" in payload["data"]["alert"]["title"]
    rows = store.read(lambda c: c.execute(sa.select(schema.scan)).mappings().all())
    assert {(row["tier"], row["slot"], row["status"]) for row in rows} == {
        ("light", 0, "answered"),
        ("full", 0, "answered"),
    }
