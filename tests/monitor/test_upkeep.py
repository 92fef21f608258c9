"""Digests, retention, the monitor's own health."""

import asyncio
import json
import zlib
from threading import Thread

import pytest
import sqlalchemy as sa

from bounded import await_end
from monitor.receiver import receiver
from monitor.test_delivery import NOW, Desk, condition, refuse, take
from monitor.test_store import add, claim, look
from plainwire.model import UsageError
from plainwire.monitor import digests, metrics, service
from plainwire.monitor.matching import Only
from plainwire.monitor.seen import Look
from plainwire.monitor.snapshot import hashed
from plainwire.monitor.store import Store, claims, reading, results, schema, upkeep, watched
from plainwire.monitor.times import DAY, HOUR, MINUTE, moment

MORNING = "08:00 Europe/Berlin"


def test_a_digest_is_due_once_a_day_on_the_clocks_of_its_zone():
    # 2027-01-15 08:00 UTC is 09:00 in Berlin: due an hour ago; half an hour before it, yesterday.
    assert f"{moment(digests.last_due(MORNING, NOW)):%d %H:%M}" == "15 07:00"
    assert f"{moment(digests.last_due(MORNING, NOW - 90 * MINUTE)):%d %H:%M}" == "14 07:00"


def test_a_digest_tells_what_alarmed_nobody_and_what_is_open(store):
    desk = Desk(store, take, digest=MORNING)
    store.run(lambda c: upkeep.keep_up(c, NOW, MINUTE))
    add(store, "a.test:443")
    number = store.read(lambda c: watched.named(c, "a.test:443")).id
    for kind, direction, was, now in (
        ("configuration", "better", "off", "on"),
        ("configuration", "worse", "on", "off"),
        ("certificate", "neutral", "until 1", "until 2"),
    ):
        change = {"what": f"thing {direction}", "was": was, "now": now, "direction": direction}
        values = {
            "target_id": number,
            "address": "",
            "slot": 0,
            "kind": kind,
            "direction": direction,
            "changes": json.dumps([change]),
            "old_hash": was,
            "new_hash": now,
            "at": NOW + HOUR,
        }
        store.run(lambda c, v=values: c.execute(sa.insert(schema.drift_event).values(**v)))
    desk.hold(condition())
    desk.deliver()
    desk.now = NOW + DAY
    for _ in range(2):
        store.run(lambda c: upkeep.keep_up(c, desk.now, MINUTE))
    assert desk.deliver() == [("hook", "digest")]
    data = desk.sent[-1][1].payload["data"]
    assert [each["words"] for each in data["events"]] == [
        "a.test:443: thing better: off -> on",
        "a.test:443: thing neutral: until 1 -> until 2",
    ]
    assert [each["title"] for each in data["open"]] == ["title of k"]


def test_old_looks_become_a_line_a_day(store):
    add(store, "a.test:443")
    for n in range(3):
        at = NOW + n * 15 * MINUTE
        (one,) = claim(store, now=at)
        seen = look("answered", grade="BAC"[n]) if n else look("unknown")
        seen = type(seen)(seen.address, seen.status, at, grade=seen.grade)
        store.run(lambda c, o=one, s=seen, t=at: results.record(c, o, [s], t, t))
    store.run(lambda c: upkeep.keep_up(c, NOW + 91 * DAY, MINUTE))
    count = sa.select(sa.func.count()).select_from(schema.scan)
    assert store.read(lambda c: c.execute(count).scalar()) == 0
    (day,) = store.read(lambda c: c.execute(sa.select(schema.scan_day)).mappings().all())
    assert (day["answered"], day["unknown"], day["worst_grade"]) == (2, 1, "C")
    assert day["day"] == "2027-01-15"


