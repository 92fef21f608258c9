"""The first flight of TLS 1.2 and older: by hand from the RFCs, and as OpenSSL sends it."""

import socket
import ssl
import warnings
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates import issue
from memory_server import MemoryServer, server_context
from plainwire.model import WireError
from plainwire.policy.families import offers
from plainwire.policy.suites import offered_groups, offered_schemes, suites
from plainwire.policy.versions import Version
from plainwire.wire import der
from plainwire.wire import extensions as ext
from plainwire.wire.alerts import Alert
from plainwire.wire.answer import NoAnswer, describe
from plainwire.wire.certificate_messages import (
    CertificateEntry,
    CertificateRequest,
    parse_certificate_request,
    parse_certificate_request_13,
    parse_certificates,
    parse_certificates_13,
    parse_status,
    scts_of,
)
from plainwire.wire.flight import Flight, FlightReader
from plainwire.wire.hello import client_hello
from plainwire.wire.key_exchange import (
    DheParameters,
    EcdheParameters,
    RsaParameters,
    parse_key_exchange,
)
from plainwire.wire.not_tls import NotTls
from servers import s_server

FATAL_40 = bytes.fromhex("15 0303 0002 0228")
WARNING_112 = bytes.fromhex("15 0301 0002 0170")
CCS = bytes.fromhex("14 0303 0001 01")
DONE = bytes.fromhex("16 0303 0004 0e000000")
HELLO = bytes.fromhex("16 0300 002a 02000026 0300" + "33" * 32 + "00 000a 00")
HELLO_REQUEST = bytes.fromhex("16 0301 0004 00000000")

ROOT = issue("Root", ca=True)
LEAF = issue("api.plainwire.test", by=issue("Issuing", ca=True, by=ROOT))
RSA_LEAF = issue("api.plainwire.test", by=ROOT, key=2048)


def codes(part):
    return {suite.name: suite.code for suite in suites().values() if part in suite.name}


