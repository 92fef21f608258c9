"""The store: SQLite embedded, PostgreSQL beyond one machine, one schema and one set of words.

Every function of this package takes a connection in a transaction; `Store.run` gives it one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from plainwire.monitor.store import connecting
from plainwire.monitor.store.faults import StoreError

__all__ = ["Store", "StoreError"]
T = TypeVar("T")


class Store:
    """One connection to a store, for one thread at a time."""

    def __init__(self, words: str | None = None) -> None:
        """Open the store of a path or URL (None: the user's own), and bring its schema up.

        Raises:
            UsageError: if the words name no store.
            StoreError: if it cannot be opened.
        """
        self.url = connecting.url_of(words)
        self.engine: sa.Engine = connecting.engine_of(self.url)
        try:
            connecting.migrate(self.engine)
        except BaseException:
            self.engine.dispose()
            raise

    @property
    def place(self) -> str:
        """Where it is, without a password."""
        return self.url.render_as_string(hide_password=True)

    def run(self, work: Callable[[sa.Connection], T]) -> T:
        """What ``work`` makes of a transaction, which is committed when it returns.

        Raises:
            StoreError: if the store failed; then nothing of it is kept, but for a failure in the
                commit itself.
        """
        with connecting.transaction(self.engine) as connection:
            return work(connection)

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        """What ``work`` reads, in a transaction that waits for no writer.

        Raises:
            StoreError: if the store failed.
        """
        with connecting.transaction(self.engine, is_read=True) as connection:
            return work(connection)

    def close(self) -> None:
        """Close the connection."""
        self.engine.dispose()
