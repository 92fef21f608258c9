"""Where a store is, and how it is reached: words that name none, PostgreSQL over TLS."""

import ssl

import pytest
import sqlalchemy as sa

from plainwire.model import UsageError
from plainwire.monitor.store import Store, StoreError, connecting
from servers.postgresql import postgresql


@pytest.mark.parametrize(
    "words",
    [
        "mysql://db.test/x",
        "postgresql://db.test:port/x",
        "postgresql://db.test/x?sslmode=prefer",  # would go on in clear
        "postgresql://db.test/x?password=secret",
        "sqlite://",
        "sqlite:///:memory:",
        ":memory:",
    ],
)
def test_words_that_name_no_store(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="--store: "):
        Store(words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "is_tls"),
    [
        ("postgresql://db.test/x", True),
        ("postgresql://192.0.2.1/x?sslmode=require", True),
        ("postgresql://db.test/x?sslmode=disable", False),
        ("postgresql://localhost/x", False),
        ("postgresql://127.0.0.1/x", False),
        ("postgresql://[::1]/x?sslmode=verify-full", True),
        ("postgresql:///x?unix_sock=/run/postgresql/.s.PGSQL.5432", False),
    ],
)
def test_what_leaves_the_machine_is_encrypted_and_verified(words, is_tls):
    context = connecting.tls_of(connecting.url_of(words))
    assert (context is not None) is is_tls
    if context is not None:
        assert context.check_hostname and context.verify_mode is ssl.CERT_REQUIRED


def test_the_user_is_the_one_of_the_environment_where_none_is_told(monkeypatch):
    monkeypatch.setenv("PGUSER", "watcher")
    assert connecting.url_of("postgresql://localhost/x").username == "watcher"
    monkeypatch.delenv("PGUSER")
    monkeypatch.setenv("LOGNAME", "me")
    assert connecting.url_of("postgresql://localhost/x").username == "me"
    assert connecting.url_of("postgresql://other@localhost/x").username == "other"


@pytest.mark.server("postgres")
def test_postgresql_over_tls(certificate):
    with postgresql(certificate) as cluster:
        url = f"{cluster.create('over_tls')}?sslmode=verify-full"
        with pytest.raises(StoreError, match="issuer certificate"):  # of an authority nobody knows
            Store(url)
        store = Store(f"{url}&sslrootcert={certificate.ca}")
        words = sa.text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        assert store.read(lambda c: c.execute(words).scalar()) is True
        store.close()


@pytest.mark.server("postgres")
def test_a_server_without_tls_is_not_spoken_to_in_clear(cluster):
    with pytest.raises(StoreError, match="SSL"):
        Store(f"{cluster.create('in_clear')}?sslmode=verify-full")
