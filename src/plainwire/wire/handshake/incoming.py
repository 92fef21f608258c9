"""What comes in on a connection of our own: records, bounded, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import WireError
from plainwire.wire.answer import NoAnswer
from plainwire.wire.not_tls import NotTls, recognise
from plainwire.wire.records import HEADER, Record, RecordReader

# A handshake with the largest chain that is read (MAX_HANDSHAKE), tickets and a short answer.
MAX_BYTES = 1024 * 1024
# A server may send a byte a record; one that does so for long means to keep us busy.
MAX_RECORDS = 16 * 1024


class Incoming:
    """Bytes to records, or to the one `NotTls` where the peer speaks something else."""

    def __init__(self) -> None:
        self._records = RecordReader()
        self._start = bytearray()
        self._bytes = self._count = 0

    def records(self, data: bytes) -> Iterator[Record | NotTls]:
        """The records that are whole with these bytes, one at a time.

        Raises:
            WireError: if a header is no record's, or a limit is reached.
        """
        self._bytes += len(data)
        if self._bytes > MAX_BYTES:
            raise WireError(f"RFC 8446, section 5.1: more than {MAX_BYTES} bytes")
        if len(self._start) < HEADER:
            self._start += data
            if len(self._start) < HEADER:
                return
            data = bytes(self._start)
            if other := recognise(data):
                yield other
                return
        for record in self._records.records(data):
            self._count += 1
            if self._count > MAX_RECORDS:
                raise WireError(f"RFC 8446, section 5.1: more than {MAX_RECORDS} records")
            yield record

    def end(self, is_reset: bool) -> NotTls | NoAnswer:
        """What it means that the peer closed, or reset."""
        if len(self._start) < HEADER and (other := recognise(bytes(self._start))):
            return other
        if self._records.pending or 0 < len(self._start) < HEADER:
            return NoAnswer("cut off", "closed inside a record")
        if is_reset:
            return NoAnswer("reset", "reset the connection without an alert")
        return NoAnswer("closed", "closed without an alert")
