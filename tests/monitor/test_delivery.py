"""Messages on their way: signed, tried again, dead, held, in order; never lost."""

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from certificates import issue
from monitor.receiver import receiver
from monitor.test_expiry import certificate
from plainwire.model import UsageError
from plainwire.monitor import declared, messages, windows
from plainwire.monitor.channels import http, pagerduty, slack, webhook
from plainwire.monitor.channels.outcome import Message, SendError
from plainwire.monitor.channels.settings import ChannelSettings, checked
from plainwire.monitor.conditions import Condition, conditions
from plainwire.monitor.delivery import RETRIES, Deliverer
from plainwire.monitor.keeper import Keeper
from plainwire.monitor.matching import Only
from plainwire.monitor.standing import Alarm, Standing
from plainwire.monitor.store import alerts, deliveries, schema, upkeep, watched
from plainwire.monitor.times import DAY, HOUR, MINUTE, SECOND
from plainwire.report.tls_diff import Change

NOW = 1_800_000_000_000


def condition(key="k", level="warning", step=2, rule="configuration-worse", **more):
    values = {"title": f"title of {key}", "body": "body"} | more
    return Condition(key, rule, level, step=step, **values)


class Desk:
    """A store with a channel, a delivery loop whose clock is set by hand."""

    def __init__(self, store, send, *, channels=("hook",), **more):
        self.store, self.now, self.sent = store, NOW, []
        self.send_it = send
        for name in channels:
            settings = ChannelSettings(name, "webhook", {"url": "http://127.0.0.1:9/"}, **more)
            store.run(lambda c, s=settings: watched.set_channel(c, s))
        self.keeper = Keeper(store, pytest.fail)
        self.deliverer = Deliverer(self.keeper, lambda: self.now, send=self._send)

    async def _send(self, channel, message):
        self.send_it(channel, message)
        self.sent.append((channel.name, message))

    def hold(self, *conditions):
        self.store.run(lambda c: alerts.hold(c, None, conditions, self.now))

    def resolve(self, key="k"):
        def work(connection):
            rows = connection.execute(sa.select(schema.alert)).mappings().all()
            for row in rows:
                if row["dedup_key"] == key and row["resolved_at"] is None:
                    alerts.resolve(connection, row, "over", self.now)

        self.store.run(work)

    def deliver(self):
        before = len(self.sent)
        asyncio.run(self.deliverer.work_off())
        return [(name, m.payload["type"]) for name, m in self.sent[before:]]

    def rows(self):
        words = sa.select(schema.outbox).order_by(schema.outbox.c.id)
        return self.store.read(lambda c: c.execute(words).mappings().all())


def take(channel, message):
    pass


def refuse(channel, message):
    raise SendError("status 503")


def test_an_alert_is_told_once_however_often_it_is_found(store):
    desk = Desk(store, take)
    for _ in range(3):
        desk.hold(condition())
    assert desk.deliver() == [("hook", "alert.opened")]
    desk.resolve()
    desk.resolve()
    assert desk.deliver() == [("hook", "alert.resolved")]


def remind(desk, after):
    desk.now += after
    desk.store.run(lambda c: upkeep.keep_up(c, desk.now, MINUTE))
    return [kind for _, kind in desk.deliver()]


def test_who_knows_of_a_warning_does_not_know_of_the_critical_alert(store):
    desk = Desk(store, take)
    desk.hold(condition())
    store.run(lambda c: watched.acknowledge(c, 1, "night shift", None, "renewing"))
    desk.now += HOUR
    desk.hold(condition(level="critical", step=3))
    assert [kind for _, kind in desk.deliver()] == ["alert.opened", "alert.raised"]
    assert remind(desk, DAY) == ["alert.reminder"]
    store.run(lambda c: watched.acknowledge(c, 1, "night shift", None, "renewing"))
    assert remind(desk, DAY) == []
    # Down and up again tells nobody anything new: what is known stays known.
    desk.hold(condition())
    desk.hold(condition(level="critical", step=3))
    assert remind(desk, DAY) == remind(desk, DAY) == []