def test_messages_long_sent_are_forgotten_and_others_are_not(store):
    desk = Desk(store, take)
    desk.hold(condition("sent"))
    desk.deliver()
    desk.resolve("sent")
    desk.deliver()
    desk.hold(condition("waiting"))
    store.run(lambda c: upkeep.keep_up(c, NOW + 91 * DAY, MINUTE))
    assert [row["kind"] for row in desk.rows()] == ["opened"]
    titles = [row["dedup_key"] for row in store.read(lambda c: reading.alerts(c, is_open=False))]
    assert titles == ["waiting"]


def test_who_was_told_of_an_alert_hears_of_its_end_however_late(store):
    desk = Desk(store, take)
    desk.hold(condition())
    assert desk.deliver() == [("hook", "alert.opened")]
    desk.now = NOW + 200 * DAY
    store.run(lambda c: upkeep.keep_up(c, desk.now, MINUTE))
    desk.resolve()
    assert desk.deliver() == [("hook", "alert.resolved")]


def test_messages_that_were_never_sent_are_forgotten_too(store):
    # Of one alert everything was dropped, of the other everything is dead.
    desk = Desk(store, refuse)
    store.run(lambda c: watched.add_silence(c, Only(rules=("held",)), NOW + HOUR, "", NOW))
    desk.hold(condition("dropped", rule="held"))
    desk.resolve("dropped")
    desk.hold(condition("dead"))
    desk.resolve("dead")
    for _ in range(25):  # ten attempts at each message, one after the other
        desk.now += 2 * DAY
        desk.deliver()
    ends = [(bool(row["dropped_at"]), bool(row["dead_at"])) for row in desk.rows()]
    assert sorted(ends) == [(False, True), (False, True), (True, False), (True, False)]
    store.run(lambda c: upkeep.keep_up(c, desk.now + 91 * DAY, MINUTE))
    assert desk.rows() == []
    assert store.read(lambda c: reading.alerts(c, is_open=False)) == []


def test_what_is_forgotten_goes_a_chunk_at_a_time(store, monkeypatch):
    # A writer that deletes millions of rows holds the others up for longer than they wait.
    desk, left = Desk(store, take), []
    desk.hold(*(condition(f"k{n}") for n in range(4)))
    desk.deliver()
    for n in range(4):
        desk.resolve(f"k{n}")
    desk.deliver()
    monkeypatch.setattr(upkeep, "CHUNK", 3)
    for _ in range(5):
        store.run(lambda c: upkeep.keep_up(c, NOW + 91 * DAY, MINUTE))
        alerts_left = store.read(lambda c: reading.alerts(c, is_open=False))
        left.append((len(desk.rows()), len(alerts_left)))
    assert [rows for rows, _ in left] == [5, 2, 0, 0, 0] and left[-1] == (0, 0)


def see(store, grade, at):
    """A full look, at which a configuration of this grade was seen."""
    store.run(lambda c: claims.ask(c, 1, "full-again", at))
    (one,) = claim(store, now=at, tiers=("full-again",))
    seen = Look("192.0.2.1", "answered", at, body={"grade": grade}, tool_version="1")
    return lambda c: results.record(c, one, [seen], at, at)


def seen(store, grade, at):
    """Confirmed by a second look."""
    for moment_ms in (at, at + MINUTE):
        assert store.run(see(store, grade, moment_ms))


def test_an_announced_change_may_come_to_one_address_after_the_other(store):
    add(store, "a.test:443")
    store.run(lambda c: watched.expect(c, 1, NOW + HOUR, "", NOW))
    store.run(lambda c: watched.expect(c, 1, NOW + HOUR, "another one", NOW))

    def see_both(at, first, second):
        store.run(lambda c: claims.ask(c, 1, "full-again", at))
        (one,) = claim(store, now=at, tiers=("full-again",))
        looks = [
            Look(f"192.0.2.{n}", "answered", at, body={"grade": grade}, tool_version="1")
            for n, grade in enumerate((first, second), 1)
        ]
        assert store.run(lambda c: results.record(c, one, looks, at, at))

    for minute, grades in enumerate(("AA", "BA", "BA", "BB", "BB")):
        see_both(NOW + minute * MINUTE, *grades)
    events = sa.select(schema.drift_event.c.is_expected).where(
        schema.drift_event.c.kind == "configuration"
    )
    assert store.read(lambda c: c.execute(events).scalars().all()) == [True, True]
    assert store.read(reading.alerts) == []
    unused = sa.select(schema.expectation.c.note).where(schema.expectation.c.used_at.is_(None))
    assert len(store.read(lambda c: c.execute(unused).scalars().all())) == 1


