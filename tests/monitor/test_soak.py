"""The fault run, short: `make soak` is the long one (docs/monitoring.md has its tables)."""

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
