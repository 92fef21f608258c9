"""Our own handshakes over sockets: real servers, and peers that fail in every way."""

import asyncio
import contextlib
import socket
import ssl
import struct

import pytest

import servers
from bounded import tcp_server
from certificates import issue
from memory_server import server_context
from plainwire.live.tls.asker import Asker, Refusal, Unknown
from plainwire.live.tls.connections import Connections
from plainwire.live.tls.gate import Gate
from plainwire.live.tls.handshakes import handshake, settled
from plainwire.wire.alerts import Alert
from plainwire.wire.handshake.client_13 import Handshake13
from plainwire.wire.handshake.offer_13 import Offer13
from servers.recording import listening
from tls_peers import TLS13, alert, opener, peer, record, server_hello

LEAF = issue("localhost", by=issue("Root", ca=True))
X25519, P256 = 0x001D, 0x0017


def asker_to(port, timeout_s=10.0):
    return Asker(Connections(opener(port), Gate(4), timeout_s))


def make(**offer):
    return lambda: Handshake13(Offer13(**offer))


def run(port, ask, timeout_s=10.0, **offer):
    """What `handshake` or `settled` says, and how many connections it cost."""

    async def scenario():
        asker = asker_to(port, timeout_s)
        words = ("test",) if ask is settled else ()
        return await ask(asker, make(**offer), *words), asker.connections.opened

    return asyncio.run(scenario())


def with_peer(respond, ask=settled, timeout_s=10.0, **offer):
    async def scenario():
        async with peer(respond) as (port, hellos):
            asker = asker_to(port, timeout_s)
            words = ("test",) if ask is settled else ()
            return await ask(asker, make(**offer), *words), len(hellos), asker

    return asyncio.run(scenario())


@pytest.mark.server("nginx")
def test_a_handshake_with_nginx_brings_its_chain_and_its_tickets(certificate):
    with servers.nginx(https=certificate) as server:
        result, connections = run(server.https_port, settled, server_name="localhost")
    assert (result.is_finished, result.is_signature_good, connections) == (True, True, 1)
    # SSL_CTX_set_num_tickets(3) says so: OpenSSL sends two by default.
    assert len(result.tickets) == 2
    # It answered close_notify by closing: there was nothing more to send.
    assert result.broken_off is None


@pytest.mark.server("openssl")
@pytest.mark.parametrize("count", [0, 1, 4])
def test_no_ticket_of_openssl_is_missed(certificate, count):
    options = ["-num_tickets", str(count)]
    with servers.s_server(certificate, options) as server:
        result, _ = run(server.https_port, handshake)
    assert (result.is_finished, len(result.tickets)) == (True, count)
    assert result.broken_off is None


@pytest.mark.server("openssl")
def test_a_required_certificate_is_an_alert_after_our_finished(certificate):
    with servers.s_server(certificate, ["-Verify", "1"]) as server:
        result, _ = run(server.https_port, settled)
    assert (result.is_finished, result.alert) == (True, Alert(2, 116))


@pytest.mark.server("openssl")
def test_what_a_server_refuses_is_a_refusal_after_one_question(certificate):
    with servers.s_server(certificate, ["-groups", "P-256"]) as server:
        found, connections = run(server.https_port, settled, groups=(X25519,))
    assert found == Refusal("fatal alert handshake_failure")
    assert connections == 1


@pytest.mark.server("openssl")
def test_a_retry_costs_no_connection(certificate):
    with servers.s_server(certificate, ["-groups", "P-256"]) as server:
        found, connections = run(server.https_port, settled, groups=(X25519, P256))
    assert (found.is_finished, found.was_retried, found.group) == (True, True, P256)
    assert connections == 1


def test_asyncio_that_closes_without_an_answer_is_finished():
    """Python's asyncio streams: the handler closes at once."""

    async def scenario():
        context = server_context(LEAF)
        context.minimum_version = ssl.TLSVersion.TLSv1_3

        async def close(reader, writer):
            writer.close()

        async with tcp_server(close, ssl=context) as port:
            return await settled(asker_to(port), make(), "test")

    found = asyncio.run(scenario())
    assert found.is_finished
    assert found.certificates == LEAF.chain


async def closes(hello, writer):
    return None


async def resets(hello, writer):
    raw = writer.transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def holds(hello, writer):
    return "hold"


async def says_garbage(hello, writer):
    writer.write(b"\x16\x03\x03\xff\xff" + bytes(100))


async def breaks_off(hello, writer):
    writer.write(record(22, server_hello(TLS13)) + record(23, bytes(30)))


@pytest.mark.parametrize(
    ("respond", "words"),
    [
        (closes, "closed"),
        (resets, "reset"),
        (holds, "no answer"),
        (says_garbage, "RFC"),
        (breaks_off, "RFC"),
    ],
)
def test_a_fault_is_tried_again_and_then_unknown(respond, words):
    found, tried, _ = with_peer(respond, timeout_s=0.3)
    assert isinstance(found, Unknown)
    assert words in found.reason
    assert tried == 2


def test_a_fault_once_is_no_fault():
    faults = [True, False]

    async def respond(hello, writer):
        if faults.pop(0):
            return
        writer.write(alert(40))

    found, tried, _ = with_peer(respond)
    assert (found, tried) == (Refusal("fatal alert handshake_failure"), 2)


def test_nobody_listening_is_unknown():
    async def scenario():
        async with peer(closes) as (port, _):
            pass
        return await settled(asker_to(port), make(), "test")

    found = asyncio.run(scenario())
    assert isinstance(found, Unknown)
    assert "nobody listens there" in found.reason


def test_a_server_that_has_stopped_answering_is_asked_no_more():
    async def scenario():
        async with peer(holds) as (port, hellos):
            asker = asker_to(port, 0.05)
            for _ in range(5):
                found = await settled(asker, make(), "test")
            return found, len(hellos)

    found, tried = asyncio.run(scenario())
    assert "stopped answering" in found.reason
    assert tried == 6


@contextlib.contextmanager
def silent_after_the_handshake():
    """OpenSSL finishes the handshake without a ticket, and then reads nothing any more."""
    context = server_context(LEAF)
    context.num_tickets = 0

    def behave(connection):
        connection.peer.settimeout(20)
        with context.wrap_socket(connection.peer, server_side=True):
            connection.stopping.wait(30)

    with listening(behave) as server:
        yield server.port


def test_silence_after_the_handshake_is_in_the_result():
    """Whether such a server has tickets nobody knows."""
    with silent_after_the_handshake() as port:
        found, connections = run(port, settled, timeout_s=1.0)
    assert (found.is_finished, found.tickets, connections) == (True, (), 1)
    assert found.broken_off.kind == "silent"
