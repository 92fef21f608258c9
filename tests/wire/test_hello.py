"""ClientHello and ServerHello against the published traces of RFC 8448 and the grammar."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.model import WireError
from plainwire.policy.families import offers
from plainwire.policy.suites import offered_groups, offered_schemes
from plainwire.policy.versions import Version
from plainwire.wire import extensions as ext
from plainwire.wire.hello import ClientHello, client_hello, parse_server_hello

# RFC 8448, section 3: the handshake messages, headers included.
CLIENT_HELLO = bytes.fromhex(
    "010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7000006130113031302"
    "010000910000000b0009000006736572766572ff01000100000a00140012001d001700180019010001010102010301"
    "0400230000003300260024001d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c"
    "002b0003020304000d0020001e040305030603020308040805080604010501060102010402050206020202002d0002"
    "0101001c00024001"
)
SERVER_HELLO = bytes.fromhex(
    "020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e2692800130100002e003300"
    "24001d0020c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304"
)
# RFC 8448, section 5: the HelloRetryRequest, with a cookie.
RETRY_REQUEST = bytes.fromhex(
    "020000ac0303cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c001301000084003300"
    "020017002c0074007271dcd04bb88bc3189119398a00000000eefafc76c146b823b096f8aacad365dd0030953f4edf"
    "625636e5f21bb2e23fcc654b1b5b40318d10d137abcbb87574e36e8a1f025f7dfa5d6e50781b5eda4aa15b0c8be778"
    "257d16aa3030e9e7841dd9e4c0342267e8ca0caf571fb2b7cff0f934b0002b00020304"
)
# Made by hand from RFC 5246, 7.4.1.3 and RFC 6101, 5.6.1.3.
TLS_1_2_HELLO = bytes.fromhex(
    "0200004603 03" + "11" * 32 + "20" + "22" * 32 + "c02f00"  # no extension block at all
)
SSLV3_HELLO = bytes.fromhex("020000260300" + "33" * 32 + "00" + "000a" + "00")
TLS_1_0_HELLO = bytes.fromhex(
    "020000310301" + "44" * 32 + "00" + "002f" + "01" + "0009" + "ff01000100" + "00000000"
)


def test_the_traces_are_those_of_the_rfc():
    """RFC 8448, section 3 publishes the hash of the two messages."""
    digest = hashlib.sha256(CLIENT_HELLO + SERVER_HELLO).hexdigest()
    assert digest == "860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8"


def test_builds_the_client_hello_of_rfc_8448():
    share = bytes.fromhex("99381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c")
    schemes = "0403 0503 0603 0203 0804 0805 0806 0401 0501 0601 0201 0402 0502 0602 0202"
    hello = ClientHello(
        legacy_version=0x0303,
        random=bytes.fromhex("cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7"),
        suites=(0x1301, 0x1303, 0x1302),
        extensions=(
            *ext.server_name("server"),
            ext.renegotiation_info(),
            ext.supported_groups((29, 23, 24, 25, 256, 257, 258, 259, 260)),
            ext.session_ticket(),
            ext.key_share([(29, share)]),
            ext.supported_versions([0x0304]),
            ext.signature_algorithms(int(scheme, 16) for scheme in schemes.split()),
            ext.psk_key_exchange_modes(),
            (28, b"\x40\x01"),  # record_size_limit
        ),
    )
    assert hello.to_handshake() == CLIENT_HELLO
    # "send handshake record: complete record (201 octets)"
    assert hello.to_bytes() == bytes.fromhex("16030100c4") + CLIENT_HELLO


TABLE = [
    (SERVER_HELLO, (0x0304, 0x1301, False, 29, 0, {51, 43})),
    (RETRY_REQUEST, (0x0304, 0x1301, True, 23, 0, {51, 44, 43})),
    (TLS_1_2_HELLO, (0x0303, 0xC02F, False, None, 0, set())),
    (SSLV3_HELLO, (0x0300, 0x000A, False, None, 0, set())),
    (TLS_1_0_HELLO, (0x0301, 0x002F, False, None, 1, {0xFF01, 0})),
]
NAMES = ["1.3", "retry", "1.2", "SSLv3", "1.0"]


@pytest.mark.parametrize(("message", "expected"), TABLE, ids=NAMES)
def test_parses_a_server_hello(message, expected):
    hello = parse_server_hello(message[4:])
    found = (hello.version, hello.suite, hello.is_retry_request, hello.selected_group)
    assert (*found, hello.compression, set(hello.extensions)) == expected
    assert hello.random == message[6:38]


@pytest.mark.parametrize("message", [message for message, _ in TABLE], ids=NAMES)
def test_a_server_hello_cut_anywhere_is_an_error(message):
    body = message[4:]
    # Cut before the extension block, a hello is whole: the block may be absent (RFC 5246, 7.4.1.3).
    whole = {len(body), 35 + body[34] + 3}
    for end in range(len(body)):
        if end not in whole:
            with pytest.raises(WireError, match="RFC 8446, section 4"):
                parse_server_hello(body[:end])


HEAD = "0303" + "11" * 32 + "00" + "1301" + "00"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (HEAD + "0000" + "00", "too many"),
        (HEAD + "0006" + "00170000" + "0000", "wants 2 more"),
        (HEAD + "0008" + "00170000" + "00170000", "extension 23 twice"),
        (HEAD + "0007" + "002b0003030400", "supported_versions"),
        (HEAD + "0005" + "002b000103", "supported_versions"),
        (HEAD + "0006" + "00330002001d", "key_share"),
        (HEAD + "0005" + "0033000100", "key_share"),
        ("0303" + "11" * 32 + "21" + "00" * 33 + "130100", "session id of 33 bytes"),
    ],
)
def test_a_broken_server_hello_says_what_is_wrong(body, why):
    with pytest.raises(WireError, match=why):
        parse_server_hello(bytes.fromhex(body))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_server_hello_or_a_wire_error(data):
    try:
        hello = parse_server_hello(data)
    except WireError:
        return
    assert 0 <= hello.suite <= 0xFFFF


@given(st.sampled_from([message for message, _ in TABLE]), st.data())
def test_a_changed_byte_gives_a_server_hello_or_a_wire_error(message, data):
    body = bytearray(message[4:])
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        parse_server_hello(bytes(body))
    except WireError as error:
        assert "RFC 8446" in str(error)


def hello_of(version, **more):
    return client_hello(
        version,
        random=bytes(32),
        suites=offers(version)[0],
        groups=offered_groups(version),
        schemes=offered_schemes(version),
        **more,
    )


def codes(hello):
    return [code for code, _ in hello.extensions]


def test_a_hello_of_sslv3_has_no_extensions_and_its_own_record_version():
    hello = hello_of(Version.SSL_3_0, server_name="api.example.com")
    message = hello.to_handshake()
    assert hello.to_bytes()[:3] == bytes.fromhex("160300")
    assert message[4:6] == b"\x03\x00"
    suites_end = 4 + 2 + 32 + 1 + 2 + 2 * len(hello.suites)
    assert message[suites_end:] == b"\x01\x00"
    assert hello.suites[-1] == 0x00FF


@pytest.mark.parametrize("version", [Version.TLS_1_0, Version.TLS_1_1, Version.TLS_1_2])
def test_an_older_hello_signals_secure_renegotiation_and_offers_no_tls_1_3(version):
    hello = hello_of(version)
    assert hello.legacy_version == version
    assert 0x00FF in hello.suites
    assert not {ext.SUPPORTED_VERSIONS, ext.KEY_SHARE} & set(codes(hello))
    assert (ext.SIGNATURE_ALGORITHMS in codes(hello)) == (version == Version.TLS_1_2)
    assert {ext.SUPPORTED_GROUPS, ext.EC_POINT_FORMATS, ext.EXTENDED_MASTER_SECRET} <= set(
        codes(hello)
    )


def test_a_hello_of_tls_1_3_offers_only_that_and_an_empty_key_share():
    hello = hello_of(Version.TLS_1_3)
    extensions = dict(hello.extensions)
    assert hello.legacy_version == 0x0303
    assert extensions[ext.SUPPORTED_VERSIONS] == bytes.fromhex("020304")
    assert extensions[ext.KEY_SHARE] == bytes.fromhex("0000")
    assert extensions[ext.PSK_KEY_EXCHANGE_MODES] == bytes.fromhex("0101")


@pytest.mark.parametrize("name", ["a.example", "ab.example"])
def test_no_length_that_hangs_f5_is_sent_and_no_empty_last_extension(name):
    """RFC 7685, section 4."""
    lengths = set()
    for count in range(1, 250):
        hello = client_hello(
            Version.TLS_1_2,
            random=bytes(32),
            suites=range(1, count),
            groups=[29],
            schemes=[0x0403],
            server_name=name,
        )
        lengths.add(len(hello.to_handshake()))
        assert hello.extensions[-1][1]
    assert not lengths & set(range(256, 512))
    assert {512} < lengths
    assert min(lengths) < 256 < 513 < max(lengths)


def test_the_last_extension_is_never_empty():
    """RFC 7685, section 4, has it of WebSphere."""
    for version in Version:
        hello = hello_of(version, server_name="api.example.com")
        assert hello.extensions is None or hello.extensions[-1][1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("server", ((0, bytes.fromhex("0009000006736572766572")),)),  # RFC 8448, section 3
        ("server.", ((0, bytes.fromhex("0009000006736572766572")),)),
        ("127.0.0.1", ()),
        ("::1", ()),
        ("[::1]", ()),
        ("", ()),
        (None, ()),
    ],
)
def test_only_names_are_sent_as_server_name(name, expected):
    assert ext.server_name(name) == expected


def test_alpn_and_grease_are_sent_where_asked_for():
    hello = hello_of(Version.TLS_1_3, protocols=("h2", "http/1.1"), grease=0x0A0A)
    # RFC 7301, 3.1: a list of names, each with its length.
    assert dict(hello.extensions)[ext.ALPN] == b"\x00\x0c\x02h2\x08http/1.1"
    assert hello.suites[0] == 0x0A0A
    assert hello.extensions[0] == (0x0A0A, b"")


def test_a_random_of_another_length_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        ClientHello(0x0303, bytes(31), (1,)).to_bytes()
