"""``plainwire tls`` as a command, and small TLS listeners for it."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from scanning import Said


def words(*options: object) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "plainwire", "tls", *(str(option) for option in options)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}


def tls(*options: object, cwd: Path, stdin: str = "") -> Said:
    """What ``plainwire tls`` says."""
    done = subprocess.run(
        words(*options),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=environment(),
        timeout=110,
    )
    return Said(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def listener(
    chain: Path, key: Path, *addresses: str, family: int = socket.AF_INET
) -> Iterator[tuple[int, list[str]]]:
    """Python's TLS on one port of some loopback addresses; its port, and who was asked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    asked: list[str] = []
    sockets = []
    port = 0
    for address in addresses or ("127.0.0.1",):
        one = socket.socket(family)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((address, port))
        port = one.getsockname()[1]
        one.listen(128)
        sockets.append(one)

    def shake(raw: socket.socket) -> None:
        with raw, contextlib.suppress(OSError):
            raw.settimeout(10)
            context.wrap_socket(raw, server_side=True).close()

    def serve(one: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                raw, _ = one.accept()
                asked.append(raw.getsockname()[0])
                threading.Thread(target=shake, args=(raw,), daemon=True).start()

    for one in sockets:
        threading.Thread(target=serve, args=(one,), daemon=True).start()
    try:
        yield port, asked
    finally:
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
