"""Drift of each kind on real servers: noticed once, explained by its diff, over when undone."""

import asyncio
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from certificates import issue
from monitor.farm import farm
from monitor.receiver import receiver
from plainwire.monitor.channels.settings import ChannelSettings
from plainwire.monitor.delivery import Deliverer
from plainwire.monitor.keeper import Keeper
from plainwire.monitor.loop import Loop, Pace
from plainwire.monitor.observing import Observer
from plainwire.monitor.store import Store, reading, watched
from plainwire.monitor.targets import watched as target_of
from plainwire.monitor.times import MINUTE, milliseconds

YEAR, MINUTES = (
    {"Strict-Transport-Security": "max-age=31536000"},
    {"Strict-Transport-Security": "max-age=300"},
)


@dataclass
class Plain:
    """A server without TLS whose answer to everything is one status."""

    status: str = "403 Forbidden"
    port: int = 0


@asynccontextmanager
async def plain():
    made = Plain()

    async def serve(reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            head = f"HTTP/1.1 {made.status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
            writer.write(head.encode())
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


@pytest.mark.timeout(400)  # thirty whole looks
def test_each_kind_is_noticed_once_and_explained(tmp_path):
    now = [milliseconds(datetime.now(UTC))]
    store = Store(str(tmp_path / "monitor.db"))
    root, other = (issue(name, ca=True, subject=None) for name in ("Root One", "Root Two"))

    def leaf(by):
        end = datetime.now(UTC) + timedelta(days=80)
        return issue("127.0.0.1", by=by, not_after=end)

    async def main():
        async with farm(tmp_path, 4) as sites, plain() as open_door, receiver() as got:
            versions, issuer, headers, untouched = sites
            for site in sites:
                site.serve(leaf(root))
                site.headers = YEAR
            hook = ChannelSettings("hook", "webhook", {"url": got.url, "allow-private": True})
            store.run(lambda c: watched.set_channel(c, hook))
            names = {
                "versions": versions.name,
                "issuer": issuer.name,
                "headers": f"https://{headers.name}/",
                "door": f"http://127.0.0.1:{open_door.port}/login",
                "untouched": untouched.name,
            }
            for name in names.values():
                one = target_of(name, light="1d", full="1d")
                store.run(lambda c, one=one: watched.add(c, one, now[0]))
            trouble = []
            keeper = Keeper(store, trouble.append)
            loop = Loop(keeper, Observer(lambda: now[0]).look, lambda: now[0], Pace(lease_s=3600))
            deliverer = Deliverer(keeper, lambda: now[0])

            async def look():
                before = len(got.got)
                ids = [one.id for one in store.read(watched.targets)]
                store.run(lambda c: watched.look_now(c, ids, now[0]))
                await loop.work_off()
                await deliverer.work_off()
                now[0] += 6 * MINUTE
                return [each["data"]["alert"] for each in got.payloads[before:]]

            assert await look() == []
            versions.serve(leaf(root), least=ssl.TLSVersion.TLSv1)
            issuer.serve(leaf(other))
            headers.headers = MINUTES
            open_door.status = "200 OK"
            assert await look() == []  # seen once: not confirmed
            told = await look()
            assert await look() == []  # and once only
            versions.serve(leaf(root))
            issuer.serve(leaf(root))
            headers.headers = YEAR
            open_door.status = "403 Forbidden"
            assert await look() == []
            over = await look()
            keeper.close()
            assert trouble == []
            return names, told, over

    names, told, over = asyncio.run(main())
    by_name = {
        name: [alert for alert in told if alert["title"].startswith(f"{target}: ")]
        for name, target in names.items()
    }
    assert {name: len(alerts) for name, alerts in by_name.items()} == {
        "versions": 1,
        "issuer": 1,
        "headers": 1,
        "door": 1,
        "untouched": 0,
    }
    bodies = {name: alerts[0]["body"] for name, alerts in by_name.items() if alerts}
    assert "TLSv1.0: off -> on" in bodies["versions"]
    assert "issuer of the certificate (ECDSA): CN=Root One -> CN=Root Two" in bodies["issuer"]
    assert f"HSTS max-age ({names['headers']}): 31536000 -> 300" in bodies["headers"]
    assert f"{names['door']}: 403 -> 200" in bodies["door"]
    assert sorted(alert["key"] for alert in over) == sorted(alert["key"] for alert in told)
    assert {alert["resolution"] for alert in over} == {"it is as it was before, or better"}

    # The store tells the same story.
    opened = Store(str(tmp_path / "monitor.db"))
    by_target = {one.name: one.id for one in opened.read(watched.targets)}
    events = opened.read(lambda c: reading.events(c, by_target[names["versions"]], 10))
    assert [event["direction"] for event in events if event["kind"] == "configuration"] == [
        "better",
        "worse",
    ]
    assert not opened.read(lambda c: reading.events(c, by_target[names["untouched"]], 10))
    assert not any(opened.read(lambda c, n=n: reading.pending(c, n)) for n in by_target.values())
    opened.close()


def test_a_path_with_a_long_number_is_compared_too():
    # Object ids of MongoDB are 24 hexadecimal digits: the user's own path, and no check's.
    async def main():
        async with plain() as door:
            url = f"http://127.0.0.1:{door.port}/orders/507f1f77bcf86cd799439011"
            (look,) = await Observer(lambda: milliseconds(datetime.now(UTC))).look(
                target_of(url), True
            )
            return look.body["http"], url

    answers, url = asyncio.run(main())
    assert answers[url]["status"] == 403
