"""Handshakes of TLS 1.0 to 1.2: published vectors, OpenSSL in memory, and what breaks the RFC."""

import base64
import ssl
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certificates import issue
from memory_server import MemoryServer, server_context
from odd_server import extension, in_records, message, vector
from plainwire.model import WireError
from plainwire.policy.suites import suites
from plainwire.policy.versions import Version
from plainwire.wire.alerts import Alert
from plainwire.wire.answer import NoAnswer
from plainwire.wire.handshake.ciphers_12 import cipher_12
from plainwire.wire.handshake.client_12 import Handshake12
from plainwire.wire.handshake.finite_field import ffdhe_prime
from plainwire.wire.handshake.key_agreement import nonzero
from plainwire.wire.handshake.offer_12 import Offer12, Session12
from plainwire.wire.handshake.secrets_12 import Secrets12

ROOT = issue("Root", ca=True)
ECDSA = issue("api.plainwire.test", by=ROOT)
RSA = issue("api.plainwire.test", by=ROOT, key=2048)
OLD = (Version.TLS_1_0, Version.TLS_1_1, Version.TLS_1_2)
CCS = b"\x14\3\3\0\1\1"


P = ffdhe_prime(0x0100)


def der(tag, content):
    size = len(content)
    return (
        bytes([tag])
        + (bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big"))
        + content
    )


@pytest.fixture(scope="module")
def dh_file(tmp_path_factory):
    """The parameters of ffdhe2048, as a server is given them."""
    path = tmp_path_factory.mktemp("dh") / "ffdhe2048.pem"
    content = der(2, b"\0" + P.to_bytes(256, "big")) + der(2, b"\2")
    text = base64.b64encode(der(0x30, content)).decode()
    path.write_text(f"-----BEGIN DH PARAMETERS-----\n{text}\n-----END DH PARAMETERS-----\n")
    return path


def context_12(issued=ECDSA, options=0, **given):
    context = server_context(issued, ciphers="ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.options |= options
    for name, value in given.items():
        setattr(context, name, value)
    return context


def completed(context, offer, cut=65536, asks_close=True):
    """The handshake and the server after a whole connection."""
    handshake, server = Handshake12(offer), MemoryServer(context)
    talk(handshake, server, handshake.start(), cut)
    if asks_close and handshake.result.is_finished:
        handshake.receive(server.answer(handshake.close()))
    return handshake, server


def talk(handshake, server, sent, cut=65536):
    while data := server.answer(sent):
        sent = b"".join(
            handshake.receive(data[start : start + cut]) for start in range(0, len(data), cut)
        )


def test_the_prf_of_tls_1_2_is_that_of_the_published_vector():
    """The P_SHA256 vector of the IETF TLS list, "100 bytes of pseudo-random data"."""
    secrets = Secrets12(Version.TLS_1_2, "sha256")
    found = secrets.expand(
        bytes.fromhex("9bbe436ba940f017b17652849a71db35"),
        "test label",
        bytes.fromhex("a0ba9f936cda311827a6f796ffd5198c"),
        100,
    )
    assert found == bytes.fromhex(
        "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a"
        "6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab"
        "4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701"
        "87347b66"
    )


# What OpenSSL 3.0 has and `cryptography` has not.
NOT_OURS = ("ARIA",)


@pytest.mark.parametrize("version", OLD, ids=str)
@pytest.mark.parametrize("issued", [ECDSA, RSA], ids=["ECDSA", "RSA"])
def test_every_suite_that_openssl_has(version, issued, dh_file):
    context = context_12(issued)
    context.load_dh_params(dh_file)
    done, refused = set(), set()
    for suite in suites().values():
        if not suite.fits(version):
            continue
        offer = Offer12(version, suites=(suite.code,), server_name="api.plainwire.test")
        handshake, server = completed(context, offer)
        result = handshake.end()
        if result.hello is None:
            continue  # OpenSSL has not got it, or not for this certificate
        if result.broken_off:
            assert result.broken_off.kind == "unsupported"
            refused.add(suite.name)
            continue
        done.add(suite.name)
        assert server.error is None
        assert server.is_done
        assert result.is_finished
        is_signed = "DHE_" in suite.name
        assert result.is_signature_good is (True if is_signed else None), suite.name
    assert all(any(word in name for word in NOT_OURS) for name in refused), refused
    kinds = {"CBC_SHA", "NULL_SHA"}
    if version == Version.TLS_1_2:
        kinds |= {"128_GCM_SHA256", "256_GCM_SHA384", "CHACHA20", "CCM", "CCM_8", "CBC_SHA384"}
    for kind in kinds:
        assert any(kind in name for name in done), kind
    words = ("ECDHE_ECDSA",) if issued is ECDSA else ("ECDHE_RSA", "DHE_RSA", "TLS_RSA", "DH_anon")
    for word in words:
        assert any(word in name for name in done), word


@pytest.mark.parametrize("version", OLD, ids=str)
@pytest.mark.parametrize("cut", [1, 3, 65536])
def test_however_the_bytes_are_cut(version, cut):
    context = context_12()
    context.set_alpn_protocols(["h2"])
    offer = Offer12(version, server_name="api.plainwire.test", protocols=("h2", "http/1.1"))
    handshake, server = completed(context, offer, cut)
    result = handshake.end()
    assert server.error is None
    assert server.tls.version() == {0x0301: "TLSv1"}.get(version, str(version))
    assert result.is_finished
    assert result.broken_off is None
    assert result.flight.certificates == ECDSA.chain
    assert server.tls.cipher()[0]


@pytest.mark.parametrize("is_etm", [True, False])
@pytest.mark.parametrize("is_extended", [True, False])
def test_extensions_that_change_the_keys(is_etm, is_extended):
    offer = Offer12(suites=(0xC009,), is_etm=is_etm, is_extended=is_extended)
    handshake, server = completed(context_12(), offer)
    assert server.error is None
    assert handshake.result.is_finished
    extensions = handshake.result.hello.extensions
    assert (22 in extensions, 23 in extensions) == (is_etm, is_extended)


CURVES = {
    0x15: "secp224r1",
    0x16: "secp256k1",
    0x17: "prime256v1",
    0x18: "secp384r1",
    0x19: "secp521r1",
    0x1A: "brainpoolP256r1",
    0x1B: "brainpoolP384r1",
    0x1C: "brainpoolP512r1",
    0x1D: "X25519",
    0x1E: "X448",
}


@pytest.mark.parametrize("group", CURVES)
def test_every_curve_that_openssl_has(group):
    context = context_12(RSA)
    context.set_ecdh_curve(CURVES[group])
    handshake, server = completed(context, Offer12(suites=(0xC02F,), groups=(group,)))
    assert server.error is None
    assert handshake.result.flight.key_exchange.parameters.group == group
    assert handshake.result.is_finished


@pytest.mark.parametrize("version", OLD, ids=str)
@pytest.mark.parametrize("suite", [0xC009, 0xC02B])
def test_a_ticket_resumes(version, suite):
    if not suites()[suite].fits(version):
        return
    context = context_12()
    first, _ = completed(context, Offer12(version, suites=(suite,)))
    session = first.end().session
    assert session.ticket
    assert session.lifetime_hint_s == 7200
    second, server = completed(context, Offer12(version, suites=(suite,), session=session))
    assert server.tls.session_reused
    result = second.end()
    assert (result.is_resumed, result.is_finished, result.broken_off) == (True, True, None)
    assert result.flight.certificates is None


def test_an_id_resumes():
    context = context_12(RSA)
    offer = Offer12(takes_tickets=False)
    first, _ = completed(context, offer)
    session = first.end().session
    assert session.ticket is None
    assert len(session.session_id) == 32
    second, server = completed(context, replace(offer, session=session))
    assert server.tls.session_reused
    assert (second.end().is_resumed, second.result.is_finished) == (True, True)


def test_a_session_of_another_server_is_not_resumed():
    for takes_tickets in (True, False):
        offer = Offer12(takes_tickets=takes_tickets)
        first, _ = completed(context_12(), offer)
        second, server = completed(context_12(), replace(offer, session=first.end().session))
        assert not server.tls.session_reused
        assert (second.end().is_resumed, second.result.is_finished) == (False, True)


# SSL_OP_ALLOW_CLIENT_RENEGOTIATION of OpenSSL 3.0.
ALLOWED = 1 << 8


@pytest.mark.parametrize("version", OLD, ids=str)
@pytest.mark.parametrize("is_allowed", [True, False])
def test_a_renegotiation_is_finished_or_refused(version, is_allowed):
    context = context_12(options=ALLOWED if is_allowed else 0)
    handshake, server = completed(context, Offer12(version), asks_close=False)
    assert handshake.result.is_renegotiated is None
    talk(handshake, server, handshake.renegotiate())
    assert server.error is None
    assert handshake.result.is_renegotiated is is_allowed
    assert handshake.result.is_finished
    if is_allowed:
        handshake.receive(server.answer(handshake.close()))
        assert handshake.end().broken_off is None
    else:
        assert handshake.end().broken_off == Alert(1, 100)


def test_there_is_one_renegotiation_and_only_after_the_end():
    handshake = Handshake12(Offer12())
    with pytest.raises(ValueError, match="nothing to renegotiate"):
        handshake.renegotiate()
    handshake, server = completed(context_12(options=ALLOWED), Offer12(), asks_close=False)
    talk(handshake, server, handshake.renegotiate())
    with pytest.raises(ValueError, match="nothing to renegotiate"):
        handshake.renegotiate()


@pytest.mark.parametrize(
    ("is_reset", "kind", "verdict"), [(False, "closed", False), (True, "reset", False)]
)
def test_an_end_after_our_second_hello_refuses(is_reset, kind, verdict):
    handshake, _ = completed(context_12(), Offer12(), asks_close=False)
    handshake.renegotiate()
    result = handshake.end(is_reset)
    assert (result.is_renegotiated, result.broken_off.kind) == (verdict, kind)


def test_an_alert_after_our_second_hello_refuses_though_it_cannot_be_decrypted():
    """h2o seals it under keys that no client has; OpenSSL's client fails over it, too."""
    handshake, _ = completed(context_12(), Offer12(), asks_close=False)
    handshake.renegotiate()
    with pytest.raises(WireError, match="cannot be decrypted"):
        handshake.receive(b"\x15\x03\x03\x00\x1a" + bytes(26))
    assert handshake.result.is_renegotiated is False
    handshake, _ = completed(context_12(), Offer12(), asks_close=False)
    handshake.renegotiate()
    with pytest.raises(WireError, match="cannot be decrypted"):
        handshake.receive(b"\x16\x03\x03\x00\x1a" + bytes(26))
    assert handshake.result.is_renegotiated is None


def test_silence_after_our_second_hello_says_nothing():
    handshake, _ = completed(context_12(), Offer12(), asks_close=False)
    handshake.renegotiate()
    handshake.stop(NoAnswer("silent", "no answer within 5 s"))
    assert handshake.result.is_renegotiated is None


@pytest.mark.parametrize("version", OLD, ids=str)
def test_a_certificate_that_is_asked_for_is_answered_with_none(version):
    optional = context_12(verify_mode=ssl.CERT_OPTIONAL)
    handshake, server = completed(optional, Offer12(version))
    assert server.error is None
    assert (handshake.end().asks_certificate, handshake.result.is_finished) == (True, True)
    required = context_12(verify_mode=ssl.CERT_REQUIRED)
    handshake, server = completed(required, Offer12(version))
    assert "PEER_DID_NOT_RETURN_A_CERTIFICATE" in str(server.error)
    result = handshake.end()
    assert (result.asks_certificate, result.is_finished) == (True, False)
    assert result.alert == Alert(2, 40)


def test_a_server_of_another_version_is_a_value():
    for version, word in ((b"\3\2", "TLSv1.1"), (b"\3\0", "SSLv3")):
        handshake = Handshake12(Offer12(suites=(0xC02B,)))
        handshake.start()
        handshake.receive(in_records(hello(version=version)))
        assert handshake.result.broken_off == NoAnswer("unsupported", f"answered with {word}")
        assert str(Version(handshake.result.hello.version)) == word


def test_no_suite_in_common_is_an_alert():
    handshake, _ = completed(context_12(), Offer12(suites=(0x002F,)))
    assert handshake.result.alert == Alert(2, 40)
    assert handshake.result.flight is None


def hello(suite=0xC02B, extensions=b"", version=b"\3\3", session_id=b"", compression=b"\0"):
    body = version + bytes(32) + vector(1, session_id) + suite.to_bytes(2, "big") + compression
    return message(2, body + (vector(2, extensions) if extensions else b""))


CERTIFICATE = message(11, vector(3, vector(3, ECDSA.der)))
DONE = message(14, b"")
BREAKS = [
    (hello(0x002F), "was not offered"),
    (CERTIFICATE, "message 11 out of turn"),
    (hello() + hello(), "message 2 out of turn"),
    (hello() + CERTIFICATE + CERTIFICATE, "message 11 twice"),
    (hello() + message(20, bytes(12)), "message 20 out of turn"),
    (hello() + DONE, "no ServerKeyExchange"),
    (hello() + CERTIFICATE + DONE, "no ServerKeyExchange"),
    (hello() + message(4, bytes(6)), "message 4 out of turn"),
    (hello() + CERTIFICATE + message(12, b"\3\0\x17\1\4"), "ends at|wants"),
    (
        hello() + message(12, b"\3\0\x17" + vector(1, b"\4" + bytes(64)) + b"\4\3\0\0") + DONE,
        "point",
    ),
    (hello() + DONE + b"\0", "not last"),
    (b"\x02\xff\xff\xff", "a handshake message of"),
]


@pytest.mark.parametrize(("data", "words"), BREAKS)
@pytest.mark.parametrize("cut", [1, 65536])
def test_what_breaks_the_rfc_says_so(data, words, cut):
    handshake = Handshake12(Offer12(suites=(0xC02B,)))
    handshake.start()
    data = in_records(data)
    with pytest.raises(WireError, match=words):
        for start in range(0, len(data), cut):
            handshake.receive(data[start : start + cut])
    assert handshake.is_over
    assert handshake.result.broken_off.kind == "garbage"
    assert handshake.receive(data) == b""


@pytest.mark.parametrize("before", [b"", in_records(hello()), in_records(hello() + CERTIFICATE)])
def test_a_change_cipher_spec_too_early_is_an_error(before):
    handshake = Handshake12(Offer12(suites=(0xC02B,)))
    handshake.start()
    with pytest.raises(WireError, match="ChangeCipherSpec out of place"):
        handshake.receive(before + CCS)


def test_a_resumption_is_told_right_after_the_hello():
    """ChangeCipherSpec after a certificate is too early, whatever session was offered."""
    session = Session12(Version.TLS_1_2, 0xC02B, bytes(48), bytes(32))
    handshake = Handshake12(Offer12(suites=(0xC02B,), session=session))
    handshake.start()
    with pytest.raises(WireError, match="ChangeCipherSpec out of place"):
        handshake.receive(in_records(hello(session_id=bytes(32)) + CERTIFICATE) + CCS)
    assert handshake.result.is_resumed is False


def test_a_session_that_was_not_offered_is_not_resumed():
    handshake = Handshake12(Offer12(suites=(0xC02B,)))
    handshake.start()
    with pytest.raises(WireError, match="ChangeCipherSpec out of place"):
        handshake.receive(in_records(hello(session_id=bytes(32))) + CCS)


def test_a_finished_under_other_keys_is_an_error():
    """The answer to another ClientKeyExchange: what we decrypt is not for us."""
    context = context_12()
    handshake, server = Handshake12(Offer12()), MemoryServer(context)
    flight = server.answer(handshake.start())
    sent = handshake.receive(flight)
    ended = server.answer(sent)
    again = Handshake12(Offer12())
    again._randoms = handshake._randoms
    again.start()
    again.receive(flight)
    with pytest.raises(WireError, match="cannot be decrypted"):
        again.receive(ended)


def test_a_finished_that_does_not_verify_is_an_error():
    context = context_12()
    handshake, server = Handshake12(Offer12()), MemoryServer(context)
    sent = handshake.receive(server.answer(handshake.start()))
    ended = server.answer(sent)
    handshake._transcript += b"x"
    with pytest.raises(WireError, match="Finished that does not verify"):
        handshake.receive(ended)


def test_a_signature_that_is_not_good_is_told_and_goes_on():
    handshake, server = Handshake12(Offer12()), MemoryServer(context_12())
    flight = server.answer(handshake.start())
    random = handshake._randoms[0]
    handshake._randoms = (bytes(32), b"")
    handshake.receive(flight)
    assert random != bytes(32)
    assert handshake.result.is_signature_good is False
    assert handshake.result.broken_off is None


def test_what_cannot_be_completed_is_a_value():
    for suite, words in ((0xC05C, "not understood"), (0x0003, "not understood")):
        handshake = Handshake12(Offer12(suites=(suite,)))
        handshake.start()
        assert handshake.receive(in_records(hello(suite))) == b""
        assert handshake.result.broken_off.kind == "unsupported"
        assert words in handshake.result.broken_off.reason
    handshake = Handshake12(Offer12(suites=(0xC02B,)))
    handshake.start()
    handshake.receive(in_records(hello(compression=b"\1")))
    assert handshake.result.broken_off == NoAnswer("unsupported", "compression is not understood")
    handshake = Handshake12(Offer12(suites=(0xC02B,)))
    handshake.start()
    unknown = message(12, b"\3\0\1" + vector(1, bytes(40)) + b"\4\3\0\0")
    handshake.receive(in_records(hello() + CERTIFICATE + unknown + DONE))
    assert "key exchange" in handshake.result.broken_off.reason


def test_an_end_in_the_middle_is_a_value():
    handshake, server = Handshake12(Offer12()), MemoryServer(context_12())
    data = server.answer(handshake.start())
    for end in range(0, len(data), 7):
        again = Handshake12(Offer12())
        again.start()
        again.receive(data[:end])
        result = again.end(is_reset=True)
        assert result.broken_off.kind in ("cut off", "reset")
        assert not result.is_finished


@settings(max_examples=80)
@given(st.lists(st.binary(max_size=80), max_size=4), st.sampled_from([20, 21, 22, 23, 24]))
def test_any_records_are_a_value_or_a_wire_error(pieces, kind):
    handshake = Handshake12(Offer12(suites=(0xC02B,)))
    handshake.start()
    try:
        handshake.receive(in_records(hello() + CERTIFICATE))
        for piece in pieces:
            handshake.receive(bytes([kind]) + b"\3\3" + vector(2, piece))
    except WireError:
        assert handshake.result.broken_off.kind == "garbage"
    assert handshake.end().broken_off is not None


@settings(max_examples=80)
@given(st.integers(0, 2000), st.integers(1, 255))
def test_a_changed_byte_gives_a_value_or_a_wire_error(at, mask):
    handshake, server = Handshake12(Offer12(suites=(0xC009,))), MemoryServer(context_12())
    flight = server.answer(handshake.start())
    changed = bytearray(flight)
    changed[at % len(changed)] ^= mask
    try:
        handshake.receive(server.answer(handshake.receive(bytes(changed))))
    except WireError:
        assert handshake.result.broken_off.kind == "garbage"
    result = handshake.end()
    assert result.is_finished or result.broken_off


@settings(max_examples=80)
@given(
    st.integers(0, 100),
    st.integers(1, 255),
    st.sampled_from([0xC009, 0xC02B, 0xC0AC, 0xCCA9, 0xC006]),
    st.booleans(),
)
def test_a_changed_byte_of_the_encrypted_part_does_not_pass(at, mask, suite, is_etm):
    offer = Offer12(suites=(suite,), is_etm=is_etm, takes_tickets=False)
    handshake, server = Handshake12(offer), MemoryServer(context_12())
    ended = bytearray(server.answer(handshake.receive(server.answer(handshake.start()))))
    start = len(CCS) + 5
    ended[start + at % (len(ended) - start)] ^= mask
    with pytest.raises(WireError):
        handshake.receive(bytes(ended))
    assert not handshake.result.is_finished


def test_the_cipher_of_every_suite_is_told_or_none():
    for suite in suites().values():
        cipher = cipher_12(suite.code)
        if cipher is None:
            continue
        assert "EXPORT" not in suite.name
        assert (cipher.mac is None) == any(w in suite.name for w in ("GCM", "CCM", "POLY1305"))
        assert f"{cipher.key_size * 8}" in suite.name or cipher.name in (
            *("3DES_EDE", "NULL", "SEED", "IDEA", "CHACHA20"),
        )
    assert cipher_12(0xFAFA) is None
    assert cipher_12(0x0003) is None


@given(st.binary(min_size=1, max_size=64))
def test_the_padding_of_a_premaster_has_no_zero(data):
    assert 0 not in nonzero(len(data), lambda count: data[:count])


def test_extensions_are_where_a_server_reads_them():
    sent = Handshake12(Offer12(server_name="api.plainwire.test", more=((0x0A0A, b""),))).start()
    assert extension(0x0A0A, b"") in sent
    assert extension(22, b"") in sent