def test_a_silence_of_days_ends_with_one_reminder(store):
    desk = Desk(store, take)
    desk.hold(condition(level="critical", step=3))
    desk.deliver()
    until = NOW + 3 * DAY + HOUR
    store.run(lambda c: watched.add_silence(c, Only(), until, "", NOW))
    assert [remind(desk, DAY) for _ in range(3)] == [[], [], []]
    assert remind(desk, HOUR) == ["alert.reminder"]


def test_a_failed_message_is_tried_by_the_table_of_standard_webhooks_and_dies_visibly(store):
    # The specification's retry schedule: 0, 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
    schedule = [5 * SECOND, 5 * MINUTE, 30 * MINUTE] + [n * HOUR for n in (2, 5, 10, 14, 20, 24)]
    assert list(RETRIES) == schedule
    tried = []

    def fail(channel, message):
        if channel.name == "hook":
            tried.append(desk.now)
            raise SendError("status 503")

    desk = Desk(store, fail, channels=("hook", "other"))
    desk.hold(condition())
    for _ in range(9):
        desk.deliver()
        (at,) = [row["next_try_at"] for row in desk.rows() if row["channel_id"] == 1]
        desk.now = at - 1
        assert "hook" not in [name for name, _ in desk.deliver()] and tried[-1] < desk.now
        desk.now = at
    desk.deliver()
    desk.deliver()  # what the first wrote for the other channel
    waits = [after - before for before, after in itertools.pairwise(tried)]
    assert len(tried) == 10
    for wait, least in zip(waits, schedule, strict=True):
        assert least <= wait <= least * 1.1
    (dead,) = [row for row in desk.rows() if row["dead_at"]]
    assert (dead["last_error"], dead["attempts"]) == ("status 503", 10)
    kinds = [m.payload["type"] for name, m in desk.sent if name == "other"]
    assert kinds == ["alert.opened", "dead-letter"]
    letter = desk.sent[-1][1].payload["data"]
    assert "for hook could not be delivered" in letter["title"]


def test_a_receiver_that_asks_for_time_gets_it(store):
    def busy(channel, message):
        raise SendError("status 429", retry_after_s=3600)

    desk = Desk(store, busy)
    desk.hold(condition())
    desk.deliver()
    (row,) = desk.rows()
    assert row["next_try_at"] - NOW == 3600 * SECOND


def apply(store, desk, **channels):
    """What ``monitor apply`` does with these channels: what each is given, its level or more."""
    told = [
        {"name": name, "kind": "webhook", "url": "http://127.0.0.1:9/", **more}
        for name, more in channels.items()
    ]
    wanted = declared.of_dictionary({"channels": told}, "x", Path())

    def work(connection):
        for step in declared.plan(connection, wanted, "x", prunes=False):
            step.work(connection, desk.now)

    store.run(work)


def test_a_channel_that_is_new_hears_of_what_is_open(store):
    desk = Desk(store, take, channels=())
    desk.hold(condition("a"), condition("b", level="info", step=1), condition("over"))
    desk.resolve("over")
    assert desk.deliver() == []  # there is nobody to tell as yet
    apply(store, desk, pager={"level": "critical"}, mail={})
    assert desk.deliver() == [("mail", "alert.opened")]
    apply(store, desk, pager={"level": "critical"}, mail={"digest": "08:00"})
    assert desk.deliver() == []  # what it knows it is not told again
    apply(store, desk, pager={"level": "info"})
    assert desk.deliver() == [("pager", "alert.opened")] * 2
    desk.resolve("a")
    assert sorted(desk.deliver()) == [("mail", "alert.resolved"), ("pager", "alert.resolved")]


