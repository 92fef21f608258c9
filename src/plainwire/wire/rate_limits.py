"""Whether an answer tells of a limit on requests."""

from __future__ import annotations

from plainwire.model import Exchange

# draft-ietf-httpapi-ratelimit-headers and what services used before it; RFC 9110, section 10.2.3.
FIELDS = ("ratelimit", "x-ratelimit", "x-rate-limit", "retry-after", "x-rl-")


def tells(answer: Exchange) -> bool:
    """True if a field of the answer speaks of a limit."""
    return any(name.lower().startswith(FIELDS) for name, _ in answer.headers)
