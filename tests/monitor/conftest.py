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
    return _new(request.param, request, tmp_path)


@pytest.fixture
def second_url(store_url: str, request: pytest.FixtureRequest, tmp_path) -> str:
    """The place of another one, of the same kind."""
    kind = "postgresql" if "://" in store_url else "sqlite"
    return _new(kind, request, tmp_path)


def _new(kind: str, request: pytest.FixtureRequest, folder) -> str:
    number = next(NUMBERS)
    if kind == "sqlite":
        return str(folder / f"monitor-{number}.db")
    cluster = request.getfixturevalue("cluster")
    return cluster.create(f"m{os.getpid()}_{number}")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    yield opened
    opened.close()