def test_who_asks_for_time_is_left_alone_by_all_messages(store):
    def busy(channel, message):
        if desk.now < NOW + 3600 * SECOND:
            tried.append(message.id)
            raise SendError("status 429", retry_after_s=3600)

    tried = []
    desk = Desk(store, busy)
    desk.hold(*(condition(f"k{n}") for n in range(7)))
    for desk.now in (NOW, NOW + SECOND, NOW + 3599 * SECOND):
        assert desk.deliver() == []
    assert len(tried) == 1
    desk.now = NOW + 3600 * SECOND
    assert len(desk.deliver()) == 7
    assert max(row["attempts"] for row in desk.rows()) == 1  # the others lost none of theirs


def test_a_receiver_that_is_gone_is_disabled(store):
    def gone(channel, message):
        if channel.name == "hook":
            raise SendError("status 410", is_gone=True)

    desk = Desk(store, gone, channels=("hook", "other"))
    desk.hold(condition())
    desk.deliver()
    channels = {c.name: c for c in store.read(watched.channels)}
    assert not channels["hook"].is_enabled and "410" in channels["hook"].disabled_because
    assert ("other", "dead-letter") in desk.deliver() + [
        (n, m.payload["type"]) for n, m in desk.sent
    ]


def test_a_receiver_that_is_gone_is_asked_once(store):
    def gone(channel, message):
        tried.append(message.id)
        raise SendError("status 410", is_gone=True)

    tried = []
    desk = Desk(store, gone)
    desk.hold(*(condition(f"k{n}") for n in range(12)))
    desk.deliver()
    desk.deliver()
    assert len(tried) == 1
    ends = [(bool(row["dead_at"]), row["lease_until"]) for row in desk.rows()]
    assert sorted(ends) == [(False, None)] * 11 + [(True, None)]  # they wait, visibly


def test_who_is_told_to_end_ends_after_the_message_that_is_being_sent(store):
    def end(channel, message):
        stop.set()

    stop = asyncio.Event()
    desk = Desk(store, end)
    desk.hold(*(condition(f"k{n}") for n in range(4)))
    (hook,) = store.read(watched.channels)
    asyncio.run(desk.deliverer.drain(hook, stop))
    assert len(desk.sent) == 1
    assert [row["lease_until"] for row in desk.rows()] == [None] * 4


def test_of_one_alert_a_channel_hears_in_order(store):
    def refuse_the_first(channel, message):
        if message.payload["type"] == "alert.opened":
            raise SendError("status 503")

    desk = Desk(store, refuse_the_first)
    desk.hold(condition())
    desk.resolve()
    assert desk.deliver() == []  # the second waits for the first
    desk.send_it = take
    desk.now += MINUTE
    assert desk.deliver() == [("hook", "alert.opened"), ("hook", "alert.resolved")]


def test_a_message_keeps_its_id_through_a_kill_between_sending_and_marking(store):
    desk = Desk(store, take)
    desk.hold(condition())
    (channel,) = store.read(watched.channels)
    first = store.run(lambda c: deliveries.claim(c, channel.id, 5, NOW, NOW + MINUTE))
    # Killed here. Nobody else has it until the lease is over; then it is the same message.
    assert store.run(lambda c: deliveries.claim(c, channel.id, 5, NOW, NOW + MINUTE)) == []
    again = store.run(lambda c: deliveries.claim(c, channel.id, 5, NOW + MINUTE, NOW + DAY))
    assert [m.message_id for m in again] == [m.message_id for m in first]


def test_levels_and_choices(store):
    desk = Desk(store, take, channels=())
    for name, more in (
        ("all", {"least_level": "info"}),
        ("critical", {"least_level": "critical"}),
        ("elsewhere", {"only": Only(rules=("unreachable",))}),
    ):
        settings = ChannelSettings(name, "webhook", {"url": "http://127.0.0.1:9/"}, **more)
        store.run(lambda c, s=settings: watched.set_channel(c, s))
    desk.hold(condition(level="info", step=1))
    assert desk.deliver() == [("all", "alert.opened")]
    desk.hold(condition(level="critical", step=3))
    assert sorted(desk.deliver()) == [("all", "alert.raised"), ("critical", "alert.opened")]
    desk.resolve()
    assert sorted(desk.deliver()) == [("all", "alert.resolved"), ("critical", "alert.resolved")]


