"""Stores for the monitor's tests: the same tests on SQLite and on PostgreSQL."""

import itertools
import os
from collections.abc import Iterator

import pytest

from plainwire.monitor.store import Store
from servers.postgresql import Cluster, postgresql

NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with postgresql() as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server("postgres"))])
def store_url(request: pytest.FixtureRequest, tmp_path) -> str:
    """The place of a new, empty store."""
    if request.param == "sqlite":
        return str(tmp_path / "monitor.db")
    cluster = request.getfixturevalue("cluster")
    return cluster.create(f"m{os.getpid()}_{next(NUMBERS)}")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    yield opened
    opened.close()
