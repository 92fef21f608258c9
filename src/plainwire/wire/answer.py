"""The first thing that a server says to a ClientHello, as one value.

One connection gives one answer: a ServerHello, an alert, another protocol, or nothing that can
be understood. `wire/flight.py` reads it, and what follows it in clear.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from plainwire.policy.suites import groups, suite_name
from plainwire.policy.versions import version_name
from plainwire.wire.alerts import Alert
from plainwire.wire.hello import ServerHello
from plainwire.wire.not_tls import NotTls


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why there is no answer: the peer closed or reset without a byte, was silent, and so on.

    ``garbage`` broke TLS's grammar, ``cut off`` ended inside a message, ``unreachable`` gave no
    connection, ``not asked`` was given up before it was sent. ``unsupported`` chose what a
    handshake of our own cannot go on with.
    """

    kind: Literal[
        "closed",
        "reset",
        "silent",
        "garbage",
        "cut off",
        "unreachable",
        "not asked",
        "unsupported",
    ]
    reason: str


Answer = ServerHello | Alert | NotTls | NoAnswer


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