@pytest.fixture(params=["silence", "window"])
def held_until(request, store):
    """Messages about everything are held; until when."""
    until = NOW + HOUR
    if request.param == "silence":
        store.run(lambda c: watched.add_silence(c, Only(), until, "", NOW))
    else:  # 2027-01-15 08:00 UTC
        window = windows.Window("0 8 * * *", 60)
        store.run(lambda c: watched.set_window(c, "w", window, Only(), None))
    return until


def test_what_is_held_and_still_so_is_told_at_the_end(store, held_until):
    desk = Desk(store, take)
    desk.hold(condition())
    assert desk.deliver() == []
    desk.now = held_until
    assert desk.deliver() == [("hook", "alert.opened")]


def test_what_is_held_and_over_is_never_told(store, held_until):
    desk = Desk(store, take)
    desk.hold(condition())
    desk.resolve()
    desk.now = held_until + HOUR
    assert desk.deliver() == []
    assert all(row["dropped_at"] for row in desk.rows())


def test_the_end_of_what_was_told_before_is_told_after(store):
    desk = Desk(store, take)
    desk.hold(condition())
    assert desk.deliver() == [("hook", "alert.opened")]
    store.run(lambda c: watched.add_silence(c, Only(), NOW + HOUR, "", NOW))
    desk.resolve()
    assert desk.deliver() == []
    desk.now += HOUR
    assert desk.deliver() == [("hook", "alert.resolved")]


def test_a_silence_that_ends_early_lets_go(store):
    desk = Desk(store, take)
    number = store.run(lambda c: watched.add_silence(c, Only(), NOW + DAY, "", NOW))
    desk.hold(condition())
    assert desk.deliver() == []
    assert store.run(lambda c: watched.end_silence(c, number, NOW))
    assert desk.deliver() == [("hook", "alert.opened")]


def test_a_storm_is_one_message(store):
    desk = Desk(store, take)
    desk.hold(*(condition(f"k{n:03}") for n in range(50)), condition("x", rule="unreachable"))
    assert sorted(desk.deliver()) == [("hook", "alert.group"), ("hook", "alert.opened")]
    (group,) = [m.payload for _, m in desk.sent if m.payload["type"] == "alert.group"]
    assert {a["key"] for a in group["data"]["alerts"]} == {f"k{n:03}" for n in range(50)}
    desk.resolve("k007")
    assert desk.deliver() == [("hook", "alert.resolved")]


def test_twenty_are_no_storm(store):
    desk = Desk(store, take)
    desk.hold(*(condition(f"k{n:03}") for n in range(20)))
    assert desk.deliver() == [("hook", "alert.opened")] * 20


def test_a_storm_keeps_its_id_when_it_is_not_taken(store):
    desk = Desk(store, refuse)
    desk.hold(*(condition(f"k{n:03}") for n in range(30)))
    desk.deliver()
    desk.send_it = take
    desk.now += MINUTE
    assert desk.deliver() == [("hook", "alert.group")]
    groups = [row for row in desk.rows() if row["kind"] == "group"]
    assert len(groups) == 1 and all(row["sent_at"] for row in desk.rows())


def test_a_storm_that_comes_one_by_one_is_said_together_too(store):
    # More than 20 alerts of one rule in five minutes: the rest is a list, one a minute at most.
    desk = Desk(store, take)
    told = []
    for n in range(60):
        desk.now = NOW + n * 2 * SECOND
        desk.hold(condition(f"k{n:03}"))
        told += desk.deliver()
    desk.now += MINUTE
    told += desk.deliver()
    kinds = [kind for _, kind in told]
    assert kinds.count("alert.group") >= 1 and len(kinds) <= 20 + 4
    keys = [
        each["key"]
        for _, m in desk.sent
        for each in m.payload["data"].get("alerts") or [m.payload["data"]["alert"]]
    ]
    assert sorted(keys) == [f"k{n:03}" for n in range(60)]


