"""A server's first flight in clear, as one value: everything from ServerHello to ServerHelloDone.

    ServerHello, Certificate*, CertificateStatus*, ServerKeyExchange*, CertificateRequest*,
    ServerHelloDone                                        (RFC 5246, 7.3; RFC 6066, section 8)

One connection gives one answer: a `Flight`, an alert, another protocol, or nothing that can be
understood. Of TLS 1.3 only the ServerHello (or HelloRetryRequest) is in clear. Bytes only; the
reading from a socket is in `live/`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from plainwire.model import WireError
from plainwire.policy.versions import Version
from plainwire.wire.alerts import Alert
from plainwire.wire.answer import NoAnswer
from plainwire.wire.certificate_messages import (
    CertificateRequest,
    parse_certificate_request,
    parse_certificates,
    parse_status,
    scts_of,
)
from plainwire.wire.hello import ServerHello, parse_server_hello
from plainwire.wire.key_exchange import KeyExchange, parse_key_exchange
from plainwire.wire.not_tls import NotTls
from plainwire.wire.records import ContentType, Handshake, HandshakeType, Message, MessageReader
from plainwire.wire.records import Record as TlsRecord

# A ServerHello comes first and is small; a peer that says more than this before it never ends.
MAX_BEFORE_HELLO = 64 * 1024
MAX_FLIGHT = 256 * 1024


@dataclass(frozen=True, slots=True)
class Flight:
    """What a server said; a part is None if it did not come, or has a shape not understood.

    ``certificates`` and ``staple`` are DER, ``scts`` those of the ServerHello. ``is_done`` is True
    at the end that was asked for; else ``broken_off`` says what came instead of the rest.
    ``is_resumed`` is True where ChangeCipherSpec followed at once: an abbreviated handshake.
    """

    hello: ServerHello
    certificates: tuple[bytes, ...] | None = None
    staple: bytes | None = None
    key_exchange: KeyExchange | None = None
    certificate_request: CertificateRequest | None = None
    scts: tuple[bytes, ...] | None = None
    is_done: bool = False
    is_resumed: bool = False
    broken_off: Alert | NoAnswer | None = None

    def extended(self, message: Handshake) -> Flight:
        """The flight with one more of its messages.

        Raises:
            WireError: if it has no place there, is there already, or breaks its own grammar.
        """
        if message.type == HandshakeType.SERVER_HELLO_DONE:
            return replace(self, is_done=True)
        if message.type not in PARTS:
            raise WireError(f"RFC 5246, section 7.3: message {message.type} in the first flight")
        part, parse = PARTS[message.type]
        if getattr(self, part) is not None:
            raise WireError(f"RFC 5246, section 7.3: message {message.type} twice")
        changed: Mapping[str, Any] = {part: parse(message.body, self.hello)}
        return replace(self, **changed)


FirstFlight = Flight | Alert | NotTls | NoAnswer


class FlightReader:
    """Bytes to the first flight, however they are cut.

    With ``stop_after="hello"`` the ServerHello is all that is waited for. Warnings are tolerated,
    as `unrecognized_name` is common before a ServerHello (RFC 6066, section 3), and so is
    HelloRequest (RFC 5246, 7.4.1.1).
    """

    def __init__(self, stop_after: Literal["hello", "done"] = "done") -> None:
        self._stop_after = stop_after
        self._messages = MessageReader()
        self._warning: Alert | None = None
        self._flight: Flight | None = None
        self._count = 0

    def feed(self, data: bytes) -> FirstFlight | None:
        """The answer, once these bytes complete it; None before."""
        self._count += len(data)
        try:
            for message in self._messages.messages(data):
                answer = self._judge(message)
                if answer is not None:
                    return answer
        except WireError as error:
            return self.broken_off(NoAnswer("garbage", str(error)))
        limit = MAX_FLIGHT if self._flight else MAX_BEFORE_HELLO
        if self._count > limit:
            what = "ServerHelloDone" if self._flight else "a ServerHello"
            return self.broken_off(NoAnswer("garbage", f"{limit} bytes without {what}"))
        return None

    def end(self, is_reset: bool = False) -> FirstFlight:
        """The answer when the peer has closed, or reset, and `feed` gave none.

        A warning before the end is the answer then: some servers send their refusal as one.
        """
        try:
            left = self._messages.finish()
        except WireError as error:
            return self.broken_off(NoAnswer("cut off", str(error)))
        if left and isinstance(left[0], NotTls):
            return left[0]
        if self._warning:
            return self.broken_off(self._warning)
        if is_reset:
            return self.broken_off(NoAnswer("reset", "reset the connection without an alert"))
        return self.broken_off(NoAnswer("closed", "closed without an alert"))

    def broken_off(self, reason: Alert | NoAnswer) -> FirstFlight:
        """The answer where ``reason`` ends it, silence perhaps: what came, and the reason."""
        return replace(self._flight, broken_off=reason) if self._flight else reason

    def _judge(self, message: Message) -> FirstFlight | None:
        match message:
            case Alert(level=1):
                self._warning = message
            case Alert():
                return self.broken_off(message)
            case NotTls():
                return message
            case Handshake(type=HandshakeType.HELLO_REQUEST):
                pass
            case Handshake(type=HandshakeType.SERVER_HELLO) if self._flight is None:
                return self._begin(parse_server_hello(message.body))
            case Handshake() if self._flight:
                return self._continue(self._flight, message)
            case TlsRecord(type=ContentType.CHANGE_CIPHER_SPEC) if self._flight:
                return replace(self._flight, is_done=True, is_resumed=True)
            case Handshake():
                raise WireError(f"handshake message {message.type} before ServerHello")
            case _:
                when = "in the first flight" if self._flight else "before ServerHello"
                raise WireError(f"a {message.type.name.lower()} record {when}")
        return None

    def _begin(self, hello: ServerHello) -> Flight | None:
        is_all = self._stop_after == "hello" or hello.version >= Version.TLS_1_3
        self._flight = Flight(hello, is_done=is_all)
        if not is_all:
            self._flight = replace(self._flight, scts=scts_of(hello.extensions))
        return self._flight if is_all else None

    def _continue(self, flight: Flight, message: Handshake) -> Flight | None:
        if message.type == HandshakeType.NEW_SESSION_TICKET:
            return None  # RFC 5077, 3.3: right before the ChangeCipherSpec of a resumption
        self._flight = flight.extended(message)
        return self._flight if self._flight.is_done else None


PARTS: Mapping[int, tuple[str, Callable[[bytes, ServerHello], object]]] = {
    HandshakeType.CERTIFICATE: ("certificates", lambda body, _: parse_certificates(body)),
    HandshakeType.CERTIFICATE_STATUS: ("staple", lambda body, _: parse_status(body)),
    HandshakeType.SERVER_KEY_EXCHANGE: (
        "key_exchange",
        lambda body, hello: parse_key_exchange(body, hello.suite, hello.version),
    ),
    HandshakeType.CERTIFICATE_REQUEST: (
        "certificate_request",
        lambda body, hello: parse_certificate_request(body, hello.version),
    ),
}
