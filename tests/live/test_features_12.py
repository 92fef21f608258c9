"""What TLS 1.2 has to be asked for by itself: the truth is each server's configuration."""

import asyncio
import re
import subprocess

import pytest

import servers
from certificates import issue
from flawed_server import flight, wants
from plainwire.live.settings import Settings
from plainwire.tls import probe_async
from tls_peers import (
    TLS12,
    alert,
    asked_version,
    peer,
    record,
    server_hello,
)

RSA = issue("localhost", "127.0.0.1", by=issue("Root", ca=True), key=2048)
PARTS = ("features",)


@pytest.fixture(scope="module")
def rsa(pem_files):
    return pem_files(RSA)


def probed(port, parts=PARTS, **options):
    """The endpoint as the probe sees it."""
    options = {"settings": Settings(), **options}
    return asyncio.run(
        probe_async(f"localhost:{port}", address="127.0.0.1", parts=parts, **options)
    )


def s_client(port, *options, stdin=b""):
    """What OpenSSL's client prints of a connection of TLS 1.2."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_2", *options]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=False)
    return (done.stdout + done.stderr).decode()


def resumes(port, *options):
    """OpenSSL's own word: the connections of ``-reconnect`` after the first, all reused or none."""
    said = re.findall(r"^(New|Reused), TLS", s_client(port, "-reconnect", *options), re.M)
    assert len(said) == 6
    assert said[0] == "New"
    assert len(set(said[1:])) == 1
    return said[1] == "Reused"


NGINX = [
    ("", True, False),
    ("ssl_session_cache shared:a:1m;", True, True),
    ("ssl_session_tickets off; ssl_session_cache shared:a:1m;", False, True),
    ("ssl_session_tickets off; ssl_session_cache off;", False, False),
]


@pytest.mark.server("nginx", "openssl")
@pytest.mark.parametrize("versions", ["TLSv1.2", "TLSv1.2 TLSv1.3"])
@pytest.mark.parametrize(("extra", "by_ticket", "by_id"), NGINX)
def test_what_nginx_is_told_about_sessions(rsa, versions, extra, by_ticket, by_id):
    extra += " ssl_session_timeout 11m;"
    with servers.nginx(https=rsa, protocols=versions, extra=extra) as server:
        found = probed(server.https_port)
        assert resumes(server.https_port, "-no_ticket") is by_id
        assert resumes(server.https_port) is (by_ticket or by_id)
    assert found.features["ticket_resumption"] is by_ticket
    assert found.features["session_id_resumption"] is by_id
    assert found.features.get("ticket_lifetime_hint_s") == (660 if by_ticket else None)
    assert found.inconclusive == ()


@pytest.mark.server("openssl")
@pytest.mark.parametrize(
    ("options", "by_ticket"), [((), True), (("-no_ticket",), False)], ids=["tickets", "none"]
)
def test_sessions_of_openssl(rsa, options, by_ticket):
    with servers.s_server(rsa, ("-tls1_2", *options)) as server:
        found = probed(server.https_port)
    assert found.features["ticket_resumption"] is by_ticket
    assert found.features["session_id_resumption"] is True


@pytest.mark.server("haproxy")
@pytest.mark.parametrize("is_without", [True, False])
def test_sessions_of_haproxy(rsa, is_without):
    options = "no-tls-tickets" if is_without else ""
    with servers.haproxy(https=rsa, bind_options=options) as server:
        found = probed(server.https_port)
    assert found.features["ticket_resumption"] is not is_without
    assert found.features["session_id_resumption"] is True


@pytest.mark.parametrize("has_cache", [True, False])
def test_sessions_of_tlslite(rsa, has_cache):
    given = {"maxVersion": (3, 3)}
    with servers.tlslite(rsa, given, has_cache=has_cache) as server:
        found = probed(server.https_port)
    assert found.features["session_id_resumption"] is has_cache
    assert found.features["ticket_resumption"] is False


