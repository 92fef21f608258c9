"""What became of a message."""

from __future__ import annotations

from dataclasses import dataclass


class SendError(Exception):
    """A message was not taken, or nobody knows whether it was.

    ``retry_after_s`` is how long the receiver asked to wait; ``is_gone`` that it wants no more.
    """

    def __init__(
        self,
        words: str,
        *,
        retry_after_s: float | None = None,
        is_gone: bool = False,
    ) -> None:
        super().__init__(words)
        self.retry_after_s = retry_after_s
        self.is_gone = is_gone


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be sent: its id, which is the same in every attempt, and its payload's JSON."""

    id: str
    payload: dict[str, object]
    now: int
