"""The story of one certificate, from its issue to the all-clear, by the messages that arrive.

A real server, real looks, a real receiver; only the clock is ours. Everybody else in the story
(renewed in time, overdue, ended, of six days) lives beside it by the same policy.
"""

import asyncio
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
from plainwire.monitor.store import Store, watched
from plainwire.monitor.targets import watched as target_of
from plainwire.monitor.times import DAY, milliseconds

BORN = datetime(2026, 1, 1, tzinfo=UTC)


class Town:
    """A loop, its receiver and a clock that is set by hand; `day` lets one day's work be done."""

    def __init__(self, store, sites, got):
        self.now = milliseconds(BORN)
        self.store, self.sites, self.got = store, sites, got
        self.trouble: list[str] = []
        self.keeper = Keeper(store, self.trouble.append)
        self.loop = Loop(self.keeper, Observer(self.clock).look, self.clock, Pace(lease_s=3600))
        self.deliverer = Deliverer(self.keeper, self.clock)

    def clock(self) -> int:
        return self.now

    async def look(self) -> None:
        """Do everything that is due, and deliver."""
        await self.loop.work_off()
        for channel in self.store.read(watched.channels):
            await self.deliverer.drain(channel)

    async def until(self, days: float, *, step: int = 8 * DAY) -> list[str]:
        """Live until so many days after the first of January; the messages that came."""
        before = len(self.got.got)
        while self.now < milliseconds(BORN) + days * DAY:
            self.now = min(self.now + step, round(milliseconds(BORN) + days * DAY))
            await self.look()
        return [told(each) for each in self.got.payloads[before:]]


def told(payload) -> str:
    alert = payload["data"]["alert"]
    kind = payload["type"].removeprefix("alert.")
    return f"{kind} {alert['level']}: {alert['resolution'] or alert['title']}"


@pytest.fixture
def embedded(tmp_path):
    """For the lesser stories one store will do."""
    opened = Store(str(tmp_path / "monitor.db"))
    yield opened
    opened.close()


def live(store, tmp_path, story, *, level="info", sites=1):
    async def main():
        async with farm(tmp_path, sites) as farmed, receiver() as got:
            options = {"url": got.url, "allow-private": True}
            hook = ChannelSettings("hook", "webhook", options, least_level=level)
            store.run(lambda c: watched.set_channel(c, hook))
            town = Town(store, farmed, got)
            for site in farmed:
                site.serve(certificate(0, 90))
                one = target_of(site.name, light="6h", full="400d")
                store.run(lambda c, one=one: watched.add(c, one, town.now))
            await story(town)
            town.keeper.close()
            assert town.trouble == []

    asyncio.run(main())


ROOT = issue("Root", ca=True, not_before=BORN - timedelta(days=1))


def certificate(born: float, lifetime: float, **more):
    begin = BORN + timedelta(days=born)
    end = begin + timedelta(days=lifetime)
    return issue("127.0.0.1", not_before=begin, not_after=end, by=ROOT, **more)


@pytest.mark.mission("19")
def test_from_issue_to_warning_critical_end_renewal_and_all_clear(store, tmp_path):
    async def story(town):
        (site,) = town.sites
        await town.look()
        assert await town.until(59.75) == []
        assert await town.until(60) == ["opened info: the certificate of 127.0.0.1 ends in 30 d"]
        assert await town.until(74.75) == []
        assert await town.until(75) == ["raised warning: the certificate of 127.0.0.1 ends in 15 d"]
        assert await town.until(82.25) == []
        assert await town.until(82.5) == [
            "raised critical: the certificate of 127.0.0.1 ends in 7 d 12 h"
        ]
        daily = await town.until(89.75, step=DAY)  # nobody has acknowledged it
        assert daily == ["reminder critical: the certificate of 127.0.0.1 ends in 7 d 12 h"] * 7
        assert await town.until(90) == [
            "raised critical: the certificate of 127.0.0.1 expired on 2026-04-01"
        ]
        site.serve(certificate(90, 90))
        assert await town.until(90.25) == [
            "resolved critical: renewed on every address:"
            " the certificate served now ends on 2026-06-30"
        ]
        assert await town.until(120) == []

    live(store, tmp_path, story)


