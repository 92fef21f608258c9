"""backend-tls with `--probe`: real servers on loopback are asked, and their clients agree."""

import contextlib
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

from certificates import issue
from fix.fixing import planned
from plainwire.fix.peers import asker
from probing import listener
from servers.postgresql import USER, postgresql

HOST, OTHER = "cache.shop-data.net", "other.shop-data.net"


@pytest.fixture(autouse=True)
def _resolved(monkeypatch):
    """A backend on the internet is one with a public name: it is this machine's here."""
    found = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **named: found(
            "127.0.0.1" if str(host).endswith(".shop-data.net") else host, *rest, **named
        ),
    )


def made(address, files):
    """The level of the patch for an address, why, and the address afterwards."""
    project = {
        "requirements.txt": "celery\nflask\n",
        "Dockerfile": 'FROM python:3.12\nCMD ["gunicorn", "app:app"]\n',
        "app.py": f"from flask import Flask\nimport config\napp = Flask(__name__)\n"
        f'app.config["CELERY_BROKER_URL"] = "{address}"\n',
    }
    plan = planned(project, ask=asker(files.ca), only=frozenset({"backend-tls"}))
    patches = [step.patch for step in plan.steps] + plan.advice
    (new,) = [after.text for _, after in plan.changes] or [project["app.py"]]
    return patches[0].level, patches[0].proof, new.split('"')[3]


def is_accepted(port, files):
    """What a client of Python's own that verifies says of the server."""
    context = ssl.create_default_context(cafile=files.ca)
    with contextlib.closing(socket.create_connection(("127.0.0.1", port), 10)) as raw:
        try:
            context.wrap_socket(raw, server_hostname=HOST).close()
        except ssl.SSLCertVerificationError:
            return False
    return True


@pytest.mark.parametrize("name", [HOST, OTHER])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("redis://:token@{}/0", "rediss://:token@{}/0?ssl_cert_reqs=required"),
        ("rediss://{}/0?ssl_cert_reqs=none", "rediss://{}/0?ssl_cert_reqs=required"),
        ("amqp://shop:word@{}/%2F?heartbeat=5", "amqps://shop:word@{}/%2F?heartbeat=5"),
        ("mongodb://{}", "mongodb://{}/?tls=true"),
    ],
)
def test_an_address_gets_tls_where_a_client_would_accept_the_server(before, after, name, pem_files):
    files = pem_files(issue(name, by=issue("Root", ca=True)))
    with listener(files.chain, files.key) as (port, asked):
        place = f"{HOST}:{port}"
        level, proof, address = made(before.format(place), files)
        assert asked, "the server was not asked"
        assert is_accepted(port, files) is (name == HOST)
    if name == HOST:
        assert (level, address) == ("conditional", after.format(place))
        assert f"{place} was asked" in proof
    else:
        assert (level, address) == ("unsafe", before.format(place))
        assert "hostname_mismatch" in proof


def test_a_server_that_speaks_no_tls_gets_none(pem_files):
    """As Redis does: what it cannot read it answers with an error, and closes."""
    files = pem_files(issue(HOST, by=issue("Root", ca=True)))
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    one, _ = server.accept()
                    with one:
                        one.recv(4096)
                        one.sendall(b"-ERR unknown command\r\n")

        threading.Thread(target=serve, daemon=True).start()
        port = server.getsockname()[1]
        level, proof, address = made(f"redis://{HOST}:{port}/0", files)
        server.shutdown(socket.SHUT_RDWR)
    assert level == "unsafe" and address.startswith("redis://") and f"{HOST}:{port}" in proof


@pytest.mark.server("postgres")
@pytest.mark.parametrize("name", [HOST, OTHER])
def test_postgresql_is_asked_in_its_own_manner(name, pem_files):
    files = pem_files(issue(name, by=issue("Root", ca=True)))
    with postgresql() as cluster:
        for source, target in ((files.chain, "server.crt"), (files.key, "server.key")):
            place = cluster.folder / target
            shutil.copy(source, place)
            place.chmod(0o600)
            if os.getuid() == 0:
                os.chown(place, *pwd.getpwnam(USER)[2:4])
        cluster.sql("postgres", "ALTER SYSTEM SET ssl = on")
        cluster.restart_at_once()
        address = f"postgresql://shop@{HOST}:{cluster.port}/shop?sslmode=require"
        level, proof, after = made(address, files)
        said = f"host={HOST} hostaddr=127.0.0.1 port={cluster.port} user={USER} dbname=postgres"
        said += f" sslmode=verify-full sslrootcert={files.ca}"
        done = subprocess.run(["psql", said, "-c", "SELECT 1"], capture_output=True, check=False)
    assert (done.returncode == 0) is (name == HOST), done.stderr
    assert level == ("conditional" if name == HOST else "unsafe"), proof
    assert ("sslmode=verify-full" in after) is (name == HOST)
