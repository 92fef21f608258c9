"""SSLv2: the hello that we send and the answers to it, by the grammar of the 1995 draft."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.model import WireError
from plainwire.wire.sslv2 import Error2, Other2, ServerHello2, client_hello_2, read_answer

SUITES = bytes.fromhex("010080 0700c0")
CERTIFICATE = b"\x30\x03\x02\x01\x05"


def server_hello(specs=SUITES, certificate=CERTIFICATE, version=b"\0\2", more=b""):
    """MSG-SERVER-HELLO, SESSION-ID-HIT 0, X.509, and the three lengths."""
    sizes = b"".join(len(part).to_bytes(2, "big") for part in (certificate, specs, b"c" * 16))
    return b"\4\0\1" + version + sizes + certificate + specs + b"c" * 16 + more


def short(message):
    return (0x8000 | len(message)).to_bytes(2, "big") + message


def padded(message, padding=5):
    size = len(message) + padding
    return size.to_bytes(2, "big") + bytes([padding]) + message + bytes(padding)


FOUND = ServerHello2(CERTIFICATE, (0x010080, 0x0700C0))


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (short(server_hello()), FOUND),
        (padded(server_hello()), FOUND),
        (short(server_hello()) + b"more", FOUND),
        (short(server_hello(b"", b"")), ServerHello2(b"", ())),
        (short(b"\0\0\1"), Error2(1)),
        (padded(b"\0\0\1"), Error2(1)),
        (bytes.fromhex("15030100020228"), Other2("answered with a record of TLS")),
        (bytes.fromhex("15030000020228"), Other2("answered with a record of TLS")),
        (bytes.fromhex("16030300310200"), Other2("answered with a record of TLS")),
        (b"HTTP/1.1 400 Bad Request", Other2("answered in plain HTTP")),
        (b"220 mail.test ESMTP", Other2("answered in plain text")),
        (b"\xff" * 9, Other2("answered in something that is neither TLS nor text")),
    ],
)
def test_an_answer_is_read(data, answer):
    assert read_answer(data) == answer
    first = next(end for end in range(len(data) + 1) if read_answer(data[:end]) is not None)
    assert read_answer(data[:first]) == answer


def test_the_names_are_those_of_the_draft():
    assert FOUND.names == ("SSL_CK_RC4_128_WITH_MD5", "SSL_CK_DES_192_EDE3_CBC_WITH_MD5")
    assert ServerHello2(b"", (0x123456,)).names == ("0x123456",)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (server_hello(version=b"\3\1"), "version 0x0301"),
        (server_hello(specs=b"\1\0"), "suites of 3 bytes"),
        (server_hello(more=b"\0"), "too many"),
        (server_hello()[:-1], "ends at"),
        (b"\4\0\1\0", "ends at"),
    ],
)
def test_what_breaks_the_draft_says_so(message, words):
    with pytest.raises(WireError, match=words):
        read_answer(short(message))


def test_our_hello_is_the_drafts():
    hello = client_hello_2(b"c" * 16)
    assert int.from_bytes(hello[:2], "big") == 0x8000 | (len(hello) - 2)
    assert hello[2:5] == b"\1\0\2"
    specs, session, challenge = (int.from_bytes(hello[at : at + 2], "big") for at in (5, 7, 9))
    assert (specs % 3, session, challenge) == (0, 0, 16)
    listed = {hello[11 + at : 14 + at] for at in range(0, specs, 3)}
    # RC4, RC2, IDEA, DES, 3DES and both exports of the draft, section 6.1 ("CIPHER-KIND").
    for code in ("010080", "020080", "030080", "040080", "050080", "060040", "0700c0"):
        assert bytes.fromhex(code) in listed
    assert hello[11 + specs :] == b"c" * 16


@given(st.binary(max_size=120), st.sampled_from([b"", b"\x80", b"\0", b"\x80\x40\4"]))
def test_any_bytes_are_a_value_or_a_wire_error(data, start):
    try:
        read_answer(start + data)
    except WireError as error:
        assert "SSL 2.0" in str(error)