RENEGOTIATION = [
    (("-tls1_2",), False, True),
    (("-tls1_2", "-client_renegotiation"), True, True),
    (("-tls1_2", "-no_renegotiation"), False, True),
]


@pytest.mark.server("openssl")
@pytest.mark.parametrize(("options", "is_accepted", "is_secure"), RENEGOTIATION)
def test_renegotiation_of_openssl(rsa, options, is_accepted, is_secure):
    with servers.s_server(rsa, options) as server:
        found = probed(server.https_port, ("features", "vulnerabilities"), probes_attacks=True)
        # "R" on a line of its own asks for one.
        said = s_client(server.https_port, stdin=b"R\n")
    assert ("RENEGOTIATING" in said, "no renegotiation" in said) == (True, not is_accepted)
    assert found.features["client_renegotiation"] is is_accepted
    assert found.features["secure_renegotiation"] is is_secure


@pytest.mark.server("nginx")
def test_nginx_refuses_renegotiation(rsa):
    """Its change log of 0.8.23: "now SSL renegotiation is disabled"."""
    with servers.nginx(https=rsa) as server:
        found = probed(server.https_port, ("features", "vulnerabilities"), probes_attacks=True)
    assert found.features["client_renegotiation"] is False


@pytest.mark.server("openssl")
@pytest.mark.parametrize("is_opted_in", [True, False])
def test_renegotiation_is_not_asked_for_unless_opted_in(rsa, is_opted_in):
    finished = "SSL_accept:SSL negotiation finished successfully"  # said as another one begins
    with servers.s_server(rsa, ("-tls1_2", "-client_renegotiation", "-state")) as server:
        found = probed(
            server.https_port, ("features", "vulnerabilities"), probes_attacks=is_opted_in
        )
        log = server.told(finished if is_opted_in else "SSL_accept:")
    assert (finished in log) is is_opted_in
    assert ("client_renegotiation" in found.features) is is_opted_in
    assert ("ccs_injection" in (found.vulnerabilities or {})) is is_opted_in


@pytest.mark.server("nginx", "openssl")
def test_a_fallback_is_refused_by_openssl(rsa):
    with servers.nginx(https=rsa, protocols="TLSv1.2 TLSv1.3") as server:
        found = probed(server.https_port)
        said = s_client(server.https_port, "-fallback_scsv")
    assert "inappropriate fallback" in said
    assert found.features["fallback_scsv"] is True


@pytest.mark.server("nginx")
def test_a_fallback_of_a_server_of_one_version_says_nothing(rsa):
    with servers.nginx(https=rsa, protocols="TLSv1.2") as server:
        found = probed(server.https_port)
    assert "fallback_scsv" not in found.features


@pytest.mark.server("nginx")
def test_openssl_of_today_compresses_nothing(rsa):
    with servers.nginx(https=rsa) as server:
        assert probed(server.https_port).features["compression"] is False


@pytest.mark.server("openssl")
@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("-tls1_2", "-verify", "1"), "optional"),
        (("-tls1_2", "-Verify", "1"), "required"),
        (("-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-Verify", "1"), "required"),
    ],
)
def test_client_certificates_of_openssl(rsa, options, word):
    with servers.s_server(rsa, options) as server:
        found = probed(server.https_port)
    assert found.features["client_certificate"] == word
    questions = [gap.question.partition(": ")[2] for gap in found.inconclusive]
    assert (questions == []) is (word == "optional")


def whole_flight(**changes):
    return record(22, flight(RSA, **changes))


def offers_deflate(hello):
    """Whether a ClientHello in its record offers compression method 1 (RFC 3749, 2)."""
    at = 5 + 4 + 2 + 32
    at += 1 + hello[at]
    at += 2 + int.from_bytes(hello[at : at + 2], "big")
    return 1 in hello[at + 1 : at + 1 + hello[at]]


