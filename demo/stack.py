"""The two stacks of the demo: gunicorn on free ports of 127.0.0.1, stopped whatever happens."""

import http.client
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import trustme

HERE = Path(__file__).parent
NAME = "api.plainwire.test"
BREAKS = ("redirect", "hsts", "cert", "cookie", "forwarded")
START_DEADLINE_S = 20.0
STOP_DEADLINE_S = 5.0


@dataclass(frozen=True)
class Hardened:
    """Where the hardened API listens, and the authority behind its certificate."""

    https_port: int
    http_port: int
    ca: Path


@contextmanager
def weak() -> Iterator[int]:
    """The weak API over plain HTTP: the port it listens on."""
    with (
        tempfile.TemporaryDirectory(prefix="plainwire-demo-") as folder,
        _gunicorn("weak", Path(folder, "log"), {}) as port,
    ):
        yield port


@contextmanager
def hardened(ca: Path, broken: str = "") -> Iterator[Hardened]:
    """The hardened API over TLS, and beside it a cleartext port that refuses everything.

    Writes the certificate of a test authority made on the spot to ``ca``; the authority's key is
    never written. ``broken`` is one of `BREAKS`: one thing is then wrong.
    """
    environment = {
        "DEMO_BREAK": broken,
        "DEMO_SECRET": secrets.token_hex(),
    }
    with tempfile.TemporaryDirectory(prefix="plainwire-demo-") as name:
        folder = Path(name)
        tls = _certificate(folder, ca, is_expired=broken == "cert")
        with (
            _gunicorn("hardened", folder / "tls.log", environment, tls) as https_port,
            _gunicorn("hardened", folder / "cleartext.log", environment) as http_port,
        ):
            yield Hardened(https_port, http_port, ca)


def _certificate(folder: Path, ca: Path, is_expired: bool) -> tuple[str, ...]:
    """gunicorn's options for a certificate of 90 days; an expired one ended yesterday."""
    authority = trustme.CA()
    end = datetime.now(UTC) + timedelta(days=-1 if is_expired else 89)
    issued = authority.issue_cert(NAME, not_before=end - timedelta(days=90), not_after=end)
    chain, key = folder / "chain.pem", folder / "key.pem"
    authority.cert_pem.write_to_path(ca)
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(key)
    return ("--certfile", str(chain), "--keyfile", str(key))


@contextmanager
def _gunicorn(
    name: str, log: Path, given: dict[str, str], tls: tuple[str, ...] = ()
) -> Iterator[int]:
    """The API on a free port of 127.0.0.1, answering; its whole process group ends with the block.

    The socket is bound here and handed over, so that no other program can take the port meanwhile.
    """
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"DEMO_SECRET": secrets.token_hex(), "DEMO_BREAK": "", **given}
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener, log.open("wb") as output:
        port = listener.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
        process = running(
            [*command, "--bind", f"fd://{listener.fileno()}", *tls, "app:app"],
            cwd=HERE / name,
            env=environment,
            pass_fds=[listener.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        with process as gunicorn:
            listener.close()
            _await_answer(gunicorn, port, bool(tls), log)
            yield port


def _await_answer(process: subprocess.Popen[bytes], port: int, is_tls: bool, log: Path) -> None:
    """Return when the API answers.

    Raises:
        RuntimeError: if it ends, or does not answer in time; with its log.
    """
    deadline = time.monotonic() + START_DEADLINE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return _ask(port, is_tls)
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
    raise RuntimeError(f"the demo's API did not start:\n{log.read_text('utf-8', 'replace')}")


def _ask(port: int, is_tls: bool) -> None:
    if is_tls:
        # Only whether it answers matters here: the certificate is the scan's to judge.
        context = ssl._create_unverified_context()
        client = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)
    else:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        client.request("GET", "/")
        client.getresponse().read()
    finally:
        client.close()


@contextmanager
def running(
    command: Sequence[str], first: signal.Signals = signal.SIGTERM, **options: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a group of its own, which ends with the block.

    A signal that comes while it starts waits until it can be stopped, or it would be left behind.
    """
    waiting: list[int] = []
    handlers = {
        kind: signal.signal(kind, lambda number, _: waiting.append(number))
        for kind in (signal.SIGINT, signal.SIGTERM)
    }
    process = None
    try:
        try:
            process = subprocess.Popen(command, start_new_session=True, **options)
        finally:
            for kind, handler in handlers.items():
                signal.signal(kind, handler)
        for number in waiting:
            signal.raise_signal(number)
        yield process
    finally:
        if process is not None:
            stop(process, first)


def stop(process: subprocess.Popen[bytes], first: signal.Signals = signal.SIGTERM) -> None:
    """End a process that leads a group, and the group: politely at first, then by force."""
    for kind in (first, signal.SIGKILL):
        try:
            os.killpg(process.pid, kind)
            process.wait(STOP_DEADLINE_S)
        except (ProcessLookupError, PermissionError):  # nobody of it is left (macOS: a zombie)
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait()
