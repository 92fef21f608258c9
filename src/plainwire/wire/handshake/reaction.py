"""What a server of TLS 1.2 or older says to bytes of ours that come right after its first flight.

    reaction = AfterFlight(hello, lambda flight: record(...))
    send(reaction.start()), then `receive` and `end` as with any `Connection`

Everything is in clear here. Contents of a heartbeat are dropped unread: only their size is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from plainwire.model import WireError
from plainwire.policy.versions import Version, version_name
from plainwire.wire.alerts import Alert, parse_alert
from plainwire.wire.answer import NoAnswer
from plainwire.wire.flight import Flight
from plainwire.wire.handshake.connection import Connection, Outcome
from plainwire.wire.hello import parse_server_hello
from plainwire.wire.records import ContentType, Handshake, HandshakeType, Record

# A server that goes on talking after so many records says nothing more that counts.
MAX_RECORDS_AFTER = 64


@dataclass(frozen=True, slots=True)
class Reaction(Outcome):
    """``is_finished``: the flight came whole and our bytes were sent; what follows is after them.

    ``alert`` in ``broken_off`` is the fatal one that came, ``warnings`` those before it.
    ``heartbeats`` are the sizes in bytes of the heartbeat messages that came, ``others`` how many
    records of another kind.
    """

    flight: Flight | None = None
    warnings: tuple[Alert, ...] = ()
    heartbeats: tuple[int, ...] = ()
    others: int = 0


class AfterFlight(Connection[Reaction]):
    """One connection; ``answer`` makes what we send once the flight is there, from the flight."""

    def __init__(self, hello: bytes, answer: Callable[[Flight], bytes]) -> None:
        super().__init__(Reaction())
        self._hello, self._answer = hello, answer

    def start(self) -> bytes:
        """The ClientHello on the wire."""
        return self._hello

    @property
    def _is_awaiting(self) -> bool:
        return True

    def _send(self, kind: ContentType, content: bytes) -> None:
        version = self.result.flight.hello.version if self.result.flight else Version.TLS_1_0
        self._send_in_clear(kind, content, version)

    def _take_record(self, record: Record) -> None:
        if not self.result.is_finished:
            if record.type is ContentType.CHANGE_CIPHER_SPEC:
                raise WireError("RFC 5246, section 7.1: a ChangeCipherSpec out of place")
            self._take_content(record.type, record.fragment)
        elif record.type is ContentType.HEARTBEAT:
            self._learn(heartbeats=(*self.result.heartbeats, len(record.fragment)))
        elif record.type is ContentType.ALERT and len(record.fragment) == 2:
            self._on_alert(parse_alert(record.fragment))
        else:
            self._learn(others=self.result.others + 1)
        if self.result.others + len(self.result.heartbeats) >= MAX_RECORDS_AFTER:
            self.is_over = True

    def _on_alert(self, alert: Alert) -> None:
        if alert.is_fatal:
            self.stop(alert)
        else:
            self._learn(warnings=(*self.result.warnings, alert))

    def _take_message(self, message: Handshake) -> None:
        flight = self.result.flight
        if message.type == HandshakeType.HELLO_REQUEST:
            return
        if flight is None:
            if message.type != HandshakeType.SERVER_HELLO:
                raise WireError(f"handshake message {message.type} before ServerHello")
            flight = Flight(parse_server_hello(message.body))
            if flight.hello.version >= Version.TLS_1_3:
                words = f"answered with {version_name(flight.hello.version)}"
                self.stop(NoAnswer("unsupported", words))
        else:
            flight = flight.extended(message)
        self._learn(flight=flight, is_finished=flight.is_done)
        if flight.is_done:
            self._check_boundary()
            self._out += self._answer(flight)