def with_peer(respond, **options):
    async def scenario():
        async with peer(respond) as (port, _):
            return await probe_async(
                f"localhost:{port}",
                address="127.0.0.1",
                parts=PARTS,
                settings=Settings(answer_timeout_s=2.0),
                **options,
            )

    return asyncio.run(scenario())


@pytest.mark.parametrize("compresses", [True, False])
def test_a_server_that_compresses(compresses):
    async def respond(hello, writer):
        if hello[:1] != b"\x16" or asked_version(hello) != TLS12:
            writer.write(alert(70))
        else:
            chosen = b"\1" if compresses and offers_deflate(hello) else b"\0"
            writer.write(whole_flight(compression=chosen))

    assert with_peer(respond).features["compression"] is compresses


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [("accepts", False), ("inappropriate_fallback", True), ("other alert", None), ("closes", True)],
)
def test_a_fallback(answer, verdict):
    """A server of TLS 1.1 and 1.2: what it says to TLS 1.1 with the signalling value."""

    async def respond(hello, writer):
        if hello[:1] != b"\x16" or asked_version(hello) not in (TLS12, 0x0302):
            writer.write(alert(70))
        elif b"\x56\x00\x00\xff" in hello and answer != "accepts":
            if answer != "closes":
                writer.write(alert(86 if answer == "inappropriate_fallback" else 80))
        else:
            version = asked_version(hello).to_bytes(2, "big")
            writer.write(whole_flight(version=version))

    found = with_peer(respond)
    assert found.features.get("fallback_scsv") is verdict
    questions = [gap.question.partition(": ")[2] for gap in found.inconclusive]
    assert ("does it refuse a fallback?" in questions) is (verdict is None)


def key_exchange(group, public):
    """A ServerKeyExchange of ECDHE, signed by nobody (RFC 8422, 5.4)."""
    body = b"\3" + group.to_bytes(2, "big") + bytes([len(public)]) + public + b"\4\1\0\0"
    return b"\x0c" + len(body).to_bytes(3, "big") + body


@pytest.mark.parametrize(("is_fresh", "verdict"), [(True, False), (False, True)])
def test_reuse_of_a_point(is_fresh, verdict):
    count = 0

    async def respond(hello, writer):
        nonlocal count
        if not wants(hello[5:], 0xC02F):
            writer.write(alert(70))
            return
        count += 1
        public = (count if is_fresh else 1).to_bytes(32, "big")
        sent = flight(RSA, suite=0xC02F, exchange=key_exchange(0x1D, public))
        writer.write(record(22, sent))

    assert with_peer(respond).features["ec_point_reused"] is verdict


@pytest.mark.server("nginx")
def test_openssl_makes_a_new_point_for_each(rsa):
    """SSL_OP_SINGLE_ECDH_USE is always set since OpenSSL 1.1.0."""
    with servers.nginx(https=rsa, protocols="TLSv1.2", ciphers="ECDHE") as server:
        assert probed(server.https_port).features["ec_point_reused"] is False


def test_what_is_not_answered_is_left_open():
    """A server that answers hellos and says nothing to what follows its flight."""

    async def respond(hello, writer):
        if hello[:1] != b"\x16" or asked_version(hello) != TLS12:
            writer.write(alert(70))
            return None
        writer.write(whole_flight())
        return "hold"

    found = with_peer(respond)
    assert "session_id_resumption" not in found.features
    assert found.features["ticket_resumption"] is False  # its hello promised none
    assert ["by its id" in gap.question for gap in found.inconclusive] == [True]
    assert "no answer within 2 s" in found.inconclusive[0].reason


def test_server_hello_alone_leaves_everything_open():
    async def respond(hello, writer):
        if hello[:1] != b"\x16" or asked_version(hello) != TLS12:
            writer.write(alert(70))
        else:
            writer.write(record(22, server_hello(TLS12)))

    found = with_peer(respond)
    assert "session_id_resumption" not in found.features
    assert len(found.inconclusive) >= 1