def test_what_a_window_held_is_a_storm_at_its_end(store, held_until):
    desk = Desk(store, take)
    desk.hold(*(condition(f"k{n:03}") for n in range(30)))
    assert desk.deliver() == []
    desk.now = held_until
    assert desk.deliver() == [("hook", "alert.group")]


def test_what_a_later_silence_holds_is_held_on(store, held_until):
    desk = Desk(store, take)
    desk.hold(condition())
    store.run(lambda c: watched.add_silence(c, Only(), held_until + HOUR, "", NOW + MINUTE))
    desk.now = held_until
    assert desk.deliver() == []
    desk.now += HOUR
    assert desk.deliver() == [("hook", "alert.opened")]


def test_a_silence_that_ends_lets_nothing_go_that_a_window_holds(store):
    desk = Desk(store, take)
    window = windows.Window("0 8 * * *", 60)
    store.run(lambda c: watched.set_window(c, "w", window, Only(), None))
    number = store.run(lambda c: watched.add_silence(c, Only(rules=("other",)), NOW + DAY, "", NOW))
    desk.hold(condition())
    store.run(lambda c: watched.end_silence(c, number, NOW))
    assert desk.deliver() == []


@pytest.mark.parametrize("kind", ["leased", "grouped"])
def test_the_end_of_what_may_have_been_received_is_told(store, held_until, kind):
    # Killed between sending and marking, or between writing a group and sending it.
    desk = Desk(store, take)
    desk.hold(*(condition(f"k{n:03}") for n in range(1 if kind == "leased" else 30)))
    (channel,) = store.read(watched.channels)
    at = held_until
    (mine,) = store.run(lambda c: deliveries.claim(c, channel.id, 5, at, at + MINUTE))
    if kind == "grouped":
        store.run(lambda c: deliveries.failed(c, mine, "status 503", SECOND, at))
    desk.now = at + 2 * MINUTE
    desk.resolve("k000")
    first = "alert.opened" if kind == "leased" else "alert.group"
    assert desk.deliver() == [("hook", first), ("hook", "alert.resolved")]


def test_a_hostile_name_is_stored_and_told_everywhere(store):
    desk = Desk(store, take)
    desk.hold(condition(title="\ud800 \u0000 name", body="\udfff"))
    ((_, sent),) = desk.deliver() and desk.sent
    assert "name" in sent.payload["data"]["alert"]["title"]


def test_a_year_ahead_and_back_holds_no_message_for_a_year(store):
    desk = Desk(store, take)
    store.run(lambda c: watched.set_window(c, "w", windows.Window("0 8 * * *", 60), Only(), None))
    store.run(lambda c: watched.set_window(c, "x", windows.Window("0 9 * * *", 60), Only(), None))
    desk.now = NOW + 365 * DAY
    desk.hold(condition())
    desk.now = NOW + 3 * HOUR
    asyncio.run(desk.deliverer._set_right())
    assert desk.deliver() == [("hook", "alert.opened")]


def test_a_clock_that_ran_ahead_delays_nothing(store):
    desk = Desk(store, take)
    desk.now = NOW + DAY
    desk.hold(condition())
    desk.now = NOW
    asyncio.run(desk.deliverer._set_right())
    assert desk.deliver() == [("hook", "alert.opened")]


def test_a_reminder_is_told_daily_of_what_is_critical(store):
    desk = Desk(store, take)
    desk.hold(condition(level="critical", step=3))
    desk.deliver()
    for day in (1, 2):
        for _ in range(3):
            desk.now = NOW + day * DAY + HOUR
            store.run(lambda c: upkeep.keep_up(c, desk.now, MINUTE))
        assert desk.deliver() == [("hook", "alert.reminder")]
    desk.hold(condition(level="critical", step=4))  # it has ended: a day later it is recalled anew
    assert desk.deliver() == [("hook", "alert.raised")]
    desk.now += DAY
    store.run(lambda c: upkeep.keep_up(c, desk.now, MINUTE))
    assert desk.deliver() == [("hook", "alert.reminder")]


