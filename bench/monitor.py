"""The monitor's figures: choosing among 100,000 targets, light looks, a year in the list.

`python bench/monitor.py` prints them. Times are CPU times: a busy machine leaves them alone.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import resource
import ssl
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import process_time

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from certificates import issue
from plainwire.monitor import metrics
from plainwire.monitor.observing import Observer
from plainwire.monitor.schedule import first_due
from plainwire.monitor.store import Store, claims, reading, results, schema, upkeep
from plainwire.monitor.targets import watched
from plainwire.monitor.times import DAY, MINUTE, system_clock
from servers.postgresql import postgresql
from servers.process import program

TARGETS, YEAR_TARGETS, LOOKS = 100_000, 1_000, 100
NOW = 1_800_000_000_000
TIMES = 20


def fill(store: Store, count: int) -> None:
    """So many targets with their duties on their grids, by bulk inserts."""
    light, full = 15 * MINUTE, DAY

    def work(connection: sa.Connection) -> None:
        names = [f"h{number}.example.test:443" for number in range(count)]
        options = json.dumps({"light": "15m", "full": "1d"})
        rows = [
            {
                "id": number,
                "name": name,
                "kind": "endpoint",
                "host": name.partition(":")[0],
                "tags": "[]",
                "options": options,
                "created_at": NOW,
            }
            for number, name in enumerate(names, 1)
        ]
        connection.execute(sa.insert(schema.target), rows)
        duties = [
            {
                "target_id": row["id"],
                "tier": tier,
                "host": row["host"],
                "interval_ms": interval,
                "next_due_at": interval and first_due(str(row["name"]), tier, interval, NOW),
            }
            for row in rows
            for tier, interval in (
                ("light", light),
                ("full", full),
                ("light-again", None),
                ("full-again", None),
            )
        ]
        connection.execute(sa.insert(schema.duty), duties)

    store.run(work)


def due_selection(store: Store) -> tuple[float, float]:
    """CPU milliseconds of one claim of 50 among all, and of recording 50 looks: medians."""
    claimed, recorded = [], []
    looks = [results.Look("192.0.2.1", "answered", NOW, body={"grade": "A"}, tool_version="1")]
    now = NOW + MINUTE
    for _ in range(TIMES):
        at = process_time()
        found = store.run(
            lambda c: claims.claim(c, "bench", ("light", "light-again"), 50, now, now + MINUTE)
        )
        claimed.append(process_time() - at)
        at = process_time()
        store.run(lambda c: [results.record(c, one, looks, now, now) for one in found])  # noqa: B023
        recorded.append(process_time() - at)
    return sorted(claimed)[TIMES // 2] * 1000, sorted(recorded)[TIMES // 2] * 1000


def selection(store: Store) -> float:
    """Milliseconds of the query that chooses, and nothing else: the median.

    CPU time of SQLite, in this process; what PostgreSQL says of planning and executing it, which
    is wall time of its own process.
    """
    explain = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) "
    chosen = claims._CHOSEN  # nobody else runs it by itself
    values = {
        "now": NOW + MINUTE,
        "tiers": ["light", "light-again"],
        "count": 50,
        "candidates": 8 * 50,
    }

    def once(connection: sa.Connection) -> float:
        is_postgresql = connection.dialect.name == "postgresql"
        words = sa.text(explain * is_postgresql + chosen)
        words = words.bindparams(sa.bindparam("tiers", expanding=True))
        at = process_time()
        rows = connection.execute(words, values).all()
        took = (process_time() - at) * 1000
        if is_postgresql:
            (told,) = rows[0][0]
            return float(told["Planning Time"] + told["Execution Time"])
        assert len(rows) == 50
        return took

    return sorted(store.read(once) for _ in range(TIMES))[TIMES // 2]


def selection_by_postgresql() -> float | None:
    """The same on a server of its own, with its defaults. Returns None where there is none."""
    if program("postgres") is None:
        return None
    with postgresql() as cluster:
        store = Store(cluster.create("bench"))
        fill(store, TARGETS)
        cluster.sql("bench", "VACUUM ANALYZE")  # as its own housekeeping does within a minute
        found = selection(store)
        store.close()
    return found


def seen(store: Store, count: int) -> None:
    """One address of each target, as it stands."""
    values = [
        {
            "target_id": number,
            "address": "192.0.2.2",
            "state": "ok",
            "grade": "A",
            "fingerprint": f"{number:064x}",
            "not_before": NOW,
            "not_after": NOW + 90 * DAY,
            "seen_at": NOW,
            "body": "{}",
        }
        for number in range(1, count + 1)
    ]
    store.run(lambda c: c.execute(sa.insert(schema.standing), values))


def apart(work: Callable[[Store, int], None], place: str, count: int) -> None:
    """Insert in a process of its own: the most memory of this one is what the store's use takes."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        pool.submit(_at, work, place, count).result()


