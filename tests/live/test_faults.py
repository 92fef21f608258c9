"""The probe under injected faults, and on servers that serve one connection at a time.

A proxy resets or delays every third connection to a real nginx. What the probe then says must be
what it says without the proxy, or be called open.
"""

import asyncio
import contextlib

import pytest

import servers
import tls_truth as truth
from bounded import tcp_server
from certificates import issue
from plainwire.live.settings import Settings
from plainwire.policy.suites import suites
from plainwire.tls import probe, probe_async

# What an answer says in each part; what is a measure of time or of the probe is no fact.
LISTS = ("ciphers", "groups", "signature_algorithms")
CODES = {suite.name: suite.code for suite in suites().values()}
CIPHERS = "DEFAULT:@SECLEVEL=0"


@pytest.fixture(scope="module")
def rsa(pem_files):
    issuing = issue("Faults Issuing CA", ca=True, by=issue("Faults Root", ca=True))
    return pem_files(issue(truth.NAME, by=issuing, key=2048))


def look(port, *, timeout_s=20.0, **options):
    settings = Settings(answer_timeout_s=timeout_s)
    return probe(f"{truth.NAME}:{port}", address="127.0.0.1", settings=settings, **options)


def facts(found):
    """Everything that a result says, one tuple a fact."""
    said = {("protocols", version, known) for version, known in found.protocols.items()}
    for part in LISTS:
        for version, names in (getattr(found, part) or {}).items():
            said |= {(part, version, name) for name in names}
    said |= {("cipher_order", *pair) for pair in (found.cipher_order or {}).items()}
    features = {k: v for k, v in (found.features or {}).items() if isinstance(v, bool)}
    said |= {("features", name, value) for name, value in features.items()}
    said |= {
        ("certificate", *(one.fingerprint_sha256 for one in c.chain)) for c in found.certificates
    }
    return said


class Faulty:
    """Forwards to a port; every third connection is reset after its hello, or left waiting.

    Without a ``fault`` it forwards all.
    """

    def __init__(self, port, fault):
        self.port, self.fault, self.count = port, fault, 0

    async def serve(self, reader, writer):
        self.count += 1
        is_faulty = self.fault is not None and self.count % 3 == 0
        try:
            with contextlib.suppress(OSError):
                if is_faulty:
                    await reader.read(1)
                    if self.fault == "delay":
                        await asyncio.sleep(3)
                    return
                await self.forward(reader, writer)
        finally:
            writer.transport.abort()

    async def forward(self, reader, writer):
        there, back = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
        finally:
            back.transport.abort()


async def _pump(source, sink):
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.transport.abort()


def through(port, fault, *, timeout_s):
    async def run():
        async with tcp_server(Faulty(port, fault).serve, backlog=256) as proxy:
            return await probe_async(
                f"{truth.NAME}:{proxy}",
                address="127.0.0.1",
                settings=Settings(answer_timeout_s=timeout_s),
            )

    return asyncio.run(run())


OLD = "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"
PART = {"protocols": "versions", "cipher_order": "ciphers", "certificate": "certificates"}
STACKS = {
    "nginx": lambda rsa: servers.nginx(rsa, ciphers=CIPHERS, protocols=OLD),
    "apache": lambda rsa: servers.apache(rsa, ciphers="HIGH:!aNULL"),
    "gnutls": lambda rsa: servers.gnutls(rsa, "NORMAL"),
    "caddy": lambda rsa: servers.caddy(rsa),
    "java": lambda rsa: servers.java(rsa),
}


def stack(name, *rest):
    return pytest.param(name, *rest, marks=pytest.mark.server(name))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "fault", "timeout_s"),
    [
        *(stack(name, "reset", 20.0) for name in STACKS),
        stack("nginx", "delay", 1.5),
        stack("caddy", "delay", 1.5),
    ],
)
def test_every_third_connection_fails_and_nothing_false_is_said(name, fault, timeout_s, rsa):
    """Four facts of five are told, and what is left out is said to be open."""
    with STACKS[name](rsa) as server:
        expected = look(server.https_port)
        found = through(server.https_port, fault, timeout_s=timeout_s)
    assert expected.inconclusive == ()
    said, true = facts(found), facts(expected)
    assert said <= true, said - true
    open_parts = {gap.part for gap in found.inconclusive}
    for part, *what in true - said:
        assert PART.get(part, part) in open_parts, (part, what)
    assert len(said) >= 0.8 * len(true)


@pytest.mark.slow
@pytest.mark.parametrize("name", [stack(name) for name in STACKS])
def test_without_faults_the_same_way_leads_to_all_but_a_twentieth(name, rsa):
    with STACKS[name](rsa) as server:
        expected = look(server.https_port)
        found = through(server.https_port, None, timeout_s=20.0)
        by_handshake = truth.versions(server.https_port)
        taken = truth.suites(server.https_port, "TLSv1.2")
    said, true = facts(found), facts(expected)
    assert said <= true and len(said) >= 0.95 * len(true)
    # That what is expected is true, OpenSSL's client says.
    assert {name: expected.protocols[name] for name in by_handshake} == by_handshake
    assert taken <= {CODES[name] for name in expected.ciphers["TLSv1.2"]}


@pytest.mark.server("nginx")
@pytest.mark.slow
def test_without_faults_everything_is_known_and_the_same_again(rsa):
    with servers.nginx(rsa, ciphers=CIPHERS, protocols="TLSv1.1 TLSv1.2 TLSv1.3") as server:
        first, second = look(server.https_port), look(server.https_port)
        by_handshake = truth.versions(server.https_port)
        taken = {v: truth.suites(server.https_port, v) for v in ("TLSv1.1", "TLSv1.2")}
    assert facts(first) == facts(second)
    assert first.inconclusive == ()
    assert {name: first.protocols[name] for name in by_handshake} == by_handshake
    for version, codes in taken.items():
        assert {CODES[name] for name in first.ciphers[version]} == codes


@pytest.mark.slow
def test_a_synchronous_worker_is_not_killed(rsa):
    """gunicorn kills a worker that an idle connection keeps for its time-out: 2 s here."""
    with servers.gunicorn(rsa, options=("--timeout", "2")) as server:
        found = look(server.https_port, probes_attacks=True)
        log = server.log()
        assert found.inconclusive == ()
        # It makes a context for each connection, which no other's tickets are good for.
        assert found.features["ticket_resumption"] is False
        assert found.vulnerabilities["ticketbleed"] is False
        assert {v for v, known in found.protocols.items() if known} == {"TLSv1.2", "TLSv1.3"}
        assert {name: found.protocols[name] for name in truth.VERSIONS} == truth.versions(
            server.https_port
        )
    assert "WORKER TIMEOUT" not in log
    assert log.count("Booting worker") == 1