def message(**more):
    alert = {
        "id": 1,
        "dedup_key": "certificate:aa",
        "rule": "certificate-ends",
        "level": "critical",
        "title": "the certificate of <!channel> ends \x1b[31m",
        "body": "ends",
        "changes": [],
        "opened_at": NOW,
        "resolution": None,
    }
    kind = more.pop("kind", "opened")
    return Message("msg_1", messages.about_alert(kind, alert | more, None, NOW), NOW)


def post(settings, sent):
    async def main():
        async with receiver() as got:
            options = {"url": got.url, "allow-private": True, **settings}
            await webhook.send(ChannelSettings("hook", "webhook", options), sent)
            return got.got[0]

    return asyncio.run(main())


def test_a_webhook_is_signed_as_standard_webhooks_says(monkeypatch):
    # Both secrets sign while one replaces the other; the key is the Base64 behind whsec_.
    keys = [b"0123456789abcdef0123456789abcdef", b"another key of thirty-two bytes."]
    for name, key in zip(("NEW", "OLD"), keys, strict=True):
        monkeypatch.setenv(name, "whsec_" + base64.b64encode(key).decode())
    got = post({"secret-from": "env:NEW", "old-secret-from": "env:OLD"}, message())
    signed = f"msg_1.{NOW // 1000}.".encode() + got.body
    wanted = [
        "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys
    ]
    assert got.headers["webhook-signature"].split(" ") == wanted
    assert got.headers["webhook-id"] == "msg_1"
    assert got.headers["webhook-timestamp"] == str(NOW // 1000)
    assert b"\x1b" not in got.body


def test_a_webhooks_url_may_be_a_secret(monkeypatch):
    async def main():
        async with receiver() as got:
            monkeypatch.setenv("HOOK", got.url)
            options = {"url-from": "env:HOOK", "allow-private": True}
            await webhook.send(checked(ChannelSettings("hook", "webhook", options)), message())
            return len(got.got)

    assert asyncio.run(main()) == 1


def test_the_vector_of_the_specification():
    # github.com/standard-webhooks/standard-webhooks, spec, "Signature scheme", example.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    found = webhook.signature(
        secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
    )
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "404 Not Found", "500 Oops"])
def test_only_a_2xx_is_taken_and_no_redirect_followed(status):
    async def main():
        async with receiver(answer=lambda got: (status, {"Location": "/else"})) as got:
            options = {"url": got.url, "allow-private": True}
            with pytest.raises(SendError, match=status[:3]):
                await webhook.send(ChannelSettings("hook", "webhook", options), message())
            return len(got.got)

    assert asyncio.run(main()) == 1


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "10.0.0.1", "192.168.1.1", "169.254.169.254", "[::ffff:10.0.0.1]",
     "100.64.0.1", "0.0.0.0", "localhost", "224.0.0.1"],
)  # fmt: skip
def test_a_private_address_is_refused_unless_allowed(host):
    settings = ChannelSettings("hook", "webhook", {"url": f"https://{host}/"})
    with pytest.raises(SendError, match="not a public address"):
        asyncio.run(webhook.send(settings, message()))


def test_nothing_is_sent_in_clear_beyond_loopback():
    place = http.Place("http://192.0.2.1/", may_be_private=True)
    with pytest.raises(SendError, match="not sent in clear"):
        asyncio.run(http.post(place, b"", {}, 0))


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("120", 120.0),
        ("Fri, 15 Jan 2027 08:02:00 GMT", 120.0),
        ("soon", None),
        ("999999999", 86400),
    ],
)
def test_retry_after_is_seconds_or_a_date(words, seconds):
    assert http._retry_after(words, NOW / 1000) == seconds


def answered(behave, *, address="127.0.0.1"):
    """The reply to a POST to a server that behaves so once it has read the head."""

    async def main():
        async def serve(reader, writer):
            try:
                await reader.readuntil(b"\r\n\r\n")
                await behave(writer)
            except OSError:
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, address, 0)
        port = server.sockets[0].getsockname()[1]
        try:
            place = http.Place(f"http://hook.test:{port}/", may_be_private=True)
            return await http.post(place, b"{}", {}, 0)
        finally:
            server.close()

    return asyncio.run(main())


