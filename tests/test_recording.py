"""The recording server and the hostile behaviours, seen by clients of another make."""

import http.client
import socket
import ssl
import zlib
from pathlib import Path

import pytest

from servers.hostile import BEHAVIOURS, bomb, resets
from servers.recording import listening, recording, response
from test_servers import curl


def test_records_every_byte_and_counts_connections_and_requests():
    with recording(lambda request: response(body=request.split(b" ")[1])) as server:
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        for path in ("/a", "/b"):
            client.request("POST", path, body=b"secret", headers={"X-Key": "canary"})
            assert client.getresponse().read() == path.encode()
        client.close()
        other = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        other.request("GET", "/c")
        other.getresponse().read()
        other.close()
    assert [request.split(b"\r\n")[0] for request in server.requests] == [
        b"POST /a HTTP/1.1",
        b"POST /b HTTP/1.1",
        b"GET /c HTTP/1.1",
    ]
    assert len(server.connections) == 2
    assert server.wire == server.received == b"".join(server.requests)
    assert server.wire.count(b"X-Key: canary") == server.wire.count(b"secret") == 2


def test_over_tls_the_wire_is_kept_beside_what_was_said(certificate):
    with recording(lambda _: response(body=b"{}"), https=certificate) as server:
        reply = curl(
            f"https://api.plainwire.test:{server.port}/", "-H", "X-Key: canary", ca=certificate.ca
        )
    assert (reply.status, reply.body) == (200, "{}")
    assert b"X-Key: canary" in server.received
    assert b"canary" not in server.wire
    assert server.wire.startswith(b"\x16\x03")  # a TLS handshake record


def test_cleartext_sent_to_a_tls_port_is_in_the_record(certificate):
    with (
        recording(lambda _: response(), https=certificate) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as client,
    ):
        client.sendall(b"GET / HTTP/1.1\r\nX-Key: canary\r\n\r\n")
        while client.recv(65536):
            pass
    assert b"X-Key: canary" in server.wire
    assert (server.received, server.requests) == (b"", [])
    assert "SSLError" in server.connections[0].ended_by


def test_tells_how_many_connections_were_open_at_once():
    with recording(lambda _: response()) as server:
        clients = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=10) for _ in "abc"]
        for client in clients:
            client.request("GET", "/")
            client.getresponse().read()
        for client in clients:
            client.close()
    assert server.most_open == 3


def test_a_fault_of_the_answer_is_the_tests_own():
    with (
        pytest.raises(ZeroDivisionError),
        recording(lambda _: b"%d" % (1 / 0)) as server,
        pytest.raises(ConnectionError),
    ):
        curl(f"http://127.0.0.1:{server.port}/")


def test_a_reset_is_an_rst():
    with (
        listening(resets) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as client,
    ):
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            client.recv(1)


# What a client of another make says of each; 0 is a whole response.
# https://curl.se/libcurl/c/libcurl-errors.html
CURL = {
    "never answers": {28},
    "answers a byte a second": {28},
    "closes at once": {52},
    "resets": {56},
    "resets in the body": {18, 56},
    "ends in the body": {18},
    "sends garbage": {1},
    "endless header": {27, 56, 100},
    "endless headers": {27, 56, 100},
    "endless interim responses": {27, 28, 56, 100},
    "endless body": {28, 63},
    "endless chunks": {28, 63},
    "JSON of empty lists": {28, 63},
    "a long API description": {63},
    "header of 16 megabytes": {27, 56, 100},
    "redirect loop": {0},
    "gzip bomb": {0},
    "invalid UTF-8": {0},
    "invalid UTF-8 in the body": {0},
    "control characters": {0, 8},
    "escape characters": {0, 8},
}


# Where it shows, if not at every path.
PATHS = {"a long API description": "/openapi.json"}


@pytest.mark.parametrize("name", BEHAVIOURS)
@pytest.mark.parametrize("is_tls", [False, True], ids=["cleartext", "tls"])
def test_each_hostile_behaviour_is_what_it_says(name, is_tls, certificate):
    with listening(BEHAVIOURS[name], https=certificate if is_tls else None) as server:
        path = PATHS.get(name, "/")
        url = f"{'https' if is_tls else 'http'}://api.plainwire.test:{server.port}{path}"
        # Short where time has to run out; elsewhere a busy machine must not let it.
        limit_s = "0.5" if 28 in CURL[name] else "20"
        limits = ("--max-time", limit_s, "--max-filesize", "5000000")
        code = exit_code(url, *limits, ca=certificate.ca)
    assert code in CURL[name] | ({35, 56} if is_tls and "reset" in name else set())
    assert server.received.startswith(f"GET {path} HTTP/1.1\r\n".encode())


def exit_code(url: str, *options: str, ca: Path) -> int:
    try:
        curl(url, *options, ca=ca)
    except ConnectionError as error:
        return int(str(error).split(":")[0].removeprefix("curl "))
    return 0


def test_the_bomb_is_small_until_it_is_unpacked():
    packed = bomb(4)
    assert len(packed) < 10_000
    assert zlib.decompress(packed, wbits=31) == bytes(4 << 20)


def test_a_client_that_distrusts_the_certificate_says_nothing(certificate):
    with recording(lambda _: response(), https=certificate) as server:
        client = http.client.HTTPSConnection(
            "127.0.0.1", server.port, timeout=10, context=ssl.create_default_context()
        )
        with pytest.raises(ssl.SSLCertVerificationError):
            client.request("GET", "/", headers={"X-Key": "canary"})
        client.close()
    assert server.received == b""
