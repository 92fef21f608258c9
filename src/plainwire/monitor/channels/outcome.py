"""What became of a message."""

from __future__ import annotations

from dataclasses import dataclass

MOST_MESSAGES = 1000  # of which parts are remembered


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


class Taken:
    """The parts of messages that were taken, while this process lives: the rest is tried again.

    A process that dies forgets, and sends the whole again: under the same id, as ever.
    """

    def __init__(self) -> None:
        self._by_message: dict[str, set[str]] = {}

    def of(self, message_id: str) -> set[str]:
        """What was taken of a message so far; whoever sends a part adds it."""
        while len(self._by_message) >= MOST_MESSAGES and message_id not in self._by_message:
            del self._by_message[next(iter(self._by_message))]
        return self._by_message.setdefault(message_id, set())

    def forget(self, message_id: str) -> None:
        """Nothing of the message is left to send."""
        self._by_message.pop(message_id, None)


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be sent: its id, which is the same in every attempt, and its payload's JSON."""

    id: str
    payload: dict[str, object]
    now: int