async def flood(writer):
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def drip(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def reset(writer):
    writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 9999\r\n\r\n")
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.transport.abort()


@pytest.fixture
def names(monkeypatch):
    """Names without DNS: the addresses of each name."""
    known = {"hook.test": ("127.0.0.1",)}

    async def addresses(host, settings):
        return known[host]

    monkeypatch.setattr(http.dial, "addresses", addresses)
    return known


@pytest.mark.parametrize(("behave", "status"), [(flood, 200), (drip, 200), (reset, 202)])
def test_what_follows_the_status_takes_nothing_back(names, monkeypatch, behave, status):
    monkeypatch.setattr(http, "TIMEOUT_S", 5.0)
    monkeypatch.setattr(http, "REST_S", 0.2)
    assert answered(behave).status == status


def test_a_host_of_which_one_address_is_dead_is_posted_to(names):
    names["hook.test"] = ("127.0.0.3", "::1", "127.0.0.2")
    assert answered(reset, address="127.0.0.2").status == 202


def test_one_private_address_among_public_ones_is_refused(names):
    names["hook.test"] = ("203.0.113.1", "10.0.0.1")
    with pytest.raises(SendError, match=r"is not a public address"):
        asyncio.run(http.post(http.Place("https://hook.test/"), b"", {}, 0))


def test_a_group_that_pagerduty_took_in_part_is_continued(tls, monkeypatch):
    # Some 120 events a minute are taken for a key: begun anew each time, a group is never done.
    context, ca = tls
    members = [message(dedup_key=f"k{n}").payload for n in range(5)]
    group = Message("msg_g", messages.group("unreachable", "critical", members, NOW), NOW)

    async def main():
        def answer(got):
            is_full = len(received.got) in (3, 5)
            return ("429 Too Many Requests", {}) if is_full else ("202 Accepted", {})

        async with receiver(context=context, answer=answer) as received:
            monkeypatch.setenv("KEY", "R" * 32)
            options = {"url": received.url, "key-from": "env:KEY", "allow-private": True, "ca": ca}
            settings = ChannelSettings("c", "pagerduty", options)
            for _ in range(2):
                with pytest.raises(SendError, match="429"):
                    await pagerduty.send(settings, group)
            await pagerduty.send(settings, group)
            return [each["dedup_key"].rpartition("/")[2] for each in received.payloads]

    assert asyncio.run(main()) == ["k0", "k1", "k2", "k2", "k3", "k3", "k4"]


def test_what_a_target_named_makes_no_line_of_its_own():
    forged = "x\n- resolved"
    one = replace(certificate(90), issuer=f"O={forged}", sans=(forged,))
    change = Change("issuer", "Good", forged, "worse")
    standing = Standing(
        "192.0.2.1", certificates={"443 RSA": one}, alarms=(Alarm("k", "h", forged, (change,)),)
    )
    found = conditions(1, "h", {"192.0.2.1": standing}, None, 89 * DAY)
    payloads = [
        message(title=each.title, body=each.body, resolution=forged).payload for each in found
    ]
    payloads.append(messages.group("r", "info", payloads, NOW))
    payloads.append(messages.digest([{"words": forged}], [{"level": "info", "title": forged}], NOW))
    assert len(payloads) == 4
    for payload in payloads:
        assert "- resolved" not in messages.text(payload).split("\n")


def test_a_long_message_says_what_is_left_out():
    lines = [f"- line {n}" for n in range(400)]
    payload = messages.notice("test", "title", "\n".join(lines), "info", NOW)
    words = slack.words(Message("m", payload, NOW)).split("\n")
    assert len("\n".join(words[1:])) <= slack.MAX_TEXT
    kept = len(words) - 2
    assert words[1:-1] == lines[:kept] and words[-1] == f"and {400 - kept} more lines"
    assert messages.cut(["a", "b"], 10) == "a\nb" and messages.cut([""], 10) == ""


def test_pagerduty_is_triggered_and_resolved_by_one_key():
    (opened,), (over,) = (pagerduty.events(message(kind=k)) for k in ("opened", "resolved"))
    assert opened["event_action"] == "trigger"
    assert opened["payload"]["severity"] == "critical"
    assert over == {"event_action": "resolve", "dedup_key": opened["dedup_key"]}
    long = pagerduty.dedup_key("k" * 400)
    assert len(long) == 255


def test_slack_shows_what_a_target_named_and_obeys_none_of_it():
    words = slack.words(message())
    assert "<!channel>" not in words and "&lt;!channel&gt;" in words and "\x1b" not in words


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("webhook", {}, "url or url-from is missing"),
        ("webhook", {"url": "https://h/", "url-from": "env:X"}, "one of them too many"),
        ("pigeon", {}, "no kind"),
        ("webhook", {"url": "https://u:p@h/"}, "login"),
        ("slack", {"url": "https://hooks.slack.test/secret"}, "unknown option"),
    ],
)
def test_a_wrong_channel_is_told(kind, options, words):
    with pytest.raises(UsageError, match=words):
        checked(ChannelSettings("c", kind, options))


