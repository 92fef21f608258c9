"""PostgreSQL, which begins TLS behind an SSLRequest; its data directory is made on the spot."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .process import Certificate, Server, place, required, running

# The server refuses to run as root, and so do its tools.
AS_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")


@contextmanager
def postgres(https: Certificate | None, settings: Sequence[str] = ()) -> Iterator[Server]:
    """PostgreSQL on `https_port`, without TLS if there is no certificate.

    ``settings`` are such as ``ssl_min_protocol_version=TLSv1.3``.
    """
    executable = Path(required("postgres"))
    lowered = AS_NOBODY if os.geteuid() == 0 else ()
    with place() as where:
        home = where.folder / "home"
        home.mkdir()
        files = ()
        if https:
            files = (home / "chain.pem", home / "key.pem")
            shutil.copyfile(https.chain, files[0])
            shutil.copyfile(https.key, files[1])
            files[1].chmod(0o600)
        if lowered:
            for path in (home, *files):
                shutil.chown(path, "nobody", "nogroup")
        data = home / "data"
        make = [executable.with_name("initdb"), "--no-sync", "--auth", "trust", "-D", data]
        subprocess.run([*lowered, *make], check=True, capture_output=True, cwd=home)
        words = ["listen_addresses=127.0.0.1", f"port={where.https_port}", "fsync=off"]
        words += ["unix_socket_directories=", f"ssl={'on' if https else 'off'}", *settings]
        words += [
            f"ssl_{what}_file={path}" for what, path in zip(("cert", "key"), files, strict=False)
        ]
        command = [*lowered, executable, "-D", data, *(f"--{word}" for word in words)]
        with running(
            "postgres",
            where,
            command,
            [where.https_port],
            is_ready=lambda log: "ready to accept connections" in log,
        ) as server:
            yield server
