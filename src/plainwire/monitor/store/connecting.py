"""Opening a store: SQLite or PostgreSQL, one connection, transactions that begin when told."""

from __future__ import annotations

import contextlib
import getpass
import logging
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import StaticPool

from plainwire.live import dial
from plainwire.model import UsageError
from plainwire.monitor.store.faults import StoreError, is_passing, told
from plainwire.monitor.store.schema import REVISION

BUSY_TIMEOUT_S = 5.0
MIGRATION_LOCK = 0x706C6169  # any number that no other program takes an advisory lock by
# Of libpq's; what asks for TLS without verifying it is given the verified one.
SSL_MODES = ("disable", "require", "verify-ca", "verify-full")
POSTGRESQL_OPTIONS = ("sslmode", "sslrootcert", "unix_sock", "application_name")
MIGRATIONS = Path(__file__).parent / "migrations"


def default_place() -> Path:
    """The embedded store: ``plainwire/monitor.db`` in the XDG data folder.

    Raises:
        UsageError: if nothing says where the user's folder is.
    """
    try:
        base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    except RuntimeError:
        raise UsageError("no home folder for the store; --store names a file") from None
    return Path(base) / "plainwire" / "monitor.db"


def url_of(words: str | None) -> URL:
    """The URL of a store from words: a path, ``sqlite:///PATH``, ``postgresql://…`` or None.

    User and password of a PostgreSQL URL may stand in the environment as PGUSER and PGPASSWORD.

    Raises:
        UsageError: if the words name neither.
    """
    if words is None:
        return URL.create("sqlite", database=str(default_place()))
    if "://" not in words:
        return _kept(URL.create("sqlite", database=words))
    try:
        url = make_url(words)
    except (ArgumentError, ValueError):
        raise UsageError("--store: not a URL of a database") from None
    backend = url.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise UsageError("--store: SQLite (a path) or postgresql://HOST/DATABASE")
    return _kept(url) if backend == "sqlite" else _postgresql(url)


def _kept(url: URL) -> URL:
    if url.database in (None, "", ":memory:"):
        raise UsageError("--store: a file, since what lies in memory alone is forgotten")
    return url


def _postgresql(url: URL) -> URL:
    for key in url.query.keys() - POSTGRESQL_OPTIONS:
        raise UsageError(f"--store: no option {key!r}; there are {', '.join(POSTGRESQL_OPTIONS)}")
    if (mode := url.query.get("sslmode", "disable")) not in SSL_MODES:
        raise UsageError(f"--store: sslmode is one of {', '.join(SSL_MODES)}, not {mode!r}")
    return url.set(
        drivername="postgresql+pg8000",
        username=url.username or os.environ.get("PGUSER") or _user(),
        password=url.password or os.environ.get("PGPASSWORD"),
    )


def _user() -> str:
    """The user's own name: PostgreSQL's clients take it where none is told."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # nobody has a name for this number
        raise UsageError("--store: postgresql://USER@HOST/DATABASE, or PGUSER") from None


def engine_of(url: URL) -> sa.Engine:
    """An engine that holds one connection, for the one thread that uses it.

    Raises:
        UsageError: if the CA of its URL cannot be read.
    """
    # Its pool writes a page about each connection that breaks; `StoreError` says it in a line.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    if url.get_backend_name() == "sqlite":
        _make_room(Path(url.database or ""))
        engine = sa.create_engine(
            url,
            poolclass=StaticPool,
            connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
        )
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    return sa.create_engine(
        url.difference_update_query(("sslmode", "sslrootcert")),
        pool_size=1,
        max_overflow=0,
        connect_args={"timeout": 30, "ssl_context": tls_of(url)},
    )


def tls_of(url: URL) -> ssl.SSLContext | None:
    """How a PostgreSQL URL is connected to: TLS that is verified; None: in clear.

    In clear only on this machine, or where ``sslmode=disable`` says so: the password and all that
    is known would go over the network.

    Raises:
        UsageError: if ``sslrootcert`` cannot be read.
    """
    host = url.host or "localhost"
    is_here = host == "localhost" or dial.is_loopback(host) or "unix_sock" in url.query
    if url.query.get("sslmode", "disable" if is_here else "verify-full") == "disable":
        return None
    ca = url.query.get("sslrootcert")
    try:
        context = dial.verifying_context(Path(str(ca)) if ca else None)
    except UsageError:
        raise UsageError(f"--store: cannot read the certificates of sslrootcert={ca}") from None
    context.set_alpn_protocols(["postgresql"])
    return context


def _make_room(path: Path) -> None:
    """The file's folder, its owner's alone, and the file with mode 0600 from the first byte."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as error:
        raise UsageError(f"--store: cannot make {path}: {error.strerror}") from None


def _prepare_sqlite(connection: Any, record: object) -> None:
    # The driver's own transactions begin too late for DDL and SELECT: ours are explicit.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    with contextlib.suppress(connection.OperationalError):  # a read-only store is read without
        cursor.execute("PRAGMA journal_mode = WAL")
    # FULL: a committed alert outlives a power cut too.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # A writer takes the lock at once: one that read first could not wait for it (SQLITE_BUSY).
    is_read = connection.get_execution_options().get("is_read")
    connection.exec_driver_sql("BEGIN" if is_read else "BEGIN IMMEDIATE")


@contextmanager
def transaction(engine: sa.Engine, *, is_read: bool = False) -> Iterator[sa.Connection]:
    """A transaction that is committed at the end of the block.

    Raises:
        StoreError: if the store failed; nothing of the block was then kept, unless the failure
            was in the commit itself, where that is not known.
    """
    try:
        with engine.connect() as raw:
            connection = raw.execution_options(is_read=True) if is_read else raw
            with connection.begin():
                yield connection
    except UnicodeEncodeError as error:  # a lone surrogate, which no driver can write
        engine.dispose()
        raise StoreError(str(error), is_passing=False) from error
    except (DBAPIError, OSError, sa.exc.TimeoutError, sa.exc.InvalidRequestError) as error:
        engine.dispose()  # whatever state the connection is in: the next one is new
        raise StoreError(told(error), is_passing=is_passing(error)) from error


def migrate(engine: sa.Engine) -> None:
    """Bring the schema to `REVISION`; several processes may do so at once.

    Raises:
        StoreError: if the store failed, or was written by a later version.
    """
    with transaction(engine, is_read=True) as connection:
        there = _revision(connection)
    if there == REVISION:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if there is not None and there not in known:
        raise StoreError(f"the store has schema {there}, of a later plainwire", is_passing=False)
    with transaction(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
        if _revision(connection) != REVISION:
            config.attributes["connection"] = connection
            command.upgrade(config, REVISION)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(
        sa.text("SELECT version_num FROM alembic_version")
    ).scalar()
    return found
