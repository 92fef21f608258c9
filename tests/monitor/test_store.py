"""The store's promises: leases, fences, slots, hosts, two processes; full, locked, read-only."""

import asyncio
import os
import re
import sqlite3
import subprocess
from contextlib import suppress
from threading import Event, Thread

import pytest
import sqlalchemy as sa

from bounded import await_end
from plainwire.monitor.judging import LOOK_AGAIN
from plainwire.monitor.keeper import Keeper
from plainwire.monitor.loop import Loop, Pace
from plainwire.monitor.schedule import first_due, following, offset
from plainwire.monitor.seen import Look
from plainwire.monitor.store import (
    Store,
    StoreError,
    claims,
    connecting,
    reading,
    results,
    schema,
    upkeep,
    watched,
)
from plainwire.monitor.targets import watched as target_of
from plainwire.monitor.times import DAY, HOUR, MINUTE

NOW = 1_800_000_000_000
LIGHT = ("light",)


def add(store, *names, light="15m"):
    """In one transaction: each waits for the disk, which others use, too."""
    wanted = [target_of(name, light=light) for name in names]
    store.run(lambda c: [watched.add(c, one, NOW) for one in wanted])


def claim(store, *, count=10, now=NOW, owner="a", lease=MINUTE, tiers=LIGHT):
    return store.run(lambda c: claims.claim(c, owner, tiers, count, now, now + lease))


def look(status="answered", **more):
    return Look("192.0.2.1", status, NOW, body={"grade": "A"}, tool_version="1", **more)


def record(store, one, now=NOW, *looks):
    return store.run(lambda c: results.record(c, one, looks or [look()], now, now))


def scans(store):
    words = sa.select(schema.scan).order_by(schema.scan.c.target_id, schema.scan.c.slot)
    return store.read(lambda c: c.execute(words).mappings().all())


def test_the_migrations_make_the_schema_that_the_code_has(store, second_url):
    other = connecting.engine_of(connecting.url_of(second_url))
    schema.metadata.create_all(other)
    with other.connect() as connection:
        wanted = tables(connection)
    other.dispose()
    found = store.read(tables)
    # The history of migrations is Alembic's.
    assert {key: words for key, words in found.items() if "alembic" not in str(key)} == wanted
    assert len(wanted) > len(schema.metadata.tables)
    assert (
        store.read(lambda c: c.execute(sa.text("SELECT version_num FROM alembic_version")).scalar())
        == schema.REVISION
    )


def tables(connection):
    """Every table, constraint and index in the words of the database itself, by what it is of."""
    if connection.dialect.name == "sqlite":
        words = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        rows = connection.exec_driver_sql(words).all()
        return {(kind, name): sorted(re.split(r",\s+|\n", sql)) for kind, name, sql in rows}
    columns = (
        "SELECT table_name, column_name, data_type, is_nullable, column_default"
        " FROM information_schema.columns WHERE table_schema = 'public'"
    )
    constraints = (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace"
    )
    indexes = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    rows = [r for w in (columns, constraints, indexes) for r in connection.exec_driver_sql(w).all()]
    return {(row[0], row[1], len(row)): tuple(row[2:]) for row in rows}


# A standing as the first schema's code wrote it, before certificates could be served by turns.
FIRST_STANDING = """{"address":"192.0.2.1","state":"ok","confirmed":null,"tool_version":"0.1.0",
"pending":[],"pending_since":null,"fails":0,"answers":3,"failed_since":null,"failed_at":null,
"error":null,"grade":"A","unknowns":0,"unknown_since":null,"unknown_because":null,
"seen_at":1799999000000,"answered_at":1799999000000,"looked_full_at":null,"asked_about":null,
"certificates":{"ECDSA":{"fingerprint":"ab","subject":"CN=a.test","issuer":"CA","sans":["a.test"],
"not_before":1797000000000,"not_after":1804000000000,"key_type":"EC","key_sha256":"cd"}},
"revoked":[],"alarms":[],"changed_at":[],"flapping_since":null}"""


