"""A real TLS server on loopback for the examples of certificate and version checks."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import tempfile
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from certificates import Issued, issue

ROOT = issue("Example Root", ca=True, key=2048)
VERSIONS = {
    "TLSv1.0": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
    b"Strict-Transport-Security: max-age=31536000\r\nConnection: close\r\n\r\n{}"
)


@contextlib.asynccontextmanager
async def serving(space: dict[str, Any]) -> AsyncIterator[tuple[int, Path]]:
    """Serve the example's `certificate` and `versions`; yields the port and the file of its CA.

    `chain` (DER certificates, leaf first) replaces what is served beside the key.
    """
    certificate: Issued = space.get("certificate") or issue("api.example.com", by=ROOT)
    versions = space.get("versions", ("TLSv1.2", "TLSv1.3"))
    with tempfile.TemporaryDirectory() as folder:
        chain, key, ca = (Path(folder, name) for name in ("chain.pem", "key.pem", "ca.pem"))
        served = space.get("chain")
        pem = "".join(ssl.DER_cert_to_PEM_cert(der) for der in served) if served else None
        chain.write_text(pem or certificate.chain_pem)
        key.write_text(certificate.key_pem)
        ca.write_text(ROOT.pem)
        server = await asyncio.start_server(
            _answer, "127.0.0.1", 0, ssl=_context(chain, key, versions)
        )
        try:
            yield server.sockets[0].getsockname()[1], ca
        finally:
            server.close()


def _context(chain: Path, key: Path, versions: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    wanted = [VERSIONS[name] for name in versions]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.1 is what is shown
        context.minimum_version, context.maximum_version = min(wanted), max(wanted)
    context.load_cert_chain(chain, key)
    return context


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        await writer.drain()
    writer.transport.abort()