def test_no_secret_is_stored(store, monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", "whsec_c2VjcmV0c2VjcmV0")
    options = {"url": "https://hook.test/", "secret-from": "env:HOOK_SECRET"}
    store.run(lambda c: watched.set_channel(c, ChannelSettings("c", "webhook", options)))
    rows = store.read(lambda c: c.execute(sa.select(schema.channel)).mappings().all())
    assert "c2VjcmV0" not in json.dumps([dict(row) for row in rows])


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """A server's context for 127.0.0.1, and the file of the CA that issued its certificate."""
    folder = tmp_path_factory.mktemp("tls")
    root = issue("Root", ca=True)
    leaf = issue("127.0.0.1", by=root)
    for name, text in (("chain", leaf.chain_pem), ("key", leaf.key_pem), ("ca", root.pem)):
        (folder / name).write_text(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain", folder / "key")
    return context, str(folder / "ca")


@pytest.mark.parametrize("is_trusted", [True, False])
@pytest.mark.parametrize(
    ("module", "kind", "secret", "said"),
    [
        # api.slack.com/messaging/webhooks: a JSON object with `text`.
        (slack, "slack", "url-from", lambda got: "&lt;!channel&gt;" in got["text"]),
        # Events API v2: routing_key, event_action, dedup_key.
        (
            pagerduty,
            "pagerduty",
            "key-from",
            lambda got: (got["routing_key"], got["event_action"]) == ("R" * 32, "trigger"),
        ),
    ],
)
def test_slack_and_pagerduty_on_the_wire(tls, monkeypatch, module, kind, secret, said, is_trusted):
    context, ca = tls

    async def main():
        async with receiver(context=context) as got:
            monkeypatch.setenv("SECRET", got.url if kind == "slack" else "R" * 32)
            options = {secret: "env:SECRET", "allow-private": True}
            options |= {"url": got.url} if kind == "pagerduty" else {}
            options |= {"ca": ca} if is_trusted else {}
            settings = checked(ChannelSettings("c", kind, options))
            if not is_trusted:
                with pytest.raises(SendError, match="TLS"):
                    await module.send(settings, message())
                return got.got == []
            await module.send(settings, message())
            (one,) = got.payloads
            return said(one)

    assert asyncio.run(main())


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:99999/", "http://127.0.0.1:9/a b", "https://[/"]
)
def test_a_url_that_is_none_is_a_failure_and_no_crash(url):
    # The heartbeat has no other border: its loop would end the monitor.
    async def main():
        async with receiver() as got:
            place = http.Place(url.replace(":9/", f":{got.url.split(':')[2][:-4]}"), True)
            with pytest.raises(SendError):
                await http.post(place, b"", {}, 0)

    asyncio.run(main())
