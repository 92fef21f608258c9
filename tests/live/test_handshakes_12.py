"""Our handshakes of SSLv3 to TLS 1.2 over sockets, with stacks that are not OpenSSL's."""

import asyncio
import ssl

import pytest

import servers
from bounded import tcp_server
from certificates import issue
from plainwire.live.tls.asker import Asker, Refusal
from plainwire.live.tls.attacks.client_renegotiation import renegotiate
from plainwire.live.tls.client_12 import client_12
from plainwire.live.tls.connections import Connections
from plainwire.live.tls.gate import Gate
from plainwire.live.tls.handshakes import handshake, settled
from plainwire.policy.suites import suite_name, suites
from plainwire.policy.versions import Version
from plainwire.wire.handshake.client_12 import Handshake12
from plainwire.wire.handshake.offer_12 import Offer12, completable
from tls_peers import opener

RSA = issue("localhost", by=issue("Root", ca=True), key=2048)
TLSLITE_NAMES = {
    "aes128": "AES_128_CBC",
    "aes256": "AES_256_CBC",
    "3des": "3DES_EDE_CBC",
    "rc4": "RC4_128",
    "null": "NULL",
    "aes128gcm": "AES_128_GCM",
    "aes256gcm": "AES_256_GCM",
    "aes128ccm": "AES_128_CCM",
    "aes256ccm": "AES_256_CCM",
    "aes128ccm_8": "AES_128_CCM_8",
    "aes256ccm_8": "AES_256_CCM_8",
    "chacha20-poly1305": "CHACHA20_POLY1305",
}
AEAD = ("gcm", "ccm", "chacha")
VERSIONS = (Version.SSL_3_0, Version.TLS_1_0, Version.TLS_1_1, Version.TLS_1_2)


@pytest.fixture(scope="module")
def rsa(pem_files):
    return pem_files(RSA)


def asker_to(port):
    return Asker(Connections(opener(port), Gate(4), 20.0))


def run(port, ask=settled, **offer):
    make = lambda: Handshake12(Offer12(**offer))  # noqa: E731
    words = ("test",) if ask is settled else ()
    return asyncio.run(ask(asker_to(port), make, *words))


def settings(version, ciphers, **more):
    pair = divmod(version, 256)
    macs = ["sha", "sha256", "sha384", "md5", "aead"]
    return {
        "minVersion": pair,
        "maxVersion": pair,
        "cipherNames": list(ciphers),
        "macNames": macs,
        "rsaSigHashes": ["sha256", "sha1"],
    } | more


CASES = [
    (version, cipher)
    for version in VERSIONS
    for cipher in TLSLITE_NAMES
    if version == Version.TLS_1_2 or not cipher.startswith(("aes128g", "aes256g", *AEAD))
    if version == Version.TLS_1_2 or "ccm" not in cipher
]


@pytest.mark.parametrize(("version", "cipher"), CASES, ids=lambda word: str(word))
def test_tlslite_and_we_finish_with_every_suite_of_a_cipher(rsa, version, cipher):
    wanted = TLSLITE_NAMES[cipher]
    offers = [
        code
        for code in completable(version)
        if f"_WITH_{wanted}_" in f"{suite_name(code)}_"
        and not ("CCM_8" in suite_name(code) and wanted.endswith("CCM"))
    ]
    done = []
    with servers.tlslite(rsa, settings(version, [cipher])) as server:
        for code in offers:
            result = run(server.https_port, version=version, suites=(code,))
            if isinstance(result, Refusal):
                continue
            assert result.is_finished, (suite_name(code), result)
            assert result.hello.suite == code
            is_signed = "DHE_" in suite_name(code)
            assert result.is_signature_good is (True if is_signed else None)
            done.append(suite_name(code))
        # The server's own word: a handshake of this version and cipher for each of ours.
        word = "None" if cipher == "null" else cipher
        log = [line.split() for line in server.told(f" {word}\n", len(done)).splitlines()]
    assert sum(line[0] in ("SSL", "TLS") and line[2] == word for line in log) == len(done)
    assert done
    assert any("DHE_RSA" in name for name in done) or cipher in ("null", "rc4")


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_anonymous_suites(rsa, version):
    with servers.tlslite(rsa, settings(version, ["aes128"]), is_anonymous=True) as server:
        result = run(server.https_port, version=version)
    assert "_anon_" in suite_name(result.hello.suite)
    assert (result.is_finished, result.is_signature_good) == (True, None)
    assert result.flight.certificates is None


@pytest.mark.parametrize("version", VERSIONS, ids=str)
@pytest.mark.parametrize("has_cache", [True, False])
def test_an_id_resumes_if_the_server_keeps_sessions(rsa, version, has_cache):
    given = settings(version, ["aes128"])
    with servers.tlslite(rsa, given, has_cache=has_cache) as server:
        first = run(server.https_port, version=version, takes_tickets=False)
        second = run(server.https_port, version=version, takes_tickets=False, session=first.session)
    assert (first.is_finished, second.is_finished) == (True, True)
    assert second.is_resumed is has_cache


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_a_certificate_that_is_asked_for_is_answered_with_none(rsa, version):
    given = settings(version, ["aes128"])
    with servers.tlslite(rsa, given, asks_certificate=True) as server:
        result = run(server.https_port, handshake, version=version)
    assert (result.asks_certificate, result.is_finished) == (True, True)


@pytest.mark.parametrize("is_etm", [True, False])
@pytest.mark.parametrize("is_extended", [True, False])
def test_what_the_server_switched_off(rsa, is_etm, is_extended):
    given = settings(
        Version.TLS_1_2,
        ["aes128"],
        useEncryptThenMAC=is_etm,
        useExtendedMasterSecret=is_extended,
    )
    with servers.tlslite(rsa, given) as server:
        result = run(server.https_port)
    assert result.is_finished
    assert (22 in result.hello.extensions, 23 in result.hello.extensions) == (is_etm, is_extended)


def test_the_probe_offers_what_it_can_complete():
    make = client_12("localhost", Version.TLS_1_2, [0xC02F, 0xC061])
    assert b"\xc0\x2f" in make().start()
    assert b"\xc0\x61" not in make().start()
    assert make() is not make()
    assert len(completable(Version.TLS_1_2)) > 60
    assert {suites()[code].since <= Version.SSL_3_0 for code in completable(Version.SSL_3_0)} == {
        True
    }


async def lazy(context, reader, writer):
    """Serves TLS as h2o does: what came in one piece with the client's Finished is read only when
    more comes."""
    came, said = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls, is_finished = context.wrap_bio(came, said, server_side=True), False
    while data := await reader.read(65536):
        came.write(data)
        try:
            if is_finished:
                tls.read()
            else:
                tls.do_handshake()
                is_finished = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            break
        writer.write(said.read())
    writer.close()


def test_what_follows_our_finished_comes_apart_from_it(rsa):
    """OpenSSL refuses the renegotiation, as soon as it is given it to read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(rsa.chain, rsa.key)

    async def asked():
        async with tcp_server(lambda r, w: lazy(context, r, w)) as port:
            asker = Asker(Connections(opener(port), Gate(4), 3.0))
            make = client_12("localhost", Version.TLS_1_2, [0xC02F])
            first = await handshake(asker, make)
            make = client_12("localhost", Version.TLS_1_2, [0xC02F], session=first.session)
            return await handshake(asker, make, after=renegotiate, lingers=False)

    found = asyncio.run(asked())
    assert found.is_resumed
    assert found.is_renegotiated is False, found.broken_off
