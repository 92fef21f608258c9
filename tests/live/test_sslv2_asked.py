"""SSLv2 over sockets: hand-written listeners, as no stack of today has it, and real ones."""

import asyncio
import contextlib

import pytest

import servers
from bounded import tcp_server
from certificates import issue
from flawed_server import flight, wants
from plainwire.live.settings import Settings
from plainwire.tls import probe_async
from tls_peers import alert, record

RSA = issue("localhost", by=issue("Root", ca=True), key=2048)
NAMES = ["SSL_CK_RC4_128_WITH_MD5", "SSL_CK_DES_192_EDE3_CBC_WITH_MD5"]


def server_hello_2(specs="010080 0700c0"):
    """SERVER-HELLO (the 1995 draft, 2.6): no session hit, an X.509 certificate, version 2."""
    parts = RSA.der, bytes.fromhex(specs), b"c" * 16
    body = b"\4\0\1\0\2" + b"".join(len(part).to_bytes(2, "big") for part in parts)
    body += b"".join(parts)
    return (0x8000 | len(body)).to_bytes(2, "big") + body


FLIGHT = record(22, flight(RSA))


@contextlib.asynccontextmanager
async def listener(answer_2, speaks_tls=True, to_tls=None):
    """Answers SSLv2's CLIENT-HELLO by `answer_2`, and TLS 1.2's hello by a flight, or as told."""
    asked = []

    async def serve(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readexactly(5)
            if head[0] & 0x80:
                hello = head + await reader.readexactly((head[0] & 0x7F) * 256 + head[1] - 3)
                asked.append(hello)
                answer = answer_2
            else:
                hello = head + await reader.readexactly(int.from_bytes(head[3:5], "big"))
                answer = FLIGHT if wants(hello[5:]) else alert(40)
                answer = answer if speaks_tls else b""
                if to_tls == "reset":
                    writer.transport.abort()
                    return
                answer = {"hold": None, "ERROR": b"\x80\3\0\0\1"}.get(to_tls, answer)
            if answer is None:
                await reader.read()
            writer.write(answer or b"")
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async with tcp_server(serve) as port:
        yield port, asked


def probed(port, timeout_s=10.0, parts=("versions", "ciphers")):
    return probe_async(
        f"localhost:{port}",
        address="127.0.0.1",
        parts=parts,
        settings=Settings(answer_timeout_s=timeout_s),
    )


def seen(answer_2, timeout_s=10.0, **options):
    async def scenario():
        async with listener(answer_2, **options) as (port, asked):
            return await probed(port, timeout_s), asked

    return asyncio.run(scenario())


def test_sslv2_is_found_with_its_suites_and_its_certificate_in_one_connection():
    endpoint, asked = seen(server_hello_2())
    assert endpoint.protocols["SSLv2"] is True
    assert list(endpoint.ciphers["SSLv2"]) == NAMES
    assert len(asked) == 1
    assert endpoint.inconclusive == ()


def test_a_listener_of_sslv2_alone_speaks_tls():
    endpoint, _ = seen(server_hello_2(), speaks_tls=False)
    assert endpoint.speaks_tls is True
    assert endpoint.protocols["SSLv2"] is True
    [chain] = endpoint.certificates
    assert chain.chain[0].subject == "CN=localhost"


@pytest.mark.parametrize("to_tls", ["reset", "hold", "ERROR"])
def test_one_of_sslv2_alone_that_is_odd_to_hellos_of_tls(to_tls):
    """It takes the hello of TLS for a broken one of its own; SSLv2's ERROR says so."""

    async def scenario():
        async with listener(server_hello_2(), to_tls=to_tls) as (port, asked):
            return await probed(port, 0.5), asked

    endpoint, _ = asyncio.run(scenario())
    known = endpoint.protocols or {}
    if to_tls == "hold":  # as a port does on which nothing answers
        assert "SSLv2" not in known
    else:
        assert known["SSLv2"] is True and list(endpoint.ciphers["SSLv2"]) == NAMES
    questions = " ".join(gap.question for gap in endpoint.inconclusive)
    for version in ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"):
        assert version in known or version in questions


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        (alert(40), 1),
        (b"\x15\3\0\0\2\2\x28", 1),
        (FLIGHT, 1),
        (server_hello_2(""), 1),
        (b"\x80\3\0\0\1", 1),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", 1),
        (b"", 2),
    ],
    ids=["alert", "alert of SSLv3", "flight of TLS", "no suites", "ERROR", "http", "end"],
)
def test_sslv2_is_refused(answer, count):
    endpoint, asked = seen(answer)
    assert endpoint.protocols["SSLv2"] is False
    assert "SSLv2" not in endpoint.ciphers
    assert len(asked) == count


@pytest.mark.parametrize("answer", [None, server_hello_2()[:-1], b"\x80\x05\4\0\1\0\2"])
def test_what_says_nothing_is_left_open(answer):
    """Silence, an end inside a message, a message that is too short."""
    endpoint, asked = seen(answer, 1.0)
    assert "SSLv2" not in endpoint.protocols
    [gap] = endpoint.inconclusive
    assert gap.question.endswith("does it accept SSLv2?")
    assert len(asked) == 2


def test_plain_http_is_not_asked_for_sslv2():
    async def scenario():
        hellos = []

        async def serve(reader, writer):
            hellos.append(await reader.read(5))
            writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            writer.close()

        async with tcp_server(serve) as port:
            await probed(port)
        return hellos

    assert all(hello[0] == 0x16 for hello in asyncio.run(scenario()))


@pytest.mark.server("nginx", "apache", "haproxy", "openssl")
@pytest.mark.parametrize("name", ["nginx", "apache", "haproxy", "s_server"])
def test_no_real_server_of_today_has_sslv2(pem_files, name):
    with getattr(servers, name)(https=pem_files(RSA)) as server:
        endpoint = asyncio.run(probed(server.https_port, 20.0))
    assert endpoint.protocols["SSLv2"] is False
    assert endpoint.protocols["TLSv1.2"] is True
    assert endpoint.inconclusive == ()


def test_tlslite_has_no_sslv2(pem_files):
    """It understands an SSLv2 hello, as a beginning of SSLv3 or TLS."""
    given = {"minVersion": (3, 0), "maxVersion": (3, 3)}
    with servers.tlslite(pem_files(RSA), given) as server:
        endpoint = asyncio.run(probed(server.https_port, 20.0))
    assert endpoint.protocols["SSLv2"] is False
    assert endpoint.protocols["SSLv3"] is True