def test_who_asks_for_warnings_hears_of_warnings(embedded, tmp_path):
    async def story(town):
        (site,) = town.sites
        assert await town.until(74.75) == []
        assert await town.until(75) == ["opened warning: the certificate of 127.0.0.1 ends in 15 d"]
        site.serve(certificate(76, 90))
        (end,) = await town.until(77)
        assert end.startswith("resolved warning: renewed")

    live(embedded, tmp_path, story, level="warning")


def test_renewed_in_time_nobody_hears_of_it(embedded, tmp_path):
    async def story(town):
        (site,) = town.sites
        for born in (0, 58, 116, 174):
            site.serve(certificate(born, 90))
            assert await town.until(born + 58) == []

    live(embedded, tmp_path, story)


def test_whoever_always_renews_at_two_thirds_is_overdue_at_three_quarters(embedded, tmp_path):
    async def story(town):
        (site,) = town.sites
        for born in (0, 60, 120):
            site.serve(certificate(born, 90))
            await town.until(born + 0.25)
            await town.until(born + 59.75)
        # The habit is 0.664; overdue a tenth of 90 days later, before the warning at 75 days.
        assert await town.until(120 + 59.75) == []
        assert await town.until(120 + 68.5) == [
            "opened info: the certificate of 127.0.0.1 ends in 22 d 6 h"
        ]
        (overdue,) = await town.until(120 + 74)
        assert overdue.startswith("raised warning: the certificate of 127.0.0.1 was not renewed at")
        assert await town.until(120 + 80) == []  # the warning's step is told
        (critical,) = await town.until(120 + 83)
        assert critical.startswith("raised critical")

    live(embedded, tmp_path, story)


def test_one_certificate_on_two_targets_is_one_alert_until_both_are_renewed(embedded, tmp_path):
    async def story(town):
        shared = certificate(0, 90)
        for site in town.sites:
            site.serve(shared)
        messages = await town.until(76)
        assert [m.split(":")[0] for m in messages] == ["opened info", "raised warning"]
        new = certificate(76, 90)
        town.sites[0].serve(new)
        assert await town.until(77) == []
        town.sites[1].serve(new)
        (end,) = await town.until(78)
        assert end.startswith("resolved warning: renewed on every address")

    live(embedded, tmp_path, story, sites=2)


@pytest.mark.parametrize("lifetime", [6])
def test_a_certificate_of_six_days_is_quiet_until_its_last_two(embedded, tmp_path, lifetime):
    async def story(town):
        (site,) = town.sites
        site.serve(certificate(0, lifetime))
        assert await town.until(3.75) == []
        assert [m.split(":")[0] for m in await town.until(4.25)] == ["opened info"]
        assert await town.until(4.75) == []
        assert [m.split(":")[0] for m in await town.until(5.25)] == ["raised critical"]

    live(embedded, tmp_path, story)


def test_a_critical_alert_is_recalled_daily_until_somebody_knows(embedded, tmp_path):
    async def story(town):
        (site,) = town.sites
        site.serve(certificate(0, 90))
        await town.until(82.5)
        assert [m.split(":")[0] for m in await town.until(85, step=DAY)] == [
            "reminder critical"
        ] * 2
        embedded.run(lambda c: watched.acknowledge(c, 1, "somebody", None, "renewing"))
        assert await town.until(88, step=DAY) == []

    live(embedded, tmp_path, story)


def test_two_certificates_behind_one_address_are_no_storm(embedded, tmp_path):
    async def story(town):
        (site,) = town.sites
        contexts = []
        for one in (certificate(0, 90), certificate(60, 90)):
            site.serve(one)
            contexts.append(site.context)
        # Each connection by turns, as a load balancer deals them to two servers.
        type(site).context = property(lambda self: contexts[self.accepted % 2])
        try:
            messages = await town.until(76) + await town.until(77, step=DAY // 4)
        finally:
            del type(site).context
        assert [m.split(":")[0] for m in messages] == ["opened info", "raised warning"]
        site.serve(certificate(60, 90))
        assert await town.until(77.2) == []
        (end,) = await town.until(77.5)
        assert end.startswith("resolved warning: renewed on every address")

    live(embedded, tmp_path, story)
