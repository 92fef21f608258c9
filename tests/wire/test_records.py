"""Records, messages and alerts, however the bytes are cut, and what is none of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.model import WireError
from plainwire.wire.alerts import Alert, parse_alert
from plainwire.wire.not_tls import NotTls, recognise
from plainwire.wire.records import (
    MAX_FRAGMENT,
    MAX_HANDSHAKE,
    ContentType,
    Handshake,
    MessageReader,
    Record,
    RecordReader,
)

FATAL_40 = bytes.fromhex("15 0303 0002 0228")
WARNING_112 = bytes.fromhex("15 0301 0002 0170")
CCS = bytes.fromhex("14 0303 0001 01")
DONE = bytes.fromhex("16 0303 0004 0e000000")
SPLIT = bytes.fromhex("16 0303 0001 0b" + "16 0303 0002 0000" + "16 0303 0005 03aabbcc 0e")
SPLIT += bytes.fromhex("16 0303 0003 000000")
TWO_IN_ONE = bytes.fromhex("16 0303 000a 0c000002aabb 0e000000")

TABLE = [
    (FATAL_40, [Alert(2, 40)]),
    (WARNING_112 + FATAL_40, [Alert(1, 112), Alert(2, 40)]),
    (DONE, [Handshake(14, b"")]),
    (TWO_IN_ONE, [Handshake(12, b"\xaa\xbb"), Handshake(14, b"")]),
    (SPLIT, [Handshake(11, b"\xaa\xbb\xcc"), Handshake(14, b"")]),
    (CCS, [Record(ContentType.CHANGE_CIPHER_SPEC, 0x0303, b"\x01")]),
    (
        bytes.fromhex("17 0303 0003 616263"),
        [Record(ContentType.APPLICATION_DATA, 0x0303, b"abc")],
    ),
    (bytes.fromhex("16 0303 0000") + DONE, [Handshake(14, b"")]),
    (b"HTTP/1.1 400 Bad Request\r\n", [NotTls("http", "answered in plain HTTP")]),
]


@pytest.mark.parametrize(("data", "messages"), TABLE)
def test_reads_messages(data, messages):
    reader = MessageReader()
    assert reader.feed(data) == messages
    assert reader.finish() == []


@pytest.mark.parametrize(("data", "messages"), TABLE)
def test_reads_the_same_messages_a_byte_at_a_time(data, messages):
    reader = MessageReader()
    assert [message for byte in data for message in reader.feed(bytes([byte]))] == messages


@pytest.mark.parametrize("data", [FATAL_40, DONE, SPLIT, TWO_IN_ONE, CCS])
def test_an_end_inside_a_record_or_message_is_an_error(data):
    for end in range(1, len(data)):
        reader = MessageReader()
        reader.feed(data[:end])
        with pytest.raises(WireError, match="closed inside"):
            reader.finish()


@pytest.mark.parametrize("data", [FATAL_40, CCS, DONE])
def test_a_record_is_written_as_it_was_read(data):
    assert [record.to_bytes() for record in RecordReader().feed(data)] == [data]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (DONE + b"HTTP/1.1 400", "no record header in 48 54 54 50 2f"),
        (DONE + bytes.fromhex("16 0305 0001 00"), "no record header"),
        (DONE + bytes.fromhex("19 0303 0001 00"), "no record header"),
        (bytes.fromhex("16 0303") + (MAX_FRAGMENT + 1).to_bytes(2, "big"), "18433 bytes"),
        (bytes.fromhex("15 0303 0003 022800"), "no alert"),
        (bytes.fromhex("15 0303 0002 0328"), "no alert"),
        (bytes.fromhex("15 0303 0000"), "no alert"),
        (bytes.fromhex("16 0303 0004 0b040001"), "a handshake message of 262145 bytes"),
        (bytes.fromhex("16 0303 0001 0b") + FATAL_40, "inside a handshake message"),
    ],
)
def test_a_broken_record_says_what_is_wrong(data, why):
    with pytest.raises(WireError, match=why):
        MessageReader().feed(data)


def test_the_largest_record_and_message_are_read():
    """RFC 5246, 6.2.3, and this project's limit for a message."""
    body = bytes(MAX_HANDSHAKE)
    message = b"\x0b" + MAX_HANDSHAKE.to_bytes(3, "big") + body
    reader, found = MessageReader(), []
    for start in range(0, len(message), MAX_FRAGMENT):
        part = message[start : start + MAX_FRAGMENT]
        found += reader.feed(b"\x16\x03\x03" + len(part).to_bytes(2, "big") + part)
    assert found == [Handshake(11, body)]


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_any_bytes_give_messages_or_a_wire_error(pieces):
    reader = MessageReader()
    try:
        for piece in pieces:
            reader.feed(piece)
        reader.finish()
    except WireError:
        pass


@given(st.data())
def test_any_cut_of_a_flight_gives_the_same_messages(data):
    flight = WARNING_112 + SPLIT + TWO_IN_ONE + CCS
    cuts = sorted(data.draw(st.sets(st.integers(1, len(flight) - 1))))
    reader, found = MessageReader(), []
    for start, end in zip([0, *cuts], [*cuts, len(flight)], strict=True):
        found += reader.feed(flight[start:end])
    assert found == MessageReader().feed(flight)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"HTTP/1.0 400", "http"),
        (b"http/1.1 400", "http"),
        (bytes.fromhex("00001204000000000000"), "http"),  # RFC 9113, 3.4
        (b"<html>", "text"),
        (b"220 mail.example.com ESMTP", "text"),
        (b"SSH-2.0-OpenSSH_9", "text"),
        (b"no", "text"),
        (bytes.fromhex("8003000001"), "sslv2"),  # ERROR, NO_CIPHER_ERROR
        (bytes.fromhex("80230400010002"), "sslv2"),  # SERVER-HELLO
        (b"\x4a\x00\x00\x00\x0a8.0.36", "binary"),  # MySQL's greeting
        (b"\x16\x04\x00\x00\x00", "binary"),
        (b"\x16\x03\x05\x00\x00", "binary"),
        (b"\xff", "binary"),
    ],
)
def test_what_is_not_tls_is_told_from_its_first_bytes(start, kind):
    assert recognise(start).kind == kind
    assert recognise(start).is_plain_text == (kind in ("http", "text"))


@pytest.mark.parametrize("end", range(6))
def test_the_start_of_a_record_is_not_something_else(end):
    assert recognise(FATAL_40[:end]) is None


def test_a_short_text_is_recognised_when_the_peer_closes():
    reader = MessageReader()
    assert reader.feed(b"-ER") == []
    assert reader.finish() == [NotTls("text", "answered in plain text")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x02\x28", "fatal alert handshake_failure"),  # RFC 8446, section 6
        (b"\x01\x70", "warning alert unrecognized_name"),  # RFC 6066, section 9
        (b"\x02\x46", "fatal alert protocol_version"),
        (b"\x02\xfe", "fatal alert alert 254"),
    ],
)
def test_an_alert_has_its_iana_name(data, words):
    assert str(parse_alert(data)) == words
