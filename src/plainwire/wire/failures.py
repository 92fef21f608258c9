"""Answers of a server that failed."""

from __future__ import annotations

from typing import TypeGuard

from plainwire.model import Answer, Exchange

# What a gateway says of a server behind it is not the application's.
OF_GATEWAYS = (501, 502, 503, 504)


def is_failure(answer: Answer) -> TypeGuard[Exchange]:
    """True if the application itself failed (RFC 9110, section 15.6)."""
    if not isinstance(answer, Exchange):
        return False
    return answer.status >= 500 and answer.status not in OF_GATEWAYS
