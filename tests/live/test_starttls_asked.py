"""TLS that is begun inside another protocol: servers of ours that OpenSSL's client takes."""

import contextlib
import ssl
import subprocess

import pytest

import servers
from plainwire.live.settings import Settings
from plainwire.tls import probe
from probing import tls
from servers.recording import listening
from wire.test_dialogues import LDAP_OK, MYSQL_GREETING, XMPP_FEATURES


class Wire:
    """A socket read no further than asked for: what follows belongs to TLS."""

    def __init__(self, raw):
        self.raw, self.send = raw, raw.sendall

    def exactly(self, number):
        data = b""
        while len(data) < number:
            part = self.raw.recv(number - len(data))
            if not part:
                raise ConnectionError
            data += part
        return data

    def until(self, end):
        data = b""
        while not data.endswith(end):
            data += self.exactly(1)
        return data


def lines(wire, greeting, answers):
    """A server of lines: a greeting, then an answer to each word; the last word begins TLS."""
    wire.send(greeting)
    while True:
        line = wire.until(b"\n").upper()
        for known, answer in answers.items():
            if line.startswith(known):
                wire.send(answer)
        if line.startswith(list(answers)[-1]):
            return


def smtp(wire):
    answers = {
        b"EHLO": b"250-here\r\n250-PIPELINING\r\n250 STARTTLS\r\n",
        b"STARTTLS": b"220 go\r\n",
    }
    lines(wire, b"220-here\r\n220 ready\r\n", answers)


def imap(wire):
    wire.send(b"* OK ready\r\n")
    while True:
        tag, _, word = wire.until(b"\n").strip().partition(b" ")
        if word.upper() == b"STARTTLS":
            wire.send(tag + b" OK begin\r\n")
            return
        wire.send(b"* CAPABILITY IMAP4rev1 STARTTLS\r\n" + tag + b" OK done\r\n")


def pop3(wire):
    answers = {b"CAPA": b"+OK\r\nSTLS\r\n.\r\n", b"STLS": b"+OK go\r\n"}
    lines(wire, b"+OK ready\r\n", answers)


def ftp(wire):
    answers = {b"FEAT": b"211-Features\r\n AUTH TLS\r\n211 End\r\n", b"AUTH TLS": b"234 go\r\n"}
    lines(wire, b"220-Hello\r\n you\r\n220 ready\r\n", answers)


def ldap(wire):
    wire.exactly(31)
    wire.send(LDAP_OK)


def postgres(wire):
    assert wire.exactly(8) == b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
    wire.send(b"S")


def mysql(wire):
    wire.send(MYSQL_GREETING)
    head = wire.exactly(4)
    body = wire.exactly(int.from_bytes(head[:3], "little"))
    assert int.from_bytes(body[:4], "little") & 0x0800
    assert head[3] == 1