def hello_of(version, wanted=None, more=()):
    hello = client_hello(
        version,
        random=bytes(32),
        suites=wanted or offers(version)[0],
        groups=offered_groups(version),
        schemes=offered_schemes(version),
    )
    return replace(hello, extensions=(*more, *hello.extensions)).to_bytes()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (HELLO, "ServerHello SSLv3, TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
        (HELLO + b"no record", "ServerHello SSLv3, TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
        (WARNING_112 + HELLO, "ServerHello SSLv3, TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
        (HELLO_REQUEST + HELLO, "ServerHello SSLv3, TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
        (FATAL_40, "fatal alert handshake_failure"),
        (b"HTTP/1.1 400", "answered in plain HTTP"),
        (DONE, "handshake message 14 before ServerHello"),
        (CCS, "a change_cipher_spec record before ServerHello"),
        (WARNING_112 * 9400, "65536 bytes without a ServerHello"),
    ],
)
def test_the_first_answer_is_told(data, words):
    answer = FlightReader("hello").feed(data)
    assert describe(answer.hello if isinstance(answer, Flight) else answer) == words


@pytest.mark.parametrize(
    ("data", "is_reset", "expected"),
    [
        (b"", False, NoAnswer("closed", "closed without an alert")),
        (b"", True, NoAnswer("reset", "reset the connection without an alert")),
        (WARNING_112, False, Alert(1, 112)),
        (WARNING_112, True, Alert(1, 112)),
        (b"220", False, NotTls("text", "answered in plain text")),
    ],
)
def test_an_end_without_an_answer_is_told(data, is_reset, expected):
    reader = FlightReader("hello")
    assert reader.feed(data) is None
    assert reader.end(is_reset) == expected


def test_an_end_anywhere_inside_a_server_hello_is_cut_off():
    for end in range(1, len(HELLO)):
        reader = FlightReader("hello")
        assert reader.feed(HELLO[:end]) is None
        assert reader.end().kind == "cut off"
    assert isinstance(FlightReader("hello").feed(HELLO), Flight)


def sent_by_openssl(version, wanted, issued=LEAF, more=()):
    context = server_context(issued)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0 is what is wanted
        context.minimum_version = ssl.TLSVersion(int(version))
    return MemoryServer(context).answer(hello_of(version, wanted, more))


FLIGHT = sent_by_openssl(Version.TLS_1_2, codes("_ECDHE_ECDSA_WITH_AES").values())


def test_a_flight_of_openssl_is_read_whole():
    flight = FlightReader().feed(FLIGHT)
    assert (flight.is_done, flight.is_resumed, flight.broken_off) == (True, False, None)
    assert flight.certificates == LEAF.chain
    assert flight.key_exchange.scheme in offered_schemes(Version.TLS_1_2)
    assert flight.certificate_request is flight.staple is flight.scts is None
    assert flight.key_exchange.parameters.group in offered_groups(Version.TLS_1_2)


def test_a_flight_is_the_same_a_byte_at_a_time():
    reader = FlightReader()
    answers = [answer for byte in FLIGHT if (answer := reader.feed(bytes([byte])))]
    assert answers == [FlightReader().feed(FLIGHT)]


def test_a_flight_cut_anywhere_keeps_what_came():
    whole = FlightReader().feed(FLIGHT)
    for end in range(len(FLIGHT)):
        reader = FlightReader()
        assert reader.feed(FLIGHT[:end]) is None
        answer = reader.end()
        if not isinstance(answer, Flight):
            assert answer.kind == ("cut off" if end else "closed")
            continue
        assert answer.hello == whole.hello
        assert answer.certificates in (None, whole.certificates)
        assert answer.key_exchange in (None, whole.key_exchange)
        assert answer.broken_off.kind in ("cut off", "closed")
        assert not answer.is_done


def test_what_came_before_garbage_is_kept_however_it_is_cut():
    garbage = FLIGHT[: -len(DONE)] + b"HTTP/1.1 400"
    at_once = FlightReader().feed(garbage)
    reader = FlightReader()
    told = [answer for byte in garbage if (answer := reader.feed(bytes([byte])))]
    assert at_once == told[0]
    assert at_once.certificates == LEAF.chain
    assert at_once.broken_off.kind == "garbage"


def test_an_alert_in_the_flight_breaks_it_off():
    answer = FlightReader().feed(FLIGHT[: -len(DONE)] + FATAL_40)
    assert answer.broken_off == Alert(2, 40)
    assert answer.certificates == LEAF.chain


def test_silence_in_the_flight_is_told_by_the_caller():
    silent = NoAnswer("silent", "no answer within 5 s")
    reader = FlightReader()
    assert reader.broken_off(silent) == silent
    reader.feed(FLIGHT[: -len(DONE)])
    assert reader.broken_off(silent).broken_off == silent
    assert reader.broken_off(silent).certificates == LEAF.chain


def test_a_part_twice_is_garbage():
    # Each message of this OpenSSL has a record of its own; Certificate is the second.
    second = 5 + int.from_bytes(FLIGHT[3:5], "big")
    third = second + 5 + int.from_bytes(FLIGHT[second + 3 : second + 5], "big")
    assert FLIGHT[second + 5] == 11
    answer = FlightReader().feed(FLIGHT[:third] + FLIGHT[second:])
    assert "message 11 twice" in answer.broken_off.reason


def test_an_endless_flight_is_given_up():
    reader, answer = FlightReader(), None
    hello_alone = FLIGHT[: 5 + int.from_bytes(FLIGHT[3:5], "big")]
    assert reader.feed(hello_alone) is None
    for _ in range(300 * 1024 // (len(WARNING_112) * 1000) + 1):
        answer = answer or reader.feed(WARNING_112 * 1000)
    assert answer.broken_off.reason == "262144 bytes without ServerHelloDone"


@pytest.mark.parametrize("version", [Version.TLS_1_0, Version.TLS_1_1, Version.TLS_1_2])
def test_the_signature_scheme_is_there_from_tls_1_2_on(version):
    flight = FlightReader().feed(
        sent_by_openssl(version, codes("ECDHE_RSA_WITH_AES_128_CBC_SHA").values(), RSA_LEAF)
    )
    assert flight.is_done
    assert flight.hello.version == version
    assert (flight.key_exchange.scheme is not None) == (version == Version.TLS_1_2)
    assert len(flight.key_exchange.signature) == 256


@pytest.mark.parametrize(
    ("curve", "group", "size"),
    [("prime256v1", 23, 65), ("secp384r1", 24, 97), ("X25519", 29, 32), ("X448", 30, 56)],
)
def test_the_curve_is_the_one_that_the_server_was_given(curve, group, size):
    context = server_context(RSA_LEAF)
    context.set_ecdh_curve(curve)
    data = MemoryServer(context).answer(
        hello_of(Version.TLS_1_2, codes("ECDHE_RSA_WITH_AES").values())
    )
    parameters = FlightReader().feed(data).key_exchange.parameters
    assert (parameters.group, len(parameters.public)) == (group, size)


def test_static_rsa_has_no_key_exchange():
    flight = FlightReader().feed(sent_by_openssl(Version.TLS_1_2, [0x002F], RSA_LEAF))
    assert flight.is_done
    assert flight.key_exchange is None


def test_dh_parameters_are_those_that_the_server_was_given(tmp_path):
    # PKCS #3, DHParameter ::= SEQUENCE { prime INTEGER, base INTEGER }, of RFC 7919's ffdhe2048.
    prime = b"\0" + FFDHE2048.to_bytes(256, "big")
    parameters = der.encode(
        der.SEQUENCE, der.encode(der.INTEGER, prime) + der.encode(der.INTEGER, b"\x02")
    )
    path = tmp_path / "dh.pem"
    path.write_text(ssl.DER_cert_to_PEM_cert(parameters).replace("CERTIFICATE", "DH PARAMETERS"))
    context = server_context(RSA_LEAF)
    context.load_dh_params(path)
    data = MemoryServer(context).answer(hello_of(Version.TLS_1_2, [0x009E]))
    parameters = FlightReader().feed(data).key_exchange.parameters
    assert (parameters.p, parameters.g) == (FFDHE2048, 2)
    assert 1 < parameters.public < FFDHE2048


FFDHE2048 = int(
    "FFFFFFFFFFFFFFFFADF85458A2BB4A9AAFDC5620273D3CF1D8B9C583CE2D3695A9E13641146433FBCC939DCE249B3EF9"
    "7D2FE363630C75D8F681B202AEC4617AD3DF1ED5D5FD65612433F51F5F066ED0856365553DED1AF3B557135E7F57C935"
    "984F0C70E0E68B77E2A689DAF3EFE8721DF158A136ADE73530ACCA4F483A797ABC0AB182B324FB61D108A94BB2C8E3FB"
    "B96ADAB760D7F4681D4F42A3DE394DF4AE56EDE76372BB190B07A7C8EE0A6D709E02FCE1CDF7E2ECC03404CD28342F61"
    "9172FE9CE98583FF8E4F1232EEF28183C3FE3B1B4C6FAD733BB5FCBC2EC22005C58EF1837D1683B2C6F34A26C1B2EFFA"
    "886B423861285C97FFFFFFFFFFFFFFFF",
    16,
)


@pytest.mark.server("openssl")
def test_a_client_certificate_is_asked_for_with_the_authorities(pem_files):
    files = pem_files(LEAF)
    options = ["-tls1_2", "-Verify", "1", "-CAfile", str(files.ca)]
    options += ["-client_sigalgs", "ECDSA+SHA256:RSA+SHA512"]
    with s_server(files, options) as server:
        flight = asked(server.https_port, hello_of(Version.TLS_1_2))
    assert flight.certificate_request.authorities == (ROOT.x509.subject.public_bytes(),)
    assert flight.certificate_request.schemes == (0x0403, 0x0601)
    # rsa_sign, dss_sign, ecdsa_sign: RFC 5246, 7.4.4 and RFC 8422, 5.5.
    assert {1, 64} <= set(flight.certificate_request.types)


@pytest.mark.server("openssl")
def test_a_staple_and_scts_come_as_the_server_was_given_them(pem_files, tmp_path):
    files = pem_files(LEAF)
    (tmp_path / "staple.der").write_bytes(STAPLE)
    # SERVERINFO FOR signed_certificate_timestamp: type 18, then what goes on the wire.
    info = b"\x00\x12" + len(SCT_LIST).to_bytes(2, "big") + SCT_LIST
    path = tmp_path / "info.pem"
    path.write_text(serverinfo_pem(info))
    options = ["-tls1_2", "-status_file", str(tmp_path / "staple.der"), "-serverinfo", str(path)]
    more = (ext.status_request(), ext.signed_certificate_timestamp())
    with s_server(files, options) as server:
        flight = asked(server.https_port, hello_of(Version.TLS_1_2, more=more))
        without = asked(server.https_port, hello_of(Version.TLS_1_2))
    assert flight.staple == STAPLE
    assert flight.scts == (b"first", b"second one")
    assert without.staple is without.scts is None


STAPLE = bytes.fromhex("30030a0106")  # OCSPResponse, tryLater: s_server only checks that it is one
SCT_LIST = bytes.fromhex("0013 0005") + b"first" + bytes.fromhex("000a") + b"second one"


def serverinfo_pem(info):
    lines = ssl.DER_cert_to_PEM_cert(info).replace("CERTIFICATE", "SERVERINFO FOR SCT")
    return lines


def asked(port, hello):
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(hello)
        reader = FlightReader()
        while data := connection.recv(4096):
            if answer := reader.feed(data):
                return answer
        return reader.end()


ECDHE_RSA, DHE_RSA, ECDH_ANON, DH_ANON, RSA_EXPORT = 0xC02F, 0x009E, 0xC018, 0x0034, 0x0003
ECDHE_PSK, DHE_PSK, PSK, SRP = 0xC035, 0x0090, 0x008C, 0xC01D
KEY_EXCHANGES = [
    ("03001702aabb 0804 0002cccc", ECDHE_RSA, 0x0303, EcdheParameters(23, b"\xaa\xbb"), 0x0804),
    ("03001702aabb 0002cccc", ECDHE_RSA, 0x0301, EcdheParameters(23, b"\xaa\xbb"), None),
    ("00020fff 000102 00020abc 0401 0000", DHE_RSA, 0x0303, DheParameters(4095, 2, 2748), 0x0401),
    ("00020fff 000102 00020abc 0000", DHE_RSA, 0x0302, DheParameters(4095, 2, 2748), None),
    ("03001d02aabb", ECDH_ANON, 0x0303, EcdheParameters(29, b"\xaa\xbb"), None),
    ("00020fff 000102 00020abc", DH_ANON, 0x0300, DheParameters(4095, 2, 2748), None),
    ("0002c001 000103 0002cccc", RSA_EXPORT, 0x0301, RsaParameters(0xC001, 3), None),
    ("000468696e74 03001702aabb", ECDHE_PSK, 0x0303, EcdheParameters(23, b"\xaa\xbb"), None),
    ("0000 00020fff 000102 00020abc", DHE_PSK, 0x0303, DheParameters(4095, 2, 2748), None),
]


@pytest.mark.parametrize(("body", "suite", "version", "parameters", "scheme"), KEY_EXCHANGES)
def test_reads_a_key_exchange(body, suite, version, parameters, scheme):
    data = bytes.fromhex(body)
    found = parse_key_exchange(data, suite, version)
    assert (found.parameters, found.scheme) == (parameters, scheme)
    hint = {ECDHE_PSK: 6, DHE_PSK: 2}.get(suite, 0)
    after = len(found.signature) + (4 if scheme else 2)
    assert found.signed == (data[hint:] if suite in UNSIGNED else data[:-after])
    for end in range(len(data)):
        with pytest.raises(WireError, match=r"section 7\.4\.3"):
            parse_key_exchange(data[:end], suite, version)
    with pytest.raises(WireError, match="too many"):
        parse_key_exchange(data + b"\0", suite, version)


UNSIGNED = {ECDH_ANON, DH_ANON, ECDHE_PSK, DHE_PSK}


@pytest.mark.parametrize("kind", [1, 2])
def test_a_described_curve_is_refused(kind):
    with pytest.raises(WireError, match=f"a curve of type {kind}"):
        parse_key_exchange(bytes([kind]) + bytes(60), ECDHE_RSA, 0x0303)


@pytest.mark.parametrize("suite", [PSK, SRP, 0x1301, 0xFAFA])
def test_another_key_exchange_is_left_unread(suite):
    assert parse_key_exchange(b"\0\4hint", suite, 0x0303) is None


NAMES = "0009 0003300100 00023000"
REQUESTS = [
    (0x0303, "020140 0004 04030804" + NAMES, CertificateRequest((1, 64), (0x0403, 0x0804), ...)),
    (0x0301, "020140" + NAMES, CertificateRequest((1, 64), (), ...)),
    (
        0x0304,
        "02cafe 0019 000d 0006 0004 04030804 002f 000b" + NAMES,
        CertificateRequest((), (0x0403, 0x0804), ..., b"\xca\xfe"),
    ),
]


@pytest.mark.parametrize(("version", "body", "expected"), REQUESTS)
def test_reads_a_certificate_request(version, body, expected):
    data = bytes.fromhex(body)

    def parse(data):
        is_13 = version == 0x0304
        return (
            parse_certificate_request_13(data)
            if is_13
            else parse_certificate_request(data, version)
        )

    assert parse(data) == replace(expected, authorities=(b"\x30\x01\x00", b"\x30\x00"))
    for end in range(len(data)):
        with pytest.raises(WireError):
            parse(data[:end])
    with pytest.raises(WireError, match="too many"):
        parse(data + b"\0")


def test_reads_the_certificates_of_tls_1_3():
    """RFC 8446, 4.4.2: status_request (5) and signed_certificate_timestamp (18) per entry."""
    scts = bytes.fromhex("0012 0005 0003 0001 cc")
    staple = bytes.fromhex("0005 0006 01 000002 3003")
    block = staple + scts
    entry = bytes.fromhex("000002aaaa") + len(block).to_bytes(2, "big") + block
    entries = entry + bytes.fromhex("000001bb 0000")
    body = b"\0" + len(entries).to_bytes(3, "big") + entries
    assert parse_certificates_13(body) == (
        CertificateEntry(b"\xaa\xaa", b"\x30\x03", (b"\xcc",)),
        CertificateEntry(b"\xbb"),
    )
    for end in range(len(body)):
        with pytest.raises(WireError):
            parse_certificates_13(body[:end])


@pytest.mark.parametrize("count", [100, 101])
def test_a_chain_has_at_most_a_hundred_certificates(count):
    old, new = b"\0\0\1\xaa" * count, b"\0\0\1\xaa\0\0" * count
    bodies = [
        (parse_certificates, len(old).to_bytes(3, "big") + old),
        (parse_certificates_13, b"\0" + len(new).to_bytes(3, "big") + new),
    ]
    for parse, body in bodies:
        if count == 100:
            assert len(parse(body)) == 100
        else:
            with pytest.raises(WireError, match="more than 100 certificates"):
                parse(body)


def test_a_status_of_another_type_is_an_error():
    assert parse_status(b"\x01\0\0\1\x30") == b"\x30"
    with pytest.raises(WireError, match="type 2"):
        parse_status(b"\x02\0\0\1\x30")


@given(st.binary(max_size=200), st.sampled_from(sorted(suites())), st.integers(0x0300, 0x0304))
def test_any_bytes_are_a_message_or_a_wire_error(data, suite, version):
    parsers = [
        lambda: parse_key_exchange(data, suite, version),
        lambda: parse_certificate_request(data, version),
        lambda: parse_certificate_request_13(data),
        lambda: parse_certificates(data),
        lambda: parse_certificates_13(data),
        lambda: parse_status(data),
        lambda: scts_of({18: data}),
    ]
    for parse in parsers:
        try:
            parse()
        except WireError as error:
            assert "RFC" in str(error)


@given(st.lists(st.binary(max_size=60), max_size=6), st.booleans())
def test_any_bytes_give_an_answer(pieces, starts_well):
    reader = FlightReader()
    if starts_well:
        reader.feed(FLIGHT[: 5 + int.from_bytes(FLIGHT[3:5], "big")])
    answers = [answer for piece in pieces if (answer := reader.feed(piece))]
    answer = answers[0] if answers else reader.end()
    assert isinstance(answer, Flight) == starts_well


@given(st.integers(0, len(FLIGHT) - 1), st.integers(0, 255))
def test_a_changed_byte_gives_an_answer(at, value):
    changed = bytearray(FLIGHT)
    changed[at] = value
    reader = FlightReader()
    assert reader.feed(bytes(changed)) or reader.end()
