"""What the handshakes of every version share: bytes in and out, alerts, and how it ends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from plainwire.model import WireError
from plainwire.policy.versions import Version
from plainwire.wire.alerts import Alert, parse_alert
from plainwire.wire.answer import NoAnswer
from plainwire.wire.handshake.incoming import Incoming
from plainwire.wire.not_tls import NotTls
from plainwire.wire.records import ContentType, Handshake, HandshakeReader, Record

CLOSE_NOTIFY = 0
MAX_HEARD = 4096
CHANGE_CIPHER_SPEC = Record(ContentType.CHANGE_CIPHER_SPEC, Version.TLS_1_2, b"\1")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a handshake came.

    ``is_finished``: both sides verified each other's Finished. ``broken_off`` says what ended it
    before that, or an alert that came after it.
    """

    is_finished: bool = False
    broken_off: Alert | NotTls | NoAnswer | None = None

    @property
    def alert(self) -> Alert | None:
        """The alert that ended it, encrypted or not."""
        return self.broken_off if isinstance(self.broken_off, Alert) else None


Result = TypeVar("Result", bound=Outcome)


class Connection(ABC, Generic[Result]):
    """One connection; ``result`` is readable at any time. ``is_over``: nothing more is awaited.

    ``heard`` is the beginning of the application data that came.
    """

    def __init__(self, result: Result) -> None:
        self.result = result
        self.is_over = False
        self.heard = b""
        self._incoming, self._messages = Incoming(), HandshakeReader()
        self._warning: Alert | None = None
        self._out = b""

    @abstractmethod
    def start(self) -> bytes:
        """The ClientHello on the wire."""

    def receive(self, data: bytes) -> bytes:
        """What to send in answer to these bytes; nothing once it is over.

        Raises:
            WireError: if the server breaks the RFC, or a limit; ``result`` says so, too.
        """
        try:
            for record in self._awaited_records(data):
                if isinstance(record, NotTls):
                    self.stop(record)
                else:
                    self._take_record(record)
        except WireError as error:
            self.stop(NoAnswer("garbage", str(error)))
            self._out = b""
            raise
        return self._flush()

    def end(self, is_reset: bool = False) -> Result:
        """The result when the peer has closed, or reset."""
        if not self.is_over and self._is_awaiting:
            self.stop(self._warning or self._incoming.end(is_reset))
        self.is_over = True
        return self.result

    def stop(self, reason: Alert | NotTls | NoAnswer) -> None:
        """End it here, for a reason of the caller's perhaps, such as silence."""
        self._learn(broken_off=reason)
        self.is_over = True

    def say(self, data: bytes) -> bytes:
        """Application data on the wire, once it is finished."""
        self._send(ContentType.APPLICATION_DATA, data)
        return self._flush()

    def close(self) -> bytes:
        """A close_notify alert on the wire (RFC 8446, 6.1)."""
        self._send(ContentType.ALERT, bytes([1, CLOSE_NOTIFY]))
        return self._flush()

    @property
    def _is_awaiting(self) -> bool:
        """Whether an end now is too early."""
        return not self.result.is_finished

    @abstractmethod
    def _take_record(self, record: Record) -> None: ...

    @abstractmethod
    def _take_message(self, message: Handshake) -> None: ...

    @abstractmethod
    def _send(self, kind: ContentType, content: bytes) -> None: ...

    def _awaited_records(self, data: bytes) -> Iterator[Record | NotTls]:
        if self.is_over:
            return
        for record in self._incoming.records(data):
            yield record
            if self.is_over:
                return

    def _take_content(self, kind: int, content: bytes) -> None:
        """What a record holds, once it is decrypted."""
        if kind == ContentType.HANDSHAKE:
            for message in self._messages.messages(content):
                self._take_message(message)
                if self.is_over:
                    return
        elif self._messages.pending:
            raise WireError("RFC 8446, section 5.1: a record inside a handshake message")
        elif kind == ContentType.ALERT:
            self._take_alert(parse_alert(content))
        elif kind != ContentType.APPLICATION_DATA or not self.result.is_finished:
            raise WireError(f"RFC 8446, section 5: a record of type {kind} out of place")
        else:
            self.heard = (self.heard + content)[:MAX_HEARD]

    def _take_alert(self, alert: Alert) -> None:
        if alert.description == CLOSE_NOTIFY and not self._is_awaiting:
            self.is_over = True
        elif alert.description == CLOSE_NOTIFY or alert.is_fatal:
            self.stop(alert)
        else:
            self._warning = alert

    def _check_boundary(self) -> None:
        """No message spans a change of keys (RFC 8446, 5.1)."""
        if self._messages.pending:
            raise WireError("RFC 8446, section 5.1: a message before a change of keys is not last")

    def _learn(self, **parts: Any) -> None:
        self.result = replace(self.result, **parts)

    def _send_in_clear(self, kind: ContentType, content: bytes, version: int) -> None:
        self._out += Record(kind, version, content).to_bytes()

    def _flush(self) -> bytes:
        out, self._out = self._out, b""
        return out
