"""TLS records and the messages in them (RFC 8446, section 5.1; RFC 5246, section 6.2).

    struct {
        ContentType type;                 // 1 byte
        ProtocolVersion version;          // 2 bytes, 03 00 to 03 04
        uint16 length;                    // at most 2^14 + 2048 (RFC 5246, 6.2.3)
        opaque fragment[length];
    } TLSRecord;

    struct {
        HandshakeType msg_type;           // 1 byte
        uint24 length;
        opaque body[length];
    } Handshake;                          // RFC 8446, section 4

Only records in clear are understood: what comes after ChangeCipherSpec, or as application data,
is for the caller to leave alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from plainwire.model import WireError
from plainwire.wire.alerts import Alert, parse_alert
from plainwire.wire.not_tls import RECORD_TYPES, NotTls, recognise

HEADER = 5
MAX_FRAGMENT = 2**14 + 2048
# RFC 8446 allows 2^24 - 1. Nothing that is read in clear (the largest is a chain) comes near
# this; a peer that announces more means to fill memory.
MAX_HANDSHAKE = 256 * 1024


class ContentType(IntEnum):
    """What a record holds (RFC 8446, 5.1; heartbeat: RFC 6520)."""

    CHANGE_CIPHER_SPEC = 20
    ALERT = 21
    HANDSHAKE = 22
    APPLICATION_DATA = 23
    HEARTBEAT = 24


class HandshakeType(IntEnum):
    """The handshake messages that are understood (RFC 5246, 7.4; RFC 8446, section 4)."""

    HELLO_REQUEST = 0
    CLIENT_HELLO = 1
    SERVER_HELLO = 2
    NEW_SESSION_TICKET = 4
    END_OF_EARLY_DATA = 5
    ENCRYPTED_EXTENSIONS = 8
    CERTIFICATE = 11
    SERVER_KEY_EXCHANGE = 12
    CERTIFICATE_REQUEST = 13
    SERVER_HELLO_DONE = 14
    CERTIFICATE_VERIFY = 15
    CLIENT_KEY_EXCHANGE = 16
    FINISHED = 20
    CERTIFICATE_STATUS = 22
    KEY_UPDATE = 24
    MESSAGE_HASH = 254


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was framed."""

    type: ContentType
    version: int
    fragment: bytes = field(repr=False)

    def to_bytes(self) -> bytes:
        """The record on the wire."""
        head = bytes([self.type]) + self.version.to_bytes(2, "big")
        return head + len(self.fragment).to_bytes(2, "big") + self.fragment


@dataclass(frozen=True, slots=True)
class Handshake:
    """One whole handshake message, put together from its records; ``type`` is a code point."""

    type: int
    body: bytes = field(repr=False)

    def to_bytes(self) -> bytes:
        """The message with its header."""
        return bytes([self.type]) + len(self.body).to_bytes(3, "big") + self.body


Message = Handshake | Alert | Record | NotTls


class RecordReader:
    """Bytes to records, however the bytes are cut."""

    def __init__(self) -> None:
        self._pending = bytearray()

    @property
    def pending(self) -> bytes:
        """The bytes that are not a whole record yet: at most one record."""
        return bytes(self._pending)

    def feed(self, data: bytes) -> list[Record]:
        """The records that are whole with these bytes.

        Raises:
            WireError: if a header is not a TLS record's, or its length is over the limit.
        """
        return list(self.records(data))

    def records(self, data: bytes) -> Iterator[Record]:
        """The same, one at a time: those before a broken one come before the error.

        Raises:
            WireError: as `feed`.
        """
        self._pending += data
        while len(self._pending) >= HEADER:
            length = _checked_length(self._pending)
            if len(self._pending) < HEADER + length:
                break
            kind, version = ContentType(self._pending[0]), int.from_bytes(self._pending[1:3], "big")
            fragment = bytes(self._pending[HEADER : HEADER + length])
            del self._pending[: HEADER + length]
            yield Record(kind, version, fragment)


def _checked_length(header: bytearray) -> int:
    length = int.from_bytes(header[3:5], "big")
    if header[0] not in RECORD_TYPES or header[1] != 3 or header[2] > 4:
        raise WireError(f"RFC 8446, section 5.1: no record header in {header[:5].hex(' ')}")
    if length > MAX_FRAGMENT:
        raise WireError(f"RFC 5246, section 6.2.3: a record of {length} bytes")
    return length


class HandshakeReader:
    """The contents of handshake records to handshake messages (RFC 8446, section 4)."""

    def __init__(self) -> None:
        self._pending = bytearray()

    @property
    def pending(self) -> bytes:
        """The bytes that are not a whole message yet."""
        return bytes(self._pending)

    def messages(self, fragment: bytes) -> Iterator[Handshake]:
        """The messages that are whole with these bytes, one at a time.

        Raises:
            WireError: if one is longer than `MAX_HANDSHAKE`.
        """
        self._pending += fragment
        while len(self._pending) >= 4:
            length = int.from_bytes(self._pending[1:4], "big")
            if length > MAX_HANDSHAKE:
                raise WireError(f"RFC 8446, section 4: a handshake message of {length} bytes")
            if len(self._pending) < 4 + length:
                break
            message = Handshake(self._pending[0], bytes(self._pending[4 : 4 + length]))
            del self._pending[: 4 + length]
            yield message


class MessageReader:
    """Bytes to handshake messages and alerts, across records and several to a record.

    Records of another type are handed out as they are. Where the very first bytes are no TLS
    record, the only message is a `NotTls`, and everything after it is left unread.
    """

    def __init__(self) -> None:
        self._records = RecordReader()
        self._handshake = HandshakeReader()
        self._first = bytearray()
        self._is_tls: bool | None = None

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are whole with these bytes.

        Raises:
            WireError: if the peer breaks the grammar above or a limit.
        """
        return list(self.messages(data))

    def messages(self, data: bytes) -> Iterator[Message]:
        """The same, one at a time: those before a broken one come before the error.

        Raises:
            WireError: as `feed`.
        """
        if self._is_tls is None:
            self._first += data
            if len(self._first) < HEADER:
                return
            data = bytes(self._first)
            other = recognise(data)
            self._is_tls = other is None
            if other:
                yield other
        if self._is_tls:
            yield from self._messages(data)

    def finish(self) -> list[Message]:
        """What is left when the peer has closed: nothing, or the little that was not TLS.

        Raises:
            WireError: if it closed inside a record or a message.
        """
        if self._is_tls is None and self._first and (other := recognise(bytes(self._first))):
            self._is_tls = False
            return [other]
        if self._is_tls is not False and (
            (self._is_tls is None and self._first)
            or self._records.pending
            or self._handshake.pending
        ):
            raise WireError("RFC 8446, section 5.1: closed inside a record or a message")
        return []

    def _messages(self, data: bytes) -> Iterator[Message]:
        for record in self._records.records(data):
            if record.type is ContentType.HANDSHAKE:
                yield from self._handshake.messages(record.fragment)
            elif self._handshake.pending:
                # RFC 8446, 5.1: no other record between the fragments of one message.
                raise WireError("RFC 8446, section 5.1: a record inside a handshake message")
            else:
                is_alert = record.type is ContentType.ALERT
                yield parse_alert(record.fragment) if is_alert else record
