"""Real TLS servers on loopback and hand-made peers for the prober, with the truth about each."""

import asyncio
import contextlib
import socket
import ssl
import subprocess

import trustme

from bounded import child, tcp_server

SSL3, TLS10, TLS11, TLS12, TLS13 = 0x0300, 0x0301, 0x0302, 0x0303, 0x0304


def opener(port, at_once=8):
    """What a caller's pool gives the prober: `at_once` connections at the same time."""
    gate = asyncio.Semaphore(at_once)

    @contextlib.asynccontextmanager
    async def open_stream():
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                yield reader, writer
            finally:
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()

    return open_stream


def write_certificate(folder):
    """A certificate for localhost of a test CA; returns the paths of chain and key."""
    issued = trustme.CA().issue_cert("localhost", key_type=trustme.KeyType.RSA)
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(key)
    return chain, key


@contextlib.contextmanager
def s_server(certificate, *options):
    """`openssl s_server`, which serves one connection at a time; gives its port."""
    chain, key = certificate
    command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", chain, "-key", key, "-www"]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "text": True}
    with child([*command, *options], stderr=subprocess.DEVNULL, **streams) as process:
        accept = next((line for line in process.stdout if line.startswith("ACCEPT")), None)
        assert accept, f"openssl s_server {options} did not start"
        yield int(accept.rpartition(":")[2])


def can_handshake(port, version):
    """Whether OpenSSL, as a client with every old thing allowed, completes this one version."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", port), 5) as raw:
        try:
            with context.wrap_socket(raw, server_hostname="localhost") as wrapped:
                return wrapped.version() is not None
        except (ssl.SSLError, ConnectionError):
            return False


def asked_version(hello):
    """The one version that a hello of ours offers, read without our own code."""
    if b"\x00\x2b\x00\x03\x02\x03\x04" in hello:
        return TLS13
    return int.from_bytes(hello[9:11], "big")


def has_share(hello):
    """Whether a TLS 1.3 hello has an x25519 share (RFC 8446, 4.2.8)."""
    return b"\x00\x33\x00\x26\x00\x24\x00\x1d\x00\x20" in hello


def record(kind, fragment, version=0x0303):
    return bytes([kind]) + version.to_bytes(2, "big") + len(fragment).to_bytes(2, "big") + fragment


def alert(description, level=2):
    return record(21, bytes([level, description]))


def server_hello(version, suite=0x002F):
    """A ServerHello message (RFC 5246, 7.4.1.3), or one of TLS 1.3 with an x25519 share."""
    body = min(version, TLS12).to_bytes(2, "big") + b"\x5a" * 32 + b"\x00"
    body += (0x1301 if version == TLS13 else suite).to_bytes(2, "big") + b"\x00"
    if version == TLS13:
        block = bytes.fromhex("002b00020304 00330024001d0020") + b"\x01" * 32
        body += len(block).to_bytes(2, "big") + block
    return b"\x02" + len(body).to_bytes(3, "big") + body


@contextlib.asynccontextmanager
async def peer(respond):
    """A server that reads one hello and calls `respond(hello, writer)`; gives port and hellos."""
    hellos = []

    async def serve(reader, writer):
        try:
            head = await reader.readexactly(5)
            hello = head + await reader.readexactly(int.from_bytes(head[3:5], "big"))
            hellos.append(hello)
            if await respond(hello, writer) == "hold":
                await reader.read()
            writer.close()
            await writer.wait_closed()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async with tcp_server(serve) as port:
        yield port, hellos