def test_a_store_of_the_first_schema_is_brought_up_with_what_it_holds(second_url):
    engine = connecting.engine_of(connecting.url_of(second_url))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connecting, "REVISION", "0001")
        connecting.migrate(engine)
    event = "INSERT INTO drift_event (target_id, address, slot, kind, direction, changes, old_hash,"
    event += " new_hash, at, is_expected) VALUES (1, '', {0}, 'configuration', 'worse', '[]', 'a',"
    event += " 'b{0}', 1, {1})"
    statements = (
        "INSERT INTO target (name, kind, host, tags, options, created_at)"
        " VALUES ('a.test:443', 'endpoint', 'a.test', '[]',"
        ' \'{"light": "15m", "full": "1d"}\', 1)',
        "INSERT INTO duty (target_id, tier, interval_ms, next_due_at, host, slot)"
        f" VALUES (1, 'light', 900000, {NOW}, 'a.test', 7)",
        "INSERT INTO standing (target_id, address, state, body)"
        f" VALUES (1, '192.0.2.1', 'ok', '{FIRST_STANDING}')",
        event.format(1, "false"),
        event.format(2, "true"),  # announced: no alarm, and not counted
    )
    with connecting.transaction(engine) as connection:
        for words in statements:
            connection.execute(sa.text(words.replace(":", "\\:")))
    engine.dispose()

    opened = Store(second_url)
    (one,) = claim(opened)
    assert one.slot == 7
    assert record(opened, one)
    (row,) = opened.read(lambda c: reading.shown(c, 1))["addresses"]
    assert row["certificates"]["ECDSA"]["fingerprint"] == "ab" and row["earlier"] == []
    assert opened.read(reading.drifts) == {"worse": 1}
    opened.close()


def test_a_counter_does_not_fall_when_a_target_is_removed(store):
    add(store, "a.test:443", "b.test:443", "c.test:443")
    for number, is_expected in ((1, False), (1, True), (2, False), (3, False)):
        event = {
            "target_id": number,
            "address": "",
            "slot": int(is_expected),
            "kind": "configuration",
        }
        event |= {"direction": "worse", "changes": "[]", "old_hash": "a", "new_hash": "b"}
        event |= {"at": NOW, "is_expected": is_expected}
        store.run(lambda c, e=event: c.execute(sa.insert(schema.drift_event).values(**e)))
    assert store.read(reading.drifts) == {"worse": 3}
    for name in ("a.test:443", "b.test:443"):
        one = store.read(lambda c, n=name: watched.named(c, n))
        store.run(lambda c, o=one: watched.remove(c, o, NOW))
        assert store.read(reading.drifts) == {"worse": 3}


def test_what_is_leased_is_found_by_its_index(store):
    # Of 100,000 duties a few dozen are leased; a scan of all of them takes most of the choosing.
    add(store, *(f"h{n}.test:443" for n in range(200)))
    words = "SELECT host FROM duty WHERE lease_until > 1"
    is_postgresql = store.engine.dialect.name == "postgresql"
    if is_postgresql:
        store.run(lambda c: c.exec_driver_sql("ANALYZE duty"))
    explain = "EXPLAIN " if is_postgresql else "EXPLAIN QUERY PLAN "
    plan = store.read(lambda c: c.exec_driver_sql(explain + words).all())
    assert "duty_leased" in str(plan)