def _at(work: Callable[[Store, int], None], place: str, count: int) -> None:
    store = Store(place)
    work(store, count)
    store.close()


def page(store: Store) -> int:
    """How many lines of metrics there are."""
    status = store.read(lambda c: reading.status(c, NOW))
    found = store.read(reading.targets), store.read(reading.alerts), store.read(reading.drifts)
    return sum(1 for _ in metrics.lines(status, *found))


def most_memory() -> float:
    """The most memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def year(store: Store) -> float:
    """CPU milliseconds of what `monitor list` reads of a year of daily looks."""
    numbers = range(1, YEAR_TARGETS + 1)
    for day in range(365):
        rows = [
            {
                "target_id": number,
                "tier": "full",
                "slot": day,
                "address": "192.0.2.1",
                "status": "answered",
                "due_at": NOW + day * DAY,
                "started_at": NOW + day * DAY,
                "duration_ms": 900,
                "grade": "A",
                "tool_version": "1",
            }
            for number in numbers
        ]
        store.run(lambda c, r=rows: c.execute(sa.insert(schema.scan), r))
    times = []
    for _ in range(TIMES):
        at = process_time()
        assert len(store.read(reading.targets)) == YEAR_TARGETS
        times.append(process_time() - at)
    return sorted(times)[TIMES // 2] * 1000


async def looks(folder: Path) -> tuple[float, float]:
    """CPU milliseconds of a light look, and of a bare handshake by OpenSSL, at a server apart."""
    leaf = issue("127.0.0.1", by=issue("Root", ca=True))
    (folder / "chain.pem").write_text(leaf.chain_pem)
    (folder / "key.pem").write_text(leaf.key_pem)
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, str(folder), stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout
    port = int(await server.stdout.readline())
    one, observer = watched(f"127.0.0.1:{port}"), Observer(system_clock)
    await observer.look(one, False)
    at = process_time()
    for _ in range(LOOKS):
        (look,) = await observer.look(one, False)
        assert look.status == "answered", look.error
    light = (process_time() - at) / LOOKS
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    at = process_time()
    for _ in range(LOOKS):
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        writer.transport.abort()
    bare = (process_time() - at) / LOOKS
    server.kill()
    await server.wait()
    return light * 1000, bare * 1000


SERVER = """
import asyncio, logging, ssl, sys
logging.disable()
async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1] + "/chain.pem", sys.argv[1] + "/key.pem")
    async def serve(reader, writer):
        writer.close()
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="plainwire-bench-") as name:
        folder = Path(name)
        apart(fill, str(folder / "big.db"), TARGETS)
        store = Store(str(folder / "big.db"))
        select_ms = selection(store)
        claim_ms, record_ms = due_selection(store)
        store.run(lambda c: upkeep.keep_up(c, NOW + MINUTE, 2 * MINUTE))
        steady_mb = most_memory()
        apart(seen, str(folder / "big.db"), TARGETS)
        assert page(store) > TARGETS
        page_mb = most_memory()
        store.close()
        store = Store(str(folder / "year.db"))
        fill(store, YEAR_TARGETS)
        seen(store, YEAR_TARGETS)
        list_ms = year(store)
        store.close()
        light_ms, bare_ms = asyncio.run(looks(folder))
    by_postgresql = selection_by_postgresql()
    print("| what | figure |\n|---|---|")
    what = f"the query that chooses 50 of {TARGETS:,} targets"
    print(f"| {what}, SQLite, CPU | {select_ms:.1f} ms |")
    if by_postgresql is not None:
        print(f"| {what}, PostgreSQL, planning and executing | {by_postgresql:.1f} ms |")
    print(f"| leasing 50 of {TARGETS:,} targets (SQLite), CPU | {claim_ms:.1f} ms |")
    print(f"| recording 50 first looks in one transaction, CPU | {record_ms:.1f} ms |")
    print(f"| the list of {YEAR_TARGETS:,} with a year of daily looks, CPU | {list_ms:.1f} ms |")
    rate = 1000 / light_ms
    print(f"| a light look, CPU (one key; {rate:.0f} a second and core) | {light_ms:.1f} ms |")
    print(f"| a bare handshake by OpenSSL, CPU | {bare_ms:.1f} ms |")
    print(f"| memory at its most with {TARGETS:,} targets | {steady_mb:.0f} MB |")
    print(f"| the same once all of them were shown in `/metrics` | {page_mb:.0f} MB |")


if __name__ == "__main__":
    main()
