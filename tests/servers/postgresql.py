"""PostgreSQL with a data folder, a port and a socket folder of its own, as an unprivileged user."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .ports import reserved_port
from .process import Certificate, required

USER = "postgres"  # made by Debian's package; the server refuses to run as root
DEADLINE_S = 60.0


@dataclass(frozen=True)
class Cluster:
    """A running server; fsync is on, as its default is."""

    folder: Path
    port: int
    binaries: Path

    def url(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """A new database's URL."""
        self.sql("postgres", f"CREATE DATABASE {database}")
        return self.url(database)

    def sql(self, database: str, words: str) -> str:
        options = ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", database]
        done = self.run("psql", *options, "-XAtqc", words)
        return done.stdout.strip()

    def restart_at_once(self) -> None:
        """As after a crash: nothing is flushed, connections break, the log is replayed."""
        self.run("pg_ctl", "-D", self.folder, "-m", "immediate", "-w", "restart", "-l", self.log)

    @property
    def log(self) -> Path:
        return self.folder.parent / "log"

    def run(self, program: str, *words: object) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [str(self.binaries / program), *map(str, words)],
            cwd=self.folder.parent,
            user=USER if os.getuid() == 0 else None,
            group=USER if os.getuid() == 0 else None,
            extra_groups=[] if os.getuid() == 0 else None,
            stdin=subprocess.DEVNULL,
            # pg_ctl's server keeps a pipe open for ever: a file does not wait for it.
            stdout=subprocess.PIPE if program == "psql" else subprocess.DEVNULL,
            stderr=subprocess.PIPE if program == "psql" else subprocess.DEVNULL,
            encoding="utf-8",
            timeout=DEADLINE_S,
        )
        if done.returncode:
            log = self.log.read_text("utf-8", "replace") if self.log.exists() else ""
            raise RuntimeError(f"{program} failed: {done.stderr or ''}\n{log[-3000:]}")
        return done


@contextmanager
def postgresql(
    certificate: Certificate | None = None, settings: Sequence[str] = ()
) -> Iterator[Cluster]:
    """A server for the length of the block, without TLS if there is no certificate.

    ``settings`` are further lines of its configuration.
    """
    found = Path(required("postgres")).resolve().parent  # where initdb and pg_ctl are
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="plainwire-pg-")))
        if os.getuid() == 0:
            user = pwd.getpwnam(USER)
            os.chown(place, user.pw_uid, user.pw_gid)
        port = stack.enter_context(reserved_port())
        cluster = Cluster(place / "data", port, found)
        cluster.run(
            "initdb", "--no-sync", "-D", cluster.folder, "--auth=trust", "-U", USER, "-E", "UTF8"
        )
        lines = [
            "listen_addresses = '127.0.0.1'",
            f"port = {port}",
            f"unix_socket_directories = '{place}'",
            "shared_buffers = 32MB",
            "max_connections = 40",
        ]
        lines += _tls(place, certificate) if certificate else []
        with (cluster.folder / "postgresql.conf").open("a") as file:
            file.write("\n".join([*lines, *settings]) + "\n")
        cluster.run("pg_ctl", "-D", cluster.folder, "-w", "start", "-l", cluster.log)
        try:
            yield cluster
        finally:
            cluster.run("pg_ctl", "-D", cluster.folder, "-m", "immediate", "-w", "stop")
            _await_end(cluster)


def _tls(place: Path, certificate: Certificate) -> list[str]:
    """The settings of TLS; files of its own, since it refuses a key that others may read."""
    chain = shutil.copyfile(certificate.chain, place / "chain.pem")
    key = shutil.copyfile(certificate.key, place / "key.pem")
    key.chmod(0o600)
    if os.getuid() == 0:
        shutil.chown(key, USER)
    return ["ssl = on", f"ssl_cert_file = '{chain}'", f"ssl_key_file = '{key}'"]


def _await_end(cluster: Cluster) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while (cluster.folder / "postmaster.pid").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