def test_a_store_of_a_later_version_is_left_alone(store, store_url):
    store.run(lambda c: c.execute(sa.text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(StoreError, match="later"):
        Store(store_url)


def test_what_is_leased_is_nobody_elses_until_the_lease_is_over(store):
    add(store, "a.test:443")
    (mine,) = claim(store)
    assert claim(store, owner="b", now=NOW + MINUTE - 1) == []
    (theirs,) = claim(store, owner="b", now=NOW + MINUTE)
    assert (theirs.slot, theirs.token) == (mine.slot, mine.token + 1)


def test_who_slept_past_the_lease_writes_nothing(store):
    add(store, "a.test:443")
    (mine,) = claim(store)
    (theirs,) = claim(store, owner="b", now=NOW + MINUTE)
    assert not record(store, mine, NOW + MINUTE)
    assert record(store, theirs, NOW + MINUTE)
    assert not record(store, mine, NOW + MINUTE)
    assert [row["slot"] for row in scans(store)] == [0]


def test_recording_twice_is_recording_once(store):
    # As after a connection that broke in the commit: nobody knows whether it was one.
    add(store, "a.test:443")
    (mine,) = claim(store)
    assert record(store, mine) and not record(store, mine)
    assert len(scans(store)) == 1


def test_a_renewed_lease_holds_and_a_lost_one_is_not_renewed(store):
    add(store, "a.test:443")
    (mine,) = claim(store)
    assert store.run(lambda c: claims.renew(c, "a", [mine], NOW + HOUR)) == 1
    assert claim(store, owner="b", now=NOW + 30 * MINUTE) == []
    (theirs,) = claim(store, owner="b", now=NOW + HOUR)
    assert store.run(lambda c: claims.renew(c, "a", [mine], NOW + DAY)) == 0
    assert theirs.token > mine.token


def test_slots_that_nobody_looked_at_are_told(store):
    add(store, "a.test:443")
    (first,) = claim(store)
    record(store, first)
    late = NOW + 5 * HOUR + MINUTE
    (second,) = claim(store, now=late)
    record(store, second, late)
    rows = [(r["slot"], r["slots"], r["status"]) for r in scans(store)]
    # Due each 15 minutes: the one due first, 19 more until five hours are over, and this one.
    assert rows == [(0, 1, "answered"), (1, 19, "missed"), (20, 1, "answered")]
    assert claim(store, now=NOW + 5 * HOUR + 14 * MINUTE) == []
    (third,) = claim(store, now=NOW + 5 * HOUR + 15 * MINUTE)
    assert third.slot == 21


def test_one_host_is_looked_at_once_at_a_time(store):
    add(store, "a.test:443", "a.test:8443", "b.test:443", "127.0.0.1:1", "127.0.0.1:2")
    first = claim(store)
    assert len(first) == 4  # one of a.test; loopback has no limit
    assert claim(store, owner="b") == []
    assert claim(store, owner="b", tiers=("full",)) == [] or all(
        one.target_id not in {f.target_id for f in first} for one in claim(store, tiers=("full",))
    )
    for one in first:
        record(store, one)
    (other,) = claim(store, owner="b")
    assert other.target_id not in {one.target_id for one in first}


def test_two_processes_share_what_is_due(store, store_url):
    add(store, *(f"h{n}.test:443" for n in range(200)))
    taken: dict[str, list[int]] = {}

    def work(owner):
        mine = Store(store_url)
        taken[owner] = []
        while found := claim(mine, owner=owner, count=7):
            taken[owner] += [one.target_id for one in found]
        mine.close()

    threads = [Thread(target=work, args=(owner,), daemon=True) for owner in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        await_end(thread)
    every = [number for numbers in taken.values() for number in numbers]
    assert len(every) == len(set(every)) == 200


def test_a_clock_that_is_set_back_stops_nothing(store):
    add(store, "a.test:443", "b.test:443")
    ahead = NOW + DAY
    for one in claim(store, now=ahead, count=1):
        record(store, one, ahead)
    assert len(claim(store, now=ahead, count=1)) == 1  # and dies
    assert claim(store, now=NOW) == []
    store.run(lambda c: upkeep.keep_up(c, NOW, MINUTE))
    assert len(claim(store, now=NOW)) == 2


def test_a_year_ahead_and_back_delays_no_look_that_was_asked_for(store):
    add(store, "a.test:443")
    number = store.read(lambda c: watched.named(c, "a.test:443")).id
    store.run(lambda c: claims.ask(c, number, "full-again", NOW + 365 * DAY + MINUTE))
    again = ("full-again",)
    store.run(lambda c: upkeep.keep_up(c, NOW, MINUTE))
    assert len(claim(store, tiers=again)) == 1


def test_one_target_is_looked_at_by_one_look_at_a_time(store):
    # Loopback has no limit a host, but of two looks at once the older could be recorded last.
    add(store, "127.0.0.1:1")
    both = ("light", "full")
    (first,) = claim(store, tiers=both)
    assert claim(store, tiers=both, owner="b") == []
    record(store, first)
    assert len(claim(store, tiers=both, owner="b")) == 1


def test_who_slept_while_another_tier_was_looked_at_writes_nothing(store):
    add(store, "127.0.0.1:1")
    (slow,) = claim(store, tiers=("full",))
    later = NOW + MINUTE
    (quick,) = claim(store, tiers=LIGHT, now=later, owner="b")
    assert record(store, quick, later)
    assert not record(store, slow, later)
    assert {row["tier"] for row in scans(store)} == {"light"}
    assert (
        len(claim(store, tiers=("full",), now=later)) == 1
    )  # nothing is lost: it is due as before


def test_a_full_look_that_nobody_survived_leaves_the_light_one_its_turn(store):
    # Whoever looks in full at this target dies: its certificate is looked at all the same.
    add(store, "127.0.0.1:1")
    full, at = ("full",), NOW
    for _ in range(3):
        assert len(claim(store, tiers=full, now=at)) == 1  # and dies
        at += 15 * MINUTE
        assert claim(store, tiers=full, now=at) == []
        (light,) = claim(store, now=at)
        assert claim(store, tiers=full, now=at) == []
        assert record(store, light, at)
    # One that is always due keeps no full look from being tried again.
    assert len(claim(store, tiers=full, now=at + DAY)) == 1


def test_what_a_store_will_never_take_is_told_of_its_target_alone(store):
    add(store, "a.test:443", "b.test:443", "c.test:443")
    bad = store.read(lambda c: watched.named(c, "b.test:443")).id

    async def observe(target, is_full):
        if target.id == bad:
            return [look(error="\ud800"), look()]  # neither to be written, nor once a slot
        return [look()]

    told = []

    async def main():
        keeper = Keeper(store, told.append)
        await Loop(keeper, observe, lambda: NOW, Pace(), told.append).work_off()
        keeper.close()

    asyncio.run(main())
    by_target = {}
    for row in scans(store):
        by_target.setdefault(row["target_id"], set()).add(row["status"])
    assert by_target.pop(bad) == {"unknown"}
    assert list(by_target.values()) == [{"answered"}] * 2
    assert any(f"target {bad}" in line for line in told)


def test_the_grid_spreads_targets_and_is_the_same_after_a_restart():
    at = [offset(f"h{n}.test", "light", HOUR) for n in range(600)]
    by_minute = [
        sum(minute * MINUTE <= a < (minute + 1) * MINUTE for a in at) for minute in range(60)
    ]
    assert max(by_minute) < 30 and at == [offset(f"h{n}.test", "light", HOUR) for n in range(600)]
    first = first_due("x", "light", HOUR, NOW)
    assert NOW <= first < NOW + HOUR
    assert first_due("x", "light", HOUR, first + 1) == first + HOUR


@pytest.mark.parametrize(
    ("late", "missed", "due"),
    [(0, 0, 1), (MINUTE - 1, 0, 1), (MINUTE, 1, 2), (5 * MINUTE + 1, 5, 6), (-HOUR, 0, 1)],
)
def test_the_next_slot_is_on_the_grid(late, missed, due):
    found = following(NOW, MINUTE, NOW + late)
    assert (found.missed, found.due_at) == (missed, NOW + due * MINUTE)


def test_a_target_that_nobody_survives_is_given_up(store):
    add(store, "a.test:443")
    at = NOW
    for _ in range(11):
        (one,) = claim(store, now=at)
        at += MINUTE
    seen = []

    async def observe(target, is_full):
        seen.append(target.name)
        return [look()]

    keeper = Keeper(store, pytest.fail)
    loop = Loop(keeper, observe, lambda: at, Pace())
    asyncio.run(loop.work_off())
    assert one.attempts == 11
    statuses = {row["tier"]: row["status"] for row in scans(store)}
    assert statuses["light"] == "unknown"


def test_a_failing_look_is_a_result(store):
    add(store, "a.test:443")
    (one,) = claim(store)
    record(store, one, NOW, Look("", "unreachable", NOW, error="no address"))
    (row,) = scans(store)
    assert (row["status"], row["error"]) == ("unreachable", "no address")


def test_a_change_asks_for_another_look_in_a_minute(store):
    add(store, "a.test:443")
    (one,) = claim(store, tiers=("full",))
    record(store, one)
    (one,) = claim(store, tiers=("full",), now=NOW + DAY)
    changed = Look("192.0.2.1", "answered", NOW, body={"grade": "B"}, tool_version="1")
    record(store, one, NOW + DAY, changed)
    again = ("full-again",)
    assert claim(store, tiers=again, now=NOW + DAY + LOOK_AGAIN[0] - 1) == []
    assert len(claim(store, tiers=again, now=NOW + DAY + LOOK_AGAIN[0])) == 1


def test_removing_a_target_takes_its_history_and_ends_its_alerts(store):
    add(store, "a.test:443")
    for n in range(3):
        at = NOW + n * 15 * MINUTE
        (one,) = claim(store, now=at)
        record(store, one, at, Look("", "unreachable", at, error="refused"))
    (row,) = store.read(lambda c: c.execute(sa.select(schema.alert)).mappings().all())
    assert row["resolved_at"] is None
    target = store.read(lambda c: watched.named(c, "a.test:443"))
    store.run(lambda c: watched.remove(c, target, NOW))
    (row,) = store.read(lambda c: c.execute(sa.select(schema.alert)).mappings().all())
    assert row["resolution"] == "the target is no longer watched"
    assert scans(store) == []


@pytest.fixture
def embedded(tmp_path):
    opened = Store(str(tmp_path / "monitor.db"))
    yield opened
    opened.close()


def trouble(store, begin, end):
    """Looks while the store is in trouble: what was told, and what is there when it is over."""
    add(store, "a.test:443")
    told = []

    async def main():
        keeper, stop = Keeper(store, told.append), asyncio.Event()

        async def observe(target, is_full):
            if not told_of_begin.is_set():
                told_of_begin.set()
                # In the store's own thread: its connection is nobody else's.
                await asyncio.get_running_loop().run_in_executor(keeper._thread, begin)
            body = {
                "grade": "A",
                "more": os.urandom(200_000).hex(),
            }  # more than is free in the file
            return [Look("192.0.2.1", "answered", NOW, body=body, tool_version="1")]

        told_of_begin = asyncio.Event()
        loop = Loop(keeper, observe, lambda: NOW, Pace(tick_s=0.02))
        running = asyncio.create_task(loop.run(stop))
        async with asyncio.timeout(60):
            await told_of_begin.wait()
            while not told:
                await asyncio.sleep(0.02)
            end()
            while loop.recorded < 2:
                await asyncio.sleep(0.02)
        stop.set()
        await running
        assert keeper.trouble is None
        keeper.close()

    asyncio.run(main())
    return told


def test_a_locked_store_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr("plainwire.monitor.store.connecting.BUSY_TIMEOUT_S", 0.1)
    store = Store(str(tmp_path / "monitor.db"))
    other = sqlite3.connect(tmp_path / "monitor.db", isolation_level=None, check_same_thread=False)
    told = trouble(
        store, lambda: other.execute("BEGIN IMMEDIATE"), lambda: other.execute("ROLLBACK")
    )
    other.close()
    assert told[0] == "the store failed: database is locked"
    assert told[-1] == "the store works again"
    store = Store(str(tmp_path / "monitor.db"))
    assert {row["tier"] for row in scans(store)} == {"light", "full"}
    store.close()


def test_a_writer_waits_for_its_turn_before_it_reads(embedded, tmp_path):
    # Without BEGIN IMMEDIATE both would read, and the second fail at its first word: SQLite
    # cannot wait for a lock under a snapshot that is old (SQLITE_BUSY_SNAPSHOT).
    add(embedded, "a.test:443")
    other = Store(str(tmp_path / "monitor.db"))
    count = sa.select(sa.func.count()).select_from(schema.target)
    has_read, failures = Event(), []

    def second():
        def work(connection):
            connection.execute(count).scalar()
            has_read.set()
            watched.add(connection, target_of("c.test:443"), NOW)

        try:
            other.run(work)
        except StoreError as error:
            failures.append(str(error))

    def first(connection):
        connection.execute(count).scalar()
        thread.start()
        has_read.wait(0.5)
        watched.add(connection, target_of("b.test:443"), NOW)

    thread = Thread(target=second, daemon=True)
    embedded.run(first)
    await_end(thread)
    other.close()
    assert failures == []
    assert embedded.read(lambda c: c.execute(count).scalar()) == 3


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        ("PRAGMA query_only = ON", "PRAGMA query_only = OFF", "attempt to write a readonly"),
        ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000", "disk is full"),
    ],
)
def test_a_read_only_and_a_full_store_are_survived(tmp_path, begin, end, words):
    # SQLite's own codes (SQLITE_READONLY, SQLITE_FULL) by its own switches: a limit of pages is
    # the size that the file has, and what does not fit gets the answer of a full disk.
    store = Store(str(tmp_path / "monitor.db"))
    state = {"words": begin}

    def prepare(connection, record):
        connection.execute(state["words"])

    def fill():
        sa.event.listen(store.engine, "connect", prepare)
        store.engine.dispose()

    def empty():
        state["words"] = end

    told = trouble(store, fill, empty)
    assert words in told[0]
    store = Store(str(tmp_path / "monitor.db"))
    assert {row["tier"] for row in scans(store)} == {"light", "full"}
    store.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small file system")
@pytest.mark.parametrize("how", ["full", "read-only"])
def test_a_disk_that_is_full_or_read_only_is_survived(tmp_path, how):
    place = tmp_path / "small"
    place.mkdir()

    def remount(words):
        subprocess.run(["mount", "-o", f"remount,{words}", place], check=True)

    def begin():
        if how == "full":
            with suppress(OSError), (place / "rest").open("wb", 0) as file:
                while True:
                    file.write(bytes(4096))
        else:
            store.engine.dispose()
            remount("ro")

    def end():
        if how == "full":
            (place / "rest").unlink()
        remount("rw,size=8m")

    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], check=True)
    try:
        store = Store(str(place / "monitor.db"))
        told = trouble(store, begin, end)
        assert "full" in told[0] if how == "full" else "unable to open" in told[0]
        store = Store(str(place / "monitor.db"))
        assert {row["tier"] for row in scans(store)} == {"light", "full"}
        store.close()
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def test_the_file_is_its_owners(tmp_path):
    Store(str(tmp_path / "deep" / "monitor.db")).close()
    mode = (tmp_path / "deep" / "monitor.db").stat().st_mode & 0o777
    assert (mode, (tmp_path / "deep").stat().st_mode & 0o777) == (0o600, 0o700)