def xmpp(wire):
    while b"<stream:stream" not in wire.until(b">"):
        pass
    wire.send(XMPP_FEATURES)
    wire.until(b">")
    wire.send(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")


SERVERS = {
    "smtp": smtp,
    "imap": imap,
    "pop3": pop3,
    "ftp": ftp,
    "ldap": ldap,
    "postgres": postgres,
    "mysql": mysql,
    "xmpp": xmpp,
}


@contextlib.contextmanager
def server(certificate, dialogue, *, behind=b""):
    """A dialogue, then Python's TLS, with ``behind`` sent in clear right after the go-ahead."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)

    def behave(connection):
        raw = connection.peer
        raw.settimeout(20)
        dialogue(Wire(raw))
        if behind:
            raw.sendall(behind)
        with context.wrap_socket(raw, server_side=True) as tls:
            tls.recv(100)

    with listening(behave) as server:
        yield server.port


def probed(port, name, *parts):
    settings = Settings(answer_timeout_s=20.0)
    return probe(f"127.0.0.1:{port}", starttls=name, settings=settings, parts=parts)


def shaken(port, name):
    """What OpenSSL's own client negotiates there."""
    words = ("s_client", "-connect", f"127.0.0.1:{port}", "-starttls", name, "-brief")
    done = subprocess.run(
        ["openssl", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    return done.stdout


@pytest.mark.server("openssl")
@pytest.mark.parametrize("name", SERVERS)
def test_the_listener_behind_each_dialogue_is_seen_as_openssl_sees_it(name, certificate):
    with server(certificate, SERVERS[name]) as port:
        theirs = shaken(port, name)
        ours = probed(port, name, "versions", "certificates")
    assert "Protocol version: TLSv1.3" in theirs, theirs
    assert ours.starttls == name
    assert ours.protocols["TLSv1.3"] is True
    assert ours.protocols["TLSv1.2"] is True
    assert ours.protocols["TLSv1.0"] is False
    assert ours.certificates[0].chain[0].sans[0] == "api.plainwire.test"
    assert not [gap for gap in ours.inconclusive if gap.part == "certificates"]


@pytest.mark.parametrize("name", [name for name in SERVERS if name != "mysql"])
def test_what_stands_in_clear_behind_the_go_ahead_is_told_and_never_read_as_tls(name, certificate):
    def injecting(wire):
        raw = wire.send
        # The go-ahead and what follows it leave in one segment.
        wire.send = lambda data: raw(data + HELLO) if is_go_ahead(data) else raw(data)
        SERVERS[name](wire)

    with server(certificate, injecting) as port:
        endpoint = probed(port, name, "versions")
    assert endpoint.speaks_tls is None
    assert endpoint.protocols is None
    reasons = " ".join(gap.reason for gap in endpoint.inconclusive)
    assert f"{len(HELLO)} bytes in clear behind the go-ahead" in reasons


HELLO = b"\x16\x03\x01 injected"


def is_go_ahead(data):
    """Whether these bytes are the last that the server says before TLS."""
    return b"go" in data or b"begin" in data or b"proceed" in data or data in (LDAP_OK, b"S")


def test_a_server_that_does_not_offer_tls_is_known_not_to_speak_it(certificate):
    def plain(wire):
        lines(wire, b"220 ready\r\n", {b"EHLO": b"250 SIZE\r\n", b"QUIT": b""})

    with server(certificate, plain) as port:
        endpoint = probed(port, "smtp")
    assert endpoint.speaks_tls is False
    assert "does not offer STARTTLS" in endpoint.inconclusive[0].reason


@pytest.mark.parametrize("said", [b"", b"220 ", b"HTTP/1.1 400\r\n\r\n", b"\x00" * 70000])
def test_a_server_that_breaks_off_or_says_something_else_is_unknown(certificate, said):
    def broken(wire):
        wire.send(said)
        wire.raw.close()

    with server(certificate, broken) as port:
        endpoint = probed(port, "smtp", "versions")
    assert endpoint.speaks_tls is None
    assert endpoint.inconclusive


@pytest.mark.server("postgres")
def test_postgresql_itself_is_seen_as_it_is_configured(certificate):
    settings = (
        "ssl_min_protocol_version = 'TLSv1.2'",
        "ssl_ciphers = 'ECDHE-ECDSA-AES128-GCM-SHA256'",
        "ssl_ecdh_curve = 'secp384r1'",
    )
    with servers.postgresql(certificate, settings) as real:
        found = probed(real.port, "postgres", "versions", "ciphers", "groups", "certificates")
        theirs = shaken(real.port, "postgres")
    assert found.inconclusive == ()
    assert found.starttls == "postgres"
    assert {name for name, known in found.protocols.items() if known} == {"TLSv1.2", "TLSv1.3"}
    assert found.ciphers["TLSv1.2"] == ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",)
    assert found.groups["TLSv1.2"] == ("secp384r1",)
    assert "Protocol version: TLSv1.3" in theirs, theirs


@pytest.mark.server("postgres")
def test_postgresql_without_tls_says_no_and_that_is_an_answer(tmp_path):
    with servers.postgresql() as real:
        said = tls(f"127.0.0.1:{real.port}", "--starttls", "postgres", cwd=tmp_path)
    words = " ".join(said.out.split())
    assert "TLS Status: FAIL - TLS was refused in postgres" in words
    assert "STARTTLS: refused: postgres: the server answered N: no TLS" in words
    assert "Unknown" not in words
    assert said.code == 3, said.err


def refusing(greeting, answers):
    return lambda wire: lines(wire, greeting, answers)


REFUSALS = {
    "smtp": (
        refusing(
            b"220 ready\r\n", {b"EHLO": b"250-x\r\n250 STARTTLS\r\n", b"STARTTLS": b"454 no\r\n"}
        ),
        "refused: smtp: answered '454 no'",
    ),
    "pop3": (
        refusing(b"+OK\r\n", {b"CAPA": b"+OK\r\nSTLS\r\n.\r\n", b"STLS": b"-ERR no\r\n"}),
        "refused: pop3: answered '-ERR no'",
    ),
    "postgres": (
        lambda wire: wire.exactly(8) and wire.send(b"N"),
        "refused: postgres: the server answered N: no TLS",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_an_answer_in_the_servers_words(name, certificate):
    dialogue, words = REFUSALS[name]
    with server(certificate, dialogue) as port:
        endpoint = probed(port, name)
    assert endpoint.speaks_tls is False
    assert endpoint.inconclusive[0].reason == words


def test_redis_is_asked_for_tls_from_the_first_byte(certificate):
    with server(certificate, lambda _: None) as port:
        endpoint = probed(port, "redis", "versions")
    assert endpoint.speaks_tls is True
    assert endpoint.starttls is None
