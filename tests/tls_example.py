"""A real TLS server on loopback for the examples of certificate and version checks."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import tempfile
import warnings
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from certificates import Issued, issue
from plainwire.wire import der

ROOT = issue("Example Root", ca=True, key=2048)
VERSIONS = {
    "TLSv1.0": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
# RFC 2409, section 6.2, and RFC 3526, section 3.
MODP = {
    1024: int(
        "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a0879"
        "8e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b"
        "0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff",
        16,
    ),
    2048: int(
        "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a0879"
        "8e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b"
        "0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da4836"
        "1c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804"
        "f1746c08ca18217c32905e462e36ce3be39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6"
        "955817183995497cea956ae515d2261898fa051015728e5a8aacaa68ffffffffffffffff",
        16,
    ),
}
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
    b"Strict-Transport-Security: max-age=31536000\r\nConnection: close\r\n\r\n{}"
)


@contextlib.asynccontextmanager
async def serving(space: dict[str, Any]) -> AsyncIterator[tuple[int, Path]]:
    """Serve the example's `certificate` and `versions`; yields the port and the file of its CA.

    `chain` (DER certificates, leaf first) replaces what is served beside the key; `ciphers` is
    OpenSSL's string of suites, and `dh_bits` the size of a Diffie-Hellman group of its own.
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
        context = _context(chain, key, versions, space.get("ciphers", "ALL"))
        if "dh_bits" in space:
            context.load_dh_params(_dh_parameters(space["dh_bits"], Path(folder, "dh.pem")))
        server = await asyncio.start_server(_answer, "127.0.0.1", 0, ssl=context)
        try:
            yield server.sockets[0].getsockname()[1], ca
        finally:
            server.close()


def _dh_parameters(bits: int, path: Path) -> Path:
    """A file with the parameters of RFC 2409's and RFC 3526's groups of a size, in PKCS #3."""
    made = der.encode(0x02, b"\0" + MODP[bits].to_bytes(bits // 8, "big")) + b"\x02\x01\x02"
    text = b64encode(der.encode(der.SEQUENCE, made)).decode()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    path.write_text(f"-----BEGIN DH PARAMETERS-----\n{lines}\n-----END DH PARAMETERS-----\n")
    return path


def _context(chain: Path, key: Path, versions: Any, ciphers: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
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
