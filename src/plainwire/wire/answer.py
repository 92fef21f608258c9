"""The first thing that a server says to a ClientHello, as one value.

One connection gives one answer: a ServerHello, an alert, another protocol, or nothing that can
be understood. Bytes only; the reading from a socket is in `live/hellos.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from plainwire.model import WireError
from plainwire.policy.suites import groups, suite_name
from plainwire.policy.versions import version_name
from plainwire.wire.alerts import Alert
from plainwire.wire.hello import ServerHello, parse_server_hello
from plainwire.wire.not_tls import NotTls
from plainwire.wire.records import Handshake, HandshakeType, Message, MessageReader

# A ServerHello comes first and is small; a peer that says more than this before it never ends.
MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why there is no answer: the peer closed or reset without a byte, was silent, and so on.

    ``garbage`` broke TLS's grammar, ``cut off`` ended inside a message, ``unreachable`` gave no
    connection, ``not asked`` was given up before it was sent.
    """

    kind: Literal["closed", "reset", "silent", "garbage", "cut off", "unreachable", "not asked"]
    reason: str


Answer = ServerHello | Alert | NotTls | NoAnswer


class AnswerReader:
    """Bytes to the answer, however they are cut.

    Warnings before the ServerHello are tolerated, as `unrecognized_name` is common there
    (RFC 6066, section 3), and so is HelloRequest (RFC 5246, 7.4.1.1).
    """

    def __init__(self) -> None:
        self._messages = MessageReader()
        self._warning: Alert | None = None
        self._count = 0

    def feed(self, data: bytes) -> Answer | None:
        """The answer, once these bytes complete it; None before."""
        self._count += len(data)
        try:
            for message in self._messages.feed(data):
                if answer := self._judge(message):
                    return answer
        except WireError as error:
            return NoAnswer("garbage", str(error))
        if self._count > MAX_BYTES:
            return NoAnswer("garbage", f"{MAX_BYTES} bytes without a ServerHello")
        return None

    def end(self, is_reset: bool = False) -> Answer:
        """The answer when the peer has closed, or reset, and `feed` gave none.

        A warning before the end is the answer then: some servers send their refusal as one.
        """
        try:
            left = self._messages.finish()
        except WireError as error:
            return NoAnswer("cut off", str(error))
        if left and isinstance(left[0], NotTls):
            return left[0]
        if self._warning:
            return self._warning
        if is_reset:
            return NoAnswer("reset", "reset the connection without an alert")
        return NoAnswer("closed", "closed without an alert")

    def _judge(self, message: Message) -> Answer | None:
        match message:
            case Alert(level=1):
                self._warning = message
                return None
            case Alert() | NotTls():
                return message
            case Handshake(type=HandshakeType.HELLO_REQUEST):
                return None
            case Handshake(type=HandshakeType.SERVER_HELLO):
                return parse_server_hello(message.body)
            case Handshake():
                return NoAnswer("garbage", f"handshake message {message.type} before ServerHello")
        return NoAnswer("garbage", f"a {message.type.name.lower()} record before ServerHello")


def describe(answer: Answer) -> str:
    """An answer in readable words, such as ``ServerHello TLSv1.2, TLS_RSA_WITH_…``."""
    match answer:
        case ServerHello():
            what = "HelloRetryRequest" if answer.is_retry_request else "ServerHello"
            words = [f"{what} {version_name(answer.version)}", suite_name(answer.suite)]
            if (group := answer.selected_group) is not None:
                words.append(groups().get(group, f"0x{group:04x}"))
            return ", ".join(words)
        case Alert():
            return str(answer)
    return answer.reason
