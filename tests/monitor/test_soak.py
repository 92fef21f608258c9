"""The fault run, short: `make soak` is the long one (docs/monitoring.md has its tables)."""

import asyncio
import time

import pytest

from monitor import soak


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.server("postgres"))]
)
def test_nothing_is_lost_while_workers_are_killed(kind):
    account, log = soak.run(kind, kills=5, alerts=32, pace_s=2, longest_s=20, sites=8)
    print(log[-3000:])
    print(account)
    assert account.lost == [] and account.wrong == []
    assert account.kills >= 5 and account.expected >= 2 * 8


def test_a_certificate_is_served_until_it_was_told_of_however_late(monkeypatch, tmp_path):
    # One that was swapped before anybody looked could never be told of, and count as lost.
    monkeypatch.setattr(soak, "PATIENCE_S", 0.05)
    counting, account, served = soak.Counting(), soak.Account("sqlite"), []

    class Site:
        def serve(self, *issued):
            served.append([f"certificate:{soak.fingerprint(each)}" for each in issued])

    async def main():
        script = soak.live(
            str(tmp_path / "monitor.db"), Site(), counting, account, [2], time.monotonic() + 60
        )
        running = asyncio.create_task(script)
        while not account.late:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)  # ten times its patience
        assert len(served) == 1
        for kind in ("opened", "resolved"):
            counting.ids |= {(kind, key): {"id"} for key in served[0]}
        counting.changed.set()
        await running

    asyncio.run(main())
    assert len(served) == 2
    soak._count(counting, account)
    assert account.lost == [] and account.late