def snapshots(store):
    """The grades of the configurations that are stored."""
    words = sa.select(schema.snapshot.c.body)
    bodies = store.read(lambda c: c.execute(words).scalars().all())
    return sorted(json.loads(zlib.decompress(body))["grade"] for body in bodies)


def test_a_configuration_that_nothing_is_compared_with_is_forgotten_in_a_week(store):
    add(store, "a.test:443")
    for n, grade in enumerate("BAC"):  # C is worse than A: over once it is A again, or better
        seen(store, grade, NOW + n * DAY)
    assert snapshots(store) == ["A", "B", "C"]
    for n in range(1, 30):
        store.run(lambda c, n=n: upkeep.keep_up(c, NOW + n * 8 * DAY, MINUTE))
        assert snapshots(store) == ["A", "C"]
    late = NOW + 300 * DAY
    seen(store, "A", late)
    store.run(lambda c: upkeep.keep_up(c, late + 8 * DAY, MINUTE))
    assert snapshots(store) == ["A"]
    assert store.read(reading.alerts) == []
    told = store.read(lambda c: reading.events(c, 1, 10))
    assert [each["direction"] for each in told] == ["better", "worse", "better"]


def test_what_was_seen_once_is_not_stored(store):
    add(store, "a.test:443")
    seen(store, "A", NOW)
    store.run(see(store, "B", NOW + DAY))
    assert snapshots(store) == ["A"]
    store.run(see(store, "B", NOW + DAY + MINUTE))
    assert snapshots(store) == ["A", "B"]


@pytest.mark.parametrize("first", ["named", "forgotten"])
def test_a_configuration_that_comes_back_while_it_is_forgotten_is_there(store, store_url, first):
    add(store, "a.test:443")
    for n, grade in enumerate("AB"):
        seen(store, grade, NOW + n * DAY)
    seen(store, "A", NOW + 2 * DAY)  # B is nobody's now
    at = NOW + 20 * DAY
    assert store.run(see(store, "B", at))
    comes_back = see(store, "B", at + MINUTE)

    def forgets(connection):
        upkeep.keep_up(connection, at + MINUTE, MINUTE)

    other = Store(store_url)
    work = forgets if first == "named" else comes_back
    beside = Thread(target=other.run, args=(work,), daemon=True)

    def meets(*_):
        beside.start()  # it waits for us, or passes over what we hold
        beside.join(0.5)

    def named(connection):
        comes_back(connection)
        meets()

    def deletes(connection, cursor, statement, *_):
        if statement.startswith("DELETE FROM snapshot"):
            meets()

    sa.event.listen(store.engine, "before_cursor_execute", deletes)
    store.run(named if first == "named" else forgets)
    await_end(beside)
    other.close()
    assert "B" in snapshots(store)
    row = store.read(lambda c: reading.shown(c, 1))
    assert row["addresses"][0]["confirmed"] == hashed({"grade": "B"})
    seen(store, "A", at + DAY)  # it is compared with B


def test_late_looks_make_it_unhealthy(store):
    add(store, "a.test:443")
    fine = store.read(lambda c: reading.status(c, NOW + 20 * MINUTE))
    assert metrics.health(fine, None)[0] == "200 OK"
    late = store.read(lambda c: reading.status(c, NOW + 31 * MINUTE))
    assert late["scan_lag_s"] == 31 * 60
    status, body = metrics.health(late, None)
    assert status.startswith("503") and "1 looks are late" in body
    assert metrics.health(None, "disk is full")[0].startswith("503")


def test_messages_that_do_not_go_make_it_unhealthy(store):
    def troubles(at):
        return metrics.troubles(store.read(lambda c: reading.status(c, at)))

    desk = Desk(store, refuse)
    desk.hold(condition())
    desk.resolve()
    assert troubles(NOW + 4 * MINUTE) == []
    # Nobody delivers; the second message waits for the first, as it should.
    assert troubles(NOW + 6 * MINUTE) == ["channel hook: 1 messages are overdue"]
    for _ in range(9):
        desk.deliver()
        desk.now = desk.rows()[0]["next_try_at"]
        assert troubles(desk.now - 1) == []
    desk.deliver()
    assert "channel hook: 1 messages were given up within a day" in troubles(desk.now)
    assert not [words for words in troubles(desk.now + 2 * DAY) if "given up" in words]


@pytest.mark.parametrize("is_well", [True, False])
def test_the_heartbeat_ends_where_messages_do_not_go(store_url, monkeypatch, is_well):
    monkeypatch.setattr(service, "BEAT_S", 0.05)

    async def main():
        async with receiver() as got:
            monkeypatch.setenv("BEAT", got.url)
            duties = service.Duties(looks=False, delivers=False, heartbeat="env:BEAT")
            made = Store(store_url)
            if not is_well:
                Desk(made, take).hold(condition())
            made.close()
            at = NOW + 6 * MINUTE
            stop = asyncio.Event()
            beating = service.Service(store_url, duties, None, lambda: at, pytest.fail)
            running = asyncio.create_task(beating.run(stop))
            async with asyncio.timeout(60):
                while is_well and not got.got:
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0 if is_well else 1.0)  # twenty beats
            stop.set()
            await running
            return len(got.got)

    assert bool(asyncio.run(main())) is is_well


def test_every_series_of_an_alerting_rule_is_there_from_the_start(store):
    # Prometheus' increase() of a series that begins with 1 is nothing.
    found = list(metrics.lines(store.read(lambda c: reading.status(c, NOW)), [], [], {}))
    for direction in ("worse", "better", "neutral"):
        assert f'tls_drift_total{{direction="{direction}"}} 0' in found
    assert 'plainwire_alerts{level="critical"} 0' in found


def test_metrics_are_prometheus_text(store):
    add(store, "a.test:443")
    (one,) = claim(store)
    store.run(lambda c: results.record(c, one, [look(grade="A")], NOW, NOW))
    add(store, "b.test:443")
    (other,) = claim(store)
    add(store, "c.test:443")
    store.run(lambda c: results.record(c, other, [look("unreachable")], NOW, NOW))
    found = store.read(
        lambda c: list(
            metrics.lines(
                reading.status(c, NOW), reading.targets(c), reading.alerts(c), reading.drifts(c)
            )
        )
    )
    assert 'tls_grade_info{target="a.test:443",grade="A"} 1' in found
    assert 'tls_scan_success{target="a.test:443"} 1' in found
    # Failed once, and has never answered: no success, whatever it is called until the third time.
    assert 'tls_scan_success{target="b.test:443"} 0' in found
    assert not [line for line in found if 'success{target="c.test' in line]  # nobody looked yet
    for line in found:
        assert line.startswith("# ") or len(line.rsplit(" ", 1)) == 2


def test_the_port_answers_on_loopback(store):
    from plainwire.monitor.keeper import Keeper

    async def main():
        keeper, answers = Keeper(store, print), []
        server = await metrics.serve(0, keeper, lambda: NOW)
        port = server.sockets[0].getsockname()[1]
        for path in ("/healthz", "/metrics", "/else"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            answers.append((await reader.read()).decode())
            writer.close()
        with pytest.raises(UsageError, match=f":{port}: Address already in use"):
            await metrics.serve(port, keeper, lambda: NOW)
        server.close()
        keeper.close()
        return answers

    health, found, missing = asyncio.run(main())
    assert health.startswith("HTTP/1.1 200") and '"healthy": true' in health
    assert "\nscan_lag_seconds 0\n" in found
    assert missing.startswith("HTTP/1.1 404")
